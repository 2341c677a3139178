"""The arms of RGP's comparison by name. Imports nothing."""

# Arm -> the kind of graph that prunes it.
GRAPH_ARMS: dict[str, str] = {
    "rgp": "rgp",
    "best_known": "best_known",
    "relabelled": "rgp",
    "graph_per_layer": "rgp",
    "self_loops": "self_loops",
    "random_regular": "random_regular",
    "ring": "ring",
    "random_graph": "random_graph",
    "grouped": "grouped",
}
# Arm -> the pruning method, to as many weights as RGP keeps (of each layer where it is matched).
METHOD_ARMS: dict[str, str] = {
    "random_unstructured": "random_unstructured",
    "magnitude_retrained": "magnitude_retrained",
    "magnitude_iterative": "magnitude_iterative",
}
# Dense networks of fewer units, as large as RGP's.
NARROW_ARMS = ("narrow_parameters", "narrow_macs")
ARMS = (*GRAPH_ARMS, *METHOD_ARMS, *NARROW_ARMS)
