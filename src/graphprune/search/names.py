"""The search strategies a config can name. Imports nothing."""

STRATEGIES = {
    "bayesian": "graphprune.search.bayesian:Bayesian",
    "random": "graphprune.search.random:Random",
}
