"""What arms, blocks and forms are called in tables and figures, and how they are drawn."""

LABELS = {
    "weight": "weights, by magnitude",
    "unit": "units, by l2 norm",
    "random_weight": "random weights",
    "random_unit": "random units",
}
# Okabe and Ito's colours, told apart by colour-blind readers; controls are dashed.
STYLES = {
    "weight": ("#0072b2", "o", "-"),
    "unit": ("#d55e00", "s", "-"),
    "random_weight": ("#56b4e9", "^", "--"),
    "random_unit": ("#e69f00", "v", "--"),
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
    "coo": ("#d55e00", "o"),
    "csr": ("#0072b2", "s"),
    "gather": ("#009e73", "^"),
    "shrunk": ("#cc79a7", "D"),
}
