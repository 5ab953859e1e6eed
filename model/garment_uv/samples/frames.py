"""One raw sequence as samples: registered once, then posed, unwrapped and cropped frame by frame."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from garment_uv.body.protocol import BodyModel
from garment_uv.body.topology import BodyTopology
from garment_uv.datasets.cloth3d.camera import turned
from garment_uv.datasets.raw import ClothedSequence, RawFrame, open_sequence
from garment_uv.errors import UserError
from garment_uv.registration.quality import RestQuality, floor_s2s, registered_s2s, rest_quality
from garment_uv.registration.register import Registration, register_outfit
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.labels import pixel_labels
from garment_uv.samples.manifest import FillError, GarmentQuality, SequenceEntry
from garment_uv.samples.sample import FrameBody, RawGarment, Sample
from garment_uv.samples.source import evenly_spaced
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.fill import body_map, fill
from garment_uv.uv.readback import readback
from garment_uv.uv.sampling import reading_of
from garment_uv.uv.segments import rasterise_classes

TOLD = 32
"""Vertices of a sequence that its entry names, at most."""


@dataclass(frozen=True)
class Workshop:
    """What every sequence of a dataset is made with."""

    body: BodyModel
    topology: BodyTopology
    atlas: Atlas
    options: PrepareOptions


@dataclass
class SequenceSamples:
    """The samples of one sequence, made one at a time by `frames()`; the rest is known when they are done.

    UserError, from opening on, when the sequence cannot be used: it names the file or the frame.
    """

    workshop: Workshop
    split: str
    folder: Path
    garments: tuple[str, ...] = ()
    topology: str = "default"
    notes: list[str] = field(default_factory=list)
    floors_mm: dict[str, list[float]] = field(default_factory=dict)
    registered_mm: dict[str, list[float]] = field(default_factory=dict)
    at_rest: dict[str, RestQuality] = field(default_factory=dict)
    worst_mm: float = 0.0
    off_mm: dict[int, float] = field(default_factory=dict)
    """Vertices that maps of an exact fill do not give back, and the most that they are off."""

    def entry(self, frames: int) -> SequenceEntry:
        """What the manifest tells of the sequence, of which `frames()` has given so many samples."""
        rounded = {
            name: {key: round(value, 4) for key, value in asdict(at).items()} for name, at in self.at_rest.items()
        }
        return SequenceEntry(
            split=self.split,
            sequence=self.folder.name,
            frames=frames,
            garments=self.garments,
            topology=self.topology,
            floor_s2s_mm={name: _mean(values) for name, values in self.floors_mm.items()},
            quality={n: GarmentQuality(s2s_mm=_mean(mm), **rounded[n]) for n, mm in self.registered_mm.items()},
            fill_error=self._fill_error(),
            notes=tuple(self.notes),
        )

    def _fill_error(self) -> FillError | None:
        if self.workshop.options.fill != "exact":
            return None
        worst = sorted(self.off_mm, key=lambda vertex: (-self.off_mm[vertex], vertex))
        return FillError(worst_mm=round(self.worst_mm, 4), off=len(worst), vertices=tuple(worst[:TOLD]))

    def frames(self) -> Iterator[Sample]:
        """Every `options.every`-th frame that has an image, in order."""
        options = self.workshop.options
        sequence = open_sequence(self.folder)
        try:
            indices = sequence.frame_indices[:: options.every]
            if not indices:
                raise UserError(f"{self.folder}: no frame has an image; fetch the images again")
            if not sequence.faces:
                raise UserError(f"{self.folder}: it names no garments; leave it out")
            self.garments = tuple(sequence.faces)
            self.notes += [sequence.note] if sequence.note else []
            registration = self._register(sequence)
            self.topology = registration.topology_name
            hidden = [name for name in self.garments if name not in registration.garments]
            self.notes += [f"{name} is hidden under the rest of the outfit" for name in hidden]
            segments = rasterise_classes(self.workshop.atlas, registration.vertex_classes)
            measured = set(evenly_spaced(len(indices), options.floor_frames)) if options.floor_frames else set()
            for place, index in enumerate(indices):
                frame = sequence.frame(index)
                sample = self._sample(sequence, frame, registration, segments)
                if place in measured:
                    self._measure(sequence, frame, registration, sample)
                yield sample
        finally:
            sequence.close()

    def _register(self, sequence: ClothedSequence) -> Registration:
        workshop = self.workshop
        rest = at_rest(sequence, workshop.body, workshop.topology)
        registration = register_outfit(workshop.topology, rest.body, rest.garments, rest.root, rest.zrot)
        if workshop.options.floor_frames:
            self.at_rest = rest_quality(workshop.topology, registration, rest.body, rest.garments)
        return registration

    def _sample(
        self, sequence: ClothedSequence, frame: RawFrame, registration: Registration, segments: np.ndarray
    ) -> Sample:
        workshop = self.workshop
        options, atlas = workshop.options, workshop.atlas
        mask = registration.vertex_classes > 0
        root_relative = workshop.topology.vertices(workshop.body.pose(frame.body))
        displacement = np.where(mask[:, None], registration.apply(frame.garments) - root_relative, 0.0)
        body = turned(root_relative, frame.zrot)
        displacement_uv = self._filled(turned(displacement, frame.zrot), mask)
        evaluated = self.split in options.evaluation_splits
        image, person = frame.square(options.image_size)
        return Sample(
            key=f"{self.split}-{self.folder.name}-{frame.index:04d}",
            image=image,
            body_uv=body_map(atlas, body),
            displacement_uv=displacement_uv,
            segments=segments,
            vertex_classes=registration.vertex_classes,
            body_vertices=body,
            topology=registration.topology_name,
            body=frame_body(frame),
            garments=raw_garments(sequence, frame) if evaluated else {},
            mask=person if options.labels else None,
            parsing=self._parsing(sequence, frame) if options.labels else None,
        )

    def _filled(self, displacement: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """The map of a displacement [V, 3]; what an exact one does not give back is kept count of."""
        atlas, method = self.workshop.atlas, self.workshop.options.fill
        texels = fill(atlas, displacement, mask, method)
        if method == "exact":
            found = readback(atlas, displacement, mask, texels)
            self.worst_mm = max(self.worst_mm, 1000 * found.worst_m)
            for vertex, error in zip(found.vertices.tolist(), found.errors_m.tolist(), strict=True):
                self.off_mm[vertex] = max(self.off_mm.get(vertex, 0.0), 1000 * error)
        return texels

    def _parsing(self, sequence: ClothedSequence, frame: RawFrame) -> np.ndarray:
        body = self.workshop.body
        skin = turned(body.pose(frame.body), frame.zrot), body.faces
        worn = {name: (mesh.vertices, mesh.faces) for name, mesh in raw_garments(sequence, frame).items()}
        return pixel_labels(skin, worn, frame.camera, self.workshop.options.image_size)

    def _measure(self, sequence: ClothedSequence, frame: RawFrame, registration: Registration, sample: Sample) -> None:
        raw = {name: (mesh.vertices, mesh.faces) for name, mesh in raw_garments(sequence, frame).items()}
        reading = reading_of(self.workshop.options.fill)
        found = floor_s2s(registration, self.workshop.atlas, sample.displacement_uv, sample.body_vertices, raw, reading)
        for name, s2s in found.items():
            self.floors_mm.setdefault(name, []).append(s2s.mean_mm)
        faces = self.workshop.topology.faces[registration.topology_name]
        for name, s2s in registered_s2s(registration, faces, raw).items():
            self.registered_mm.setdefault(name, []).append(s2s.mean_mm)


@dataclass(frozen=True)
class AtRest:
    """What one sequence is registered from."""

    body: np.ndarray
    """float32 [V, 3] the topology on the subject's rest body, metres."""
    garments: dict[str, tuple[np.ndarray, np.ndarray]]
    """Rest vertices [N, 3] metres and triangles [F, 3] as the files hold them."""
    root: np.ndarray
    """[3] the subject's rest root joint, metres."""
    zrot: float


def at_rest(sequence: ClothedSequence, body: BodyModel, topology: BodyTopology) -> AtRest:
    """The subject and the garments of a sequence at rest."""
    subject = sequence.subject
    garments = {name: (vertices, sequence.faces[name]) for name, vertices in sequence.rest_garments(body).items()}
    return AtRest(topology.vertices(body.rest(subject)), garments, body.rest_root(subject), sequence.zrot)


def _mean(values_mm: list[float]) -> float:
    return round(float(np.mean(values_mm)), 4)


def frame_body(frame: RawFrame) -> FrameBody:
    """The body of a raw frame, as samples and body files keep it."""
    return FrameBody(
        gender=frame.body.gender,
        shape=frame.body.shape,
        pose=frame.body.pose,
        trans=np.asarray(frame.trans, np.float32),
        zrot=float(frame.zrot),
        camera=np.asarray(frame.camera, np.float32),
    )


def raw_garments(sequence: ClothedSequence, frame: RawFrame) -> dict[str, RawGarment]:
    """The frame's simulated meshes in the sample frame."""
    return {
        name: RawGarment(turned(vertices, frame.zrot).astype(np.float32), sequence.faces[name])
        for name, vertices in frame.garments.items()
    }
