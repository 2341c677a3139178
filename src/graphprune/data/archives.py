"""Archives of published data sets: use what is in place and intact, fetch the rest.

An archive is only ever used after its checksum was compared, and a download takes its
final name only then, so nothing cut short or altered is trusted.
"""

import logging
import shutil
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from torchvision.datasets.utils import check_integrity, extract_archive
from tqdm import tqdm

from graphprune.errors import UserError
from graphprune.files import whole

# Seconds waited before the second, third, … round of downloads.
BACKOFF = (1.0, 4.0)
TIMEOUT = 20.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Archive:
    """One file to fetch: its path below the archives folder, MD5 and where it is published."""

    path: str
    md5: str
    urls: tuple[str, ...]


def ensure(archives: Sequence[Archive], folder: Path) -> None:
    """Have every archive intact below `folder`; UserError naming those that could not be had.

    Archives in place and intact are never fetched. All others are tried in rounds, with a
    pause between, and one that fails does not keep the next from being fetched.
    """
    missing = {archive: "" for archive in archives if not _intact(archive, folder)}
    for pause in (0.0, *BACKOFF):
        if not missing:
            return
        time.sleep(pause)
        failures = {archive: _fetch(archive, folder) for archive in missing}
        missing = {archive: why for archive, why in failures.items() if why}
    if missing:
        raise _unavailable(missing, folder)


@contextmanager
def extracted(archives: Sequence[Archive], folder: Path) -> Iterator[Path]:
    """A temporary folder that holds the content of `archives`, at their paths.

    What an earlier extraction left in `folder` is not read: such files carry no checksum,
    and one cut short by a full disk looks like any other.
    """
    ensure(archives, folder)
    with TemporaryDirectory(prefix="graphprune-") as temporary:
        for archive in archives:
            target = (Path(temporary) / archive.path).parent
            target.mkdir(parents=True, exist_ok=True)
            extract_archive(folder / archive.path, target)
        yield Path(temporary)


def _intact(archive: Archive, folder: Path) -> bool:
    return bool(check_integrity(folder / archive.path, archive.md5))


def _fetch(archive: Archive, folder: Path) -> str:
    """Try each address once; ``""`` when the archive is in place, else what went wrong."""
    failures = []
    for url in archive.urls:
        log.info("fetching %s", url)
        try:
            with whole(folder / archive.path) as temporary:
                _download(url, temporary)
                if not check_integrity(temporary, archive.md5):
                    raise OSError("what arrived was cut short or altered (its MD5 differs)")
            return ""
        except (OSError, HTTPException) as error:
            log.warning("%s: %s", url, error)
            failures.append(f"{url}: {error}")
    return "; ".join(failures)


def _download(url: str, path: Path) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "graphprune"})
    with (
        urllib.request.urlopen(request, timeout=TIMEOUT) as response,
        open(path, "wb") as file,
        tqdm.wrapattr(
            file,
            "write",
            total=response.length,
            desc=url.rpartition("/")[2],
            mininterval=0.5 if sys.stderr.isatty() else 30,
        ) as target,
    ):
        shutil.copyfileobj(response, target)


def _unavailable(reasons: dict[Archive, str], folder: Path) -> UserError:
    lines = []
    for archive, reason in reasons.items():
        path = (folder / archive.path).absolute()
        state = "in place but cut short or altered" if path.exists() else "missing"
        lines.append(
            f"  {path.name} ({state}): put it into {path.parent} (MD5 {archive.md5})\n"
            f"    tried {reason}"
        )
    return UserError(
        "archives of the data set could not be fetched:\n"
        + "\n".join(lines)
        + "\nNothing else is lost: every other archive is kept. Restore the connection, or fetch "
        "them elsewhere and put them there, and run again."
    )
