"""Networks, and contexts that every method can be run in."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from pruning_cases import INPUTS, N, conv, mlp
from torch import nn

from graphprune.masks.mask import Masks
from graphprune.pruning.context import Context


@pytest.fixture(params=[mlp, conv])
def build(request: pytest.FixtureRequest) -> Callable[[int], nn.Module]:
    """seed -> one of the networks, its weights drawn from that seed."""

    def made(seed: int = 0) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return request.param()

    made.inputs = INPUTS[request.param.__name__]  # type: ignore[attr-defined]
    return made


@pytest.fixture
def context(build) -> Callable[..., Context]:
    """(masks to match, seed) -> a context in which every method finds what it needs."""

    def made(previous: Masks, seed: int = 0) -> Context:
        generator = torch.Generator().manual_seed(seed)
        reference = Masks(
            {
                name: torch.rand(mask.shape, generator=generator) < 0.2 + 0.1 * i
                for i, (name, mask) in enumerate(previous.items())
            }
        )
        drawn = torch.Generator().manual_seed(6)
        examples = torch.randn((3, *build.inputs), generator=drawn), torch.tensor([0, 1, 2])
        psi = np.random.default_rng(5).random((N, N)) < 0.6
        return Context(generator=generator, n=N, psi=psi, reference=reference, examples=examples)

    return made
