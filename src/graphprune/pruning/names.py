"""The scores, granularities and aggregates that a method can name. Imports nothing."""

SCORES: dict[str, str] = {
    "curvature": "graphprune.pruning.scores.curvature:score",
    "magnitude": "graphprune.pruning.scores.magnitude:score",
    "random": "graphprune.pruning.scores.random:score",
    "wanda": "graphprune.pruning.scores.wanda:score",
}
GRANULARITIES: dict[str, str] = {
    "weight": "graphprune.pruning.granularities.weight:Weight",
    "unit": "graphprune.pruning.granularities.unit:Unit",
    "edge": "graphprune.pruning.granularities.edge:Edge",
}
# How the scores of a group's surviving weights become one. On magnitudes: sum is the l1 norm,
# mean and rms are the l1 and l2 norms per weight, for groups of unequal size. `first` takes the
# first weight's score, for scores that are drawn, not measured: the mean of a large group of
# draws lies nearer to 1/2, so groups of unequal size would not be equally likely to go.
AGGREGATES = ("mean", "sum", "max", "l2", "rms", "first")
