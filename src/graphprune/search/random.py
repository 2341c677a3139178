"""Random search: the control that any search has to beat at the same budget."""

import numpy as np

from graphprune.seeds import generator


class Random:
    """Asks the given starts first, then points drawn uniformly from the box."""

    def __init__(self, box: list[tuple[float, float]], starts: np.ndarray, seed: int, kappa: float):
        self._low, self._high = np.array(box).T
        self._starts = list(starts)
        self._rng = generator(seed, "search/random")

    def ask(self) -> np.ndarray:
        """The next point (p,), on the scale of the box."""
        if self._starts:
            return self._starts.pop(0)
        return self._rng.uniform(self._low, self._high)

    def tell(self, point: np.ndarray, score: float) -> None:
        """Random search learns nothing."""
