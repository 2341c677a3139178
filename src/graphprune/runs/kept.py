"""Networks that outlive the job that trained them: weights in safetensors, whole or not at all."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.files import damaged, whole
from graphprune.models.build import build_model


@dataclass(frozen=True)
class KeptNet:
    """A trained network as values.

    model: its name and options, as the config gives them. epoch: after which the weights were
    kept (from 1). failure: why the training failed, or "": then there are no weights.
    """

    weights: dict[str, Tensor]
    model: dict[str, Any]
    input_shape: tuple[int, int, int]
    classes: int
    seed: int
    epoch: int
    failure: str = ""

    def build(self) -> nn.Module:
        """The network with its weights, on the CPU, in evaluation mode; UserError if it failed."""
        if self.failure:
            raise UserError(f"the training of seed {self.seed} failed: {self.failure}")
        options = {k: v for k, v in self.model.items() if k != "name" and v is not None}
        network = build_model(self.model["name"], self.input_shape, self.classes, **options)
        network.load_state_dict(self.weights)
        return network.eval()

    def save(self, path: str | Path) -> None:
        """Write as safetensors, with all else and a digest of both in its header."""
        tensors = {name: value.detach().cpu().contiguous() for name, value in self.weights.items()}
        note = {
            "model": self.model,
            "input_shape": list(self.input_shape),
            "classes": self.classes,
            "seed": self.seed,
            "epoch": self.epoch,
            "failure": self.failure,
        }
        told = json.dumps(note, sort_keys=True)
        with whole(path) as temporary:
            save_file(tensors, temporary, {"note": told, "sha256": _digest(tensors, told)})

    @classmethod
    def load(cls, path: str | Path) -> "KeptNet":
        """What `save` wrote; UserError if the file is damaged or of another kind."""
        try:
            with safe_open(path, framework="pt") as file:
                header = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except FileNotFoundError:
            raise
        except Exception as error:  # safetensors raises its own kind, and others for a short file
            raise damaged(path, str(error)) from error
        if not {"note", "sha256"} <= header.keys():
            raise UserError(f"{path} is not a file of a kept network: its header lacks a note")
        if header["sha256"] != _digest(tensors, header["note"]):
            raise damaged(path, "its content does not match the digest stored with it")
        note = json.loads(header["note"])
        return cls(tensors, **{**note, "input_shape": tuple(note["input_shape"])})


def _digest(tensors: dict[str, Tensor], note: str) -> str:
    digest = hashlib.sha256(note.encode())
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(json.dumps([name, str(value.dtype), list(value.shape)]).encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
