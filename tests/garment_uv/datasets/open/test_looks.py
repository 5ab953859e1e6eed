import colorsys

import numpy as np
import pytest

from garment_uv.datasets.open._mesh import border_vertices
from garment_uv.datasets.open.looks import FINISHES, draw_wide_appearance
from garment_uv.datasets.open.outfits import FABRICS
from garment_uv.datasets.open.renderer import RenderMesh, render
from garment_uv.datasets.open.weaves import WEAVES, weave
from garment_uv.geometry.camera import Camera


def looks(fabric, count=60):
    drawn = (draw_wide_appearance({"Top": fabric}, np.random.default_rng(seed)) for seed in range(count))
    return [appearance.looks["Top"] for appearance in drawn]


def test_every_fabric_has_a_grain_and_a_finish():
    assert set(FABRICS) == set(WEAVES) == set(FINISHES)


@pytest.mark.parametrize("fabric", FABRICS)
def test_a_grain_repeats_without_a_seam_and_keeps_the_brightness(fabric):
    grain = weave(fabric, 256, 0.12, np.random.default_rng(2))
    assert np.isfinite(grain).all() and 0.85 < grain.mean() < 1.1
    for axis in (0, 1):
        inner = np.abs(np.diff(grain, axis=axis))
        across = np.abs(grain.take(0, axis=axis) - grain.take(-1, axis=axis))
        assert across.mean() < 3 * inner.mean() + 0.02, "no edge where tiles meet"


def test_fabrics_differ_in_what_is_seen():
    grain = {name: weave(name, 256, 0.12, np.random.default_rng(1)).std() for name in FABRICS}
    assert grain["knit"] > 2 * grain["silk"] and grain["wool"] > 2 * grain["cotton"]
    gloss = {name: np.mean([look.gloss for look in looks(name, 12)]) for name in FABRICS}
    assert gloss["leather"] > 0.15 and gloss["silk"] > 0.1 and gloss["wool"] < 0.02
    hues = [colorsys.rgb_to_hsv(*look.colour) for look in looks("denim")]
    assert all(0.55 < h < 0.65 for h, s, _ in hues if s > 0), "denim is blue or grey"
    assert not any(look.print_name in ("dots", "checks") for look in looks("leather"))
    printed = np.mean(["weave" not in look.print_name for look in looks("cotton", 120)])
    assert printed == pytest.approx(FINISHES["cotton"].printed, abs=0.15)


def test_hems_are_darker_and_only_they():
    grid = np.stack(np.meshgrid(np.linspace(0, 1, 101), np.linspace(0, 1, 101), [0.0]), axis=-1).reshape(-1, 3)
    cells = np.arange(101 * 101).reshape(101, 101)
    faces = np.stack([cells[:-1, :-1], cells[:-1, 1:], cells[1:, 1:], cells[1:, :-1]], axis=-1).reshape(-1, 4)
    (look, *_) = looks("wool", 1)
    tint = look.tint(grid, faces)
    assert tint[border_vertices(faces)] == pytest.approx(look.hem) and look.hem < 1
    inner = np.abs(grid[:, :2] - 0.5).max(axis=1) < 0.44
    assert (tint[inner] == 1.0).all()


def test_sheen_lights_the_rim_and_shine_narrows_the_highlight():
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    rows = np.linspace(-np.pi / 2, np.pi / 2, 32)
    ball = np.array([[np.cos(r) * np.cos(a), np.cos(r) * np.sin(a), np.sin(r)] for r in rows for a in angle])
    cells = np.arange(len(ball)).reshape(32, 64)
    right = np.roll(cells, -1, axis=1)
    quads = np.stack([cells[:-1], right[:-1], right[1:], cells[1:]], axis=-1).reshape(-1, 4)
    faces = np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])
    camera = Camera.look_at(np.array([5.0, 0, 0]), np.zeros(3), 128, 128)

    def seen(**look):
        return render([RenderMesh(ball, faces, (0.3, 0.1, 0.1), **look)], camera).astype(float)

    plain, velvet = seen(gloss=0.0), seen(gloss=0.0, sheen=0.6)
    brighter = (velvet - plain)[..., :3].mean(axis=2)
    shown = plain[..., 3] == 255
    far = np.hypot(*(np.indices((128, 128)) - 63.5))
    edge = far[shown].max()
    assert brighter[shown & (far > 0.85 * edge)].mean() > 4 * brighter[shown & (far < 0.4 * edge)].mean()
    sizes = [((seen(gloss=0.4, shine=shine) - plain)[..., 0] > 20).sum() for shine in (8.0, 48.0)]
    assert sizes[0] > 2 * sizes[1] > 0
