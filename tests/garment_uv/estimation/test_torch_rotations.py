"""Rotations against scipy's."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from garment_uv.estimation.skeleton import angles_degrees, matrices_of_6d, sixd_of_matrices
from garment_uv.geometry.rotations import axis_angles


@pytest.fixture
def turns():
    return Rotation.random(200, random_state=np.random.RandomState(0))


def test_there_and_back(turns):
    matrices = torch.from_numpy(turns.as_matrix())
    assert torch.allclose(matrices_of_6d(sixd_of_matrices(matrices)), matrices, atol=1e-9)


def test_any_six_numbers_are_a_rotation():
    matrices = matrices_of_6d(torch.randn(500, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
    assert torch.allclose(matrices @ matrices.mT, torch.eye(3, dtype=torch.float64).expand(500, 3, 3), atol=1e-9)
    assert torch.allclose(torch.linalg.det(matrices), torch.ones(500, dtype=torch.float64))
    same = Rotation.from_matrix(matrices.numpy()).as_matrix()  # scipy would make another of a matrix that is none
    assert np.allclose(matrices.numpy(), same, atol=1e-9)


def test_lengths_do_not_matter_and_zero_is_no_nan():
    six = torch.tensor([[2.0, 0, 0, 5, 3, 0]])
    assert torch.allclose(matrices_of_6d(six), torch.eye(3)[None])
    assert torch.isfinite(matrices_of_6d(torch.zeros(1, 6))).all()


def test_axis_angles(turns):
    found = axis_angles(turns.as_matrix().reshape(20, 10, 3, 3))
    assert found.shape == (20, 10, 3) and found.dtype == np.float32
    apart = Rotation.from_rotvec(found.reshape(-1, 3)) * turns.inv()
    assert apart.magnitude().max() < 1e-5
    half = Rotation.from_rotvec([[np.pi, 0, 0], [0, np.pi - 1e-7, 0], [0, 0, 0]])
    assert (Rotation.from_rotvec(axis_angles(half.as_matrix())) * half.inv()).magnitude().max() < 1e-5


def test_angles(turns):
    others = Rotation.random(200, random_state=np.random.RandomState(1))
    found = angles_degrees(torch.from_numpy(turns.as_matrix()), torch.from_numpy(others.as_matrix()))
    assert np.allclose(found.numpy(), np.degrees((turns.inv() * others).magnitude()), atol=1e-4)
