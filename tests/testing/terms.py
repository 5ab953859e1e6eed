"""What every term of a loss is held to."""

import torch

from garment_uv.losses.means import MaskedMean, mean_of
from tests.testing.operators import Case, OperatorTests


class TermTests(OperatorTests):
    """A term gives one number, or a `MaskedMean` whose mean is one; where nothing counts it is 0, without gradient."""

    name: str
    """Of its weight in the config; 'discriminator' has none."""
    empty: tuple[str, ...] = ()
    """Names of the degenerate tensors in which nothing counts."""

    @staticmethod
    def answer(found) -> torch.Tensor:
        return mean_of([found]) if isinstance(found, MaskedMean) else found

    def joined(self, case: Case, singles: list) -> torch.Tensor:
        if isinstance(singles[0], MaskedMean):
            return mean_of(singles)
        return torch.stack(singles).mean()

    def test_of_nothing_it_is_0_without_gradient(self, case):
        for name in self.empty:
            varied, *others = case.degenerate[name]
            varied = varied.clone().requires_grad_()
            found = self.answer(case.operator(varied, *others))
            found.backward()
            assert found.item() == 0 and not varied.grad.any(), name
