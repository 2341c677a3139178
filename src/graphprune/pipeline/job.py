"""What every workflow script shares: its log, its errors, and who it is."""

import hashlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graphprune.errors import UserError
from graphprune.files import file_digest

FORCED = "GRAPHPRUNE_FORCED"


def run(main: Callable[[Any], None]) -> None:
    """Run `main(snakemake)` with stdout and stderr in the rule's log.

    `snakemake` is the object that Snakemake puts into the running script. Bad input ends
    in one clear line, anything else in a traceback; both reach the log, which Snakemake
    shows when a job fails.
    """
    snakemake = vars(sys.modules["__main__"])["snakemake"]
    log = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115 (open until the process ends)
    sys.stdout = sys.stderr = log
    try:
        main(snakemake)
    except UserError as error:
        print(f"error: {error}", flush=True)
        raise SystemExit(1) from error
    except BaseException:
        traceback.print_exc()
        log.flush()
        raise SystemExit(1) from None


def identity(snakemake: Any) -> dict[str, Any]:
    """What decides this job's result: code, params, and the content of its named inputs.

    A checkpoint carries it; any difference means that the checkpoint is of another job.
    """
    params = {name: value for name, value in snakemake.params.items() if name != "code"}
    files = {
        name: [file_digest(file) for file in _files(value)]
        for name, value in snakemake.input.items()
        if name != "code"
    }
    return {
        "code": dict(snakemake.params.code),
        "params": json.loads(json.dumps(params)),
        "inputs": files,
    }


def digest(value: Any) -> str:
    """A short hash of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def code_digest(snakemake: Any) -> str:
    """One hash for all the code of this job."""
    return digest(dict(snakemake.params.code))


def gpu_here() -> bool:
    """Whether this machine has an NVIDIA GPU; torch would know, but takes seconds to import."""
    return any(Path("/dev").glob("nvidia[0-9]*"))


def forced(snakemake: Any) -> bool:
    """Whether the user wants this job redone from the start (``--forcerun``, ``--forceall``)."""
    names = os.environ.get(FORCED, "").split(os.pathsep)
    return "*" in names or snakemake.rule in names or any(o in names for o in snakemake.output)


def _files(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
