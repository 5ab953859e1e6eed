"""What MLflow takes part by part: of a part that it refuses for good the reason is kept, and the others go on."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from garment_sweeps.settings.masking import first_line
from garment_sweeps.tracking.answers import insisted, is_refused, stumbled

BATCH = 1000
"""Metrics that MLflow takes in one request."""
MANY = 8
"""After so many refusals with nothing taken, the rest of a batch is not tried one by one."""


class Parts:
    """The parts of one record; which of them are refused for good, and why, by the part's name."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        self.sure = False
        """Whether a refusal counts. As long as it may be chance it is raised."""

    def send(self, name: str, call: Callable[[], Any]) -> Any:
        """The call's answer; None where the part is refused, now or before."""
        if name in self.refused:
            return None
        try:
            return call()
        except Exception as error:
            self._note([name], error)
            return None

    def send_all(self, kind: str, values: Sequence[Any], call: Callable[[list[Any]], None], most: int = BATCH) -> None:
        """Sends MLflow's parameters, metrics or tags, at most so many in a call; where one is refused, in halves."""
        for batch in batches(values, most):
            self._send_batch(kind, batch, call)

    def _send_batch(self, kind: str, values: Sequence[Any], call: Callable[[list[Any]], None]) -> None:
        waiting = [[value for value in values if _name(kind, value) not in self.refused]]
        taken, refused = False, 0
        while waiting:
            batch = waiting.pop(0)
            if not batch:
                continue
            try:
                call(batch)
                taken = True
            except Exception as error:
                hopeless = refused >= MANY and not taken
                if self.sure and is_refused(error) and len(batch) > 1 and not hopeless:
                    half = len(batch) // 2
                    waiting[:0] = [batch[:half], batch[half:]]
                else:
                    self._note([_name(kind, value) for value in batch], error)
                    refused += len(batch)

    def _note(self, names: list[str], error: Exception) -> None:
        if not (self.sure and is_refused(error)):
            raise error
        self.refused |= dict.fromkeys(names, first_line(error))


class Steps:
    """Several things to tell MLflow, one after the other; why some are refused for good, by the step's name."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        self._late: Exception | None = None

    def take(self, name: str, step: Callable[[], Any]) -> None:
        """Takes the step; raises where MLflow is away, and leaves one over which it only stumbles for later."""
        if name in self.refused:
            return
        try:
            insisted(step)
        except Exception as error:
            if is_refused(error):
                self.refused[name] = first_line(error)
            elif stumbled(error):
                self._late = self._late or error
            else:
                raise

    def end(self) -> None:
        """After the last step: raises what MLflow stumbled over, so that all are taken again."""
        late, self._late = self._late, None
        if late is not None:
            raise late


def batches(values: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    """The values in their order, at most so many at once."""
    return (values[start : start + most] for start in range(0, len(values), most))


def _name(kind: str, value: Any) -> str:
    """What is refused at one epoch may be taken at the next."""
    step = getattr(value, "step", None)
    return f"{kind} {value.key}" if step is None else f"{kind} {value.key} of epoch {step}"
