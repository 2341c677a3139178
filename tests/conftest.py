"""What tests of all rooms share."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # Each worker has a core, and torch reads this when it is imported: more threads would wait
    # for one another.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
