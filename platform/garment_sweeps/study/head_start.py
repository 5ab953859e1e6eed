"""What a sweep knows before its first trial."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class HeadStart:
    """What earlier sweeps give a new one."""

    known: tuple[dict[str, Any], ...]
    """Trials whose results count as this sweep's own: {'values': by config path, 'results': [...], 'from': name}, and
    of a sweep with constraints 'violations', how far each was exceeded."""
    planned: tuple[dict[str, Any], ...]
    """Configs to be tried first, as the space encodes them."""


NOTHING_KNOWN = HeadStart((), ())
