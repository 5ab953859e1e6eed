"""What is recorded of every sweep and trial, in MLflow: runs found and written, records delivered, models fetched."""

from garment_sweeps.settings.environment import tracking_uri
from garment_sweeps.tracking.client import experiment_id_of, tracking_client
from garment_sweeps.tracking.sweep_run import SweepRun

__all__ = ["SweepRun", "experiment_id_of", "tracking_client", "tracking_uri"]
