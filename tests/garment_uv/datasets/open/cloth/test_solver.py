from dataclasses import replace

import numpy as np
import pytest
import torch
import trimesh

from garment_uv.datasets.open.cloth.fabrics import FABRICS
from garment_uv.datasets.open.cloth.judge import strains
from garment_uv.datasets.open.cloth.solver import Solver, SolverOptions
from garment_uv.datasets.open.cloth.surface import Surface
from tests.garment_uv.datasets.open.cloth.flat import flat_sheet, floor, settled


def ball(radius=0.1):
    mesh = trimesh.creation.icosphere(subdivisions=3, radius=radius)
    return Surface([(mesh.vertices, mesh.faces)])


def faces_of(body):
    return body.meshes[0].indices.numpy().reshape(-1, 3)


def hung(**changes):
    """A sheet held at one side."""
    sheet = flat_sheet(**changes)
    return flat_sheet(fixed=sheet.rest[:, 0] < -0.119, **changes)


def test_cloth_on_a_ball_stays_outside_and_comes_to_rest():
    sheet = flat_sheet()
    solver = settled([sheet], sheet.rest + [0, 0, 0.105], ball(), 45)
    distance = np.linalg.norm(solver.vertices, axis=1)
    assert distance.min() > 0.099 and solver.vertices[:, 2].min() < 0.07
    energy = 0.5 * sheet.masses() * (solver.velocities**2).sum(axis=1)
    # As if all of it went at less than 5 cm/s.
    assert energy.sum() < 0.5 * sheet.masses().sum() * 0.05**2


@pytest.mark.parametrize("fabric", sorted(FABRICS))
def test_what_is_held_at_one_side_hangs_and_hardly_stretches(fabric):
    sheet = hung(fabric=FABRICS[fabric])
    solver = settled([sheet], sheet.rest, floor_far_below(), 45)
    vertices = solver.vertices
    np.testing.assert_allclose(vertices[sheet.fixed], sheet.rest[sheet.fixed], atol=1e-6)
    assert vertices[:, 2].min() < (-0.2 if fabric in ("cotton", "silk") else -0.1)
    assert np.percentile(strains(sheet.rest, vertices, sheet.faces), 99) < 0.25


def floor_far_below():
    low = floor()
    points = low.points.numpy() - [0, 0, 5.0]
    return Surface([(points, faces_of(low))])


def test_the_same_input_gives_the_same_bits():
    sheet = hung()
    one, two = (settled([sheet], sheet.rest, ball(0.05), 5).vertices for _ in range(2))
    assert one.tobytes() == two.tobytes()


def test_fixed_vertices_carry_the_rest_along():
    sheet = hung()
    body = floor_far_below()
    solver = settled([sheet], sheet.rest, body, 30)
    at = body.points.numpy().copy()
    for step in range(1, 11):
        solver.frame(at, sheet.rest + [0, 0.02 * step, 0])
    assert solver.vertices[sheet.fixed, 1].mean() == pytest.approx(0.2, abs=1e-5)
    free = solver.vertices[~sheet.fixed, 1].mean()
    assert 0.05 < free < 0.25


def test_friction_holds_on_a_slope_that_smooth_cloth_slides_down():
    slope = 0.2
    rough = flat_sheet(fabric=FABRICS["denim"])
    smooth = flat_sheet(fabric=FABRICS["denim"].with_values({"friction": 0.0}))
    lying = rough.rest.copy()
    lying[:, 2] = 0.003 - np.tan(slope) * lying[:, 0]
    moved = [settled([s], lying, floor(slope), 15).vertices[:, 0].mean() for s in (rough, smooth)]
    assert abs(moved[0]) < 0.01 and moved[1] > 0.1


def test_an_upper_sheet_stays_above_the_one_it_is_worn_over():
    lower, upper = flat_sheet(), flat_sheet(name="Tshirt", over=0)
    start = np.concatenate([lower.rest + [0, 0, 0.104], upper.rest + [0, 0, 0.108]])
    solver = settled([lower, upper], start, ball(), 30)
    one, two = np.split(solver.vertices, 2)
    centre = np.linalg.norm(lower.rest, axis=1) < 0.06
    height = np.linalg.norm(two[centre], axis=1) - np.linalg.norm(one[centre], axis=1)
    assert height.min() > 0.001


def test_folded_cloth_does_not_lie_in_itself():
    sheet = flat_sheet(along=16, across=4)
    folded = sheet.rest.copy()
    back = folded[:, 1] > 0
    folded[back, 1] *= -1
    folded[back, 2] += 0.001
    apart = {}
    for thickness in (0.0, 0.006):
        vertices = settled([sheet], folded + [0, 0, 0.003], floor(), 10, thickness=thickness).vertices
        far = np.abs(sheet.rest[:, 1]) > 0.05
        front, rear = (vertices[far & (side == back)] for side in (False, True))
        apart[thickness] = np.linalg.norm(front[:, None] - rear[None], axis=2).min()
    assert apart[0.006] > 0.004 > apart[0.0]


def test_tethers_hold_what_a_heavy_sheet_would_stretch():
    soft = FABRICS["leather"].with_values({"stretch": 5.0, "bend": 6e4})
    sheet = hung(fabric=soft)
    tethered = hung(fabric=soft, sources=np.flatnonzero(sheet.fixed))
    lengths = [-settled([s], s.rest, floor_far_below(), 30).vertices[:, 2].min() for s in (sheet, tethered)]
    assert lengths[1] < 0.25 < lengths[0]


THIN = FABRICS["silk"].with_values({"drag": 0.0, "density": 0.08})


def test_air_bears_what_falls_flat_and_lets_through_what_falls_on_edge():
    flat = flat_sheet(across=6, along=6, fabric=THIN)
    upright = replace(flat, rest=flat.rest[:, [1, 2, 0]])
    flat_speed, upright_speed = (
        -settled([sheet], sheet.rest, floor_far_below(), 15).velocities[:, 2].mean() for sheet in (flat, upright)
    )
    # Where 0.8 v + 0.72 v^2 kg/(m s2) carry 0.08 kg/m2; and half a second of free fall.
    assert flat_speed == pytest.approx((-0.8 + np.sqrt(0.8**2 + 4 * 0.72 * 0.08 * 9.81)) / (2 * 0.72), rel=0.05)
    assert upright_speed == pytest.approx(9.81 * 0.5, rel=0.05)


def test_cloth_that_settles_comes_to_its_wearers_velocity():
    sheet = flat_sheet(across=6, along=6, fabric=THIN)
    upright = replace(sheet, rest=sheet.rest[:, [1, 2, 0]])
    solver = Solver([upright], upright.rest, floor_far_below(), SolverOptions())
    solver.settle(np.array([[0.7, 0.0, 0.0]]), np.array([10.0]))
    at = floor_far_below().points.numpy().copy()
    for _ in range(6):
        solver.frame(at, upright.rest)
    share = 1 - np.exp(-10.0 * 0.2)
    np.testing.assert_allclose(solver.velocities.mean(axis=0), [0.7 * share, 0, -0.981 * share], atol=0.02)


def test_what_is_leashed_goes_no_farther_from_where_it_is_told():
    sheet = flat_sheet(across=6, along=6, leashed=np.array([0, 3]), leash=0.05)
    solver = settled([sheet], sheet.rest, floor_far_below(), 12)
    far = np.linalg.norm(solver.vertices - sheet.rest, axis=1)
    # Air and gravity would have taken them 30 cm down; links pull a little after the leash in the same substep.
    assert 0.045 < far[[0, 3]].max() < 0.053 and far.max() > 0.1


def test_what_was_inside_is_put_out_and_does_not_fly_off():
    sheet = flat_sheet(across=4, along=4)
    solver = settled([sheet], sheet.rest + [0, 0, 0.09], ball(), 2)
    assert np.linalg.norm(solver.vertices, axis=1).min() > 0.099
    assert np.linalg.norm(solver.velocities, axis=1).max() < 1.0


def two_subjects():
    """A folded sheet over another on a ball, and one sheet on a ball in the same place: sheets, start and bodies."""
    one, other = flat_sheet(across=8, along=8), flat_sheet(across=8, along=8, name="Tshirt", over=0)
    third = flat_sheet(across=10, along=6, fabric=FABRICS["silk"], subject=1)
    start = [one.rest + [0, 0, 0.065], other.rest + [0, 0, 0.069], third.rest + [0.01, 0, 0.065]]
    part = (ball(0.06).points.numpy(), faces_of(ball(0.06)))
    return [one, other, third], np.concatenate(start), [part, part]


def test_several_subjects_at_once_move_to_the_bit_as_each_alone():
    sheets, start, parts = two_subjects()
    together = settled(sheets, start, Surface(parts), 8).vertices
    split = len(sheets[0].rest) * 2
    one = settled(sheets[:2], start[:split], Surface(parts[:1]), 8).vertices
    other = settled([replace(sheets[2], subject=0)], start[split:], Surface(parts[1:]), 8).vertices
    assert together[:split].tobytes() == one.tobytes() and together[split:].tobytes() == other.tobytes()


def test_what_explodes_leaves_other_subjects_alone():
    sheets, start, parts = two_subjects()
    split = len(sheets[0].rest) * 2
    broken = start.copy()
    broken[3] = np.nan
    together = settled(sheets, broken, Surface(parts), 4).vertices
    other = settled([replace(sheets[2], subject=0)], start[split:], Surface(parts[1:]), 4).vertices
    assert np.isnan(together[:split]).any() and together[split:].tobytes() == other.tobytes()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_moves_cloth_as_the_processor_does():
    sheets, start, parts = two_subjects()
    here = settled(sheets, start, Surface(parts), 5).vertices
    there = [settled(sheets, start, Surface(parts, "cuda"), 5, device="cuda").vertices for _ in range(2)]
    np.testing.assert_allclose(there[0], here, atol=1e-3)
    assert there[0].tobytes() == there[1].tobytes()
