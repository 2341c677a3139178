"""The published sets, read from small archives in the published formats, and MNIST itself."""

import hashlib
import io
import pickle
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat
from torchvision.datasets import CIFAR10, CIFAR100, SVHN

from graphprune.data.datasets import prepare
from graphprune.data.stored import open_dataset

MNIST_FOLDER = Path(__file__).parents[3] / "shared" / "data" / "mnist"


def pack(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def md5(content):
    return hashlib.md5(content).hexdigest()


def publish_cifar(published, folder, monkeypatch, label_key, names):
    """A tiny archive in CIFAR's own format (pickled batches); returns its pixels and labels."""
    rng = np.random.default_rng(1)
    members, pixels, labels = {}, [], []
    batches = published.train_list + published.test_list
    for name, _ in batches:
        data = rng.integers(0, 256, (6, 3 * 32 * 32), dtype=np.uint8)
        label = [int(v) for v in rng.permutation(6) % len(names)]
        members[name] = pickle.dumps({"data": data, label_key: label})
        pixels.append(data.reshape(-1, 3, 32, 32))
        labels.append(label)
    members[published.meta["filename"]] = pickle.dumps({published.meta["key"]: list(names)})
    pack(
        folder / published.filename, {f"{published.base_folder}/{n}": c for n, c in members.items()}
    )
    count = len(published.train_list)
    for key, part in (("train_list", batches[:count]), ("test_list", batches[count:])):
        monkeypatch.setattr(published, key, [[name, md5(members[name])] for name, _ in part])
    meta = {**published.meta, "md5": md5(members[published.meta["filename"]])}
    monkeypatch.setattr(published, "meta", meta)
    monkeypatch.setattr(published, "tgz_md5", md5((folder / published.filename).read_bytes()))
    train = np.concatenate(pixels[:count]), np.concatenate(labels[:count])
    return train, (np.concatenate(pixels[count:]), np.concatenate(labels[count:]))


@pytest.mark.parametrize(
    ("name", "published", "label_key"),
    [("cifar10", CIFAR10, "labels"), ("cifar100", CIFAR100, "fine_labels")],
)
def test_cifar_from_its_archive(tmp_path, monkeypatch, name, published, label_key):
    train, test = publish_cifar(published, tmp_path, monkeypatch, label_key, ("plane", "car"))
    prepare(name, tmp_path / "set", tmp_path)
    data = open_dataset(tmp_path / "set")
    assert np.array_equal(data.train_images, train[0])
    assert np.array_equal(data.train_labels, train[1])
    assert np.array_equal(data.test_images, test[0])
    assert np.array_equal(data.test_labels, test[1])
    assert data.class_names == ("plane", "car")
    assert not (tmp_path / published.base_folder).exists()


def test_svhn_from_its_archives(tmp_path, monkeypatch):
    rng = np.random.default_rng(2)
    split_list, images, labels = dict(SVHN.split_list), {}, {}
    for part in ("train", "test"):
        images[part] = rng.integers(0, 256, (32, 32, 3, 10), dtype=np.uint8)
        labels[part] = rng.permutation(10) + 1
        path = tmp_path / split_list[part][1]
        savemat(path, {"X": images[part], "y": labels[part][:, None].astype(np.uint8)})
        split_list[part] = [*split_list[part][:2], md5(path.read_bytes())]
    monkeypatch.setattr(SVHN, "split_list", split_list)
    prepare("svhn", tmp_path / "set", tmp_path)
    data = open_dataset(tmp_path / "set")
    assert np.array_equal(data.train_images, np.moveaxis(images["train"], (3, 2), (0, 1)))
    assert np.array_equal(data.test_images[4, 1], images["test"][:, :, 1, 4])
    assert np.array_equal(data.train_labels, labels["train"] % 10)  # SVHN writes digit 0 as 10
    assert data.class_names == tuple("0123456789")


def test_mnist_itself(tmp_path):
    if not MNIST_FOLDER.is_dir():
        pytest.skip(f"MNIST's four archives are not in {MNIST_FOLDER}")
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in MNIST_FOLDER.glob("*.gz"):
        shutil.copy(path, raw)
    prepare("mnist", tmp_path / "set", tmp_path)
    data = open_dataset(tmp_path / "set")
    assert data.train_images.shape == (60000, 1, 28, 28)
    assert data.test_images.shape == (10000, 1, 28, 28)
    assert data.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.test_labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert data.mean[0] == pytest.approx(0.1307, abs=5e-5)
    assert data.std[0] == pytest.approx(0.3081, abs=5e-5)
    assert len(data.class_names) == 10
