"""Leaderboard, evaluation and the comparison page, on a sweep that was really trained."""

import csv
import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import trimesh
from rich.console import Console

from garment_sweeps.comparison.compare import compare, compare_at_end
from garment_sweeps.comparison.leaderboard import leaderboard
from garment_sweeps.comparison.runs import fetch_run
from garment_sweeps.comparison.sections import views
from garment_sweeps.comparison.table import leaderboard_table
from garment_sweeps.promotion.evaluate import evaluate, write_csv
from garment_sweeps.tracking import tracking_client
from garment_sweeps.tracking.model_artifact import GALLERY_ARTIFACT, SCORES_ARTIFACT
from garment_sweeps.tracking.runs import find_sweep
from garment_sweeps.trials.training import TrainingWork
from garment_uv.errors import UserError
from garment_uv.metrics.aggregate import side_by_side
from garment_uv.samples.source import FolderSource, iterate_samples
from garment_uv.training.model_file import load_model


def test_finals_are_ranked_before_stopped_trials_and_baselines_stand_beside_them(tracked):
    board = leaderboard(tracked.sweep)
    assert [row.name for row in board.trials] == ["good", "poor", "stopped"]
    assert board.best.name == "good" and board.trials[2].error_mm < board.best.error_mm
    assert [row.outcome for row in board.trials] == ["complete", "complete", "pruned"]
    assert {row.name for row in board.baselines} == {
        "body as garment",
        "class mean displacement",
        "class mean on body",
    }
    assert "training.epochs" in board.differing and "loss.uv" not in board.differing
    text = io.StringIO()
    Console(file=text, width=200).print(leaderboard_table(board))
    assert "body as garment" in text.getvalue() and "epochs" in text.getvalue()


def test_a_page_compares_runs_and_says_what_differs(tracked, tmp_path):
    compared = compare([f"{tracked.sweep}/good", tracked.runs["poor"]], tmp_path / "page.html")
    page = compared.path.read_text()
    assert compared.runs == ("good", "poor")
    assert "<td>training.epochs</td>" in page and "<td>loss.uv</td>" not in page
    assert "http:" not in page and "https:" not in page
    client = tracking_client()
    kept = client.download_artifacts(
        find_sweep(client, tracked.sweep).info.run_id, "comparison/index.html", str(tmp_path)
    )
    assert Path(kept).read_text() == page and compared.place.startswith("`garment ui`, then http://127.0.0.1:5000/#/")
    assert (
        page.count("canvas data-panel") == 2 * 3 and "too few" in page
    )  # two samples of one class: truth and two runs
    best = compare([tracked.sweep], tmp_path / "best.html")
    assert best.runs == ("good", "poor")  # the stopped one has less, after fewer epochs
    alone = compare([f"{tracked.sweep}/stopped"], tmp_path / "none.html").path.read_text()
    assert "None of these runs kept meshes" in alone and "Nothing: this is one run" in alone
    with pytest.raises(UserError, match="no trial 'x'"):
        compare([f"{tracked.sweep}/x"], tmp_path / "none.html")
    with pytest.raises(UserError, match="no sweep and no run"):
        compare(["0" * 32], tmp_path / "none.html")


def test_every_view_has_its_s2s_also_where_the_headline_was_of_other_samples(tracked, tmp_path):
    with_few = {"evaluation.split": "test", "evaluation.max_samples": 2, "evaluation.meshes": 3}
    config = load_model(tracked.home / "good" / "model")[1].with_values(with_few)
    work = TrainingWork(SimpleNamespace(cpus=1), config)
    folders = {name: tmp_path / name for name in (GALLERY_ARTIFACT, SCORES_ARTIFACT)}
    assert work.gallery(folders[GALLERY_ARTIFACT]) and work.scores(folders[SCORES_ARTIFACT])
    client = tracking_client()
    run = client.create_run(client.create_experiment("few", (tmp_path / "artifacts").as_uri()))
    for name, folder in folders.items():
        client.log_artifacts(run.info.run_id, str(folder), name)
    trial = fetch_run(client, "few", run, [])
    shown = {item.sample.key: item.sample_scores for item in work._trainer.evaluator.samples("test", "given", 3)}
    work.close()
    assert [item.key for item in trial.exhibits] == list(shown) and not set(shown) <= {s.sample for s in trial.scores}
    _, rows = views([trial])
    for row in rows:
        assert row.cells[0].note == " · ".join(f"{score.garment} {score.mean_mm:.1f}" for score in shown[row.key])


def test_a_page_that_cannot_be_made_at_a_sweeps_end_is_a_line_and_no_error(tracked):
    assert "2 trials side by side: " in compare_at_end(tracked.sweep)
    said = compare_at_end("no-such-sweep")
    assert said.startswith("no comparison page (") and said.endswith("`garment compare no-such-sweep` tries again")


def test_anyones_meshes_are_scored_by_the_same_protocol(tracked, tmp_path):
    offset = np.array([0.0, 0.0, 0.004], np.float32)
    for sample in iterate_samples(FolderSource(tracked.dataset), "test"):
        folder = tmp_path / sample.key
        folder.mkdir()
        for name, mesh in sample.garments.items():
            trimesh.Trimesh(mesh.vertices + offset, mesh.faces, process=False).export(folder / f"{name}.obj")
    model = str(tracked.home / "good" / "model")
    tables = evaluate(str(tracked.dataset), models=[model], meshes=[str(tmp_path)], segments="given")
    table = tables[str(tmp_path)]
    assert table.all.missing == 0
    assert 0 < table.all.mean_mm < 4.0 < tables[model].all.mean_mm
    write_csv(tables, tmp_path / "out" / "table.csv")
    rows = list(csv.DictReader((tmp_path / "out" / "table.csv").read_text().splitlines()))
    assert [row["s2s_mm"] for row in rows if row["class"] == "all"] == [
        f"{each.all.mean_mm:.4f}" for each in tables.values()
    ]
    shown = side_by_side(tables).splitlines()
    assert len(shown) == 3 and shown[2].startswith(str(tmp_path))


def test_smplicits_meshes_are_turned_and_renamed(tracked, tmp_path):
    """The truth, in the frame and under the labels that SMPLicit has for it, is found again where it has a label."""
    labels = {"Top": "7", "Tshirt": "5", "Trousers": "9", "Skirt": "12", "Jumpsuit": "5", "Dress": "12"}
    for sample in iterate_samples(FolderSource(tracked.dataset), "test"):
        folder = tmp_path / sample.key
        folder.mkdir()
        for name, mesh in sample.garments.items():
            # our towards the camera, right and up are its minus z, x and minus y
            turned = np.stack([mesh.vertices[:, 1], -mesh.vertices[:, 2], -mesh.vertices[:, 0]], axis=1)
            trimesh.Trimesh(turned, mesh.faces, process=False).export(folder / f"{labels[name]}.obj")
        trimesh.creation.box().export(folder / "18.obj")
    name = f"smplicit:{tmp_path}"
    table = evaluate(str(tracked.dataset), meshes=[name])[name]
    assert table.all.mean_mm < 1e-3
    assert {each for each, row in table.classes.items() if row.missing} == {"Jumpsuit", "Dress"}


def test_what_cannot_be_scored_is_refused_in_one_line(tracked, tmp_path):
    with pytest.raises(UserError, match="at least one system"):
        evaluate(str(tracked.dataset))
    with pytest.raises(UserError, match="given twice"):
        evaluate(str(tracked.dataset), meshes=["a", "a"])
    with pytest.raises(UserError, match="is missing: put one mesh"):
        evaluate(str(tracked.dataset), meshes=[str(tmp_path)])
    key = next(iterate_samples(FolderSource(tracked.dataset), "test")).key
    (tmp_path / key).mkdir()
    (tmp_path / key / "Hat.obj").write_text("v 0 0 0\n")
    with pytest.raises(UserError, match="no garment class"):
        evaluate(str(tracked.dataset), meshes=[str(tmp_path)])
    (tmp_path / key / "Hat.obj").rename(tmp_path / key / "Top.obj")
    with pytest.raises(UserError, match="Top.obj"):
        evaluate(str(tracked.dataset), meshes=[str(tmp_path)])
