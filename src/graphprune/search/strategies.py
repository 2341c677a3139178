"""The names of the search strategies."""

STRATEGIES = {
    "bayesian": "graphprune.search.bayesian:Bayesian",
    "random": "graphprune.search.random:Random",
}
