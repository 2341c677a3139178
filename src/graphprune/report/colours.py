"""Colours of figures, told apart by colour-blind readers too (Okabe and Ito 2008)."""

BLUE = "#0072b2"
VERMILION = "#d55e00"
GREEN = "#009e73"
PURPLE = "#cc79a7"
ORANGE = "#e69f00"
SKY = "#56b4e9"
GREY = "#888888"
# In the order in which unnamed series take them.
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, "black")
