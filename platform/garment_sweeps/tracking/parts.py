"""The parts of one record, each taken by MLflow or refused for good: no refused part holds up the others."""

from collections.abc import Callable, Sequence
from typing import Any

from garment_sweeps.settings.masking import first_line
from garment_sweeps.tracking.answers import is_refused

MANY = 8
"""After so many refusals with nothing taken, the rest of a batch is not tried one by one."""


class Parts:
    """Sends parts, and remembers which MLflow will never take; these are not sent again."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        """Why, by the name of the part."""
        self.sure = False
        """Whether a refusal counts. As long as it may be chance it is raised."""

    def send(self, name: str, call: Callable[[], Any]) -> Any:
        """The call's answer; None where the part is refused."""
        if name in self.refused:
            return None
        try:
            return call()
        except Exception as error:
            self._note([name], error)
            return None

    def send_all(self, kind: str, values: Sequence[Any], call: Callable[[list[Any]], None]) -> None:
        """Sends MLflow's parameters, metrics or tags in one call, or, where that is refused, in halves of halves."""
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


def _name(kind: str, value: Any) -> str:
    """What is refused at one epoch may be taken at the next."""
    step = getattr(value, "step", None)
    return f"{kind} {value.key}" if step is None else f"{kind} {value.key} of epoch {step}"
