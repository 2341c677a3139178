"""The sources of block masks a config can name, one module each. Imports nothing."""

# name -> draw(n, sparsity, rng) -> (n, n) bool
SOURCES: dict[str, str] = {
    "random": "graphprune.masks.source_random:draw",
    "undirected": "graphprune.masks.source_undirected:draw",
}
# name -> number_of_masks(n, sparsity) -> int
COUNTS: dict[str, str] = {
    "random": "graphprune.masks.source_random:number_of_masks",
    "undirected": "graphprune.masks.source_undirected:number_of_masks",
}
