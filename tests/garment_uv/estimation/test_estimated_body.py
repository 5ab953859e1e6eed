"""Bodies as SMPL estimators say them: a known body, told in their terms and frames, is read back as itself."""

import json
import pickle

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from garment_uv.body import BodyParameters
from garment_uv.datasets.cloth3d.camera import project
from garment_uv.errors import UserError
from garment_uv.estimation.convert_estimate import convert
from garment_uv.estimation.estimator_files import EstimatorOptions, read_bodies, read_body
from garment_uv.estimation.placement import DEPTH_M
from garment_uv.inference.reconstructor import Reconstructor

FOCAL, WIDTH, HEIGHT = 1100.0, 720, 540
OFFSET = np.array([0.02, -0.23, 0.05])
"""SMPL's root joint at rest, y up: a stand-in for what a licensed file holds."""


class WithRoot:
    """A body whose root joint at rest stands off the origin, as SMPL's does and the open body's does not."""

    def __init__(self, body) -> None:
        self.name, self.pose = body.name, body.pose

    def rest_root(self, _parameters) -> np.ndarray:
        return np.array([OFFSET[0], -OFFSET[2], OFFSET[1]])


@pytest.fixture(scope="module")
def body(open_body):
    return WithRoot(open_body)


@pytest.fixture(scope="module")
def truth(open_body):
    """Pose [72] in our frame, shape, camera [3] and vertices [V, 3] in the sample frame of somebody."""
    rng = np.random.default_rng(2)
    pose = rng.normal(0, 0.2, 72)
    pose[:3] = (Rotation.from_euler("z", 1.2) * Rotation.from_euler("x", np.pi / 2)).as_rotvec()
    shape = rng.normal(0, 0.5, 10)
    parameters = BodyParameters(0, shape.astype(np.float32), pose.astype(np.float32))
    return pose, shape, np.array([4.2, 0.3, 0.15]), open_body.pose(parameters)


def in_terms(truth, y_up=False) -> dict:
    """Root rotation and translation as a camera with x right, y down, z forward has them, or y up and z backward."""
    pose, shape, camera, _ = truth
    # Its x is our y, its y our -z, its z our -x: rows of the rotation from our axes to the camera's.
    axes = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]]) if y_up else np.array([[0, 1, 0], [0, 0, -1], [-1, 0, 0]])
    root = Rotation.from_matrix(axes) * Rotation.from_rotvec(pose[:3])
    return {"pose": np.concatenate([root.as_rotvec(), pose[3:]]), "betas": shape, "transl": axes @ -camera - OFFSET}


def vertices_of(placed, body) -> np.ndarray:
    frame = placed.frame()
    return body.pose(BodyParameters(frame.gender, frame.shape, frame.pose))


def write(path, **values):
    if path.suffix == ".npz":
        np.savez(path, **values)
    else:
        path.write_text(json.dumps({k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in values.items()}))
    return path


def check(placed, square, truth, body):
    _, _, camera, vertices = truth
    assert np.abs(vertices_of(placed, body) - vertices).max() < 1e-5
    assert np.allclose(placed.camera, camera, atol=1e-5)
    # Where the estimator's own pinhole puts the root and a metre beside it.
    middle = (square.left + square.side / 2, square.top + square.side / 2)
    assert middle == pytest.approx((WIDTH / 2 - FOCAL * 0.3 / 4.2, HEIGHT / 2 + FOCAL * 0.15 / 4.2), abs=1e-3)
    assert square.side == pytest.approx(2.5 * FOCAL / 4.2, rel=1e-5)


@pytest.mark.parametrize("suffix", [".npz", ".json"])
@pytest.mark.parametrize("frame", ["y-down", "y-up"])
def test_a_full_perspective_body_comes_back_as_itself(truth, body, tmp_path, suffix, frame):
    told = in_terms(truth, y_up=frame == "y-up")
    path = write(tmp_path / f"body{suffix}", **told, focal_length=FOCAL, gender="female")
    found = read_body(path, EstimatorOptions(camera_frame=frame))
    check(*found.placed(body, WIDTH, HEIGHT), truth, body)


def test_rotations_in_parts_and_other_names(truth, body, tmp_path):
    told = in_terms(truth)
    matrices = Rotation.from_rotvec(told["pose"].reshape(24, 3)).as_matrix()
    path = write(
        tmp_path / "parts.npz", global_orient=matrices[None, :1], body_pose=matrices[None, 1:],
        betas=told["betas"][None], pred_cam_t=told["transl"][None],
    )  # fmt: skip
    check(*read_body(path, EstimatorOptions("female", FOCAL)).placed(body, WIDTH, HEIGHT), truth, body)
    path = write(
        tmp_path / "whole.npz", pred_rotmat=matrices, shape=told["betas"], global_t=told["transl"], focal_l=FOCAL
    )
    check(*read_body(path, EstimatorOptions("female")).placed(body, WIDTH, HEIGHT), truth, body)
    short = write(
        tmp_path / "short.json", root_orient=told["pose"][:3], pose_body=told["pose"][3:66], betas=told["betas"],
        trans=told["transl"], focal=FOCAL, gender=0,
    )  # fmt: skip
    assert np.allclose(read_body(short).pose[:66], told["pose"][:66]) and not read_body(short).pose[66:].any()


def test_weak_perspective_agrees_with_its_own_crop(truth, body, tmp_path):
    """The body's points fall where scale and shift put them, within what perspective over a body's depth bends."""
    told = in_terms(truth)
    scale, side, middle = 0.9, 300.0, np.array([400.0, 250.0])
    path = write(
        tmp_path / "weak.npz", pose=told["pose"], betas=told["betas"], pred_cam=np.array([scale, 0.1, 0.2]),
        bbox=np.array([*middle, side]), gender=np.array("female"),
    )  # fmt: skip
    placed, square = read_body(path).placed(body, WIDTH, HEIGHT)
    vertices = vertices_of(placed, body)
    assert np.abs(vertices - truth[3]).max() < 1e-5
    assert placed.camera[0] == pytest.approx(DEPTH_M + OFFSET[2])
    axes = np.array([[0, 1, 0], [0, 0, -1], [-1, 0, 0]])
    weak = middle + side / 2 * scale * ((vertices @ axes.T + OFFSET)[:, :2] + [0.1, 0.2])
    # In the square that is cut out, +-1.25 m at the root's depth span its side, as in every sample's image.
    ours = project(vertices, np.array(placed.camera))
    left, top, width = _crop_box(placed)
    there = np.array([square.left, square.top]) + (ours - [left, top]) * square.side / width
    assert np.abs(there - weak).max() < 0.08 * square.side and np.abs((there - weak).mean(axis=0)).max() < 3.0
    boxes = {"bbox": np.array([250.0, 100.0, 300.0, 200.0])}, {"center": np.array([400.0, 200.0]), "scale": 1.5}
    found = []
    for number, box in enumerate(boxes):
        path = write(
            tmp_path / f"{number}.npz", pose=told["pose"], betas=told["betas"], cam=np.array([0.9, 0, 0]), **box
        )
        found.append(read_body(path, EstimatorOptions("female")).placed(body, WIDTH, HEIGHT)[1])
    assert found[0] == found[1]


def _crop_box(placed):
    from garment_uv.datasets.cloth3d.camera import crop_box

    return crop_box(np.array(placed.camera))


def test_a_body_for_each_frame(truth, tmp_path):
    told = in_terms(truth)
    poses = np.stack([told["pose"] + 0.1 * t for t in range(3)])
    path = write(
        tmp_path / "walk.npz", pose=poses, betas=told["betas"], transl=np.tile(told["transl"], (3, 1)),
        focal_length=np.full(3, FOCAL), gender="male",
    )  # fmt: skip
    bodies = read_bodies(path)
    assert [body.gender for body in bodies] == [1, 1, 1]
    assert np.allclose([body.pose for body in bodies], poses)
    with pytest.raises(UserError, match="holds 3 bodies, a picture has one"):
        read_body(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pose": np.zeros(70)}, r"pose has shape \(70,\), wanted 24 joints"),
        ({"pose": np.full(72, np.nan)}, "pose holds something else than finite numbers"),
        ({"betas": np.zeros(11)}, r"betas has shape \(11,\)"),
        ({"gender": "neutral"}, "say --gender female or --gender male"),
        ({"focal_length": None}, "no focal_length: give the estimator's with --focal"),
        ({"transl": None}, "none of pred_cam, cam, camera; it has betas"),
        ({"betas": None}, "none of betas, shape"),
    ],
)
def test_what_is_missing_or_misshapen_is_named_in_one_line(truth, tmp_path, changes, said):
    values = {**in_terms(truth), "focal_length": FOCAL, "gender": "female", **changes}
    path = write(tmp_path / "bad.npz", **{name: value for name, value in values.items() if value is not None})
    with pytest.raises(UserError, match=said) as caught:
        read_body(path)
    assert "\n" not in str(caught.value) and "bad.npz" in str(caught.value)


def test_behind_the_camera(truth, body, tmp_path):
    path = write(tmp_path / "up.npz", **in_terms(truth, y_up=True), focal_length=FOCAL, gender="female")
    with pytest.raises(UserError, match="check its translation and --camera-frame"):
        read_body(path).placed(body, WIDTH, HEIGHT)


def test_pickles_are_refused_and_converted_without_running_them(truth, tmp_path):
    told = {**in_terms(truth), "focal_length": np.array([FOCAL])}
    path = tmp_path / "estimate.pkl"
    path.write_bytes(pickle.dumps({**told, "name": "somebody"}, protocol=4))
    with pytest.raises(
        UserError, match="convert it by `python -m garment_uv.estimation.convert_estimate estimate.pkl`"
    ):
        read_body(path)
    assert np.allclose(read_body(convert(path), EstimatorOptions("female")).pose, told["pose"])

    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "harmed"), "w"))

    path.write_bytes(pickle.dumps({"pose": Harm()}))
    with pytest.raises(UserError, match="only a dictionary of NumPy arrays is converted"):
        convert(path)
    objects = tmp_path / "objects.npz"
    np.savez(objects, results=np.array({"pose": 1}, dtype=object))
    with pytest.raises(UserError, match="cannot be read"):
        read_body(objects)
    assert not (tmp_path / "harmed").exists()


def test_a_model_of_the_open_body_refuses_smpls_parameters(truth, model, tmp_path):
    path = write(tmp_path / "body.npz", **in_terms(truth), focal_length=FOCAL, gender="female")
    with pytest.raises(UserError, match="trained on the body 'anny': they fit models trained on SMPL only") as caught:
        Reconstructor(model).estimated(np.zeros((HEIGHT, WIDTH, 3), np.uint8), read_body(path), "body file body.npz")
    assert "\n" not in str(caught.value)
