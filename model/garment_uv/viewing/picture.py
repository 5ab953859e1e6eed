"""Pictures of meshes: from fixed views, or through the camera of the photograph they came from."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from garment_uv.datasets.open.renderer import RenderMesh
from garment_uv.datasets.open.renderer import render as draw
from garment_uv.geometry.camera import ALONG_MINUS_X, HALF_SQUARE, Camera
from garment_uv.viewing.meshes import ViewMesh

VIEWS: dict[str, tuple[float, float, float]] = {
    "front": (1.0, 0.0, 0.06),
    "left": (0.0, 1.0, 0.06),
    "back": (-1.0, 0.0, 0.06),
    "right": (0.0, -1.0, 0.06),
    "three_quarter": (0.8, 0.6, 0.15),
}
"""Name to direction from the meshes to the eye."""

BACKGROUND = (0.97, 0.97, 0.965)
_GARMENT_BIAS = 0.0005


def render_views(
    meshes: Sequence[ViewMesh], size: int = 512, views: Sequence[str] = ("front", "left", "back")
) -> np.ndarray:
    """The meshes from each view side by side, on one scale, uint8 [size, size * len(views), 3]."""
    shown = [mesh for mesh in meshes if len(mesh.vertices) and len(mesh.faces)]
    if not shown:
        return np.full((size, size * len(views), 3), [round(255 * c) for c in BACKGROUND], np.uint8)
    points = np.concatenate([np.asarray(mesh.vertices, np.float64) for mesh in shown])
    low, high = points.min(axis=0), points.max(axis=0)
    centre, radius = (low + high) / 2, max(float(np.linalg.norm(high - low)) / 2, 1e-3)
    parts = []
    for view in views:
        direction = np.asarray(VIEWS[view]) / np.linalg.norm(VIEWS[view])
        eye = centre + direction * radius * 4
        camera = Camera.look_at(eye, centre, size, size, orthographic_height=2.05 * radius)
        parts.append(_draw(shown, camera))
    return np.concatenate(parts, axis=1)


def render_through(meshes: Sequence[ViewMesh], camera: np.ndarray, size: int = 256) -> np.ndarray:
    """The meshes as the crop shows them, uint8 [size, size, 3]; `camera` [3] is relative to the turned root, metres."""
    cx, cy, cz = (float(c) for c in camera)
    centre = (size / 2 * (1 + cy / HALF_SQUARE), size / 2 * (1 - cz / HALF_SQUARE))
    view = Camera(np.array([cx, cy, cz]), ALONG_MINUS_X, size / 2 * cx / HALF_SQUARE, centre, size, size)
    return _draw([mesh for mesh in meshes if len(mesh.faces)], view)


def beside(image: np.ndarray, others: np.ndarray) -> np.ndarray:
    """A square photograph uint8 [h, h, 3] resized to the height of `others` and put to their left."""
    height = others.shape[0]
    resized = np.asarray(Image.fromarray(image).resize((height, height), Image.Resampling.BICUBIC))
    return np.concatenate([resized, others], axis=1)


def png(picture: np.ndarray, software: str = "") -> bytes:
    """uint8 [H, W, 3] as the bytes of a PNG, in which `software` is named."""
    text, content = PngInfo(), BytesIO()
    if software:
        text.add_text("Software", software)
    Image.fromarray(picture).save(content, "PNG", pnginfo=text)
    return content.getvalue()


def _draw(meshes: Sequence[ViewMesh], camera: Camera) -> np.ndarray:
    parts = []
    for mesh in meshes:
        red, green, blue = mesh.colour
        bias = 0.0 if mesh.name == "body" else _GARMENT_BIAS
        parts.append(RenderMesh(mesh.vertices, mesh.faces, colour=(red / 255, green / 255, blue / 255), bias=bias))
    return draw(parts, camera, background=BACKGROUND)[..., :3]
