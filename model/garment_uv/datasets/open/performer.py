"""Who makes the open sets' performances: the stage of this process, with cloth of one kind."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version

from garment_uv.datasets.open.cast import draw_cast
from garment_uv.datasets.open.perform import ClothKind, Performance, perform
from garment_uv.datasets.open.plan import SequencePlan
from garment_uv.datasets.open.stage import process_stage

_REVISION = 1
"""Goes up when the same plan gives another performance."""


@dataclass(frozen=True)
class OpenPerformer:
    """Performs plans of the tailor's garments."""

    cloth: ClothKind

    @property
    def digest(self) -> str:
        """Of the kind of cloth, the body's version and ours."""
        return f"{self.cloth} anny {version('anny')} revision {_REVISION}"

    def perform(self, plan: SequencePlan) -> Performance:
        """The performance of `plan` on this process's stage."""
        return perform(process_stage(), plan, self.cloth)

    def known_by(self, plan: SequencePlan) -> tuple[str, ...]:
        """The subject by gender and shape, each cut by all its numbers."""
        cast = draw_cast(plan)
        subject = mark("subject", cast.gender, cast.shape.round(6).tobytes())
        return subject, *(mark("cut", cut) for cut in cast.outfit.cuts)


def mark(what: str, *of: object) -> str:
    """`<what> <16 hex digits>`, the same for what prints the same."""
    return f"{what} {sha256(repr(of).encode()).hexdigest()[:16]}"
