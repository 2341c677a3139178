"""The scores and granularities a method can name. Imports nothing, so that rules can read it cheaply."""

SCORES: dict[str, str] = {
    "magnitude": "graphprune.pruning.scores.magnitude:score",
    "random": "graphprune.pruning.scores.random:score",
}
GRANULARITIES: dict[str, str] = {
    "weight": "graphprune.pruning.granularities.weight:Weight",
    "unit": "graphprune.pruning.granularities.unit:Unit",
    "edge": "graphprune.pruning.granularities.edge:Edge",
}
