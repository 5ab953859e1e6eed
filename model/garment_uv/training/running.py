"""How a training runs: by deterministic algorithms, on so many threads, without warnings that are known."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.utils.deterministic

from garment_uv.training.predict import quiet_sparse

NOTICES = ("does not have a deterministic implementation", "CUBLAS_WORKSPACE_CONFIG")
"""Warnings that say what `Trainer` says of CUDA already."""


@contextmanager
def deterministic_sums(threads: int) -> Iterator[None]:
    """Deterministic algorithms on `threads` threads (0: as many as there are) while inside; put back afterwards."""
    before, algorithms = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    fill = torch.utils.deterministic.fill_uninitialized_memory
    if threads:
        torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # nothing here reads what was not written
    try:
        with quiet_sparse(), warnings.catch_warnings():
            for notice in NOTICES:
                warnings.filterwarnings("ignore", message=f".*{notice}.*")
            yield
    finally:
        torch.utils.deterministic.fill_uninitialized_memory = fill
        torch.use_deterministic_algorithms(algorithms, warn_only=warn_only)
        torch.set_num_threads(before)
