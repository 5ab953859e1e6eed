"""A small shaded renderer on warp: triangle meshes to an RGBA picture, with no system library.

Ours: z-buffer, per-pixel normals, hemisphere ambient, point lights with soft-edged shadow maps, supersampling.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import warp as wp

from garment_uv.datasets.open import _raster
from garment_uv.geometry.camera import Camera
from garment_uv.geometry.normals import vertex_normals
from garment_uv.geometry.warp_device import quiet
from garment_uv.geometry.z_buffer import warp_array, z_buffer

SHADOW_SIZE = 640
GAMMA = 2.2


@dataclass(frozen=True)
class RenderMesh:
    """A triangle mesh and what it looks like; colours are sRGB in 0..1."""

    vertices: np.ndarray
    """float [N, 3] metres."""
    faces: np.ndarray
    """int [F, 3], counter-clockwise seen from outside; the inside is drawn too."""
    colour: np.ndarray | tuple[float, float, float] = (0.7, 0.7, 0.7)
    """[3], or one colour per vertex [N, 3]; multiplies the texture where there is one."""
    texture: np.ndarray | None = None
    """uint8 [h, w, 3], repeated outside 0..1."""
    corner_uv: np.ndarray | None = None
    """float [F, 3, 2] texture coordinates per corner, v upwards; needed with a texture."""
    gloss: float = 0.05
    """Strength of the highlight."""
    bias: float = 0.0
    """Relative nearness added in the depth test: 0.0005 lets cloth win over skin 2 mm above it at 4 m."""
    shine: float = 24.0
    """Exponent of the highlight: the higher, the smaller it is."""
    sheen: float = 0.0
    """Strength of the light where the surface turns away from the eye, as on velvet."""


@dataclass(frozen=True)
class PointLight:
    """A point light; `power` lights a surface at distance d with power / d^2 times its colour."""

    position: tuple[float, float, float]
    power: float
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Lighting:
    """Point lights (with shadows) and an ambient that fades from `sky` above to `ground` below, linear RGB."""

    points: tuple[PointLight, ...] = field(
        default_factory=lambda: (PointLight((4.0, -2.5, 4.0), 14.0), PointLight((3.0, 3.5, 2.0), 6.0))
    )
    sky: tuple[float, float, float] = (0.35, 0.36, 0.38)
    ground: tuple[float, float, float] = (0.16, 0.15, 0.14)
    shadows: bool = True


@dataclass(frozen=True)
class _Scene:
    positions: np.ndarray
    normals: np.ndarray
    colours: np.ndarray
    faces: np.ndarray
    corner_uv: np.ndarray
    face_texture: np.ndarray
    face_gloss: np.ndarray
    face_bias: np.ndarray
    texels: np.ndarray


def render(
    meshes: Sequence[RenderMesh],
    camera: Camera,
    lighting: Lighting | None = None,
    antialias: int = 2,
    background: tuple[float, float, float] | None = None,
) -> np.ndarray:
    """The picture of `meshes`, uint8 [height, width, 4] sRGB with straight alpha.

    Pixels that show nothing are (0, 0, 0, 0), or opaque `background` (sRGB 0..1) where one is given. Only the
    projected bounding box is drawn, `antialias` x `antialias` samples a pixel.
    """
    quiet()
    lighting = lighting or Lighting()
    image = np.zeros((camera.height, camera.width, 4), dtype=np.uint8)
    if background is not None:
        image[:] = np.rint(np.array([*background, 1.0]) * 255)
    scene = _gather(meshes)
    screen = camera.project(scene.positions)
    box = _box(screen, camera)
    if box is not None:
        x0, y0, x1, y1 = box
        drawn = _draw(scene, screen, box, camera, lighting, antialias)
        if background is not None:
            back = np.asarray(background, dtype=np.float32) ** GAMMA
            drawn[..., :3] = drawn[..., :3] * drawn[..., 3:] + back * (1.0 - drawn[..., 3:])
            drawn[..., 3] = 1.0
        drawn[..., :3] **= np.float32(1.0 / GAMMA)
        image[y0:y1, x0:x1] = np.rint(drawn * 255.0)
    return image


def _gather(meshes: Sequence[RenderMesh]) -> _Scene:
    """All meshes as one set of arrays, colours made linear."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in _Scene.__dataclass_fields__}
    first_vertex = first_texel = 0
    for mesh in meshes:
        vertices = np.asarray(mesh.vertices, dtype=np.float32)
        faces = np.asarray(mesh.faces, dtype=np.int32)
        count = len(faces)
        parts["positions"].append(vertices)
        parts["normals"].append(vertex_normals(vertices, faces).astype(np.float32))
        colour = np.asarray(mesh.colour, dtype=np.float32) ** np.float32(GAMMA)
        parts["colours"].append(np.broadcast_to(colour, vertices.shape))
        parts["faces"].append(faces + first_vertex)
        gloss = np.array([mesh.gloss, mesh.shine, mesh.sheen], dtype=np.float32)
        parts["face_gloss"].append(np.tile(gloss, (count, 1)))
        parts["face_bias"].append(np.full(count, mesh.bias, dtype=np.float32))
        if mesh.texture is None:
            parts["corner_uv"].append(np.zeros((count, 3, 2), dtype=np.float32))
            parts["face_texture"].append(np.zeros((count, 3), dtype=np.int32))
        else:
            if mesh.corner_uv is None:
                raise ValueError("a textured mesh needs corner_uv [F, 3, 2]")
            height, width = mesh.texture.shape[:2]
            parts["corner_uv"].append(np.asarray(mesh.corner_uv, dtype=np.float32))
            parts["face_texture"].append(np.tile(np.int32([first_texel, width, height]), (count, 1)))
            parts["texels"].append(((mesh.texture.reshape(-1, 3) / 255.0) ** GAMMA).astype(np.float32))
            first_texel += width * height
        first_vertex += len(vertices)
    parts["texels"].append(np.ones((1, 3), dtype=np.float32))
    shapes = {"faces": (0, 3), "positions": (0, 3), "normals": (0, 3), "colours": (0, 3), "face_gloss": (0, 3)}
    return _Scene(
        **{
            name: np.ascontiguousarray(np.concatenate(arrays)) if arrays else np.zeros(shapes.get(name, (0,)))
            for name, arrays in parts.items()
        }
    )


def _box(screen: np.ndarray, camera: Camera) -> tuple[int, int, int, int] | None:
    """The pixels x0 <= x < x1, y0 <= y < y1 that the visible points span, or None."""
    seen = screen[screen[:, 2] > 0]
    if not len(seen):
        return None
    low = np.floor(seen[:, :2].min(axis=0)).astype(int)
    high = np.ceil(seen[:, :2].max(axis=0)).astype(int)
    x0, y0 = np.maximum(low, 0)
    x1, y1 = np.minimum(high, (camera.width, camera.height))
    return (int(x0), int(y0), int(x1), int(y1)) if x0 < x1 and y0 < y1 else None


def _draw(
    scene: _Scene,
    screen: np.ndarray,
    box: tuple[int, int, int, int],
    camera: Camera,
    lighting: Lighting,
    antialias: int,
) -> np.ndarray:
    """Linear RGB and alpha of the pixels in `box`, float32 [h, w, 4]."""
    x0, y0, x1, y1 = box
    width, height = (x1 - x0) * antialias, (y1 - y0) * antialias
    local = screen.copy()
    local[:, 0] = (local[:, 0] - x0) * antialias
    local[:, 1] = (local[:, 1] - y0) * antialias
    local = np.ascontiguousarray(local, dtype=np.float32)
    faces = warp_array(scene.faces, wp.vec3i)
    bias = warp_array(scene.face_bias, wp.float32)
    nearness, owner = z_buffer(local, faces, bias, width, height)
    rows, columns = np.nonzero(owner >= 0)
    result = np.zeros((height, width, 4), dtype=np.float32)
    if len(rows):
        maps, axes, focal = _shadow_maps(scene, faces, bias, lighting)
        colours = np.empty((len(rows), 3), dtype=np.float32)
        powers = [np.asarray(light.colour) * light.power for light in lighting.points]
        wp.launch(
            _raster.shade,
            dim=len(rows),
            device="cpu",
            inputs=[
                warp_array(np.stack([columns, rows], axis=1).astype(np.int32), wp.vec2i),
                warp_array(owner, wp.int32),
                warp_array(local, wp.vec3),
                warp_array(scene.positions, wp.vec3),
                warp_array(scene.normals, wp.vec3),
                warp_array(scene.colours, wp.vec3),
                faces,
                warp_array(scene.corner_uv, wp.vec2),
                warp_array(scene.face_texture, wp.vec3i),
                warp_array(scene.face_gloss, wp.vec3),
                warp_array(scene.texels, wp.vec3),
                wp.vec3(*camera.position),
                wp.vec3(*camera.axes[2]),
                int(camera.orthographic),
                warp_array(_rows([light.position for light in lighting.points]), wp.vec3),
                warp_array(_rows(powers), wp.vec3),
                warp_array(axes, wp.mat33),
                focal,
                warp_array(maps, wp.float32),
                wp.vec3(*lighting.sky),
                wp.vec3(*lighting.ground),
            ],
            outputs=[warp_array(colours, wp.vec3)],
        )
        result[rows, columns, :3] = np.clip(colours, 0.0, 1.0)
        result[rows, columns, 3] = 1.0
    steps = range(antialias)
    blocks = sum(result[dy::antialias, dx::antialias] for dy in steps for dx in steps) / np.float32(antialias**2)
    blocks[..., :3] /= np.maximum(blocks[..., 3:], np.float32(1e-6))
    return blocks


def _shadow_maps(
    scene: _Scene, faces: wp.array, bias: wp.array, lighting: Lighting
) -> tuple[np.ndarray, np.ndarray, float]:
    """Nearness seen from each light [L, S, S], the lights' axes [L, 3, 3] and their focal length in px."""
    count = len(lighting.points)
    maps = np.zeros((count, SHADOW_SIZE, SHADOW_SIZE), dtype=np.float32)
    axes = np.zeros((count, 3, 3), dtype=np.float32)
    low, high = scene.positions.min(axis=0), scene.positions.max(axis=0)
    middle, radius = (low + high) / 2, float(np.linalg.norm(high - low)) / 2
    distances = [float(np.linalg.norm(np.asarray(light.position) - middle)) for light in lighting.points]
    nearest = min(distances, default=1.0)
    focal = SHADOW_SIZE / 2 / max(np.tan(np.arcsin(min(radius / max(nearest, 1e-6), 0.98))), 1e-3)
    for index, light in enumerate(lighting.points):
        eye = np.asarray(light.position, dtype=np.float64)
        up = (0.0, 0.0, 1.0) if np.abs((middle - eye)[:2]).max() > 1e-3 else (0.0, 1.0, 0.0)
        view = Camera.look_at(eye, middle, SHADOW_SIZE, SHADOW_SIZE, up=up)
        axes[index] = view.axes
        if lighting.shadows:
            view = Camera(eye, view.axes, focal, (SHADOW_SIZE / 2, SHADOW_SIZE / 2), SHADOW_SIZE, SHADOW_SIZE)
            seen = np.ascontiguousarray(view.project(scene.positions), dtype=np.float32)
            maps[index], _ = z_buffer(seen, faces, bias, SHADOW_SIZE, SHADOW_SIZE)
    return maps, axes, float(focal)


def _rows(vectors: list) -> np.ndarray:
    return np.asarray(vectors, dtype=np.float32).reshape(-1, 3)
