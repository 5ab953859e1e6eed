"""The experiment that `experiments/README.md` teaches loads as it is printed there."""

import re
from pathlib import Path

from garment_sweeps.experiment.load import load_experiment

ROOT = Path(__file__).parents[3]


def test_the_documented_experiment_loads(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    text = (ROOT / "experiments" / "README.md").read_text()
    (tmp_path / "judge.py").write_text(re.search(r"```python\n(.*?)```", text, re.S)[1])
    experiment = load_experiment(str(tmp_path / "judge.py"))
    assert experiment.name == "judge"
    paths = [parameter.path for parameter in experiment.space.parameters]
    assert paths == ["loss.feature_matching", "loss.adversarial"]
    assert experiment.base == load_experiment("quickstart").base


def test_every_experiment_of_the_folder_is_in_its_table():
    text = (ROOT / "experiments" / "README.md").read_text()
    named = set(re.findall(r"^\| `(\w+)` \| ", text, re.M))
    assert {path.stem for path in (ROOT / "experiments").glob("*.py")} <= named
