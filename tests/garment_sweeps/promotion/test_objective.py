"""A sweep of dresses: ranked, compared and promoted by the error of dresses, in a real MLflow store."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from garment_sweeps.comparison.compare import compare
from garment_sweeps.comparison.leaderboard import leaderboard
from garment_sweeps.promotion import promote
from garment_sweeps.promotion.evidence import TEST_TAG
from garment_sweeps.promotion.gates import GatesConfig
from garment_sweeps.tracking import SweepRun, tracking_client
from garment_sweeps.tracking.runs import find_sweep
from garment_uv.classes import CLASS_IDS
from garment_uv.metrics.baselines import baseline_tables
from garment_uv.samples.source import FolderSource
from garment_uv.training.evaluate import evaluate_model
from tests.garment_sweeps.promotion.crafted import changed, moved, track


@pytest.fixture(scope="module")
def dresses(trained_home, tmp_path_factory):
    """A sweep by s2s/Dress of two trials: one is better overall, the other one in dresses."""
    home = tmp_path_factory.mktemp("dresses")
    shutil.copy(trained_home.home / "mlflow.db", home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GARMENT_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        source, good = FolderSource(trained_home.dataset), trained_home.home / "good" / "model"
        models = {
            "overall": changed(good, home / "overall", moved(0.01, CLASS_IDS["Dress"])),
            "dresses": changed(good, home / "dresses", moved(0.03, CLASS_IDS["Jumpsuit"])),
        }
        sweep = SweepRun.start("promotion", "by-dresses", {"trials": 2, "metric": "s2s/Dress"})
        baselines = {name: table.to_dict() for name, table in baseline_tables(source, "val").items()}
        sweep.log_baselines(baselines)
        tables = {name: evaluate_model(model, source, "val").to_dict() for name, model in models.items()}
        for name, model in models.items():
            track(trained_home.dataset, model, "by-dresses", trial=name, metrics=tables[name])
        yield SimpleNamespace(tables=tables, models=models, baselines=baselines, source=source)


def test_a_sweep_of_dresses_is_ranked_and_compared_by_dresses(dresses, tmp_path):
    tables = dresses.tables
    assert tables["overall"]["s2s/all"] < tables["dresses"]["s2s/all"]  # or this would show nothing
    assert tables["dresses"]["s2s/Dress"] < tables["overall"]["s2s/Dress"]
    board = leaderboard("by-dresses")
    assert board.objective == "s2s/Dress" and [row.name for row in board.trials] == ["dresses", "overall"]
    assert board.best.mean_mm == pytest.approx(tables["dresses"]["s2s/Dress"])
    by_dresses = sorted(dresses.baselines, key=lambda name: dresses.baselines[name]["s2s/Dress"])
    assert [row.name for row in board.baselines] == [name.replace("_", " ") for name in by_dresses]
    client = tracking_client()
    logged = find_sweep(client, "by-dresses").data.metrics
    assert logged["baselines/body_as_garment"] == dresses.baselines["body_as_garment"]["s2s/Dress"]
    page = compare(["by-dresses"], tmp_path / "page.html")
    assert page.runs == ("dresses", "overall")
    text = page.path.read_text()
    assert f"ranked by S2S of Dress · best baseline: {by_dresses[0].replace('_', ' ')}, " in text
    assert "<th>run</th><th>Dress</th><th>all</th>" in text and text.count("<h3>S2S of Dress, mm</h3>") == 1


def test_a_sweep_of_dresses_is_promoted_by_dresses(dresses):
    config = GatesConfig(least_sequences=2)
    first = promote("by-dresses", config=config)
    test = evaluate_model(dresses.models["dresses"], dresses.source, "test")
    assert first.trial == "dresses" and first.passed, first.gates
    demands = {gate.name: (gate.demand, gate.found) for gate in first.gates}
    assert demands["reproduces validation"][0].startswith("validation S2S of Dress within 0.001 mm")
    baseline = baseline_tables(dresses.source, "test")["body_as_garment"].classes["Dress"].mean_mm
    found = f"{test.classes['Dress'].mean_mm:.2f} mm"
    assert demands["beats body_as_garment"] == (f"test S2S of Dress below {baseline:.2f} mm", found)
    tags = tracking_client().get_model_version("garment-uv", first.version).tags
    assert float(tags[TEST_TAG]) == pytest.approx(test.classes["Dress"].mean_mm)
    assert tags["garment.metric"] == "s2s/Dress" and f"test S2S of Dress {found}" in tags["garment.promoted_why"]
    SweepRun.start("promotion", "worse-dresses", {"trials": 1, "metric": "s2s/Dress"})
    track(Path(dresses.source.uri), dresses.models["overall"], "worse-dresses", metrics=dresses.tables["overall"])
    worse = promote("worse-dresses", dry_run=True, config=config)
    (gate,) = [gate for gate in worse.gates if gate.name == "beats champion"]
    mm = evaluate_model(dresses.models["overall"], dresses.source, "test").classes["Dress"].mean_mm
    assert "interval of test S2S of Dress minus the champion's" in gate.demand and not gate.passed
    assert gate.found.startswith(f"{mm - test.classes['Dress'].mean_mm:+.2f} mm, ")
    assert gate.found.endswith("over 3 sequences")
