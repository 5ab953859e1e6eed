"""What stays of a promotion: with the trial's run always, with the model version where there is one."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from garment_sweeps.promotion.evidence import TEST_TAG, Candidate, Evidence
from garment_sweeps.promotion.registry import MODEL_NAME
from garment_sweeps.tracking import tags
from garment_sweeps.tracking.code_state import git_commit
from garment_sweeps.tracking.model_artifact import fetch_model
from garment_sweeps.tracking.provenance import user

if TYPE_CHECKING:
    from mlflow import MlflowClient

INFERENCE_ARTIFACT = "inference"
"""Artifact folder of a promoted trial's run, beside its model: the same model as one program."""
INFERENCE_TAG = "garment.inference_sha256"
"""On a version: sha256 of its program."""
FOLDER = "promotion"
"""Artifact folder of a trial's run: one JSON file for each promotion that was tried."""


def record_on_run(client: "MlflowClient", candidate: Candidate, evidence: Evidence, why: str) -> None:
    """Keeps the evidence beside the trial's model, and its test error for the next one to reproduce."""
    now, run_id = datetime.now(UTC), candidate.run.info.run_id
    kept = {"by": user(), "at": now.isoformat(timespec="seconds"), "why": why, "passed": evidence.passed}
    client.log_dict(run_id, kept | plain(candidate, evidence), f"{FOLDER}/{now:%Y%m%dT%H%M%S%fZ}.json")
    error_mm = evidence.error_mm(candidate.measure)
    if error_mm is not None and TEST_TAG not in candidate.run.data.tags:
        client.set_tag(run_id, TEST_TAG, repr(error_mm))


def record_on_version(client: "MlflowClient", version: str, candidate: Candidate, evidence: Evidence, why: str) -> None:
    """Who, when, why and the gate table, as tags to read by machine and as the description that the UI shows."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    found = plain(candidate, evidence)
    values = {
        tags.DATASET: candidate.dataset,
        tags.SWEEP: candidate.sweep,
        TEST_TAG: repr(evidence.error_mm(candidate.measure)),
        "garment.metric": candidate.measure.metric,
        "garment.test_s2s": json.dumps(found["test"]),
        "garment.test_s2s_predicted_segments": json.dumps(found["test_predicted"]),
        "garment.gates": json.dumps(found["gates"]),
        "garment.promoted_by": user(),
        "garment.promoted_at": at,
        "garment.promoted_why": why,
    }
    for name, value in values.items():
        client.set_model_version_tag(MODEL_NAME, version, name, value)
    client.update_model_version(MODEL_NAME, version, _described(candidate, evidence, why, at))


def keep_inference_model(client: "MlflowClient", version: str, run_id: str) -> None:
    """Writes the model as one program beside it, once for each version; UserError where it does not come back exact."""
    from garment_uv.inference.export import export_model, program_sha256

    if INFERENCE_TAG in client.get_model_version(MODEL_NAME, version).tags:
        return
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / INFERENCE_ARTIFACT
        export_model(fetch_model(client, run_id, Path(temporary) / "model"), folder)
        client.log_artifacts(run_id, str(folder), INFERENCE_ARTIFACT)
        client.set_model_version_tag(MODEL_NAME, version, INFERENCE_TAG, program_sha256(folder))


def plain(candidate: Candidate, evidence: Evidence) -> dict[str, Any]:
    """The evidence as JSON types."""
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


def _described(candidate: Candidate, evidence: Evidence, why: str, at: str) -> str:
    rows = [f"| {gate.name} | {gate.demand} | {gate.found} |" for gate in evidence.gates]
    head = f"{why}\n\nTrial {candidate.trial.name} of sweep {candidate.sweep}, by {user()} at {at}."
    return "\n".join([head, "", "| gate | demand | found |", "|---|---|---|", *rows])
