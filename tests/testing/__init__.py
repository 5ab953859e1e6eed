"""What tests share: `OperatorTests` for whatever maps tensors to tensors, `TermTests` for terms of a loss."""

from tests.testing.operators import Case, OperatorTests
from tests.testing.terms import TermTests

__all__ = ["Case", "OperatorTests", "TermTests"]
