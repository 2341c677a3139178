"""What compiled kernels of bit sets share.

numba's cache looks at the time stamp of a kernel's own file only, so what stands here is never
to be changed in meaning: kernels that were compiled before would not notice.
"""

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

# For functions that only change arrays they are given: no reference is counted. Counting, at
# every call of a helper, would take about as long as the work itself. Helpers are compiled into
# their callers.
kernel: Any = njit(cache=True, _nrt=False)  # type: ignore[call-overload]
helper: Any = njit(forceinline=True, _nrt=False)  # type: ignore[call-overload]


def _popcount(_: Any, word: Any) -> Any:
    """Number of bits set in a uint64, as a uint64: one instruction of the processor."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


popcount: Any = intrinsic(_popcount)


@helper
def random_word(state: Any) -> Any:
    """64 uniform bits, and `state` (1,) uint64 moved on (SplitMix64, Steele et al. 2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    word = state[0]
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))
