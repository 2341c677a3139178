"""Selection: keep exactly the asked number of the highest scores."""

import torch

from graphprune.errors import UserError


def select(
    scores: torch.Tensor, alive: torch.Tensor, keep: int, where: str = "the pool"
) -> torch.Tensor:
    """(groups,) bool with exactly `keep` True: the highest scores among the `alive`.

    Of equal scores the lowest indices are kept. A threshold alone would keep too many or too
    few where scores tie, so: everything above the keep-th highest score, then as many of those
    equal to it as are missing. That score is the same number whatever algorithm finds it, so
    the result is deterministic on the CPU and on CUDA.

    UserError if fewer than `keep` are alive, or one of them scores NaN; `where` names the pool.
    """
    living = alive.nonzero().squeeze(1)
    if not 0 <= keep <= len(living):
        raise UserError(
            f"cannot keep {keep} of {where}: {len(living)} of {alive.numel()} survive the masks "
            "so far, and what is pruned does not come back; ask a higher sparsity or fewer kept"
        )
    kept = torch.zeros_like(alive)
    if keep == 0:
        return kept
    values = scores[living]
    if values.isnan().any():
        raise UserError(f"{where}: a score is NaN and has no rank")
    threshold = values.topk(keep, sorted=False).values.min()
    above = values > threshold
    equal = (values == threshold).nonzero().squeeze(1)
    kept[living[above]] = True
    kept[living[equal[: keep - int(above.sum())]]] = True
    return kept
