"""SMPL's files: what is read, what is converted, and what is refused with which words."""

import os
import pickle
import subprocess
import sys
import types

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse

from garment_uv.body.convert_smpl import convert_folder
from garment_uv.body.smpl_files import KEYS, convert_pickle, find_models, load_npz
from garment_uv.body.smpl_pickle import read_pickle
from garment_uv.errors import UserError


def stand_in(module: str, name: str, monkeypatch) -> type:
    """A class that pickles under chumpy's name, as the real one would."""
    package = types.ModuleType(module)
    kind = type(name, (), {"__module__": module})
    setattr(package, name, kind)
    monkeypatch.setitem(sys.modules, module, package)
    return kind


def holding(kind: type, **state) -> object:
    instance = kind()
    instance.__dict__.update(state)
    return instance


@pytest.fixture
def python2_pickle(small_model, monkeypatch, tmp_path):
    """A .pkl as SMPL hands it out: protocol 0, chumpy arrays, a sparse regressor, odds and ends beside."""
    for module in ("chumpy", "chumpy.ch", "chumpy.reordering"):
        monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
    ch = stand_in("chumpy.ch", "Ch", monkeypatch)
    select = stand_in("chumpy.reordering", "Select", monkeypatch)
    shapes = small_model["shapedirs"]
    picked = np.arange(shapes.size).reshape(shapes.shape)[:, :, :10]
    model = {
        **small_model,
        "v_template": holding(ch, x=small_model["v_template"]),
        "shapedirs": holding(
            select, a=holding(ch, x=shapes), idxs=picked.ravel(), preferred_shape=picked.shape, name="v"
        ),
        "J_regressor": sparse.csc_matrix(small_model["J_regressor"]),
        "bs_type": "lrotmin",
        "bs_style": "lbs",
        "J": holding(ch, x=np.zeros((24, 3))),
    }
    data = pickle.dumps(model, protocol=0).replace(b"scipy.sparse._csc", b"scipy.sparse.csc")
    data = data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    path = tmp_path / "basicModel_f_lbs_10_207_0_v1.0.0.pkl"
    path.write_bytes(data)
    return path


def test_a_python2_pickle_becomes_the_same_npz(python2_pickle, small_model):
    assert b"copy_reg" in python2_pickle.read_bytes()
    (target,) = convert_folder(python2_pickle.parent)
    assert target.name == "basicModel_f_lbs_10_207_0_v1.0.0.npz"
    arrays = load_npz(target)
    np.testing.assert_array_equal(arrays.v_template, small_model["v_template"])
    np.testing.assert_array_equal(arrays.shapedirs, small_model["shapedirs"][:, :, :10])
    np.testing.assert_array_equal(arrays.J_regressor, small_model["J_regressor"])
    np.testing.assert_array_equal(arrays.f, small_model["f"])
    assert convert_folder(python2_pickle.parent) == []
    assert find_models(python2_pickle.parent) == {0: target}


@pytest.mark.parametrize("protocol", range(6))
def test_plain_arrays_are_read_at_every_protocol(protocol, small_model, tmp_path):
    path = tmp_path / "model.pkl"
    model = {**small_model, "J_regressor": sparse.csr_matrix(small_model["J_regressor"]), "scale": np.float64(2.0)}
    path.write_bytes(pickle.dumps(model, protocol=protocol))
    loaded = read_pickle(path)
    for key in KEYS:
        np.testing.assert_array_equal(loaded[key], small_model[key])


class _Runs:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (_Runs(os.system, "touch {target}"), "posix.system"),
        (_Runs(eval, "open('{target}', 'w')"), "eval"),
        (_Runs(os.mkdir, "{target}"), "posix.mkdir"),
        (_Runs(subprocess.check_call, ["touch", "{target}"]), "check_call"),
        (_Runs(np.load, "{target}"), "load"),
        (_Runs(getattr, "x", "upper"), "getattr"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_names_anything_else_is_refused_before_it_runs(call, named, protocol, small_model, tmp_path):
    target = tmp_path / "ran"
    function, arguments = call.call
    filled = [
        [part.replace("{target}", str(target)) for part in item] if isinstance(item, list)
        else item.replace("{target}", str(target)) for item in arguments
    ]  # fmt: skip
    path = tmp_path / "SMPL_FEMALE.pkl"
    path.write_bytes(pickle.dumps({**small_model, "extra": _Runs(function, *filled)}, protocol=protocol))
    with pytest.raises(UserError, match=named) as caught:
        convert_pickle(path, tmp_path / "SMPL_FEMALE.npz")
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["SMPL_FEMALE.pkl"]


@settings(max_examples=150)
@given(cut=st.integers(0, 4000), flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), max_size=4))
@example(cut=1, flips=[(670, 1)])  # a flag of a dtype that NumPy's own unpickling trusts
def test_a_damaged_pickle_is_refused_or_read_never_anything_else(cut, flips, tmp_path):
    data = bytearray(pickle.dumps({"v_template": np.zeros((4, 3)), "name": "x", "f": np.arange(3)}, protocol=2))
    for place, change in flips:
        data[place % len(data)] ^= change
    path = tmp_path / "damaged.pkl"
    path.write_bytes(bytes(data[: max(1, len(data) - cut % len(data))]))
    try:
        read_pickle(path)
    except UserError as error:
        assert str(path) in str(error)


def test_something_that_is_no_dictionary_is_refused(tmp_path):
    path = tmp_path / "list.pkl"
    path.write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(UserError, match="a list, not a dictionary"):
        read_pickle(path)


def test_a_conversion_that_fails_leaves_nothing(small_model, tmp_path):
    path = tmp_path / "SMPL_MALE.pkl"
    path.write_bytes(pickle.dumps({key: small_model[key] for key in KEYS if key != "weights"}))
    with pytest.raises(UserError, match="lacks weights"):
        convert_pickle(path, tmp_path / "SMPL_MALE.npz")
    assert [item.name for item in tmp_path.iterdir()] == ["SMPL_MALE.pkl"]
    with pytest.raises(UserError, match="no SMPL file"):
        convert_pickle(tmp_path / "absent.pkl", tmp_path / "absent.npz")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": np.zeros((40, 52))}, r"weights has shape \(40, 52\), SMPL's is \(40, 24\)"),
        ({"shapedirs": np.zeros((40, 3, 4))}, "10 or more"),
        ({"posedirs": np.full((40, 3, 207), np.nan)}, "posedirs holds a value that is not finite"),
        ({"f": np.array([[0, 1, 40]])}, "points past the 40 vertices"),
        ({"kintree_table": np.zeros((2, 24), dtype=int)}, "SMPL's tree"),
        ({"v_template": np.array(["a"])}, "not numbers"),
    ],
)
def test_wrong_arrays_are_named(change, words, small_model, tmp_path):
    path = tmp_path / "SMPL_FEMALE.npz"
    np.savez(path, **{**small_model, **change})
    with pytest.raises(UserError, match=words) as caught:
        load_npz(path)
    assert str(path) in str(caught.value)


def test_files_that_are_no_npz_are_named(small_model, tmp_path):
    path = tmp_path / "SMPL_FEMALE.npz"
    with pytest.raises(UserError, match="no SMPL file"):
        load_npz(path)
    np.savez(path, **{**small_model, "J_regressor": np.array([sparse.eye(3)], dtype=object)})
    with pytest.raises(UserError, match="convert the .pkl"):
        load_npz(path)
    whole = path.read_bytes()
    for damaged in (b"", b"not a zip", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="not a plain .npz"):
            load_npz(path)


def test_folders_are_searched_by_gender(tmp_path):
    with pytest.raises(UserError, match="no SMPL folder"):
        find_models(tmp_path / "absent")
    with pytest.raises(UserError, match="it wants SMPL_FEMALE.npz"):
        find_models(tmp_path)
    (tmp_path / "SMPL_FEMALE.pkl").touch()
    with pytest.raises(UserError, match="convert its 1 .pkl with `python -m garment_uv.body.convert_smpl"):
        find_models(tmp_path)
    for name in ("SMPL_FEMALE.npz", "SMPL_MALE.npz", "SMPL_NEUTRAL.npz"):
        (tmp_path / name).touch()
    assert {gender: path.name for gender, path in find_models(tmp_path).items()} == {
        0: "SMPL_FEMALE.npz", 1: "SMPL_MALE.npz"
    }  # fmt: skip
    (tmp_path / "model_f.npz").touch()
    with pytest.raises(UserError, match="leave one file per gender"):
        find_models(tmp_path)


def test_the_converter_command_says_one_line(tmp_path):
    command = [sys.executable, "-m", "garment_uv.body.convert_smpl", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == f"error: {tmp_path} holds no .pkl: give the folder of your SMPL download"
