"""What tests of compact layers and models share."""

import pytest
import torch

from graphprune.sparse import native


@pytest.fixture
def one_thread():
    """For small layers: threads would wait for one another most of the time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=["native", "stock"])
def engine(request, monkeypatch):
    """Run a test once with the compiled kernel and once with torch's operators alone."""
    if request.param == "stock":
        monkeypatch.setattr(native, "available", lambda: False)
    elif not native.available():
        pytest.skip("the compiled kernel cannot be built here: no C++ compiler")
    return request.param
