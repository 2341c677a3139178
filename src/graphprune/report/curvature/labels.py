"""What the arms of neural curvature are called in tables and figures, and how they are drawn."""

from graphprune.report.colours import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION

LABELS = {
    "positive": "curvature, positive first",
    "negative": "curvature, negative first",
    "magnitude": "magnitude",
    "magnitude_uniform": "magnitude, each layer alike",
    "magnitude_scaled": "magnitude, scaled per layer",
    "dead_first": "dead units first, then magnitude",
    "dead_scaled": "dead units first, then scaled",
    "wanda": "Wanda",
    "random": "random",
}
# Curvature is solid, controls are dashed.
STYLES = {
    "positive": (BLUE, "-"),
    "negative": (VERMILION, "-"),
    "magnitude": ("black", "--"),
    "magnitude_uniform": (GREY, "--"),
    "magnitude_scaled": (GREEN, "--"),
    "dead_first": (PURPLE, "--"),
    "dead_scaled": (PURPLE, ":"),
    "wanda": (ORANGE, "--"),
    "random": (SKY, ":"),
}
TRAININGS = {
    "plain": "plainly",
    "weight_decay": "with weight decay",
    "adversarial": "against PGD",
}


def short(layer: str) -> str:
    """A layer by the name of its tensor, without its last word."""
    return layer.removesuffix(".weight")
