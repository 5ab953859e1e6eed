"""Bodies shared by this folder's tests: Anny once, and a made-up SMPL model in the shape of a human."""

import numpy as np
import pytest

from garment_uv.body import AnnyBody, BodyParameters, build_topology
from garment_uv.body.skeleton import PARENTS, Y_UP_TO_Z_UP
from tests.garment_uv.written import joint_weights


@pytest.fixture(scope="session")
def anny() -> AnnyBody:
    return AnnyBody()


@pytest.fixture(scope="session")
def coarse(anny):
    return build_topology(anny, subdivisions=0)


@pytest.fixture(scope="session")
def fine(anny):
    return build_topology(anny, subdivisions=1)


@pytest.fixture(scope="session")
def poses() -> np.ndarray:
    """float32 [6, 72]: upright and turned, every joint bent somewhere."""
    values = np.random.default_rng(5).normal(0.0, 0.35, size=(6, 72))
    values[:, 0] += np.pi / 2.0
    return values.astype(np.float32)


@pytest.fixture(scope="session")
def human_model(anny) -> dict[str, np.ndarray]:
    """SMPL's keys with made-up values around a human surface, so that it can be cut and posed like one."""
    rng = np.random.default_rng(11)
    upright = np.zeros(72, dtype=np.float32)
    upright[0] = np.pi / 2.0
    parameters = BodyParameters(0, np.zeros(10, dtype=np.float32), upright)
    template = anny.rest(parameters).astype(np.float64) @ Y_UP_TO_Z_UP + np.array([0.002, -0.23, 0.03])
    joints = anny.joints(parameters).astype(np.float64) @ Y_UP_TO_Z_UP + np.array([0.002, -0.23, 0.03])
    stacked = np.column_stack([template, np.ones(len(template))])
    wanted = np.column_stack([joints, np.ones(24)])
    regressor = np.zeros((24, len(template)))
    for joint in range(24):
        near = np.argsort(np.linalg.norm(template - joints[joint], axis=1))[:12]
        regressor[joint, near] = np.linalg.lstsq(stacked[near].T, wanted[joint], rcond=None)[0]
    smooth = template / np.abs(template).max()
    shapedirs = np.stack([smooth @ rng.normal(0.0, 0.01, (3, 3)) for _ in range(10)], axis=-1)
    return {
        "v_template": template,
        "shapedirs": shapedirs,
        "posedirs": rng.normal(0.0, 1e-4, (len(template), 3, 207)),
        "J_regressor": regressor,
        "weights": joint_weights(anny).astype(np.float64),
        "kintree_table": np.stack([np.array([2**32 - 1, *PARENTS[1:]]), np.arange(24)]).astype(np.uint32),
        "f": anny.faces.astype(np.uint32),
    }


@pytest.fixture(scope="session")
def small_model() -> dict[str, np.ndarray]:
    """SMPL's keys over 40 random vertices with 300 shapes: valid, and shaped like nothing."""
    rng = np.random.default_rng(3)
    weights = rng.random((40, 24)) ** 6
    regressor = rng.random((24, 40)) ** 4
    return {
        "v_template": rng.normal(size=(40, 3)),
        "shapedirs": rng.normal(0.0, 0.1, size=(40, 3, 300)),
        "posedirs": rng.normal(0.0, 0.02, size=(40, 3, 207)),
        "J_regressor": regressor / regressor.sum(axis=1, keepdims=True),
        "weights": weights / weights.sum(axis=1, keepdims=True),
        "kintree_table": np.stack([np.array([2**32 - 1, *PARENTS[1:]]), np.arange(24)]).astype(np.uint32),
        "f": rng.integers(0, 40, size=(60, 3)).astype(np.uint32),
    }
