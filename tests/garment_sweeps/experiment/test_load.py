"""Finding experiments, and saying in one line why one was not found."""

import pytest

from garment_sweeps.experiment import experiment_names, load_experiment
from garment_uv.errors import UserError

GOOD = """
from garment_sweeps.experiment import Experiment

def experiment():
    return Experiment(name="good", description="")

def small():
    return Experiment(name="small", description="")

def number():
    return 3
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "_private.py").write_text("")
    (tmp_path / "broken.py").write_text("def experiment(:\n")
    (tmp_path / "bad_import.py").write_text("import nothing_of_that_name\n")
    bad = "from garment_sweeps.experiment import *\ndef experiment():\n    return Experiment(name='Bad Name')\n"
    (tmp_path / "bad_value.py").write_text(bad)
    return tmp_path


def test_by_name_by_path_and_by_function(folder):
    assert load_experiment("good", folder).name == "good"
    assert load_experiment(str(folder / "good.py")).name == "good"
    assert load_experiment(f"{folder}/good.py:small").name == "small"
    assert load_experiment("good:small", folder).name == "small"
    assert experiment_names(folder) == ["bad_import", "bad_value", "broken", "good"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("nope", "there is bad_import, bad_value, broken, good"),
        ("good:nope", "its functions are: experiment, number, small"),
        ("good:number", "returned a int"),
        ("broken", "does not load: SyntaxError"),
        ("bad_import", "ModuleNotFoundError"),
        ("bad_value", "description"),
    ],
)
def test_one_line_says_what_is_wrong(folder, spec, said):
    with pytest.raises(UserError, match=said) as caught:
        load_experiment(spec, folder)
    assert "\n" not in str(caught.value)


def test_an_empty_folder_says_where_to_run(tmp_path):
    with pytest.raises(UserError, match="project's root"):
        load_experiment("quickstart", tmp_path)
