import igl
import numpy as np
import pytest

from garment_uv.classes import CLASS_IDS
from garment_uv.errors import UserError
from garment_uv.registration import register_outfit
from garment_uv.registration.surface import RestPlacement


def distances_mm(points, vertices, faces):
    squared, _, _ = igl.point_mesh_squared_distance(
        np.ascontiguousarray(points, dtype=np.float64),
        np.ascontiguousarray(vertices, dtype=np.float64),
        np.ascontiguousarray(faces, dtype=np.int64),
    )
    return 1e3 * np.sqrt(squared)


def worn_faces(subject, registration, name):
    faces = subject.topology.faces[registration.topology_name]
    return faces[(registration.vertex_classes[faces] == CLASS_IDS[name]).all(axis=1)]


def both_ways_mm(subject, registration, name, vertices, faces):
    """Mean distances registered -> raw and raw -> registered, by libigl."""
    placed = registration.apply({name: vertices})
    own = worn_faces(subject, registration, name)
    there = distances_mm(placed[np.unique(own)], vertices, faces).mean()
    return there, distances_mm(vertices, placed, own).mean()


@pytest.mark.parametrize("garment", ["shirt", "trousers"])
def test_covers_a_garment_at_rest_and_in_another_pose(subject, garment, request):
    shell, name = request.getfixturevalue(garment), {"shirt": "Tshirt", "trousers": "Trousers"}[garment]
    at_rest = shell.on(subject.rest)
    registration = register_outfit(subject.topology, subject.rest, {name: (at_rest, shell.faces)})
    assert registration.topology_name == "default" and registration.garments == (name,)
    for vertices in (at_rest, shell.on(subject.posed)):
        there, back = both_ways_mm(subject, registration, name, vertices, shell.faces)
        assert there < 1e-3, "every registered vertex lies on the garment"
        assert back < 1.5, "and the garment lies on the registered surface, up to its borders"
    placed = registration.apply({name: at_rest})
    assert distances_mm(at_rest, placed, worn_faces(subject, registration, name)).max() < 25


def test_neither_vertex_order_nor_orientation_matters(subject, shirt):
    at_rest = shirt.on(subject.rest)
    order = np.random.default_rng(9).permutation(len(at_rest))
    shuffled = np.argsort(order)[shirt.faces][::-1, ::-1]
    one = register_outfit(subject.topology, subject.rest, {"Top": (at_rest, shirt.faces)})
    other = register_outfit(subject.topology, subject.rest, {"Top": (at_rest[order], shuffled)})
    assert (one.vertex_classes != other.vertex_classes).mean() < 0.002
    both = (one.vertex_classes > 0) & (other.vertex_classes > 0)
    gap = one.apply({"Top": at_rest}) - other.apply({"Top": at_rest[order]})
    assert np.percentile(np.linalg.norm(gap[both], axis=1), 99) < 1e-4


def test_several_components_are_one_garment(subject, shirt):
    at_rest = shirt.on(subject.rest)
    right = (at_rest[:, 0] < 0.01)[shirt.faces].all(axis=1)
    left = (at_rest[:, 0] > -0.01)[shirt.faces].all(axis=1) & ~right
    parts = [shirt.faces[right], shirt.faces[left][:, ::-1] + len(at_rest)]
    doubled = np.concatenate([at_rest, at_rest])
    faces = np.concatenate(parts)
    registration = register_outfit(subject.topology, subject.rest, {"Tshirt": (doubled, faces)})
    there, back = both_ways_mm(subject, registration, "Tshirt", doubled, faces)
    used = np.unique(faces)
    placed = registration.apply({"Tshirt": doubled})
    assert there < 1e-3
    assert distances_mm(doubled[used], placed, worn_faces(subject, registration, "Tshirt")).mean() < 2.0


def test_the_upper_garment_wins_where_two_overlap(subject, shirt, trousers):
    upper, lower = shirt.on(subject.rest), trousers.on(subject.rest)
    outfit = {"Trousers": (lower, trousers.faces), "Tshirt": (upper, shirt.faces)}
    registration = register_outfit(subject.topology, subject.rest, outfit)
    alone = register_outfit(subject.topology, subject.rest, {"Tshirt": outfit["Tshirt"]})
    np.testing.assert_array_equal(
        registration.vertex_classes == CLASS_IDS["Tshirt"], alone.vertex_classes == CLASS_IDS["Tshirt"]
    )
    assert registration.garments == ("Tshirt", "Trousers")
    placed = registration.apply({"Trousers": lower, "Tshirt": upper})
    for name, vertices, shell in (("Tshirt", upper, shirt), ("Trousers", lower, trousers)):
        own = registration.vertex_classes == CLASS_IDS[name]
        assert distances_mm(placed[own], vertices, shell.faces).max() < 1e-3
    assert not placed[registration.vertex_classes == 0].any()


def test_a_skirt_closes_over_the_gap_between_the_legs(subject, skirt):
    registration = register_outfit(subject.topology, subject.rest, {"Skirt": (skirt.vertices, skirt.faces)})
    assert registration.topology_name == "skirt"
    there, back = both_ways_mm(subject, registration, "Skirt", skirt.vertices, skirt.faces)
    assert there < 1e-3 and back < 3.0
    placed, own = registration.apply({"Skirt": skirt.vertices}), worn_faces(subject, registration, "Skirt")
    loops = igl.boundary_loop_all(own.astype(np.int64))
    longest = sorted(loops, key=len)[-2:]
    heights = sorted(placed[loop, 2].mean() for loop in longest)
    assert heights[0] == pytest.approx(skirt.hem, abs=0.01) and heights[1] == pytest.approx(0.05, abs=0.02)
    edges = np.concatenate([own[:, [0, 1]], own[:, [1, 2]], own[:, [2, 0]]])
    assert np.linalg.norm(placed[edges[:, 0]] - placed[edges[:, 1]], axis=1).max() < 0.15
    middle = placed[np.unique(own)]
    low = middle[middle[:, 2] < -0.2]
    assert (np.abs(low[:, 0]) < 0.02).any(), "the legs' inner borders meet in the middle"


def test_a_skirt_does_not_reach_below_its_hem(subject, skirt):
    registration = register_outfit(subject.topology, subject.rest, {"Skirt": (skirt.vertices, skirt.faces)})
    legs = np.abs(subject.rest[:, 0]) < 0.5
    assert not registration.vertex_classes[legs & (subject.rest[:, 2] < skirt.hem - 0.08)].any()


@pytest.mark.parametrize("sign", [0.0, 1.0, -1.0])
def test_a_rest_file_off_by_the_root_joint_is_found_out(subject, shirt, sign):
    joint = np.array([0.002, 0.03, -0.22])
    moved = shirt.on(subject.rest) - sign * joint
    registration = register_outfit(subject.topology, subject.rest, {"Tshirt": (moved, shirt.faces)}, root_joint=joint)
    np.testing.assert_allclose(registration.placement.offset, sign * joint)
    assert registration.placement.angle == 0
    straight = register_outfit(subject.topology, subject.rest, {"Tshirt": (shirt.on(subject.rest), shirt.faces)})
    assert (registration.vertex_classes != straight.vertex_classes).mean() < 0.002


def test_a_rest_file_that_carries_zrot_is_found_out(subject, shirt):
    rest = shirt.on(subject.rest)
    turned_file = RestPlacement(1.1, np.zeros(3)).apply(rest)
    turned = register_outfit(subject.topology, subject.rest, {"Tshirt": (turned_file, shirt.faces)}, zrot=1.1)
    plain = register_outfit(subject.topology, subject.rest, {"Tshirt": (rest, shirt.faces)}, zrot=1.1)
    assert turned.placement.angle == -1.1 and plain.placement.angle == 0
    assert (turned.vertex_classes != plain.vertex_classes).mean() < 0.002


def test_is_the_same_every_time(subject, shirt):
    outfit = {"Tshirt": (shirt.on(subject.rest), shirt.faces)}
    one, other = (register_outfit(subject.topology, subject.rest, outfit) for _ in range(2))
    assert one.corners.tobytes() == other.corners.tobytes() and one.weights.tobytes() == other.weights.tobytes()


@pytest.mark.parametrize("case", ["empty", "unknown", "far", "no faces", "bad face", "not finite", "flat"])
def test_outfits_that_cannot_be_registered_are_said_in_one_line(subject, shirt, case):
    vertices, faces = shirt.on(subject.rest), shirt.faces
    outfits = {
        "empty": {},
        "unknown": {"Hat": (vertices, faces)},
        "far": {"Tshirt": (vertices + 5.0, faces)},
        "no faces": {"Tshirt": (vertices, faces[:0])},
        "bad face": {"Tshirt": (vertices, faces + len(vertices))},
        "not finite": {"Tshirt": (np.where(np.arange(len(vertices))[:, None] == 7, np.nan, vertices), faces)},
        "flat": {"Tshirt": (np.zeros_like(vertices), faces)},
    }
    with pytest.raises(UserError) as caught:
        register_outfit(subject.topology, subject.rest, outfits[case])
    assert "\n" not in str(caught.value)


def test_frames_that_do_not_fit_are_said_in_one_line(subject, shirt):
    at_rest = shirt.on(subject.rest)
    registration = register_outfit(subject.topology, subject.rest, {"Tshirt": (at_rest, shirt.faces)})
    with pytest.raises(UserError, match="absent"):
        registration.apply({"Top": at_rest})
    with pytest.raises(UserError, match="fewer"):
        registration.apply({"Tshirt": at_rest[:50]})
