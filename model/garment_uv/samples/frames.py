"""One raw sequence as samples: registered once, then posed, unwrapped and cropped frame by frame."""

from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from garment_uv.body.protocol import BodyModel
from garment_uv.body.topology import BodyTopology
from garment_uv.datasets.cloth3d.camera import turned
from garment_uv.datasets.raw import ClothedSequence, RawFrame, RawSequence
from garment_uv.errors import UserError
from garment_uv.geometry.s2s import Mesh
from garment_uv.registration.quality import RestQuality, floor_s2s, outfit_quality, registered_s2s
from garment_uv.registration.register import registration_of, rest_outfit
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.fill_error import MapFiller
from garment_uv.samples.labels import pixel_labels
from garment_uv.samples.manifest import GarmentQuality, SequenceEntry
from garment_uv.samples.sample import FrameBody, RawGarment, Sample
from garment_uv.samples.source import evenly_spaced
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.fill import body_map
from garment_uv.uv.sampling import reading_of
from garment_uv.uv.segments import rasterise_classes


@dataclass(frozen=True)
class Workshop:
    """What every sequence of a dataset is made with."""

    body: BodyModel
    topology: BodyTopology
    atlas: Atlas
    options: PrepareOptions


class Shot:
    """One frame of a sequence on the body that all datasets made of it share: what they share is made once."""

    def __init__(self, sequence: ClothedSequence, index: int, body: BodyModel) -> None:
        self._sequence, self._index, self._body = sequence, index, body
        self._squares: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._parsings: dict[int, np.ndarray] = {}

    @cached_property
    def frame(self) -> RawFrame:
        """As the sequence has it; UserError where it cannot be read."""
        return self._sequence.frame(self._index)

    @cached_property
    def body(self) -> np.ndarray:
        """float32 [V, 3] the whole body, root-relative, before zrot, metres."""
        return self._body.pose(self.frame.body)

    @cached_property
    def garments(self) -> dict[str, RawGarment]:
        """The frame's simulated meshes in the sample frame."""
        return raw_garments(self._sequence, self.frame)

    @property
    def meshes(self) -> dict[str, Mesh]:
        """The same as vertices and faces."""
        return {name: (mesh.vertices, mesh.faces) for name, mesh in self.garments.items()}

    def square(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """`RawFrame.square`."""
        if size not in self._squares:
            self._squares[size] = self.frame.square(size)
        return self._squares[size]

    def parsing(self, size: int) -> np.ndarray:
        """uint8 [size, size], what each pixel of the square shows (see `labels.py`)."""
        if size not in self._parsings:
            skin = turned(self.body, self.frame.zrot), self._body.faces
            self._parsings[size] = pixel_labels(skin, self.meshes, self.frame.camera, size)
        return self._parsings[size]


class SequenceSamples:
    """The samples of one sequence for one dataset: `begin`, then `sample` for each of `indices`, then `entry`.

    UserError, from `begin` on, when the sequence cannot be used: it names the file or the frame.
    """

    def __init__(self, workshop: Workshop, item: RawSequence, place: str, sequence: ClothedSequence) -> None:
        """`place` is how messages name the sequence."""
        self.workshop, self._item, self._place, self._sequence = workshop, item, place, sequence
        self.indices: tuple[int, ...] = sequence.frame_indices[:: workshop.options.every]
        """Every `options.every`-th frame that has an image, in order."""
        self._made = 0
        self._measured: set[int] = set()
        self._floors_mm: dict[str, list[float]] = {}
        self._registered_mm: dict[str, list[float]] = {}
        self._at_rest: dict[str, RestQuality] = {}
        self._filler = MapFiller(workshop.atlas, workshop.options.fill)

    def begin(self) -> None:
        """Registers the garments."""
        if not self.indices:
            raise UserError(f"{self._place}: no frame has an image; fetch the images again")
        if not self._sequence.faces:
            raise UserError(f"{self._place}: it names no garments; leave it out")
        options, body, topology = self.workshop.options, self.workshop.body, self.workshop.topology
        rest = at_rest(self._sequence, body, topology)
        outfit = rest_outfit(topology, rest.body, rest.garments, rest.root, rest.zrot)
        self._registration = registration_of(topology, outfit)
        self._segments = rasterise_classes(self.workshop.atlas, self._registration.vertex_classes)
        if options.floor_frames:
            self._at_rest = outfit_quality(self._registration, outfit)
            self._measured = {self.indices[at] for at in evenly_spaced(len(self.indices), options.floor_frames)}

    def sample(self, shot: Shot) -> Sample:
        """One frame, posed, unwrapped and cropped."""
        options, atlas, registration = self.workshop.options, self.workshop.atlas, self._registration
        frame, mask = shot.frame, registration.vertex_classes > 0
        root_relative = self.workshop.topology.vertices(shot.body)
        displacement = np.where(mask[:, None], registration.apply(frame.garments) - root_relative, 0.0)
        body = turned(root_relative, frame.zrot)
        image, person = shot.square(options.image_size)
        sample = Sample(
            key=f"{self._item.split}-{self._item.name}-{frame.index:04d}",
            image=image,
            body_uv=body_map(atlas, body),
            displacement_uv=self._filler.fill(turned(displacement, frame.zrot), mask),
            segments=self._segments,
            vertex_classes=registration.vertex_classes,
            body_vertices=body,
            topology=registration.topology_name,
            body=frame_body(frame),
            garments=shot.garments if self._item.split in options.evaluation_splits else {},
            mask=person if options.labels else None,
            parsing=shot.parsing(options.image_size) if options.labels else None,
        )
        if frame.index in self._measured:
            self._measure(shot, sample)
        self._made += 1
        return sample

    def entry(self) -> SequenceEntry:
        """What the manifest tells of the sequence, whose samples are all made."""
        rounded = {
            name: {key: round(value, 4) for key, value in asdict(at).items()} for name, at in self._at_rest.items()
        }
        garments, sequence = tuple(self._sequence.faces), self._sequence
        notes = [sequence.note] if sequence.note else []
        hidden = [name for name in garments if name not in self._registration.garments]
        notes += [f"{name} is hidden under the rest of the outfit" for name in hidden]
        return SequenceEntry(
            split=self._item.split,
            sequence=self._item.name,
            frames=self._made,
            garments=garments,
            topology=self._registration.topology_name,
            floor_s2s_mm={name: _mean(values) for name, values in self._floors_mm.items()},
            quality={n: GarmentQuality(s2s_mm=_mean(mm), **rounded[n]) for n, mm in self._registered_mm.items()},
            fill_error=self._filler.error(),
            notes=tuple(notes),
            known_by=sequence.known_by,
        )

    def _measure(self, shot: Shot, sample: Sample) -> None:
        registration, raw = self._registration, shot.meshes
        reading = reading_of(self.workshop.options.fill)
        found = floor_s2s(registration, self.workshop.atlas, sample.displacement_uv, sample.body_vertices, raw, reading)
        for name, s2s in found.items():
            self._floors_mm.setdefault(name, []).append(s2s.mean_mm)
        faces = self.workshop.topology.faces[registration.topology_name]
        for name, s2s in registered_s2s(registration, faces, raw).items():
            self._registered_mm.setdefault(name, []).append(s2s.mean_mm)


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
