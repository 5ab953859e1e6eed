"""What cannot become a sweep is said before anything is started or made."""

import pytest

from garment_sweeps.study.state import log_file
from garment_sweeps.study.study import open_storage, study_exists
from garment_uv.errors import UserError
from tests.garment_sweeps.sweeping import run_sweep
from tests.garment_uv.samples.made import write_folder


def test_a_metric_of_a_class_that_nobody_wears_is_refused_and_leaves_nothing_behind(experiment, settings, tmp_path):
    write_folder(tmp_path / "set", tmp_path / "scratch")
    values = {"base.data.uri": str(tmp_path / "set"), "metric": "s2s/Dress"}
    with pytest.raises(UserError, match=r"'s2s/Dress' is measured on none .* which wear Tshirt \(3\), Trousers \(3\)"):
        run_sweep(experiment.with_values(values), settings=settings, tracked=False, resume=True)  # Ray not started yet
    assert not study_exists(open_storage(settings.study_url), "table")
    assert not (settings.home / "sweeps").exists() and not log_file(settings.home, "table").exists()
