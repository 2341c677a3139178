"""Where and in which precision a job computes."""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

import psutil
import torch
from torch import nn

from graphprune.errors import UserError
from graphprune.registry import lookup
from graphprune.sparse.images import Images

AUTO = "auto"
# What images are stored in, and with it what is computed in.
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def prepare(device: str, threads: int, deterministic: bool) -> torch.device:
    """Set this process up and return the device that `device` ("auto", "cpu" or "cuda") means.

    threads: torch's threads; part of the numbers, so it comes from the config and never
    from the cores a run happens to have. deterministic: refuse kernels that are not
    repeatable (CUDA).
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "config key compute.device is 'cuda' but no CUDA device is visible here; "
            "use 'auto' or 'cpu', or run where a GPU is"
        )
    torch.set_num_threads(threads)
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    # Shapes repeat for a whole training, so cuDNN may try its kernels out; which one wins varies.
    torch.backends.cudnn.benchmark = not deterministic
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(device)


def place(model: nn.Module, device: torch.device) -> nn.Module:
    """`model` on `device`, its convolutions in the memory layout that is fast there.

    Channels last is what a GPU's matrix units take, and oneDNN's convolutions on the CPU. Networks
    without convolutions stay as they are.
    """
    return model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


def memory_for_images(device: torch.device, gigabytes: float | None) -> float:
    """Bytes of images that may be kept on `device`: `gigabytes` (10⁹), or a third of what is free.

    Not more, since an augmented epoch is a second copy of the training images, and networks
    need memory too.
    """
    if gigabytes is not None:
        return gigabytes * 1e9
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] / 3
    return psutil.virtual_memory().available / 3


def precision_for(asked: str, device: torch.device) -> str:
    """ "fp32" or "bf16": what `asked` ("auto", "fp32" or "bf16") means on `device`.

    "auto" is bf16 on CUDA and fp32 on the CPU, where only some processors have bf16
    instructions. UserError for any other word.
    """
    if asked == AUTO:
        return "bf16" if device.type == "cuda" else "fp32"
    lookup({AUTO: None, **DTYPES}, asked, "precision in config key compute.precision")
    return asked


def precision(images: Images) -> AbstractContextManager[object]:
    """What a network that is given `images` computes in: bf16 autocast exactly where they are bf16.

    Weights stay fp32 either way, and with fp32 images so does everything else.
    """
    if images.dtype is torch.bfloat16:
        return torch.autocast(images.device.type, dtype=torch.bfloat16)
    return nullcontext()


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """The state of torch's own generators, which dropout draws from: the CPU's and `device`'s."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_random_state(device: torch.device, states: Mapping[str, torch.Tensor]) -> None:
    """Put back what `random_state` returned."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
