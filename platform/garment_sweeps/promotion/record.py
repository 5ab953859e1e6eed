"""What stays of a promotion: with the trial's run, in its sweep's decision log, and with the model version if any."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from garment_sweeps.promotion.champion import MODEL_NAME
from garment_sweeps.promotion.evidence import TEST_TAG, Evidence
from garment_sweeps.settings.environment import Settings
from garment_sweeps.study.decisions import DecisionLog, write_file
from garment_sweeps.study.journal import DirectJournal
from garment_sweeps.study.lease import sweep_lease
from garment_sweeps.study.state import log_file
from garment_sweeps.study.study import open_storage, study_exists
from garment_sweeps.tracking import tags
from garment_sweeps.tracking.code_state import git_commit
from garment_sweeps.tracking.model_artifact import fetch_model
from garment_sweeps.tracking.provenance import user
from garment_sweeps.tracking.types import MlflowClient
from garment_uv.errors import UserError

INFERENCE_ARTIFACT = "inference"
"""Artifact folder of a promoted trial's run, beside its model: the same model as one program."""
INFERENCE_TAG = "garment.inference_sha256"
"""On a version: sha256 of its program."""
FOLDER = "promotion"
"""Artifact folder of a trial's run: one JSON file for each promotion that was tried."""


def record_on_run(client: MlflowClient, evidence: Evidence, why: str) -> None:
    """Keeps the evidence beside the trial's model, and its test error for the next one to reproduce."""
    now, run = datetime.now(UTC), evidence.candidate.run
    kept = {"by": user(), "at": now.isoformat(timespec="seconds"), "why": why, "passed": evidence.passed}
    client.log_dict(run.info.run_id, kept | plain(evidence), f"{FOLDER}/{now:%Y%m%dT%H%M%S%fZ}.json")
    if evidence.error_mm is not None and TEST_TAG not in run.data.tags:
        client.set_tag(run.info.run_id, TEST_TAG, repr(evidence.error_mm))


def record_on_version(client: MlflowClient, version: str, evidence: Evidence, why: str) -> None:
    """Who, when, why and the gate table, as tags to read by machine and as the description that the UI shows."""
    at, by, candidate = datetime.now(UTC).isoformat(timespec="seconds"), user(), evidence.candidate
    found = plain(evidence)
    values = {
        tags.DATASET: candidate.dataset,
        tags.SWEEP: candidate.sweep,
        TEST_TAG: repr(evidence.error_mm),
        "garment.metric": candidate.measure.metric,
        "garment.test_s2s": json.dumps(found["test"]),
        "garment.test_s2s_predicted_segments": json.dumps(found["test_predicted"]),
        "garment.gates": json.dumps(found["gates"]),
        "garment.promoted_by": by,
        "garment.promoted_at": at,
        "garment.promoted_why": why,
    }
    for name, value in values.items():
        client.set_model_version_tag(MODEL_NAME, version, name, value)
    head = f"{why}\n\nTrial {candidate.trial.name} of sweep {candidate.sweep}, by {by} at {at}."
    rows = [f"| {gate.name} | {gate.demand} | {gate.found} |" for gate in evidence.gates]
    described = "\n".join([head, "", "| gate | demand | found |", "|---|---|---|", *rows])
    client.update_model_version(MODEL_NAME, version, described)


def keep_inference_model(client: MlflowClient, version: str, run_id: str) -> None:
    """Writes the model as one program beside it, once for each version; UserError where it does not come back exact."""
    from garment_uv.inference.export import export_model, program_sha256

    if INFERENCE_TAG in client.get_model_version(MODEL_NAME, version).tags:
        return
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / INFERENCE_ARTIFACT
        export_model(fetch_model(client, run_id, Path(temporary) / "model"), folder)
        client.log_artifacts(run_id, str(folder), INFERENCE_ARTIFACT)
        client.set_model_version_tag(MODEL_NAME, version, INFERENCE_TAG, program_sha256(folder))


def log_promotion(evidence: Evidence, version: str | None) -> None:
    """Appends a 'champion' event; a training that was no sweep has no log, and none is begun for it.

    A promotion does not fail for want of its log: where a driver is running the sweep, or the study's database does
    not answer, that is said on stderr. The registered version has the gates as well.
    """
    settings, candidate = Settings.from_environment(), evidence.candidate
    event = {
        "trial": candidate.trial.name,
        "decision": "promoted" if evidence.passed else "refused",
        "version": version,
        "inputs": {"gates": [asdict(gate) for gate in evidence.gates]},
    }
    try:
        storage = open_storage(settings.study_url)
        if not study_exists(storage, candidate.sweep):
            return
        with sweep_lease(storage.engine, candidate.sweep) as lease:
            log = DecisionLog(candidate.sweep, DirectJournal(), storage.engine, lease.guard)
            log.append("champion", **event)
            write_file(log.read(), log_file(settings.home, candidate.sweep))
    except UserError as error:
        print(f"garment: the decision log lacks this promotion: {error}", file=sys.stderr)


def plain(evidence: Evidence) -> dict[str, Any]:
    """The evidence as JSON types."""
    candidate = evidence.candidate
    return {
        "sweep": candidate.sweep,
        "trial": candidate.trial.name,
        "dataset_version": candidate.dataset,
        "model_sha256": candidate.sha256,
        "git_commit": git_commit(),
        "metric": candidate.measure.metric,
        "champion": evidence.champion,
        "gates": [asdict(gate) for gate in evidence.gates],
        "test": evidence.test.plain() if evidence.test else None,
        "test_predicted": evidence.test_predicted.plain() if evidence.test_predicted else None,
    }
