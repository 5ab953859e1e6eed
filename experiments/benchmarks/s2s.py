"""S2S by warp, against trimesh's proximity and libigl's exact answer, on the same pairs of meshes.

    python experiments/benchmarks/s2s.py [--repeats 5] [--device cpu] [--seed 0]

Each pair is a closed, body-like mesh of 6,890 or 27,554 vertices and a wrinkled copy about 6.5 mm off it.
Timed is the whole of one S2S: both trees built, both directions asked. Needs the test extras (trimesh's rtree).
"""

import argparse
import datetime
import os
import platform
import shlex
import sys
import time
from functools import partial

import igl
import numpy as np
import trimesh

from garment_uv.geometry.s2s import point_to_surface, surface_to_surface

SIZES = (6890, 27554)


def body_like(vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """A closed surface of about body size with `vertices` vertices [V, 3] metres and 2 V - 4 triangles."""
    segments = 84 if vertices < 10_000 else 168
    rings = (vertices - 2) // segments
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    height = np.linspace(0, np.pi, rings + 2)[1:-1]
    radius = 0.16 * np.sin(height) ** 0.4 * (1 + 0.25 * np.cos(5 * height))
    x = radius[:, None] * np.cos(angle) * 1.3
    y = radius[:, None] * np.sin(angle)
    z = np.broadcast_to(0.85 * np.cos(height)[:, None], x.shape)
    points = np.concatenate([np.stack([x, y, z], 2).reshape(-1, 3), [[0, 0, 0.9], [0, 0, -0.9]]])
    grid = np.arange(rings * segments).reshape(rings, segments)
    following = np.roll(grid, -1, axis=1)
    a, b, c, d = grid[:-1], following[:-1], following[1:], grid[1:]
    top, bottom = rings * segments, rings * segments + 1
    faces = [np.stack(t, -1).reshape(-1, 3) for t in ((a, d, c), (a, c, b))]
    faces.append(np.stack([np.full(segments, top), grid[0], following[0]], 1))
    faces.append(np.stack([np.full(segments, bottom), following[-1], grid[-1]], 1))
    return points, np.concatenate(faces).astype(np.int32)


def wrinkled(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy [V, 3] pushed outwards by 6.5 mm on average, in folds."""
    outwards = points * (1, 1, 0.2)
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    folds = np.sin(points @ rng.normal(scale=40, size=3) + rng.uniform(0, 6)) * 0.004
    return points + outwards * (0.0065 + folds + rng.normal(scale=0.0005, size=len(points)))[:, None]


def by_trimesh(pred: tuple, true: tuple) -> tuple[float, float]:
    """Both directions in metres by `trimesh.proximity.closest_point`."""
    answers = []
    for (points, _), (vertices, faces) in ((pred, true), (true, pred)):
        mesh = trimesh.Trimesh(vertices, faces, process=False)
        answers.append(trimesh.proximity.closest_point(mesh, points)[1].mean())
    return tuple(answers)


def by_igl(pred: tuple, true: tuple) -> tuple[float, float]:
    """Both directions in metres by libigl, float64 and exact."""
    return tuple(exact(a[0], b).mean() for a, b in ((pred, true), (true, pred)))


def exact(points: np.ndarray, mesh: tuple) -> np.ndarray:
    """Distance of each point to the mesh by libigl, float64 [N] metres."""
    squared, _, _ = igl.point_mesh_squared_distance(points, mesh[0], mesh[1].astype(np.int64))
    return np.sqrt(squared)


def best_ms(call, repeats: int) -> float:
    """The fastest of `repeats` runs, ms."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def compare(size: int, rng: np.random.Generator, device: str, repeats: int) -> tuple[str, bool]:
    """A line of the table for meshes of `size` vertices, and whether warp reached what is asked of it."""
    points, faces = body_like(size)
    pred, true = (wrinkled(points, rng), faces), (points, faces)
    measure = partial(surface_to_surface, *pred, *true, device)
    measure()  # the first call compiles
    warp_ms = best_ms(measure, repeats)
    trimesh_ms = best_ms(partial(by_trimesh, pred, true), min(repeats, 2))
    igl_ms = best_ms(partial(by_igl, pred, true), repeats)
    error = max(
        np.abs(point_to_surface(a[0], *b, device=device) - exact(a[0], b)).max()
        for a, b in ((pred, true), (true, pred))
    )
    ratio = trimesh_ms / warp_ms
    figures = f"{warp_ms:>10.1f}{trimesh_ms:>12.1f}{igl_ms:>11.1f}{ratio:>10.1f}x{error:>13.1e}"
    return f"{len(points):>9}{figures}", ratio >= 10 and error <= 1e-6


def main() -> int:
    """Run, print, and exit 1 where warp is not ten times as fast as trimesh, or 1e-6 m off libigl."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="the fastest run counts (trimesh: of 2)")
    parser.add_argument("--device", default="cpu", help="where warp runs: cpu, cuda or cuda:N")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    print(f"command: python {shlex.join(sys.argv)}")
    print(f"seed {options.seed}, {datetime.date.today()}, {hardware()}")
    titles = f"{'warp ms':>10}{'trimesh ms':>12}{'libigl ms':>11}{'x trimesh':>11}{'max error m':>13}"
    print(f"{'vertices':>9}{titles}")
    reached = []
    for size in SIZES:
        line, good = compare(size, rng, options.device, options.repeats)
        print(line, flush=True)
        reached.append(good)
    verdict = "reached" if all(reached) else "NOT REACHED"
    print(f"{verdict}: at least 10 times as fast as trimesh, within 1e-6 m of libigl")
    return 0 if all(reached) else 1


def hardware() -> str:
    """The processor and how many cores this process may use."""
    model = platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as lines:
            named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = named[0] if named else model
    return f"{model}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
