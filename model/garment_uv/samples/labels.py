"""What each pixel of a sample's image shows: a garment, skin or nothing, from the meshes and the camera."""

from collections.abc import Mapping

import numpy as np
import warp as wp

from garment_uv.classes import CLASS_IDS, SKIN
from garment_uv.datasets.cloth3d.camera import crop_camera
from garment_uv.geometry.warp_device import quiet
from garment_uv.geometry.z_buffer import warp_array, z_buffer

NEARER_M = 0.002
"""A garment counts as so much nearer, once for each layer under it: where cloth touches skin, cloth is seen."""

Mesh = tuple[np.ndarray, np.ndarray]
"""Vertices [N, 3] and triangles [F, 3]."""


def pixel_labels(body: Mesh, garments: Mapping[str, Mesh], camera: np.ndarray, size: int) -> np.ndarray:
    """uint8 [size, size]: 0 where nothing is seen, the class of the garment seen, or `SKIN`, at each pixel's centre.

    All meshes are in the sample frame, metres; garments by class, a later one worn over an earlier one; `camera` is the
    frame's, [3]. The front and the back of a triangle are both seen. Raises UserError where the root is too near the
    camera to be cropped.
    """
    quiet()
    meshes = [body, *garments.values()]
    labels = np.array([SKIN, *(CLASS_IDS[name] for name in garments)], np.uint8)
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in meshes)])
    faces = np.concatenate([triangles + start for (_, triangles), start in zip(meshes, starts, strict=False)])
    layer = np.repeat(np.arange(len(meshes)), [len(triangles) for _, triangles in meshes])
    screen = crop_camera(camera, size).project(np.concatenate([vertices for vertices, _ in meshes]))
    bias = layer * np.float32(NEARER_M / camera[0])
    _, owner = z_buffer(
        np.ascontiguousarray(screen, np.float32),
        warp_array(np.ascontiguousarray(faces, np.int32), wp.vec3i),
        warp_array(np.ascontiguousarray(bias, np.float32), wp.float32),
        size,
        size,
    )
    return np.where(owner >= 0, labels[layer[owner]], np.uint8(0))
