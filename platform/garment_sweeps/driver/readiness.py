"""Everything that is tried before a sweep makes anything: a sweep that is refused leaves no trace."""

from dataclasses import dataclass
from functools import partial

from garment_sweeps.experiment import Experiment
from garment_sweeps.ray.nodes import trial_places
from garment_sweeps.ray.session import RayLink
from garment_sweeps.search.finalists import repeats_left
from garment_sweeps.search.warm_start import head_start
from garment_sweeps.settings.environment import Settings
from garment_sweeps.settings.names import dataset_uri
from garment_sweeps.settings.patience import patiently
from garment_sweeps.storage.filesystem import check_storage
from garment_sweeps.study.repeats import Repeats
from garment_sweeps.study.spec import (
    HeadStart,
    SweepRequest,
    SweepSpec,
    changes_of,
    in_words,
    is_free,
    overridden,
)
from garment_sweeps.study.state import OpeningChecks, SweepState
from garment_sweeps.tracking import tracking_client
from garment_sweeps.tracking.runs import sweep_or_none
from garment_uv.errors import UserError


@dataclass
class Readiness(OpeningChecks):
    """Looks whether dataset, storage, MLflow and cluster are there for a sweep that begins or goes on."""

    settings: Settings
    """Of this machine or job."""
    request: SweepRequest
    link: RayLink
    """Connected where there is something to run."""
    trains: bool = True
    """Whether trials read the dataset."""
    tracked: bool = True
    """Whether MLflow takes part."""
    _sources_checked: bool = False

    def check(self, state: SweepState | None, spec: SweepSpec) -> None:
        """UserError where the sweep could not run; `state` is that of a sweep that goes on."""
        if state is not None:
            self._say_how_it_goes_on(spec)
        if state is not None or not self._sources_checked:
            self.check_sources(spec.experiment, goes_on=state is not None)
        if state is not None and not self.work_left(state):
            return
        if state is None and self.tracked and not self.request.overwrite:
            self._check_name()
        patiently(partial(check_storage, self.settings.storage), goes_on=state is not None)
        self.link.connect()
        trial_places(spec.experiment, self.settings)
        if self.settings.ray_address:
            self._preflight(spec, resumed=state is not None)

    def check_sources(self, experiment: Experiment, goes_on: bool = False) -> None:
        """The part of it that needs no database: a wrong dataset or MLflow is said before anything is opened."""
        if self.trains:
            self._dataset_version(experiment)
        if self.tracked and not goes_on:
            tracking_client()
        self._sources_checked = True

    def work_left(self, state: SweepState) -> bool:
        """Whether trials or repeats of finalists are left to run."""
        return bool(state.open_trials(state.spec.trials) or repeats_left(state, Repeats(state)))

    def head_start(self, spec: SweepSpec) -> HeadStart:
        """What earlier sweeps give one that begins."""
        version = self._dataset_version(spec.experiment) if self.trains else ""
        return head_start(spec.experiment, list(spec.warm_start), version)

    def _say_how_it_goes_on(self, spec: SweepSpec) -> None:
        print(f"{self.request.name} goes on as it was begun: {spec.words()}", flush=True)
        if self.request.otherwise is None:
            return
        try:
            now = overridden(self.request.otherwise(), spec.overrides)
        except UserError:
            return  # its file is gone, and not needed
        changes = {path: pair for path, pair in changes_of(spec.experiment, now).items() if not is_free(path)}
        if changes:
            other = in_words(changes)
            print(f"note: the experiment's file has changed since, which does not count here: {other}", flush=True)

    def _dataset_version(self, experiment: Experiment) -> str:
        """The manifest's digest; UserError where there is no dataset, or one that does not fit the experiment."""
        from garment_sweeps.experiment.dataset_check import check_against_dataset
        from garment_sweeps.storage import open_source

        manifest = open_source(dataset_uri(experiment.base.data.uri, self.settings.home)).manifest
        check_against_dataset(experiment, manifest)
        return manifest.digest()

    def _check_name(self) -> None:
        if sweep_or_none(tracking_client(), self.request.name) is not None:
            raise UserError(
                f"a sweep named {self.request.name!r} exists (a run in MLflow, whose study is not here): give another "
                "--name, or begin anew with --overwrite, which removes it"
            )

    def _preflight(self, spec: SweepSpec, resumed: bool) -> None:
        from garment_sweeps.ray.preflight import Needs, check

        needs = Needs.of(spec.experiment, self.settings, self.trains, self.tracked, resumed)
        for finding in check(needs):
            print(f"note: {finding.line()}", flush=True)
