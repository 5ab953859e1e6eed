"""The random numbers of one training, kept apart from everything else in the process."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from garment_uv.config import Config


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
