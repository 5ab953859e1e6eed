"""Waiting for a server that is away for a moment, where a sweep that ran before goes on."""

import sys
from collections.abc import Callable
from typing import TypeVar

import tenacity

from garment_uv.errors import Unreachable

PATIENCE_S = 300.0
"""How long a server may be away when a sweep goes on, seconds."""

Returned = TypeVar("Returned")


def patiently(call: Callable[[], Returned], goes_on: bool) -> Returned:
    """What `call` returns; where the sweep `goes_on` it is called again while a server is away.

    A sweep that begins says at once that it cannot, since the address may be wrong; one that ran before knows better.

    Raises:
        Unreachable: the server stayed away, or the sweep begins.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Unreachable),
        stop=tenacity.stop_after_delay(PATIENCE_S) if goes_on else tenacity.stop_after_attempt(1),
        wait=tenacity.wait_exponential_jitter(initial=0.5, max=5.0),
        before_sleep=_say_once,
        reraise=True,
    )
    return retrying(call)


def _say_once(state: tenacity.RetryCallState) -> None:
    if state.attempt_number == 1:
        minutes = f"{PATIENCE_S / 60:g} min"
        print(f"garment: {state.outcome.exception()}; waiting for it, {minutes} at most", file=sys.stderr, flush=True)  # type: ignore[union-attr]
