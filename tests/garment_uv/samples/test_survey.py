"""A survey's measures against bodies and surfaces whose numbers are known."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from garment_uv.classes import CLASS_IDS
from garment_uv.samples.source import FolderSource
from garment_uv.samples.survey import Survey, add_to, bend, heading, looks, seen_vertices
from tests.garment_uv.samples.made import made_atlas, made_sample

UPRIGHT = np.array([np.pi / 2, 0.0, 0.0])
"""The root rotation of a body that stands and faces -y: from y-up to z-up."""


@pytest.mark.parametrize(("zrot", "degrees"), [(np.pi / 2, 0.0), (np.pi, 90.0), (0.0, -90.0)])
def test_a_body_that_is_turned_to_the_camera_heads_for_it(zrot, degrees):
    body = replace(made_sample(made_atlas()).body, pose=np.concatenate([UPRIGHT, np.zeros(69)]), zrot=zrot)
    assert heading(body) == pytest.approx(degrees, abs=1e-6)
    assert bend(body) == 0.0
    bent = body.pose.copy()
    bent[3:6] = (0.0, 0.0, np.radians(46))
    assert bend(replace(body, pose=bent)) == pytest.approx(46 / np.sqrt(23))


def test_of_a_ball_the_half_before_the_camera_is_seen_and_nothing_behind_a_wall():
    ball = trimesh.creation.icosphere(subdivisions=4, radius=0.5)
    camera = np.array([4.0, 0.0, 0.0])
    seen = seen_vertices(ball.vertices, ball.faces, camera)
    facing = (ball.vertices * (camera - ball.vertices)).sum(axis=1) / 0.5
    sure = np.abs(facing) > 1.2  # nearer the edge a pixel spans more than the depth by which hidden is told
    assert sure.mean() > 0.6 and np.array_equal(seen[sure], facing[sure] > 0)
    wall = np.array([[1.0, y, z] for y in (-1, 1) for z in (-1, 1)])
    faces = np.concatenate([ball.faces, np.array([[0, 1, 2], [1, 2, 3]]) + len(ball.vertices)])
    both = seen_vertices(np.concatenate([ball.vertices, wall]), faces, camera)
    assert not both[: len(ball.vertices)].any()
    assert not seen_vertices(ball.vertices + [9.0, 0.0, 0.0], ball.faces, camera).any()


def test_looseness_and_height_are_the_displacements_and_the_garments_own(dataset):
    source, survey = FolderSource(dataset), Survey()
    atlas = source.atlas()
    found = list(looks(source, "train", 3))
    for look in found:
        add_to(survey, look, atlas)
    assert survey.samples == 3 and set(survey.looseness_mm) == {"Tshirt", "Trousers"}
    for at, look in enumerate(found):
        worn = look.sample.vertex_classes == CLASS_IDS["Trousers"]
        lengths = np.linalg.norm(look.vertices - look.sample.body_vertices, axis=1)
        assert survey.looseness_mm["Trousers"][at] == pytest.approx(1000 * lengths[worn].mean())
        assert survey.height_mm["Trousers"][at] == pytest.approx(1000 * np.ptp(look.vertices[worn, 2]))
        assert (lengths[look.sample.vertex_classes == 0] == 0).all()
