"""Downloads against a server on the loopback that misbehaves on demand."""

import gzip
import hashlib
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from torchvision.datasets import MNIST

from graphprune.data import archives
from graphprune.data.datasets import archives_of, prepare
from graphprune.data.stored import open_dataset
from graphprune.errors import UserError


def idx(array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)


def tiny_mnist():
    rng = np.random.default_rng(0)
    return {
        "train-images-idx3-ubyte.gz": rng.integers(0, 256, (20, 4, 4)),
        "train-labels-idx1-ubyte.gz": np.arange(20) % 10,
        "t10k-images-idx3-ubyte.gz": rng.integers(0, 256, (10, 4, 4)),
        "t10k-labels-idx1-ubyte.gz": np.arange(10)[::-1].copy(),
    }


class Server:
    """Sends `files`; the first `cuts[name]` answers for a name break off half-way."""

    def __init__(self, files):
        self.files = files
        self.cuts: dict[str, int] = {}
        self.requests: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.lstrip("/")
                server.requests.append(name)
                if name not in server.files:
                    self.send_error(404)
                    return
                content = server.files[name]
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if server.cuts.get(name, 0) > 0:
                    server.cuts[name] -= 1
                    content = content[: len(content) // 2]
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/"
        self.thread = threading.Thread(
            target=self.http.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self.thread.start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server(monkeypatch):
    files = {name: idx(array) for name, array in tiny_mnist().items()}
    server = Server(files)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(MNIST, "mirrors", [server.url])
    monkeypatch.setattr(
        MNIST, "resources", [(n, hashlib.md5(c).hexdigest()) for n, c in files.items()]
    )
    monkeypatch.setattr(archives, "BACKOFF", (0.0, 0.0))
    yield server
    server.stop()


@pytest.fixture
def raw(tmp_path):
    """Where MNIST's archives lie."""
    folder = tmp_path / "archives" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    return folder


def load(tmp_path):
    prepare("mnist", tmp_path / "set", tmp_path / "archives")
    return open_dataset(tmp_path / "set")


def assert_is_tiny_mnist(data):
    arrays = list(tiny_mnist().values())
    assert np.array_equal(data.train_images[:, 0], arrays[0])
    assert np.array_equal(data.train_labels, arrays[1])
    assert np.array_equal(data.test_images[:, 0], arrays[2])
    assert np.array_equal(data.test_labels, arrays[3])


def test_missing_archives_are_fetched_once_and_kept(tmp_path, server):
    assert_is_tiny_mnist(load(tmp_path))
    assert sorted(server.requests) == sorted(server.files)
    for path, md5 in archives_of("mnist"):
        assert hashlib.md5((tmp_path / "archives" / path).read_bytes()).hexdigest() == md5
    server.requests.clear()
    assert_is_tiny_mnist(load(tmp_path))
    assert server.requests == []


def test_a_download_that_breaks_off_is_tried_again(tmp_path, server):
    server.cuts = {"train-images-idx3-ubyte.gz": 2}
    assert_is_tiny_mnist(load(tmp_path))
    assert server.requests.count("train-images-idx3-ubyte.gz") == 3
    assert len(server.requests) == 6  # no other archive twice


def test_the_next_mirror_is_asked_when_the_first_fails(tmp_path, server, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", [server.url + "moved/", server.url])
    assert_is_tiny_mnist(load(tmp_path))


@pytest.mark.parametrize("damage", ["cut", "altered", "empty"])
def test_a_damaged_archive_in_place_is_fetched_again_and_no_other(tmp_path, server, raw, damage):
    for name, content in server.files.items():
        (raw / name).write_bytes(content)
    path = raw / "t10k-labels-idx1-ubyte.gz"
    content = path.read_bytes()
    path.write_bytes({"cut": content[:-4], "altered": content[:-1] + b"\0\0", "empty": b""}[damage])
    assert_is_tiny_mnist(load(tmp_path))
    assert server.requests == [path.name]
    assert path.read_bytes() == content


def test_a_cut_extracted_file_is_not_trusted(tmp_path, server, raw):
    for name, content in server.files.items():
        (raw / name).write_bytes(content)
        (raw / name.removesuffix(".gz")).write_bytes(gzip.decompress(content))
    (raw / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03")
    (raw / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(20)))
    assert_is_tiny_mnist(load(tmp_path))
    assert server.requests == []


def test_without_a_connection_each_archive_and_its_folder_are_named(tmp_path, server, raw):
    names = list(server.files)
    (raw / names[0]).write_bytes(server.files[names[0]])
    (raw / names[1]).write_bytes(b"cut")
    server.stop()
    with pytest.raises(UserError) as error:
        load(tmp_path)
    message = str(error.value)
    assert names[0] not in message
    assert f"{names[1]} (in place but cut short or altered): put it into {raw}" in message
    for name in names[2:]:
        assert f"{name} (missing): put it into {raw}" in message
    assert "Nothing else is lost" in message
    assert (raw / names[0]).read_bytes() == server.files[names[0]]
    assert not (tmp_path / "set" / "meta.json").exists()


def test_one_lasting_failure_does_not_keep_the_others_from_being_fetched(tmp_path, server, raw):
    names = list(server.files)
    server.cuts = {names[0]: 100}
    with pytest.raises(UserError, match=names[0]) as error:
        load(tmp_path)
    assert "its MD5 differs" in str(error.value)
    assert sorted(path.name for path in raw.iterdir()) == sorted(names[1:])
    server.cuts = {}
    server.requests.clear()
    assert_is_tiny_mnist(load(tmp_path))
    assert server.requests == [names[0]]


def test_waits_grow_between_rounds_and_none_follows_the_last(tmp_path, server, monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr(archives, "BACKOFF", (1.0, 4.0))
    monkeypatch.setattr(archives.time, "sleep", waits.append)
    server.cuts = {name: 100 for name in server.files}
    with pytest.raises(UserError):
        load(tmp_path)
    assert waits == [0.0, 1.0, 4.0]
