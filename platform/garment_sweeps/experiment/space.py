"""A search space as data: which config fields vary, over what, and when."""

import json
import math
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from garment_uv.config import Config

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import BaseTrial

Condition = dict[str, tuple[Any, ...]]
"""Config path to the values under which a parameter is active; all entries must hold. Empty: always."""
INSIDE = (0.137, 0.5, 0.893)
"""Shares of the way from a range's low end to its high one, at which it is tried against the config too."""
FEW = 32
"""Whole numbers up to so many are all tried."""


class _Parameter(Config):
    path: str = Field(pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*$")
    """Dotted path of the config field, which is also the parameter's name in MLflow."""
    when: Condition = {}

    @property
    def name(self) -> str:
        """The parameter's name in Optuna."""
        return self.path

    def active(self, chosen: dict[str, Any], searched: set[str], base: dict[str, Any]) -> bool:
        """Whether the parameter is searched, given the values chosen so far."""
        for path, allowed in self.when.items():
            if path in searched and path not in chosen:
                return False  # what it depends on is itself inactive
            if not is_among(chosen.get(path, base.get(path)), allowed):
                return False
        return True


class Float(_Parameter):
    """A real number in [low, high], uniform or log-uniform."""

    kind: Literal["float"] = "float"
    low: float
    high: float
    log: bool = False
    levels: int = Field(default=0, ge=0)
    """So many values, evenly spaced from low to high, and nothing between them; 0 for the whole interval."""

    @model_validator(mode="after")
    def _range(self) -> Self:
        _check_range(self)
        grid = self.grid()
        if self.levels == 1 and self.low != self.high:
            raise ValueError(f"{self.path}: one level cannot be both {self.low} and {self.high}; take 2 or more levels")
        if any(not below < above for below, above in pairwise(grid)):
            raise ValueError(
                f"{self.path}: {self.levels} levels from {self.low} to {self.high} are not all different numbers; "
                "take fewer levels or a wider range"
            )
        return self

    def suggest(self, trial: "BaseTrial") -> float:
        """A value from the study's sampler."""
        if self.levels:
            return self.grid()[trial.suggest_int(self.name, 0, self.levels - 1)]
        return trial.suggest_float(self.path, self.low, self.high, log=self.log)

    @property
    def name(self) -> str:
        """The parameter's name in Optuna, which keeps the number of a level and not its value."""
        return f"{self.path}#level" if self.levels else self.path

    @property
    def finite(self) -> bool:
        """Whether it has levels, so that all its values can be tried."""
        return bool(self.levels)

    def grid(self) -> list[float]:
        """All levels, the ends exactly `low` and `high`."""
        if self.levels < 2:
            return [self.low] * self.levels
        steps = [index / (self.levels - 1) for index in range(1, self.levels - 1)]
        return [self.low, *map(self._between, steps), self.high]

    def encode(self, value: Any) -> Any:
        """The value as Optuna stores it; ValueError where it lies outside."""
        number = float(_number(self.path, value))
        if self.levels:
            grid = self.grid()
            nearest = min(range(self.levels), key=lambda level: abs(grid[level] - number))
            if not math.isclose(grid[nearest], number, rel_tol=1e-6):
                raise ValueError(f"{self.path}={value} is none of the {self.levels} levels")
            return nearest
        if not self.low <= number <= self.high:
            raise ValueError(f"{self.path}={value} lies outside [{self.low}, {self.high}]")
        return number

    def examples(self) -> tuple[float, ...]:
        """Values that a config must accept for the parameter to be sound: every level, or ends and some between."""
        if self.levels:
            return tuple(self.grid())
        return (self.low, *map(self._between, INSIDE), self.high)

    def can_be(self, value: Any) -> bool:
        """Whether a condition on this value can hold: on a level, and not on one of endlessly many numbers."""
        return value in self.grid() or value == self.low == self.high

    def _between(self, share: float) -> float:
        """The value at that share of the way from low to high."""
        if self.log:
            return self.low * (self.high / self.low) ** share
        return self.low + (self.high - self.low) * share


class Integer(_Parameter):
    """A whole number in [low, high], both included."""

    kind: Literal["integer"] = "integer"
    low: int
    high: int
    log: bool = False
    finite: ClassVar[bool] = True

    @model_validator(mode="after")
    def _range(self) -> Self:
        _check_range(self)
        return self

    def suggest(self, trial: "BaseTrial") -> int:
        """A value from the study's sampler."""
        return trial.suggest_int(self.path, self.low, self.high, log=self.log)

    def encode(self, value: Any) -> Any:
        """The value as Optuna stores it; ValueError where it lies outside."""
        number = _number(self.path, value)
        if number != int(number) or not self.low <= number <= self.high:
            raise ValueError(f"{self.path}={value} lies outside [{self.low}, {self.high}]")
        return int(number)

    def examples(self) -> tuple[int, ...]:
        """Values that a config must accept for the parameter to be sound: all of a few, else ends and some between."""
        if self.high - self.low < FEW:
            return tuple(range(self.low, self.high + 1))
        return (self.low, *(self.low + int((self.high - self.low) * share) for share in INSIDE), self.high)

    def can_be(self, value: Any) -> bool:
        """Whether a condition on this value can hold."""
        return isinstance(value, int | float) and value == int(value) and self.low <= value <= self.high


class Choice(_Parameter):
    """One of several values, of any JSON type."""

    kind: Literal["choice"] = "choice"
    options: tuple[Any, ...] = Field(min_length=1)
    finite: ClassVar[bool] = True

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        twice = [option for number, option in enumerate(self.options) if is_among(option, self.options[:number])]
        if twice:
            raise ValueError(f"{self.path}: the option {twice[0]!r} stands twice among {list(self.options)}")
        return self

    def suggest(self, trial: "BaseTrial") -> Any:
        """A value from the study's sampler; lists and objects travel through Optuna as JSON text."""
        label = trial.suggest_categorical(self.path, [_label(option) for option in self.options])
        return next(option for option in self.options if _label(option) == label)

    def encode(self, value: Any) -> Any:
        """The value as Optuna stores it; ValueError where it is none of the options."""
        label = _label(value)
        if label not in [_label(option) for option in self.options]:
            raise ValueError(f"{self.path}={value!r} is none of {list(self.options)}")
        return label

    def examples(self) -> tuple[Any, ...]:
        """Values that a config must accept for the parameter to be sound: all options."""
        return self.options

    def can_be(self, value: Any) -> bool:
        """Whether a condition on this value can hold."""
        return is_among(value, self.options)


Parameter = Annotated[Float | Integer | Choice, Field(discriminator="kind")]


class Space(Config):
    """Parameters in the order in which they are decided: a condition may name only what stands before it."""

    parameters: tuple[Parameter, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        seen: set[str] = set()
        later = {p.path for p in self.parameters}
        for parameter in self.parameters:
            if parameter.path in seen:
                raise ValueError(f"{parameter.path} is searched twice")
            late = [path for path in parameter.when if path in later and path not in seen]
            if late:
                raise ValueError(f"{parameter.path} depends on {late[0]}, which must stand before it")
            seen.add(parameter.path)
        return self

    def suggest(self, trial: "BaseTrial", base: dict[str, Any]) -> dict[str, Any]:
        """Path to value of every active parameter, decided define-by-run.

        Args:
            trial: an Optuna trial; parameters that it already holds keep their values.
            base: flat values of the config that the space changes, for conditions on fields not searched.
        """
        return self._walk(base, lambda parameter: parameter.suggest(trial))

    def encode(self, values: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
        """`values` by the names and in the form in which Optuna stores them, active parameters only.

        Missing values are taken from `base`. Raises ValueError where one lies outside its parameter's range.
        """
        given = {**base, **values}
        by_path = {p.path: p for p in self.parameters}
        kept = self._walk(base, lambda parameter: given[parameter.path])
        return {by_path[path].name: by_path[path].encode(value) for path, value in kept.items()}

    def distributions(self, params: dict[str, Any], base: dict[str, Any]) -> dict[str, "BaseDistribution"]:
        """What each of a trial's `params` was drawn from, by their names in Optuna."""
        import optuna

        asked = optuna.trial.FixedTrial(params)
        self.suggest(asked, base)
        return asked.distributions

    def _walk(self, base: dict[str, Any], decide: Callable[[Parameter], Any]) -> dict[str, Any]:
        searched = {p.path for p in self.parameters}
        chosen: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.active(chosen, searched, base):
                chosen[parameter.path] = decide(parameter)
        return chosen


def is_among(value: Any, allowed: tuple[Any, ...]) -> bool:
    """Whether a value is one of these; a list and a tuple of the same are the same, as in JSON."""
    return _label(value) in [_label(one) for one in allowed]


def _label(option: Any) -> Any:
    if option is None or isinstance(option, bool | int | float | str):
        return option
    return json.dumps(option, separators=(",", ":"))


def _number(path: str, value: Any) -> float | int:
    """A finite number, as it was given or read from text; ValueError where it is none."""
    try:
        number = value if isinstance(value, int | float) else float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{path}={value!r} is no number") from None
    if not math.isfinite(number):
        raise ValueError(f"{path}={value!r} is not finite")
    return number


def _check_range(parameter: Float | Integer) -> None:
    if parameter.low > parameter.high:
        raise ValueError(f"{parameter.path}: low {parameter.low} is above high {parameter.high}")
    if parameter.log and parameter.low <= 0:
        raise ValueError(f"{parameter.path}: a log scale needs low above 0, was given {parameter.low}")
