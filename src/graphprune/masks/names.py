"""The sources of block masks a config can name, one module each. Imports nothing."""

# name -> draw(n, sparsity, rng) -> (n, n) bool
SOURCES: dict[str, str] = {
    "random": "graphprune.masks.source_random:draw",
    "undirected": "graphprune.masks.source_undirected:draw",
    "ws_flex": "graphprune.masks.source_ws_flex:draw",
    "ring_swaps": "graphprune.masks.source_ring_swaps:draw",
    "random_regular": "graphprune.masks.source_random_regular:draw",
    "barabasi_albert": "graphprune.masks.source_barabasi_albert:draw",
    "stochastic_block": "graphprune.masks.source_stochastic_block:draw",
    "mixture": "graphprune.masks.source_mixture:draw",
}
# name -> number_of_masks(n, sparsity) -> int
COUNTS: dict[str, str] = {
    "random": "graphprune.masks.source_random:number_of_masks",
    "undirected": "graphprune.masks.source_undirected:number_of_masks",
    "ws_flex": "graphprune.masks.source_ws_flex:number_of_masks",
    "ring_swaps": "graphprune.masks.source_ring_swaps:number_of_masks",
    "random_regular": "graphprune.masks.source_random_regular:number_of_masks",
    "barabasi_albert": "graphprune.masks.source_barabasi_albert:number_of_masks",
    "stochastic_block": "graphprune.masks.source_stochastic_block:number_of_masks",
    "mixture": "graphprune.masks.source_mixture:number_of_masks",
}
