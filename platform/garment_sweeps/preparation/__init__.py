"""Preparing a dataset on a cluster: raw sequences from S3, staging in S3, and Ray's workers as the crew."""

from garment_sweeps.preparation.ray_crew import RayCrew
from garment_sweeps.preparation.s3_raw import open_raw

__all__ = ["RayCrew", "open_raw"]
