"""The sparse operator against dense products."""

import pytest
import scipy.sparse as sp
import torch

from garment_uv.geometry.sparse import SparseOperator
from tests.testing import Case, OperatorTests


def test_product_gradient_and_type():
    matrix = sp.random(7, 5, density=0.4, random_state=0)
    operator = SparseOperator(matrix).double()
    dense = torch.tensor(matrix.toarray()).float().double()
    values = torch.randn(5, 2, 3, dtype=torch.float64, requires_grad=True)
    product = operator(values)
    torch.testing.assert_close(product, torch.einsum("rv,vbc->rbc", dense, values))
    assert torch.autograd.gradcheck(operator, values)
    assert not operator.state_dict(), "fixed operators are no part of a checkpoint"


def test_autocast_does_not_round_it():
    operator = SparseOperator(sp.csr_matrix([[1.0, 1e-4]]))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        product = operator(torch.tensor([[1.0], [1.0]]))
    assert product.dtype == torch.float32 and abs(product.item() - 1.0001) < 1e-6


class TestSparseOperator(OperatorTests):
    @pytest.fixture
    def case(self):
        operator = SparseOperator(sp.random(7, 5, density=0.4, random_state=0)).double()
        dense = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        return Case(operator, dense, samples=(1,), shape=(7, 2, 3), degenerate={"zeros": (dense * 0,)})
