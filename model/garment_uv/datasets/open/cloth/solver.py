"""Steps sheets through time against a moving body, on one device."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import warp as wp
from pydantic import Field

from garment_uv.config import Config
from garment_uv.datasets.open._mesh import split_quads
from garment_uv.datasets.open.cloth import _arrays, _kernels
from garment_uv.datasets.open.cloth.sheets import Sheet
from garment_uv.datasets.open.cloth.surface import Surface
from garment_uv.geometry.warp_device import warp_device

BODY_STEEP = 0.0
OPEN_STEEP = 0.75
"""Least cosine at which a body, which is closed, and a garment, which has borders, push (`resolve_contacts`)."""


CELL = 3.0
"""Width of the grid's cells by `thickness`: a vertex then asks few of them."""


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
    """Any number of sheets, also of several subjects, whose bodies are one mesh.

    Place subjects metres apart, lest they meet. The same input gives the same bits on one processor.
    """

    def __init__(self, sheets: Sequence[Sheet], start: np.ndarray, body: Surface, options: SolverOptions) -> None:
        """`start` [N, 3]: all sheets' vertices, in the order of `sheets`; `body` on the options' device."""
        self._options, self._body, self._step = options, body, 0
        self._device = warp_device(options.device)
        self._seconds = options.frame_seconds / options.substeps
        self._particles = _arrays.particles(sheets, start, self._device)
        self._goal = _kernels.Path()
        self._goal.start, self._goal.end = (_arrays.array(start, wp.vec3, self._device) for _ in range(2))
        self._predict = self._recorded(_kernels.predict, len(start), self._particles, self._goal, 0.0, self._seconds)
        self._hold = [
            *self._by_colour(_kernels.stretch, *_arrays.all_links(sheets, self._device)),
            *self._by_colour(_kernels.bend, *_arrays.all_hinges(sheets, self._device)),
        ]
        tethers = _arrays.all_tethers(sheets, self._device)
        if tethers:
            self._hold.append(self._recorded(_kernels.tether, len(start), self._particles, *tethers))
        self._velocity = self._recorded(
            _kernels.update_velocity, len(start), self._particles, 1 / self._seconds, options.fastest
        )
        self._touch = [*self._layers(sheets), self._skin(sheets)]
        self._grid = wp.HashGrid(64, 64, 64, device=self._device) if options.thickness else None
        self._rest = _arrays.array(np.concatenate([sheet.rest for sheet in sheets]), wp.vec3, self._device)
        self._spare = wp.empty_like(self._particles.at)

    @property
    def vertices(self) -> np.ndarray:
        """float32 [N, 3] of all sheets now."""
        return self._particles.at.numpy().copy()

    @property
    def velocities(self) -> np.ndarray:
        """float32 [N, 3], m/s."""
        return self._particles.velocity.numpy().copy()

    def frame(self, body: np.ndarray, goal: np.ndarray) -> None:
        """Advance a frame, in which the body goes to `body` [B, 3] and fixed vertices to `goal` [N, 3]."""
        self._body.aim(body)
        wp.copy(self._goal.start, self._goal.end)
        _arrays.fill(self._goal.end, goal)
        for step in range(1, self._options.substeps + 1):
            self._substep(step / self._options.substeps)

    def _substep(self, share: float) -> None:
        self._body.place(share, 1 / self._options.frame_seconds)
        self._predict.set_param_at_index(2, share)
        self._predict.launch()
        for launch in self._hold:
            launch.launch()
        if self._grid is not None and self._step % self._options.apart_every == 0:
            self._keep_apart(self._grid)
        for touch in self._touch:
            touch.launch(self._step % self._options.look_every == 0)
        self._velocity.launch()
        self._step += 1

    def _by_colour(self, kernel: Any, rows: Any, starts: np.ndarray) -> Iterator[wp.Launch]:
        """One launch a colour. All constraints in each substep: hinges in every second one make stiff cloth ring."""
        per_step2 = 1 / self._seconds**2
        for first, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            yield self._recorded(kernel, end - first, self._particles, rows, first, per_step2)

    def _skin(self, sheets: Sequence[Sheet]) -> "_Touch":
        nearby = np.concatenate([np.full(len(sheet.rest), sheet.nearby) for sheet in sheets])
        found = _arrays.contacts(np.arange(len(nearby)), nearby, self._device)
        return self._touching(self._body.mesh, found, BODY_STEEP)

    def _layers(self, sheets: Sequence[Sheet]) -> Iterator["_Touch"]:
        """What is worn over other garments, against those as they move; one mesh for all subjects."""
        first = _arrays.firsts(sheets)
        pairs = [(index, sheet.over) for index, sheet in enumerate(sheets) if sheet.over is not None]
        over, under = [one for one, _ in pairs], sorted({other for _, other in pairs})
        if not over:
            return
        source = np.concatenate([np.arange(first[k], first[k + 1]) for k in under])
        place = {int(vertex): index for index, vertex in enumerate(source)}
        faces = np.concatenate([split_quads(sheets[k].faces) + place[int(first[k])] for k in under])
        surface = Surface(self.vertices[source], faces, self._device)
        vertex = np.concatenate([np.arange(first[k], first[k + 1]) for k in over])
        nearby = np.concatenate([np.full(len(sheets[k].rest), sheets[k].nearby) for k in over])
        follow = self._recorded(
            _kernels.follow, len(source), self._particles, _arrays.array(source, wp.int32, self._device),
            1 / self._seconds, surface.points, surface.velocities,
        )  # fmt: skip
        yield self._touching(surface.mesh, _arrays.contacts(vertex, nearby, self._device), OPEN_STEEP, follow)

    def _touching(self, mesh: wp.Mesh, found: Any, steep: float, follow: wp.Launch | None = None) -> "_Touch":
        find = self._recorded(_kernels.find_contacts, len(found.vertex), self._particles, mesh.id, found)
        margin = self._options.margin
        resolve = self._recorded(
            _kernels.resolve_contacts, len(found.vertex), self._particles, mesh.id, found, margin, steep, self._seconds
        )
        return _Touch(mesh, find, resolve, follow)

    def _keep_apart(self, grid: wp.HashGrid) -> None:
        thickness = self._options.thickness
        grid.build(self._particles.at, CELL * thickness)
        inputs = [self._particles, grid.id, self._rest, thickness, self._spare]
        wp.launch(_kernels.keep_apart, dim=len(self._spare), device=self._device, inputs=inputs)
        wp.copy(self._particles.at, self._spare)

    def _recorded(self, kernel: Any, count: int, *inputs: Any) -> wp.Launch:
        """The kernel's call bound to its arrays once: binding costs more than small garments' kernels."""
        return wp.launch(kernel, dim=count, device=self._device, inputs=list(inputs), record_cmd=True)


class _Touch:
    """Contact with one mesh."""

    def __init__(self, mesh: wp.Mesh, find: wp.Launch, resolve: wp.Launch, follow: wp.Launch | None) -> None:
        self._mesh, self._find, self._resolve, self._follow = mesh, find, resolve, follow

    def launch(self, look: bool) -> None:
        """Resolve what touches, after a `look` for it."""
        if self._follow is not None:
            self._follow.launch()
        if look:
            self._mesh.refit()
            self._find.launch()
        self._resolve.launch()
