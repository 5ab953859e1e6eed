"""Several things to tell MLflow, none of which holds up the others."""

from collections.abc import Callable
from typing import Any

from garment_sweeps.settings.masking import first_line
from garment_sweeps.tracking.answers import insisted, is_refused, stumbled


class Steps:
    """Takes steps one after the other; of one that is refused it keeps the reason and does not take it again."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        """Why, by the name of the step."""
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
