"""Studies on disk and a tabulated experiment."""

from tests.garment_sweeps.studies import experiment, storage, study

__all__ = ["experiment", "storage", "study"]
