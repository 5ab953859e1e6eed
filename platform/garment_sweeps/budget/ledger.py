"""What every trial has cost so far: the seconds for which it held its devices, whatever came of them."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from garment_sweeps.experiment import result_keys

TRAINING = "training"
"""Stands for the attempt where only the seconds of training are told."""


@dataclass
class Account:
    """One trial. Seconds are those of occupancy: set-up, training, and work that a crash lost."""

    before: float = 0.0
    """Of earlier sessions of the sweep."""
    attempts: dict[Any, float] = field(default_factory=dict)
    """In this session, by number of the attempt."""
    lost: float = 0.0
    """Between the last word of an attempt and its death."""
    epochs: int = 0
    """Furthest epoch that is done."""
    ended: bool = False
    """Complete, stopped or failed; not merely interrupted."""
    first_epoch: float | None = None
    """Longest first epoch of an attempt, its set-up included."""
    later_epoch: float | None = None
    """Longest of the other epochs."""
    heard: float | None = None
    """By the clock, when it started or last reported; None while it does not run."""

    @property
    def seconds(self) -> float:
        """In all."""
        return self.before + sum(self.attempts.values()) + self.lost


class Ledger:
    """Accounts of all trials by name, repeats of finalists included.

    Results carry the seconds of their attempt, counted by the trial's own process; without them the seconds of
    training stand in. What a crash cost between the last result and the news of it is counted here, by the driver.
    `spent` are those of earlier sessions (see `spent_seconds`).
    """

    def __init__(self, spent: dict[str, float] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.accounts = {name: Account(before=seconds) for name, seconds in (spent or {}).items()}
        self.seconds = sum(account.before for account in self.accounts.values())
        """Of all trials."""
        self.epochs = 0
        """Of all trials."""
        self._clock = clock
        self._worst_start: float | None = None
        self._worst_mean = 0.0

    def known(self, name: str, epochs: int, ended: bool) -> None:
        """A trial of an earlier session: how far it came, and whether it is done with."""
        account = self.account(name)
        self.epochs += epochs - account.epochs
        account.epochs, account.ended = epochs, ended
        if epochs:
            self._worst_mean = max(self._worst_mean, account.before / epochs)

    def expect(self, seconds: float) -> None:
        """How long an epoch took in earlier sweeps, s: a guess until this one has measured its own."""
        self._worst_mean = self._worst_mean or seconds

    def started(self, name: str) -> None:
        """The trial's process is there."""
        self.account(name).heard = self._clock()

    def result(self, name: str, result: dict[str, Any]) -> None:
        """An epoch is reported."""
        account = self.account(name)
        before = account.seconds
        attempt, seconds = _reached(result) or (TRAINING, 0.0)
        self._count(account, attempt, seconds - account.before if attempt == TRAINING else seconds)
        epochs = max(account.epochs, int(result.get(result_keys.EPOCH, 0)))
        self.epochs += epochs - account.epochs
        account.epochs = epochs
        account.heard = self._clock()
        self.seconds += account.seconds - before

    def crashed(self, name: str) -> float:
        """The trial's process is gone; returns the seconds since it was last heard of."""
        account = self.account(name)
        lost = 0.0 if account.heard is None else self._clock() - account.heard
        account.heard = None
        account.lost += lost
        self.seconds += lost
        return lost

    def left(self, name: str, ended: bool) -> None:
        """The trial runs no more, for now or, with `ended`, for good."""
        account = self.account(name)
        account.heard, account.ended = None, account.ended or ended

    def next_epoch(self, name: str) -> float:
        """Longest that the trial's next epoch has to be expected to take, seconds; 0 where nothing is known."""
        account = self.account(name)
        own = account.first_epoch if account.later_epoch is None else account.later_epoch
        return self.worst_start() if own is None else own

    def worst_start(self) -> float:
        """Longest start of a trial, up to its first result, seconds; a mean epoch of earlier sessions otherwise."""
        return self._worst_mean if self._worst_start is None else self._worst_start

    def epoch_seconds(self) -> float | None:
        """Seconds an epoch over all that is known, set-up and losses included; None before the first."""
        return self.seconds / self.epochs if self.epochs and self.seconds else None

    def unreported(self) -> float:
        """Seconds since running trials were last heard of, in all."""
        now = self._clock()
        return sum(now - account.heard for account in self.accounts.values() if account.heard is not None)

    def account(self, name: str) -> Account:
        """The trial's account, opened where it is missing."""
        return self.accounts.setdefault(name, Account())

    def _count(self, account: Account, attempt: Any, seconds: float) -> None:
        previous = account.attempts.get(attempt)
        account.attempts[attempt] = max(previous or 0.0, seconds)
        if seconds <= 0:
            return
        if previous is None:
            account.first_epoch = max(account.first_epoch or 0.0, seconds)
            self._worst_start = max(self._worst_start or 0.0, seconds)
        elif seconds > previous:
            account.later_epoch = max(account.later_epoch or 0.0, seconds - previous)


def spent_seconds(events: Iterable[dict[str, Any]]) -> dict[str, float]:
    """Seconds of every trial by its name, from the sweep's decision log: what each attempt had reached, and losses."""
    attempts: dict[str, dict[Any, float]] = {}
    lost: dict[str, float] = {}
    for event in events:
        name: str = event.get("trial", "")
        if event["kind"] == "budget" and event.get("what") == "lost":
            lost[name] = lost.get(name, 0.0) + float(event["seconds"])
        spent = event_seconds(event)
        if spent is not None:
            attempt, seconds = spent
            reached = attempts.setdefault(name, {})
            reached[attempt] = max(reached.get(attempt, 0.0), seconds)
    return {name: sum(attempts.get(name, {}).values()) + lost.get(name, 0.0) for name in {**attempts, **lost}}


def event_seconds(event: dict[str, Any]) -> tuple[Any, float] | None:
    """An event's attempt and the seconds it had come to; None where the event tells of none."""
    if event["kind"] not in ("result", "end", "repeat"):
        return None
    return _reached({**(event.get("result") or {}), **event})


def _reached(told: dict[str, Any]) -> tuple[Any, float] | None:
    if told.get(result_keys.ATTEMPT_SECONDS) is not None:
        return told.get(result_keys.ATTEMPT), float(told[result_keys.ATTEMPT_SECONDS])
    if told.get(result_keys.DEVICE_SECONDS) is not None:
        return TRAINING, float(told[result_keys.DEVICE_SECONDS])
    return None
