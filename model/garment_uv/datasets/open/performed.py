"""Performances as raw sequences that are in no file: made when they are asked for, and prepared from memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import numpy as np

from garment_uv.body.protocol import BodyModel, BodyParameters
from garment_uv.datasets.cloth3d.camera import relative_camera
from garment_uv.datasets.cloth3d.sequence import Frame
from garment_uv.datasets.cloth3d.writer import write_sequence
from garment_uv.datasets.open.cloth.sheets import CannotSimulate
from garment_uv.datasets.open.perform import Performance
from garment_uv.datasets.open.plan import SequencePlan
from garment_uv.datasets.raw import AtHand, RawSequence
from garment_uv.errors import UserError
from garment_uv.geometry.obj import triangulate

DRAWS = 3
"""Times that a sequence is drawn where its cloth cannot be simulated: a set then has as many as were planned."""
_ANEW = 2**31
"""Added to a plan's seed for each: no set has so high a seed."""


class Performer(Protocol):
    """Makes performances of plans. Small enough to be sent to another process."""

    @property
    def digest(self) -> str:
        """Another one where the same plan gives another performance."""

    def perform(self, plan: SequencePlan) -> Performance:
        """The same plan gives the same numbers; CannotSimulate where its cloth will not do."""

    def known_by(self, plan: SequencePlan) -> tuple[str, ...]:
        """Marks of the subject and of each cut: see `ClothedSequence.known_by`."""


class PerformedSequence:
    """A performance as `datasets.raw.ClothedSequence`; it is pictured when the first frame is asked for."""

    def __init__(self, performance: Performance, note: str | None = None, known_by: tuple[str, ...] = ()) -> None:
        info = performance.info
        self._performance = performance
        self.subject = BodyParameters(info.gender, info.shape.astype(np.float32), np.zeros(72, np.float32))
        self.zrot = 0.0  # rest meshes are not turned
        self.faces = {name: triangulate(item.faces) for name, item in performance.garments.items()}
        self.frame_indices = tuple(range(info.num_poses))
        self.note, self.known_by = note, known_by

    def rest_garments(self, body: BodyModel) -> dict[str, np.ndarray]:
        """Each garment's vertices [N, 3] metres at rest, on whatever body."""
        return {name: item.rest for name, item in self._performance.garments.items()}

    def frame(self, index: int) -> Frame:
        """Frame `index`, one of `frame_indices`."""
        info, picture = self._performance.info, self._pictures[index]
        pose, trans = info.poses[index].astype(np.float32), info.trans[index]
        garments = {name: item.frames[index].astype(np.float32) for name, item in self._performance.garments.items()}
        return Frame(
            index=index,
            rgb=picture[..., :3],
            alpha=picture[..., 3],
            garments=garments,
            body=BodyParameters(info.gender, self.subject.shape, pose),
            trans=trans,
            zrot=info.zrot,
            camera=relative_camera(info.cam_loc, trans, info.zrot),
        )

    def close(self) -> None:
        """Nothing stays open."""

    @cached_property
    def _pictures(self) -> list[np.ndarray]:
        return list(self._performance.pictures())


@dataclass(frozen=True)
class PerformedRaw:
    """Planned sequences as `datasets.raw.RawSource`."""

    uri: str
    """The set's name."""
    plans: Sequence[SequencePlan]
    performer: Performer
    keep: Path | None = None
    """Folder in which each sequence is written too, as CLOTH3D's layout has it; None for no files."""

    def sequences(self) -> list[RawSequence]:
        """One a plan; what they are made from is their fingerprint."""
        digest = self.performer.digest
        return [
            RawSequence(plan.split, f"{plan.number:05d}", sha256(f"{digest} {plan!r}".encode()).hexdigest()[:16])
            for plan in sorted(self.plans, key=lambda plan: (plan.split, plan.number))
        ]

    def shown(self, item: RawSequence) -> str:
        """`<set>/<split>/<number>`."""
        return f"{self.uri}/{item.split}/{item.name}"

    @contextmanager
    def open(self, item: RawSequence) -> Iterator[AtHand]:
        """The sequence, performed when it is read."""
        yield AtHand(self.shown(item), partial(self._performed, item))

    def _performed(self, item: RawSequence) -> PerformedSequence:
        """Drawn anew where its cloth will not do; UserError where none of `DRAWS` will."""
        plan = next(plan for plan in self.plans if plan.folder == f"{item.split}/{item.name}")
        reasons: list[str] = []
        while len(reasons) < DRAWS:
            drawn = replace(plan, seed=plan.seed + _ANEW * len(reasons))
            try:
                done = self.performer.perform(drawn)
            except CannotSimulate as error:
                reasons.append(str(error))
                continue
            if self.keep is not None:
                _write(self.keep / plan.folder, done)
            note = f"drawn {len(reasons) + 1} times: {'; '.join(reasons)}" if reasons else None
            return PerformedSequence(done, note, self.performer.known_by(drawn))
        raise UserError(f"{self.shown(item)}: drawn {DRAWS} times, and none could be simulated: {'; '.join(reasons)}")


def _write(folder: Path, done: Performance) -> None:
    if not folder.exists():
        write_sequence(folder, done.info, done.garments, done.pictures(), textures=done.textures)
