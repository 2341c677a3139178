"""`Masks`: which weights of a network are kept.

A mask is a value beside the model, never part of it: no hook, buffer or extra parameter is
registered, so ``state_dict`` keeps its keys and ``deepcopy`` and ``torch.compile`` work on a
pruned network as on any other.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from graphprune.errors import UserError
from graphprune.files import damaged, whole
from graphprune.registry import suggestion


class Masks(Mapping[str, torch.Tensor]):
    """Tensor name -> boolean tensor of the tensor's shape, True = kept. Immutable.

    Names are those of ``model.named_parameters()``; their order is kept. Whoever reads a
    tensor out of it must not write to it: masks are shared, not copied.
    """

    def __init__(self, masks: Mapping[str, torch.Tensor]) -> None:
        for name, mask in masks.items():
            _validate(name, mask)
        self._masks = {name: mask.detach().clone() for name, mask in masks.items()}
        self._factors: dict[str, torch.Tensor] = {}

    @classmethod
    def full(cls, model: nn.Module, names: Iterable[str]) -> "Masks":
        """Everything kept in the named parameters of `model`, on the parameters' device."""
        weights = parameters(model, names)
        return cls({n: torch.ones_like(w, dtype=torch.bool) for n, w in weights.items()})

    def __getitem__(self, name: str) -> torch.Tensor:
        return self._masks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._masks)

    def __len__(self) -> int:
        return len(self._masks)

    def __repr__(self) -> str:
        return f"Masks({len(self)} tensors, density {self.density():.4f})"

    def __eq__(self, other: object) -> bool:
        """Same names, shapes and values; order and device do not count."""
        if not isinstance(other, Masks):
            return NotImplemented
        return self.keys() == other.keys() and all(
            torch.equal(mask, other[name].to(mask.device)) for name, mask in self.items()
        )

    __hash__ = None  # type: ignore[assignment]

    def __and__(self, other: "Masks") -> "Masks":
        """Kept in both; on the device of the left one. UserError unless both fit."""
        self._same_tensors(other)
        return Masks({n: mask & other[n].to(mask.device) for n, mask in self.items()})

    def is_subset(self, other: "Masks") -> bool:
        """True if everything kept here is kept in `other` too."""
        self._same_tensors(other)
        return not any(
            bool((mask & ~other[name].to(mask.device)).any()) for name, mask in self.items()
        )

    def kept(self) -> dict[str, int]:
        """Number of kept weights per tensor."""
        if not self._masks:
            return {}
        counts = torch.stack([mask.sum() for mask in self.values()]).tolist()  # one device sync
        return dict(zip(self, counts, strict=True))

    def total(self) -> dict[str, int]:
        """Number of weights per tensor, kept or not."""
        return {name: mask.numel() for name, mask in self.items()}

    def densities(self) -> dict[str, float]:
        """Kept / all per tensor."""
        total = self.total()
        return {name: kept / total[name] for name, kept in self.kept().items()}

    def density(self, name: str | None = None) -> float:
        """Kept / all of the tensor `name`, or of all tensors together; 1.0 of no tensor at all."""
        if name is not None:
            return self.densities()[name]
        return sum(self.kept().values()) / sum(self.total().values()) if self else 1.0

    def to(self, device: torch.device | str) -> "Masks":
        """The same masks on `device`."""
        return Masks({name: mask.to(device) for name, mask in self.items()})

    def check(self, model: nn.Module) -> None:
        """UserError unless every mask names a parameter of `model` and has its shape."""
        for name, weight in parameters(model, self).items():
            if weight.shape != self[name].shape:
                raise UserError(
                    f"mask '{name}' has shape {tuple(self[name].shape)}, "
                    f"the model's parameter {tuple(weight.shape)}: "
                    "the masks were made for another network"
                )

    def apply_(self, model: nn.Module) -> None:
        """Set the pruned weights of `model`, if finite, to zero, in place.

        To be called after every optimiser step: momentum and Adam's moments move a pruned
        weight away from zero even where its gradient is masked.
        """
        weights = parameters(model, self)
        if any(weights[name].shape != mask.shape for name, mask in self.items()):
            self.check(model)
        if weights:
            with torch.no_grad():
                torch._foreach_mul_(
                    list(weights.values()), [self._factor(n, w) for n, w in weights.items()]
                )

    def digest(self) -> str:
        """SHA-256 (hexadecimal) of names, shapes and values; order and device do not count."""
        content = hashlib.sha256()
        for name in sorted(self):
            content.update(json.dumps([name, list(self[name].shape)]).encode())
            content.update(self[name].to("cpu", torch.uint8).contiguous().numpy().tobytes())
        return content.hexdigest()

    def save(self, path: str | Path) -> None:
        """Write as safetensors (uint8, 1 = kept), whole or not at all, with names and digest."""
        note = {"names": json.dumps(list(self)), "sha256": self.digest()}
        tensors = {n: mask.to("cpu", torch.uint8).contiguous() for n, mask in self.items()}
        with whole(path) as temporary:
            save_file(tensors, temporary, metadata=note)

    @classmethod
    def load(cls, path: str | Path) -> "Masks":
        """What `save` wrote, on the CPU. UserError if the file is damaged or holds no masks."""
        try:
            with safe_open(path, framework="pt") as file:
                note = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (FileNotFoundError, PermissionError, IsADirectoryError):
            raise
        except Exception as error:  # safetensors raises its own kind, and others for a short file
            raise damaged(path, str(error)) from error
        if not {"names", "sha256"} <= note.keys():
            raise UserError(f"{path} is not a file of masks: it lacks the entries Masks.save makes")
        return cls._verified(path, note, tensors)

    @classmethod
    def _verified(
        cls, path: str | Path, note: Mapping[str, str], tensors: Mapping[str, torch.Tensor]
    ) -> "Masks":
        try:
            names = json.loads(note["names"])
            if sorted(names) != sorted(tensors):
                raise damaged(path, f"it lists the tensors {names} but holds {sorted(tensors)}")
            if any(bool((tensor > 1).any()) for tensor in tensors.values()):
                raise damaged(path, "a value is neither 0 nor 1")
            masks = cls({name: tensors[name].bool() for name in names})
        except UserError:
            raise
        except (TypeError, ValueError) as error:
            raise damaged(path, str(error)) from error
        if masks.digest() != note["sha256"]:
            raise damaged(path, "its content does not match the digest stored with it")
        return masks

    def _factor(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        """The mask as numbers of the weight's kind, made once: `apply_` runs after every step."""
        factor = self._factors.get(name)
        if factor is None or factor.dtype != weight.dtype or factor.device != weight.device:
            # Laid out in memory as the weight is, which torch's many-tensor kernels ask for.
            factor = torch.empty_like(weight).copy_(self._masks[name])
            self._factors[name] = factor
        return factor

    def _same_tensors(self, other: "Masks") -> None:
        if self.keys() != other.keys():
            raise UserError(
                "masks of different tensors cannot be combined: only in the first "
                f"{sorted(self.keys() - other.keys())}, only in the second "
                f"{sorted(other.keys() - self.keys())}"
            )
        for name, mask in self.items():
            if mask.shape != other[name].shape:
                raise UserError(
                    f"masks of '{name}' have different shapes, "
                    f"{tuple(mask.shape)} and {tuple(other[name].shape)}"
                )


def restricted(masks: Masks, names: Iterable[str]) -> Masks:
    """The masks of the tensors `names` alone; UserError if one has none."""
    names = tuple(names)
    for name in names:
        if name not in masks:
            raise UserError(
                f"'{name}' is in scope but has no mask{suggestion(name, masks)}; "
                f"there are masks of: {', '.join(masks)}"
            )
    return Masks({name: masks[name] for name in names})


def parameters(model: nn.Module, names: Iterable[str]) -> dict[str, torch.Tensor]:
    """The named parameters of `model`, in the order of `names`; UserError on an unknown name."""
    found: dict[str, torch.Tensor] = {}
    for name in names:
        try:
            found[name] = model.get_parameter(name)
        except AttributeError as error:
            known = [known for known, _ in model.named_parameters()]
            raise UserError(
                f"the model has no parameter '{name}'{suggestion(name, known)}; "
                f"it has: {', '.join(known)}"
            ) from error
    return found


def _validate(name: Any, mask: Any) -> None:
    if not isinstance(name, str) or not name:
        raise UserError(f"a mask needs the name of a parameter, found {name!r}")
    if not isinstance(mask, torch.Tensor) or mask.dtype != torch.bool:
        kind = mask.dtype if isinstance(mask, torch.Tensor) else type(mask).__name__
        raise UserError(f"mask '{name}' must be a torch.bool tensor (True = kept), found {kind}")
    if mask.numel() == 0:
        raise UserError(f"mask '{name}' is empty: its shape is {tuple(mask.shape)}")
