"""What every differentiable operator is held to; a subclass says what it is and on what it works."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch


@dataclass(frozen=True)
class Case:
    """An operator and tensors for it."""

    operator: Callable
    """Of the tensor that gradients are asked for, then the others."""
    varied: torch.Tensor
    """float64."""
    others: tuple[torch.Tensor, ...] = ()
    samples: tuple[int, ...] = (0,)
    """Along which dimension of `varied`, and of each of the others, samples lie; the last one holds for the rest."""
    shape: tuple[int, ...] = ()
    """Of the answer."""
    degenerate: Mapping[str, tuple[torch.Tensor, ...]] = field(default_factory=dict)
    """By what is odd about them: `varied` and the others."""

    @property
    def count(self) -> int:
        """Samples."""
        return self.varied.shape[self.samples[0]]

    def sample(self, number: int) -> tuple[torch.Tensor, ...]:
        """All tensors of one sample, still as a batch."""
        tensors = (self.varied, *self.others)
        places = (*self.samples, *[self.samples[-1]] * len(tensors))
        return tuple(each.narrow(place, number, 1) for each, place in zip(tensors, places, strict=False))


class OperatorTests:
    """Shape, samples on their own, degenerate tensors, gradients by finite differences, and types of numbers.

    A subclass gives the fixture `case`.
    """

    wide = True
    """Whether float64 is kept; an operator that rounds to float32 is differentiated by longer steps."""
    half = False
    """Whether it may be given float16, as under autocast; it then answers float32."""
    tolerance = 1e-4
    """By how much a gradient may be off finite differences, absolute and relative."""

    @staticmethod
    def answer(found) -> torch.Tensor:
        """What the operator gives as one tensor."""
        return found

    def joined(self, case: Case, singles: list) -> torch.Tensor:
        """What the operator gives for a batch, made of what it gives for its samples."""
        return torch.cat([self.answer(single) for single in singles], dim=case.samples[0])

    def test_shape(self, case):
        assert self.answer(case.operator(case.varied, *case.others)).shape == case.shape

    def test_a_batch_is_its_samples(self, case):
        whole = self.answer(case.operator(case.varied, *case.others))
        singles = [case.operator(*case.sample(number)) for number in range(case.count)]
        torch.testing.assert_close(self.joined(case, singles), whole, rtol=1e-5, atol=1e-7)

    def test_gradients_are_finite_differences(self, case):
        varied = case.varied.clone().requires_grad_()
        step, off = (1e-6, self.tolerance) if self.wide else (1e-3, max(self.tolerance, 1e-2))
        assert torch.autograd.gradcheck(
            lambda x: self.answer(case.operator(x, *case.others)).double(),
            varied,
            eps=step,
            atol=off,
            rtol=off,
            fast_mode=True,
        )

    def test_degenerate_tensors_have_finite_answers_and_gradients(self, case):
        for name, (varied, *others) in case.degenerate.items():
            varied = varied.clone().requires_grad_()
            answer = self.answer(case.operator(varied, *others))
            answer.sum().backward()
            assert torch.isfinite(answer).all() and torch.isfinite(varied.grad).all(), name

    def test_types_of_numbers(self, case):
        kinds = {torch.float64: torch.float64 if self.wide else torch.float32}
        kinds |= {torch.float16: torch.float32} if self.half else {}
        exact = self.answer(case.operator(case.varied, *case.others))
        for given, wanted in kinds.items():
            others = [each.to(given) if each.is_floating_point() else each for each in case.others]
            found = self.answer(case.operator(case.varied.to(given), *others))
            assert found.dtype == wanted, given
            torch.testing.assert_close(found.double(), exact.double(), rtol=2e-2, atol=2e-2)
