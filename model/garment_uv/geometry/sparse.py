"""A fixed sparse matrix as a differentiable operator."""

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, dense: torch.Tensor, matrix: torch.Tensor, transpose: torch.Tensor) -> torch.Tensor:
        ctx.transpose = transpose
        return matrix @ dense

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return ctx.transpose @ gradient.contiguous(), None, None


class SparseOperator(nn.Module):
    """M [R, V] applied to columns: dense [V, ...] to [R, ...], in its own float type, also under autocast."""

    _forward_values: torch.Tensor

    def __init__(self, matrix: sp.csr_matrix) -> None:
        super().__init__()
        self.rows, self.columns = matrix.shape
        self._store("forward", sp.csr_matrix(matrix))
        self._store("transpose", sp.csr_matrix(matrix.T))

    def forward(self, dense: torch.Tensor) -> torch.Tensor:
        """M applied over the first dimension of `dense` [V, ...], in the operator's own float type."""
        with torch.autocast(device_type=dense.device.type, enabled=False):
            flat = dense.to(self._forward_values.dtype).reshape(self.columns, -1).contiguous()
            forward = self._matrix("forward", (self.rows, self.columns))
            transpose = self._matrix("transpose", (self.columns, self.rows))
            product = _Product.apply(flat, forward, transpose)
            return product.reshape(self.rows, *dense.shape[1:])

    def _store(self, name: str, matrix: sp.csr_matrix) -> None:
        matrix.sort_indices()
        parts = {
            "starts": matrix.indptr.astype(np.int64),
            "indices": matrix.indices.astype(np.int64),
            "values": matrix.data.astype(np.float32),
        }
        for part, array in parts.items():
            self.register_buffer(f"_{name}_{part}", torch.from_numpy(array), persistent=False)

    def _matrix(self, name: str, size: tuple[int, int]) -> torch.Tensor:
        starts, indices, values = (getattr(self, f"_{name}_{part}") for part in ("starts", "indices", "values"))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
            return torch.sparse_csr_tensor(starts, indices, values, size=size, check_invariants=False)
