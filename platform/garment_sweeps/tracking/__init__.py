"""What is recorded of every sweep and trial, in MLflow."""

from garment_sweeps.settings.tracking_store import garment_home, tracking_uri
from garment_sweeps.tracking.settings import experiment_id_of, tracking_client
from garment_sweeps.tracking.sweep_run import SweepRun
from garment_sweeps.tracking.trial_run import TrialRun

__all__ = [
    "SweepRun",
    "TrialRun",
    "experiment_id_of",
    "garment_home",
    "tracking_client",
    "tracking_uri",
]
