"""Rotations against SciPy's, and on the angles where formulas break."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from garment_uv.geometry.rotations import rotation_between, rotation_matrices, signed_angle

vectors = arrays(np.float64, 3, elements=st.floats(-7.0, 7.0))


@given(vectors)
def test_matrices_equal_scipys(vector):
    np.testing.assert_allclose(rotation_matrices(vector), Rotation.from_rotvec(vector).as_matrix(), atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 1e-300, 1e-9, np.pi, 2.0 * np.pi])
def test_awkward_angles(angle):
    expected = Rotation.from_rotvec([0.0, angle, 0.0]).as_matrix()
    np.testing.assert_allclose(rotation_matrices(np.array([[0.0, angle, 0.0]]))[0], expected, atol=1e-12)


@given(vectors, vectors)
def test_between_turns_one_direction_into_the_other_by_the_smallest_angle(start, end):
    if min(np.linalg.norm(start), np.linalg.norm(end)) < 1e-3:
        return
    a, b = start / np.linalg.norm(start), end / np.linalg.norm(end)
    if a @ b < -0.999:
        return
    rotation = rotation_between(start, end)
    np.testing.assert_allclose(rotation @ a, b, atol=1e-9)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert Rotation.from_matrix(rotation).magnitude() == pytest.approx(np.arctan2(
        np.linalg.norm(np.cross(a, b)), a @ b), abs=1e-6)  # fmt: skip


def test_opposite_directions_are_refused():
    with pytest.raises(ValueError, match="opposite"):
        rotation_between(np.array([1.0, 0.0, 0.0]), np.array([-2.0, 0.0, 0.0]))


@given(st.floats(-3.1, 3.1))
def test_signed_angle_is_the_turn_about_the_axis(angle):
    axis = np.array([0.0, 0.6, 0.8])
    start = np.array([1.0, 0.3, -0.2])
    end = Rotation.from_rotvec(angle * axis).apply(start)
    assert signed_angle(start, end, axis) == pytest.approx(angle, abs=1e-9)
