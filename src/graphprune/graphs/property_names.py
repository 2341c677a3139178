"""The graph properties by name. Imports nothing."""

PROPERTIES = (
    "average_degree_centrality",
    "average_clustering",
    "average_eigenvector_centrality",
    "edge_connectivity",
    "cycle_length",
    "cycle_rank",
    "aspl",
    "average_closeness",
    "average_betweenness",
    "transitivity",
)
