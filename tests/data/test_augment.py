"""Crops are windows of the padded image; all of them occur; half are mirrored."""

import numpy as np
import pytest
import torch

from graphprune.data import augment
from graphprune.data.augment import Augmentation, crop_flip, draw_moves

PADDING, HEIGHT, WIDTH = 2, 4, 5


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pad_crop_flip(images, padding, flip, chosen):
    """Images moved as they are in an epoch."""
    return crop_flip(
        images, draw_moves(len(images), Augmentation(padding, flip), chosen, images.device)
    )


def numbered(count, channels=2):
    """Images in which no two pixels of one image are equal and none is 0."""
    pixels = torch.arange(1, channels * HEIGHT * WIDTH + 1, dtype=torch.uint8)
    return pixels.reshape(1, channels, HEIGHT, WIDTH).repeat(count, 1, 1, 1)


def windows(image):
    """Every crop of the zero-padded image by (top, left, mirrored), cut one by one."""
    padded = np.pad(image.numpy(), ((0, 0), (PADDING, PADDING), (PADDING, PADDING)))
    crops = {}
    for top in range(2 * PADDING + 1):
        for left in range(2 * PADDING + 1):
            crop = padded[:, top : top + HEIGHT, left : left + WIDTH]
            crops[crop.tobytes()] = (top, left, False)
            crops[crop[:, :, ::-1].tobytes()] = (top, left, True)
    return crops


@pytest.fixture(scope="module")
def drawn():
    images = numbered(4000)
    known = windows(images[0])
    assert len(known) == 2 * (2 * PADDING + 1) ** 2
    result = pad_crop_flip(images, PADDING, True, generator())
    assert result.shape == images.shape
    assert result.dtype == torch.uint8
    return np.array([known[image.numpy().tobytes()] for image in result])


def test_every_image_is_a_window_of_the_padded_one_and_all_windows_occur(drawn):
    # `drawn` fails to look up anything that is no such window.
    assert len(np.unique(drawn, axis=0)) == 2 * (2 * PADDING + 1) ** 2


def test_places_are_uniform_and_independent_of_the_flip(drawn):
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    expected = 4000 / 50
    chi_squared = ((counts - expected) ** 2 / expected).sum()
    assert chi_squared < 85.4  # the 99.9 % point of chi-squared with 49 degrees of freedom


def test_half_are_mirrored(drawn):
    assert abs(drawn[:, 2].mean() - 0.5) < 3.3 * 0.5 / 4000**0.5


def test_images_are_not_mixed():
    images = torch.arange(1, 41, dtype=torch.uint8)[:, None, None, None].expand(40, 1, 6, 6)
    result = pad_crop_flip(images, 1, True, generator())
    assert torch.equal(result[:, 0, 2, 2], images[:, 0, 2, 2])


def test_without_flip_none_is_mirrored_and_without_padding_none_is_moved():
    images = numbered(200)
    assert torch.equal(pad_crop_flip(images, 0, False, generator()), images)
    known = windows(images[0])
    moved = pad_crop_flip(images, PADDING, False, generator())
    assert not any(known[image.numpy().tobytes()][2] for image in moved)
    mirrored = pad_crop_flip(images, 0, True, generator())
    assert {image.numpy().tobytes() for image in mirrored} == {
        images[0].numpy().tobytes(),
        images[0].flip(2).numpy().tobytes(),
    }


def test_a_seed_gives_one_result_and_goes_on_to_another():
    images, one, same = numbered(50), generator(1), generator(1)
    first = pad_crop_flip(images, PADDING, True, one)
    assert torch.equal(first, pad_crop_flip(images, PADDING, True, same))
    assert not torch.equal(first, pad_crop_flip(images, PADDING, True, one))


@pytest.mark.parametrize("flip", [True, False])
def test_some_images_are_moved_as_they_are_among_all(flip, monkeypatch):
    """Whatever the pieces in which that is done."""
    images = torch.randint(256, (23, 2, HEIGHT, WIDTH), dtype=torch.uint8)
    moves = draw_moves(23, Augmentation(PADDING, flip), generator(), images.device)
    whole = crop_flip(images, moves)
    some = torch.tensor([7, 0, 22, 7])
    assert torch.equal(crop_flip(images[some], moves[some]), whole[some])
    monkeypatch.setattr(augment, "PIECE", 5)
    assert torch.equal(crop_flip(images, moves), whole)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_gives_what_the_cpu_gives():
    images = numbered(50)
    on_gpu = pad_crop_flip(images.cuda(), PADDING, True, generator())
    assert torch.equal(on_gpu.cpu(), pad_crop_flip(images, PADDING, True, generator()))
