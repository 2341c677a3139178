"""The arms of the study of edge pruning. Imports nothing: a check of the config reads it too."""

EDGES = "edges"
PER_LAYER = "edges_per_layer"
RANDOM = "edges_random"
WEIGHTS = "weights"
AT_INIT = "at_init"
RANDOM_AT_INIT = "random_at_init"
RGP = "rgp"
REGULAR = "random_regular"

# Parts of a network's trainings, each a job of its own.
GRID, COMPARED, SEARCH = "grid", "compared", "search"
PARTS = (GRID, COMPARED, SEARCH)
# Block of the trainings that stop at one sparsity; they belong to part GRID.
FIXED = "fixed"
# Arm -> the row of pruning.methods.METHODS that it changes some choices of.
METHOD_OF = {
    EDGES: "edge_pruning",
    PER_LAYER: "edge_pruning",
    RANDOM: "edge_random",
    WEIGHTS: "weight_every",
    AT_INIT: "edge_at_init",
    RANDOM_AT_INIT: "edge_random",
    RGP: "block_mask",
    REGULAR: "block_mask",
}
