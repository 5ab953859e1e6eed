"""The processes that train one trial together, seen from the one that leads them and trains nothing itself."""

import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from garment_uv.errors import Infeasible, UserError

GRACE_S = 10.0
"""Once one process has failed, how long the others have to fail of the same; after that they wait for it in vain."""


class Died(Exception):
    """A process of the team ended, or failed of what is no fault of the config: the trial is to be started again."""


class Reply(NamedTuple):
    """What a process gave back, or why it did not: Infeasible, UserError or Died."""

    value: Any = None
    error: Exception | None = None


class Member:
    """What a process of the team holds: its work, opened when this is made."""

    def __init__(self, open_work: Callable[[], Any]) -> None:
        self._work, self._refused = None, None
        try:
            self._work = open_work()
        except (Infeasible, UserError) as error:
            self._refused = error

    def answer(self, method: str, arguments: tuple) -> Reply:
        """Calls a method of the work, or reads an attribute; always refused where the work could not be opened."""
        if self._refused is not None:
            return Reply(error=self._refused)
        try:
            member = getattr(self._work, method)
            return Reply(member(*arguments) if callable(member) else member)
        except (Infeasible, UserError) as error:
            return Reply(error=error)
        except Exception as error:
            traceback.print_exc()
            return Reply(error=Died(f"a process of the training failed: {type(error).__name__}: {error}"))


class Team(ABC):
    """Calls methods of all processes' work at once, or of the first one's, and sees to it that none is waited for in
    vain: as soon as one has failed for a reason of its own, all are ended.
    """

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self.gone = False
        """Whether the processes were ended."""

    def everyone(self, method: str, *arguments: Any) -> list[Any]:
        """What every process answers, by rank; raises Infeasible or UserError where one did, Died where one died."""
        return self._ask(range(self.processes), method, arguments)

    def first(self, method: str, *arguments: Any) -> Any:
        """What the first process answers."""
        return self._ask(range(1), method, arguments)[0]

    def close(self) -> None:
        """Ends all processes."""
        if not self.gone:
            self.gone = True
            self.end()

    @abstractmethod
    def send(self, rank: int, method: str, arguments: tuple) -> None:
        """Has a process call that method."""

    @abstractmethod
    def wait(self, ranks: set[int], seconds: float | None) -> dict[int, Reply]:
        """Answers of those of these processes that have one; at least one, unless so many seconds pass."""

    @abstractmethod
    def end(self) -> None:
        """Ends all processes, whatever they do."""

    def _ask(self, ranks: range, method: str, arguments: tuple) -> list[Any]:
        if self.gone:
            raise Died("the trial's processes were ended")
        for rank in ranks:
            self.send(rank, method, arguments)
        answers = self._answers(set(ranks))
        errors = [given.error for given in answers.values() if given.error is not None]
        if not errors:
            return [answers[rank].value for rank in ranks]
        reasons = [error for error in errors if not isinstance(error, Died)]
        if len(reasons) < len(ranks):
            self.close()
        raise (reasons or errors)[0]

    def _answers(self, missing: set[int]) -> dict[int, Reply]:
        """Everyone's answer; from the first failure on only those that come within `GRACE_S`."""
        answers: dict[int, Reply] = {}
        deadline = None
        while missing:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            came = self.wait(missing, left)
            if not came and left is not None:
                break
            answers |= came
            missing -= came.keys()
            if deadline is None and any(given.error is not None for given in came.values()):
                deadline = time.monotonic() + GRACE_S
        return answers


class ParallelWork:
    """The `Work` of a team, a `TrainingWork` in each process; `run_epoch` raises Died where one of them died.

    What is written and measured is the first one's, which has all; the checkpoint is for any number of processes.
    """

    def __init__(self, team: Team) -> None:
        self._team = team
        try:
            self.epoch: int = team.everyone("epoch")[0]
            self.parameters: dict[str, str] = team.first("parameters")
        except BaseException:
            team.close()
            raise

    def run_epoch(self) -> dict[str, float]:
        try:
            return self._team.everyone("run_epoch")[0]
        finally:
            if not self._team.gone:
                self.epoch = self._team.first("epoch")

    def save(self, folder: Path) -> None:
        if not self._team.gone:  # once they were ended, the checkpoint before it counts
            self._team.first("save", folder)

    def load(self, folder: Path, changed: tuple[str, ...] = ()) -> None:
        self._team.everyone("load", folder, changed)  # they share the node
        self.epoch = self._team.first("epoch")

    def export(self, folder: Path) -> bool:
        return self._team.first("export", folder)

    def gallery(self, folder: Path) -> bool:
        return self._team.first("gallery", folder)

    def scores(self, folder: Path) -> bool:
        return self._team.first("scores", folder)

    def costs(self) -> dict[str, float]:
        memory_mib = max(self._team.everyone("memory_mib"))
        return {**self._team.first("costs"), "memory_mib": memory_mib}

    def close(self) -> None:
        self._team.close()
