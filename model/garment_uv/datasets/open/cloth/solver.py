"""Steps sheets through time against a moving body, on one device."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import warp as wp
from pydantic import Field

from garment_uv.config import Config
from garment_uv.datasets.open.cloth import _arrays, _kernels
from garment_uv.datasets.open.cloth._contact import BODY_STEEP, OPEN_STEEP, Apart, Touch, layered
from garment_uv.datasets.open.cloth.sheets import Sheet
from garment_uv.datasets.open.cloth.surface import Surface
from garment_uv.geometry.warp_device import warp_device


class SolverOptions(Config):
    """How finely time and contact are resolved."""

    substeps: int = Field(default=20, ge=1)
    """Of a frame, one iteration each; 12 are too few for a dress that dances."""
    frame_seconds: float = Field(default=1 / 30, gt=0)
    margin: float = Field(default=0.003, ge=0)
    """Least distance of cloth from what is under it, metres."""
    thickness: float = Field(default=0.006, ge=0)
    """Vertices of a subject's cloth stay so far apart, metres; 0: they do not see each other."""
    look_every: int = Field(default=5, ge=1)
    """Substeps for which a contact that was found serves."""
    apart_every: int = Field(default=10, ge=1)
    """Substeps between two sweeps of `thickness`."""
    fastest: float = Field(default=8.0, gt=0)
    """Nothing goes faster, m/s."""
    device: str = "cpu"


class Solver:
    """Any number of sheets, also of several subjects, none of whom meets another.

    The same input gives the same bits on one processor, and a subject the same bits beside others as alone.
    """

    def __init__(self, sheets: Sequence[Sheet], start: np.ndarray, body: Surface, options: SolverOptions) -> None:
        """`start` [N, 3]: all sheets' vertices, in the order of `sheets`; `body` on the options' device.

        Sheets are in the order of their subjects, who are numbered from 0; `body` has a part for each.
        """
        self._options, self._body, self._step = options, body, 0
        self._device = warp_device(options.device)
        self._seconds = options.frame_seconds / options.substeps
        self._particles = _arrays.particles(sheets, start, self._seconds, self._device)
        self._goal = _kernels.Path()
        self._goal.start, self._goal.end = (_arrays.array(start, wp.vec3, self._device) for _ in range(2))
        fans = _arrays.fans(sheets, self._device)
        self._face = self._recorded(_kernels.face, len(start), self._particles, fans)
        subjects = max(sheet.subject for sheet in sheets) + 1
        self._settling = _kernels.Settling()
        self._settling.along = wp.zeros(subjects, dtype=wp.vec3, device=self._device)
        self._settling.keeps = wp.ones(subjects, dtype=wp.float32, device=self._device)
        self._predict = self._recorded(
            _kernels.predict, len(start), self._particles, self._goal, self._settling, 0.0, self._seconds
        )
        self._hold = [
            *self._by_colour(_kernels.stretch, *_arrays.all_links(sheets, self._device)),
            *self._by_colour(_kernels.bend, *_arrays.all_hinges(sheets, self._device)),
        ]
        tethers = _arrays.all_tethers(sheets, self._device)
        if tethers:
            self._hold.append(self._recorded(_kernels.tether, len(start), self._particles, *tethers))
        leashes = _arrays.leashes(sheets, self._device)
        self._leash = None
        if leashes is not None:
            self._leash = self._recorded(_kernels.leash, len(start), self._particles, self._goal, leashes, 0.0)
        self._velocity = self._recorded(
            _kernels.update_velocity, len(start), self._particles, 1 / self._seconds, options.fastest
        )
        self._touch = [*self._layers(sheets), self._skin(sheets)]
        thickness = options.thickness
        self._apart = Apart(sheets, self._particles, thickness, self._device) if thickness else None

    @property
    def vertices(self) -> np.ndarray:
        """float32 [N, 3] of all sheets now."""
        return self._particles.at.numpy().copy()

    @property
    def velocities(self) -> np.ndarray:
        """float32 [N, 3], m/s."""
        return self._particles.velocity.numpy().copy()

    def settle(self, along: np.ndarray, rate: np.ndarray) -> None:
        """From now on each subject's cloth also comes to the velocity `along` [subjects, 3], by `rate` [subjects] 1/s.

        Cloth that begins where it is unstrained falls and swings for seconds: so it comes to hang sooner. No such thing
        is in what counts: ask for a rate of 0 by then.
        """
        _arrays.fill(self._settling.along, along)
        _arrays.fill(self._settling.keeps, np.exp(-rate * self._seconds))

    def frame(self, body: np.ndarray, goal: np.ndarray) -> None:
        """Advance a frame, in which the body goes to `body` [B, 3] and fixed vertices to `goal` [N, 3]."""
        self._body.aim(body)
        wp.copy(self._goal.start, self._goal.end)
        _arrays.fill(self._goal.end, goal)
        self._face.launch()
        for step in range(1, self._options.substeps + 1):
            self._substep(step / self._options.substeps)

    def _substep(self, share: float) -> None:
        self._body.place(share, 1 / self._options.frame_seconds)
        self._predict.set_param_at_index(3, share)
        self._predict.launch()
        for launch in self._hold:
            launch.launch()
        if self._leash:
            self._leash.set_param_at_index(3, share)
            self._leash.launch()
        if self._apart is not None and self._step % self._options.apart_every == 0:
            self._apart.launch()
        for touch in self._touch:
            touch.launch(self._step % self._options.look_every == 0)
        self._velocity.launch()
        self._step += 1

    def _by_colour(self, kernel: Any, rows: Any, starts: np.ndarray) -> Iterator[wp.Launch]:
        """One launch a colour. All constraints in each substep: hinges in every second one make stiff cloth ring.

        On a CPU warp goes through a launch one by one, in order: one launch of all colours is the same, and quicker.
        """
        per_step2 = 1 / self._seconds**2
        if self._device.is_cpu:
            starts = starts[[0, -1]]
        for first, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            yield self._recorded(kernel, end - first, self._particles, rows, first, per_step2)

    def _skin(self, sheets: Sequence[Sheet]) -> Touch:
        nearby = np.concatenate([np.full(len(sheet.rest), sheet.nearby) for sheet in sheets])
        found = _arrays.contacts(np.arange(len(nearby)), nearby, self._device)
        return self._touching(self._body, found, BODY_STEEP)

    def _layers(self, sheets: Sequence[Sheet]) -> Iterator[Touch]:
        """What is worn over other garments, against those as they move."""
        source, parts, vertex, nearby = layered(sheets)
        if not len(vertex):
            return
        surface = Surface(parts, self._device)
        follow = self._recorded(
            _kernels.follow, len(source), self._particles, _arrays.array(source, wp.int32, self._device),
            1 / self._seconds, surface.points, surface.velocities,
        )  # fmt: skip
        yield self._touching(surface, _arrays.contacts(vertex, nearby, self._device), OPEN_STEEP, follow)

    def _touching(self, surface: Surface, found: Any, steep: float, follow: wp.Launch | None = None) -> Touch:
        count, margin = len(found.vertex), self._options.margin
        find = self._recorded(_kernels.find_contacts, count, self._particles, surface.ids, found)
        resolve = self._recorded(
            _kernels.resolve_contacts, count, self._particles, surface.ids, found, margin, steep, self._seconds
        )
        return Touch(surface, find, resolve, follow)

    def _recorded(self, kernel: Any, count: int, *inputs: Any) -> wp.Launch:
        """The kernel's call bound to its arrays once: binding costs more than small garments' kernels."""
        return wp.launch(kernel, dim=count, device=self._device, inputs=list(inputs), record_cmd=True)
