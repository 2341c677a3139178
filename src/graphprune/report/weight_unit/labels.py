"""What arms, blocks and forms are called in tables and figures, and how they are drawn."""

from graphprune.report.colours import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION

LABELS = {
    "weight": "weights, by magnitude",
    "unit": "units, by l2 norm",
    "random_weight": "random weights",
    "random_unit": "random units",
}
# Okabe and Ito's colours, told apart by colour-blind readers; controls are dashed.
STYLES = {
    "weight": (BLUE, "o", "-"),
    "unit": (VERMILION, "s", "-"),
    "random_weight": (SKY, "^", "--"),
    "random_unit": (ORANGE, "v", "--"),
}
BLOCKS = {"pruned": "not retrained", "retrained": "retrained"}
FORMS = {
    "dense_linear": "dense, F.linear",
    "dense_mm": "dense, mm",
    "coo": "COO",
    "csr": "CSR",
    "gather": "gather",
    "shrunk": "smaller network",
}
FORM_STYLES = {
    "coo": (VERMILION, "o"),
    "csr": (BLUE, "s"),
    "gather": (GREEN, "^"),
    "shrunk": (PURPLE, "D"),
}
