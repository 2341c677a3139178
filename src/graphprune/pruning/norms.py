"""The norms of an edge: how the magnitudes of all weights in its blocks become one number."""

# name -> the aggregate (`pruning.names.AGGREGATES`) of |w|. mean and rms are the l1 and the l2 norm
# per weight, by which edges of unequal size are compared on equal terms.
NORMS = {"mean": "mean", "rms": "rms", "l1": "sum", "l2": "l2", "max": "max"}
