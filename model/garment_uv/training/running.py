"""How a training runs: on random numbers of its own, deterministic, on so many threads, without known warnings."""

import ctypes
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.utils.deterministic

from garment_uv.config import Config

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""`mallopt`'s names for its settings (malloc.h of the GNU C library)."""
_NEVER = 2**31 - 1


def keep_freed_memory() -> bool:
    """Have the C library's allocator of this process give no large block back to the kernel; whether it can be told.

    A training step asks for the same gigabytes again and again. By default each large tensor is mapped anew and every
    page of it is zeroed by the kernel, a fifth of a step's time on two cores. The process stays at its peak size.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(mallopt and mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, _NEVER))


NOTICES = ("does not have a deterministic implementation", "CUBLAS_WORKSPACE_CONFIG")
"""Warnings that say what `Trainer` says of CUDA already."""


@contextmanager
def deterministic_sums(threads: int) -> Iterator[None]:
    """Deterministic algorithms on `threads` threads (0: as many as there are) while inside; put back afterwards."""
    before, algorithms = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    settings: Any = torch.utils.deterministic
    fill = settings.fill_uninitialized_memory
    if threads:
        torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    settings.fill_uninitialized_memory = False  # nothing here reads what was not written
    try:
        with warnings.catch_warnings():
            for notice in NOTICES:
                warnings.filterwarnings("ignore", message=f".*{notice}.*")
            yield
    finally:
        settings.fill_uninitialized_memory = fill
        torch.use_deterministic_algorithms(algorithms, warn_only=warn_only)
        torch.set_num_threads(before)


class PlainRandomState(Config):
    """The parts of a random state that are no tensors."""

    numpy: tuple[str, int, int, float]
    """Generator's name, position in its words, whether half of a normal pair is kept, and that half."""
    python: tuple[int, tuple[int, ...], float | None]
    """`random.getstate()`."""


class RandomState:
    """State of torch's, NumPy's and Python's generators that belongs to one training.

    Inside `active()` the process's generators continue from this state, and afterwards they are put back:
    two trainings in one process, or a tracker that draws a random name between epochs, change no number.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self._device = device
        with _preserved(device):
            torch.manual_seed(seed)
            np.random.seed(seed)
            random.seed(seed)
            self._state = _capture(device)

    @contextmanager
    def active(self) -> Iterator[None]:
        """Draw from this state while inside."""
        with _preserved(self._device):
            _restore(self._state, self._device)
            try:
                yield
            finally:
                self._state = _capture(self._device)

    def tensors(self) -> dict[str, torch.Tensor]:
        """The parts of the state that are tensors, by name."""
        tensors = {"torch": self._state["torch"], "numpy": torch.from_numpy(self._state["numpy"][1].copy())}
        if self._state["cuda"] is not None:
            tensors["cuda"] = self._state["cuda"]
        return tensors

    def plain(self) -> PlainRandomState:
        """The rest of the state."""
        name, _, position, has_gauss, gauss = self._state["numpy"]
        numpy_part = (name, int(position), int(has_gauss), float(gauss))
        return PlainRandomState(numpy=numpy_part, python=self._state["python"])

    def load(self, tensors: dict[str, torch.Tensor], plain: PlainRandomState) -> None:
        """Continue from what `tensors()` and `plain()` gave; a missing CUDA state leaves this one's."""
        name, position, has_gauss, gauss = plain.numpy
        self._state = {
            "torch": tensors["torch"],
            "numpy": (name, tensors["numpy"].numpy().copy(), position, has_gauss, gauss),
            "python": plain.python,
            "cuda": tensors.get("cuda", self._state["cuda"]),
        }


def _capture(device: torch.device) -> dict[str, Any]:
    return {
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state(),
        "python": random.getstate(),
        "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
    }


def _restore(state: dict[str, Any], device: torch.device) -> None:
    torch.set_rng_state(state["torch"])
    np.random.set_state(state["numpy"])
    random.setstate(state["python"])
    if device.type == "cuda" and state["cuda"] is not None:
        torch.cuda.set_rng_state(state["cuda"], device)


@contextmanager
def _preserved(device: torch.device) -> Iterator[None]:
    before = _capture(device)
    try:
        yield
    finally:
        _restore(before, device)
