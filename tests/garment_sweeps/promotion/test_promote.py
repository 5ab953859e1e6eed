"""Promotion: gates that hold, one version per model, and the way back."""

import json
import shutil

import optuna
import pytest

from garment_sweeps.promotion import CHAMPION, champion_folder, promote, rollback
from garment_sweeps.promotion.champion import MODEL_NAME, changing_champion, crown, register, version_of_alias
from garment_sweeps.study.decisions import read_file
from garment_sweeps.study.study import open_storage
from garment_sweeps.tracking import tags, tracking_client
from garment_uv.errors import UserError
from garment_uv.training.model_file import load_model


def test_the_best_complete_trial_is_promoted_once_and_can_be_used(tracked):
    dry = promote(tracked.sweep, dry_run=True)
    client = tracking_client()
    assert dry.trial == "good" and dry.version is None
    assert version_of_alias(client, CHAMPION) is None
    assert dry.passed, [gate for gate in dry.gates if not gate.passed]
    storage = open_storage(f"sqlite:///{tracked.home}/optuna.db")
    optuna.create_study(storage=storage, study_name=tracked.sweep)
    first = promote(tracked.sweep)
    second = promote(tracked.sweep)
    log = read_file(tracked.home / "decisions" / f"{tracked.sweep}.jsonl")
    assert [(e["kind"], e["trial"], e["decision"], e["version"]) for e in log] == 2 * [
        ("champion", "good", "promoted", "1")
    ]
    assert [gate["name"] for gate in log[0]["inputs"]["gates"]] == [gate.name for gate in first.gates]
    assert first.version == second.version == "1"
    champion = version_of_alias(client, CHAMPION)
    assert str(champion.version) == "1" and champion.run_id == tracked.runs["good"]
    gates = json.loads(champion.tags["garment.gates"])
    assert [gate["passed"] for gate in gates] == [True] * len(gates)
    assert champion.tags["garment.promoted_why"].startswith("best trial of sweep cylinders")
    _, config, _ = load_model(champion_folder())
    assert config.data.uri == str(tracked.dataset)
    with pytest.raises(UserError, match="no earlier champion"):
        rollback()
    poor = client.get_run(tracked.runs["poor"])
    other = register(client, poor.info.run_id, poor.data.tags[tags.MODEL_SHA256], "")
    crown(client, str(other.version), "to be rolled back", "1")
    assert rollback() == ("1", str(other.version))
    assert str(version_of_alias(client, CHAMPION).version) == "1"
    assert len(client.search_model_versions(f"name = '{MODEL_NAME}'")) == 2
    back = client.get_model_version(MODEL_NAME, "1")
    assert back.tags["garment.promoted_why"].startswith("best trial of sweep cylinders")
    assert [event["why"] for event in json.loads(back.tags["garment.history"])][-1] == "rollback from version 2"


def test_a_dataset_that_changed_stops_promotion(tracked, tmp_path):
    manifest = tracked.dataset / "manifest.json"
    kept = tmp_path / "manifest.json"
    shutil.copy(manifest, kept)
    values = json.loads(manifest.read_text())
    values["left_out"] = [{"split": "train", "sequence": "00001", "reason": "damaged"}]
    manifest.write_text(json.dumps(values))
    try:
        result = promote(tracked.sweep, dry_run=True)
    finally:
        shutil.copy(kept, manifest)
    assert [gate.name for gate in result.gates if not gate.passed] == ["same dataset"]


def test_a_sweep_that_is_not_there(tracked):
    with pytest.raises(UserError, match="there is: cylinders"):
        promote("nothing")


def test_a_second_promotion_at_once_is_refused_and_changes_nothing(tracked):
    client = tracking_client()
    before = client.search_model_versions(f"name = '{MODEL_NAME}'")
    with changing_champion():
        with pytest.raises(UserError, match="'promotion of garment-uv' is being run by process"):
            promote(tracked.sweep)
        with pytest.raises(UserError, match="is being run by process"):
            rollback()
        assert promote(tracked.sweep, dry_run=True).passed
    assert client.search_model_versions(f"name = '{MODEL_NAME}'") == before


def test_a_champion_that_changed_meanwhile_is_not_overwritten(tracked):
    client = tracking_client()
    now = str(version_of_alias(client, CHAMPION).version)
    with pytest.raises(UserError, match=f"has changed to version {now} meanwhile"):
        crown(client, "2", "compared with nobody", None)
    assert str(version_of_alias(client, CHAMPION).version) == now
