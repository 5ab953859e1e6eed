"""What a dataset's samples are like, in numbers: classes, looseness, lengths, how much is seen, poses, headings."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import warp as wp
from scipy.spatial.transform import Rotation

from garment_uv.classes import CLASS_IDS
from garment_uv.datasets.cloth3d.camera import crop_camera, turned
from garment_uv.geometry.warp_device import quiet
from garment_uv.geometry.z_buffer import warp_array, z_buffer
from garment_uv.samples.sample import FrameBody, Sample
from garment_uv.samples.source import DatasetSource, iterate_samples
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.sampling import read_vertices, reading_of

SIGHT_PX = 256
"""Side of the picture in which it is looked whether a vertex is hidden."""
BEHIND = 0.004
"""A vertex is hidden that lies so much farther than what its pixel shows, as a share of the distance: 16 mm at 4 m."""


@dataclass
class Survey:
    """Measures of a split's samples; those of garments by class."""

    samples: int = 0
    looseness_mm: dict[str, list[float]] = field(default_factory=dict)
    """Mean length of a garment's displacements."""
    height_mm: dict[str, list[float]] = field(default_factory=dict)
    """From a garment's lowest to its highest vertex in the frame."""
    visible_share: dict[str, list[float]] = field(default_factory=dict)
    """Share of a garment's vertices that the picture shows."""
    bend_degrees: list[float] = field(default_factory=list)
    """Root mean square of a body's joint angles, without the root's."""
    heading_degrees: list[float] = field(default_factory=list)
    """Which way a body faces: 0 towards the camera, 90 to the picture's right, 180 away."""


@dataclass(frozen=True)
class Look:
    """One sample, with its garments' vertices [V, 3] read from its maps, metres."""

    sample: Sample
    vertices: np.ndarray


def looks(source: DatasetSource, split: str, most: int) -> Iterator[Look]:
    """At most `most` samples of a split, evenly spaced; UserError where a shard cannot be read."""
    atlas, reading = source.atlas(), reading_of(source.manifest.fill)
    for sample in iterate_samples(source, split, most):
        displacement = read_vertices(atlas, sample.displacement_uv, reading)
        yield Look(sample, sample.body_vertices + displacement * (sample.vertex_classes > 0)[:, None])


def add_to(survey: Survey, look: Look, atlas: Atlas) -> None:
    """Measures one sample."""
    sample = look.sample
    lengths = np.linalg.norm(look.vertices - sample.body_vertices, axis=1)
    visible = seen_vertices(look.vertices, atlas.faces[sample.topology], sample.body.camera)
    survey.samples += 1
    for name, number in CLASS_IDS.items():
        worn = sample.vertex_classes == number
        if worn.any():
            heights = look.vertices[worn, 2]
            survey.looseness_mm.setdefault(name, []).append(1000 * float(lengths[worn].mean()))
            survey.height_mm.setdefault(name, []).append(1000 * float(heights.max() - heights.min()))
            survey.visible_share.setdefault(name, []).append(float(visible[worn].mean()))
    survey.bend_degrees.append(bend(sample.body))
    survey.heading_degrees.append(heading(sample.body))


def seen_vertices(vertices: np.ndarray, faces: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """bool [V]: the vertices of a surface [F, 3] that the sample's camera [3] sees inside its square."""
    quiet()
    screen = np.ascontiguousarray(crop_camera(camera, SIGHT_PX).project(vertices), np.float32)
    triangles = warp_array(np.ascontiguousarray(faces, np.int32), wp.vec3i)
    no_bias = warp_array(np.zeros(len(faces), np.float32), wp.float32)
    nearness, _ = z_buffer(screen, triangles, no_bias, SIGHT_PX, SIGHT_PX)
    column, row = np.floor(screen[:, :2]).astype(int).T
    inside = (0 <= column) & (column < SIGHT_PX) & (0 <= row) & (row < SIGHT_PX) & (screen[:, 2] > 0)
    seen = np.zeros(len(vertices), bool)
    seen[inside] = screen[inside, 2] * (1 + BEHIND) >= nearness[row[inside], column[inside]]
    return seen


def bend(body: FrameBody) -> float:
    """Root mean square angle of the joints but the root, degrees."""
    angles = np.linalg.norm(body.pose.reshape(24, 3)[1:], axis=1)
    return float(np.degrees(np.sqrt((angles**2).mean())))


def heading(body: FrameBody) -> float:
    """Degrees from the direction to the camera to the one that the root faces, -180 to 180, to the right positive."""
    facing = turned(Rotation.from_rotvec(body.pose[:3]).apply([0.0, 0.0, 1.0]), body.zrot)
    return float(np.degrees(np.arctan2(facing[1], facing[0])))
