"""What graph properties are called in tables and figures."""

SHORT = {
    "average_degree_centrality": "degree centrality",
    "average_clustering": "clustering",
    "average_eigenvector_centrality": "eigenvector centrality",
    "edge_connectivity": "edge connectivity",
    "cycle_length": "cycle length",
    "cycle_rank": "cycle rank",
    "aspl": "ASPL",
    "average_closeness": "closeness",
    "average_betweenness": "betweenness",
    "transitivity": "transitivity",
}
