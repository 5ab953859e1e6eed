"""`garment data benchmark`: it knows the sets that there are, and refuses in one line."""

import pytest

from garment_sweeps.cli.data import benchmark
from garment_sweeps.cli.main import main
from garment_uv.samples.sets import SETS, artist, open2k, open192


def test_the_command_knows_the_sets_and_their_sizes():
    options = {option.name: option for option in benchmark.params}
    assert tuple(options["name"].type.choices) == tuple(SETS)
    for module in (artist, open2k, open192):
        assert tuple(options["sizes"].type.choices) == tuple(module.SIZES) == tuple(module.RECORDED)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["artist"], "the set artist needs its clothes: give --clothes the folder"),
        (["artist", "--clothes", "none"], "none/public/data/proxies/clothes is not there"),
        (["open2k", "--share", "0"], "share"),
        (["open2k", "--share", "1.5"], "share"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line_and_nothing_is_written(
    arguments, said, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "benchmark", *arguments, "--out", "set"]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("garment: ") and said in line
    assert not list(tmp_path.iterdir())


def test_a_set_is_not_written_over_its_clothes(tmp_path, capsys):
    (tmp_path / "package").mkdir()
    command = [
        "data",
        "benchmark",
        "artist",
        "--clothes",
        str(tmp_path / "package"),
        "--out",
        str(tmp_path / "package"),
    ]
    assert main(command) == 1
    assert "would be written over files of the input" in capsys.readouterr().err
