"""Bayesian optimisation with scikit-optimize, as BoGP runs it (§2.4, §6.3)."""

import warnings

import numpy as np
from skopt import Optimizer
from skopt.space import Real

from graphprune.seeds import derive


class Bayesian:
    """Gaussian process with lower confidence bound; asks the given starts first.

    kappa weighs the process's standard deviation in the bound (5 in the paper). A property
    that all rows of the database share is nothing to search in: its coordinate is fixed.
    Scores are maximised; scikit-optimize minimises, so it is told their negative.
    """

    def __init__(self, box: list[tuple[float, float]], starts: np.ndarray, seed: int, kappa: float):
        self._starts = list(starts)
        # Told, but not yet learnt from: nobody asks after the last step, so it needs no fit.
        self._told: list[tuple[list[float], float]] = []
        self._low, high = np.array(box).T
        self._varies = self._low < high
        self._optimiser = Optimizer(
            [Real(low, high) for low, high in box if low < high],
            base_estimator="GP",
            n_initial_points=len(self._starts),
            acq_func="LCB",
            acq_func_kwargs={"kappa": kappa},
            random_state=derive(seed, "search/bayesian") % 2**32,
        )

    def ask(self) -> np.ndarray:
        """The next point (p,), on the scale of the box."""
        if self._starts:
            return self._starts.pop(0)
        point = self._low.copy()
        with warnings.catch_warnings():
            # scikit-optimize warns that it takes a random point in place of one asked before.
            # Two asked points may fetch one mask, so equal scores at close points are normal
            # here, and so is scikit-learn's complaint about the kernel's bounds.
            warnings.simplefilter("ignore")
            if self._told:
                points, losses = zip(*self._told, strict=True)
                self._optimiser.tell(list(points), list(losses))
                self._told = []
            point[self._varies] = self._optimiser.ask()
        return point

    def tell(self, point: np.ndarray, score: float) -> None:
        """Learn that `point` scored `score` (higher is better)."""
        self._told.append(([float(x) for x in point[self._varies]], -float(score)))
