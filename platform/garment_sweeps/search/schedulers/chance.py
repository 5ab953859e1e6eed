"""Random numbers that depend on what is decided and not on what was decided before."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def seeded(*what: Any) -> Iterator[None]:
    """Inside, the global random numbers of Python and NumPy follow from `what` alone; after it they are as before.

    Ray's schedulers draw from them. A decision that is repeated, in a replay or after a crash, draws the same.
    """
    digest = hashlib.sha256("/".join(map(str, what)).encode()).digest()
    seed = int.from_bytes(digest[:4], "big")
    python, numpy = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
