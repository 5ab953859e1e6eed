import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from garment_uv.datasets.cloth3d.info import GarmentInfo, read_info, write_info
from garment_uv.errors import UserError
from tests.garment_uv.written import same


@pytest.mark.parametrize("frames", [1, 2, 3, 72, 200])
def test_what_was_written_is_read_back(tmp_path, make_info, frames):
    info = make_info(frames)
    write_info(tmp_path / "info.mat", info)
    found = read_info(tmp_path / "info.mat")
    assert same(found.plain(), info.plain())
    assert found.poses.shape == (frames, 72) and found.trans.shape == (frames, 3)
    assert found.outfit["Top"].texture_data["pattern"] == "14.png"
    assert found.lights_data[0]["pwr"] == 75.5


def test_the_file_has_the_datasets_own_layout(tmp_path, make_info):
    write_info(tmp_path / "info.mat", make_info(5))
    raw = scipy.io.loadmat(tmp_path / "info.mat", squeeze_me=True, struct_as_record=False)
    assert raw["poses"].shape == (72, 5) and raw["trans"].shape == (3, 5) and raw["shape"].shape == (10,)
    assert raw["outfit"].Top.texture.data.scale == 0.6
    assert raw["lights"].type == "point" and isinstance(raw["seq"], str)


@pytest.mark.parametrize("compressed", [False, True])
def test_other_writers_files_are_read(tmp_path, make_info, compressed):
    """MATLAB and scipy write columns or rows, compressed or not, one light as a struct or several as an array."""
    info = make_info(1)
    tree = info.plain()
    tree |= {
        "poses": info.poses[0],
        "lights": {"type": "point", "data": np.array([(1.0, 2.0)], [("loc", "O"), ("pwr", "O")])},
    }
    scipy.io.savemat(tmp_path / "info.mat", tree, do_compression=compressed, oned_as="column")
    found = read_info(tmp_path / "info.mat")
    assert np.array_equal(found.poses, info.poses) and found.outfit["Skirt"].fabric == "silk"
    assert found.lights_data == [{"loc": 1.0, "pwr": 2.0}]


def test_the_same_info_gives_the_same_bytes(tmp_path, make_info):
    for name in ("a.mat", "b.mat"):
        write_info(tmp_path / name, make_info())
    assert (tmp_path / "a.mat").read_bytes() == (tmp_path / "b.mat").read_bytes()


def test_a_single_light_is_still_a_list(make_info, changed):
    info = changed(make_info(), lights_data={"loc": np.zeros(3), "pwr": 3.0})
    assert isinstance(info.lights_data, list) and len(info.lights_data) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shape": np.zeros(9)}, "shape must hold 10"),
        ({"poses": np.zeros((4, 71))}, "poses must be 72"),
        ({"poses": np.full((4, 72), np.nan)}, "poses holds a number that is not finite"),
        ({"trans": np.zeros((3, 3))}, "trans must be 3 numbers for each of 4"),
        ({"gender": 2}, "gender must be 0"),
        ({"seq": "105_\0"}, "seq must be a name that can be printed"),
        ({"zrot": "north"}, "zrot must be numbers"),
        ({"cam_loc": np.zeros(2)}, "cam_loc must hold 3"),
        ({"outfit": {}}, "at least one garment"),
        ({"outfit": {"Hat": GarmentInfo("silk", "color", 0.0)}}, "Hat; the garments are Top"),
    ],
)
def test_a_field_that_does_not_fit_is_refused(make_info, changed, change, said):
    with pytest.raises(UserError, match=said) as caught:
        changed(make_info(), **change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("lost", ["poses", "lights", "outfit", "camLoc"])
def test_a_missing_key_is_named(tmp_path, make_info, lost):
    path = tmp_path / "info.mat"
    write_info(path, make_info())
    tree = {key: value for key, value in scipy.io.loadmat(path).items() if key != lost and key[0] != "_"}
    scipy.io.savemat(path, tree)
    with pytest.raises(UserError, match=f"info.mat: has no {lost}"):
        read_info(path)


@pytest.mark.parametrize(("key", "value"), [("outfit", 3.0), ("lights", "sun"), ("poses", "none"), ("gender", [1, 2])])
def test_a_key_of_another_kind_is_one_line(tmp_path, make_info, key, value):
    path = tmp_path / "info.mat"
    write_info(path, make_info())
    tree = {name: item for name, item in scipy.io.loadmat(path).items() if name[0] != "_"}
    scipy.io.savemat(path, {**tree, key: value})
    with pytest.raises(UserError, match="info.mat") as caught:
        read_info(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(UserError, match="info.mat: no such file"):
        read_info(tmp_path / "info.mat")


@settings(max_examples=60)
@given(data=st.binary(max_size=400))
def test_garbage_is_refused(tmp_path, data):
    (tmp_path / "info.mat").write_bytes(data)
    with pytest.raises(UserError, match="info.mat"):
        read_info(tmp_path / "info.mat")


@settings(max_examples=120)
@given(data=st.data())
def test_a_damaged_file_reads_or_is_refused(tmp_path, make_info, data):
    path = tmp_path / "info.mat"
    write_info(path, make_info(2))
    whole = bytearray(path.read_bytes())
    cut = data.draw(st.integers(0, len(whole)))
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(whole[:cut]) if data.draw(st.booleans()) else bytes(whole))
    try:
        read_info(path)
    except UserError as error:
        assert str(path) in str(error) and "\n" not in str(error)
