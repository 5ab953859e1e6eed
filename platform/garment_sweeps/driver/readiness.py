"""Everything that is tried before a sweep makes anything: a sweep that is refused leaves no trace."""

from functools import partial

from garment_sweeps.ray.session import RayLink
from garment_sweeps.search.finalists import repeats_left
from garment_sweeps.search.warm_start import head_start
from garment_sweeps.settings.datasets import dataset_uri
from garment_sweeps.settings.environment import Settings
from garment_sweeps.settings.patience import patiently
from garment_sweeps.storage.filesystem import check_storage
from garment_sweeps.study.repeats import Repeats
from garment_sweeps.study.spec import (
    NOTHING_KNOWN,
    HeadStart,
    SweepRequest,
    SweepSpec,
    changes_of,
    in_words,
    is_free,
    overridden,
)
from garment_sweeps.study.state import OpeningChecks, SweepState
from garment_uv.errors import UserError


class Readiness(OpeningChecks):
    """Looks whether dataset, storage, MLflow and cluster are there for a sweep that begins or goes on.

    Args:
        settings: of this machine or job.
        request: what the caller asks for.
        link: to Ray, connected where there is something to run.
        trains: whether trials read the dataset.
        tracked: whether MLflow takes part.
    """

    def __init__(
        self, settings: Settings, request: SweepRequest, link: RayLink, trains: bool = True, tracked: bool = True
    ) -> None:
        self._settings = settings
        self._request = request
        self._link = link
        self._trains = trains
        self._tracked = tracked
        self._sources_checked = False

    def check(self, state: SweepState | None, spec: SweepSpec) -> None:
        """UserError where the sweep could not run; `state` is that of a sweep that goes on."""
        if state is not None:
            self._say_how_it_goes_on(spec)
        if state is not None or not self._sources_checked:
            self.check_sources(spec, goes_on=state is not None)
        if state is not None and not self.work_left(state):
            return
        if state is None and self._tracked and not self._request.overwrite:
            self._check_name()
        patiently(partial(check_storage, self._settings.storage), goes_on=state is not None)
        self._link.connect()
        self._check_room(spec)
        if self._settings.ray_address:
            self._preflight(spec, resumed=state is not None)

    def check_sources(self, spec: SweepSpec, goes_on: bool = False) -> None:
        """The part of it that needs no database: a wrong dataset or MLflow is said before anything is opened."""
        from garment_sweeps.tracking import tracking_client

        if self._trains:
            self._dataset_version(spec)
        if self._tracked and not goes_on:
            tracking_client()
        self._sources_checked = True

    def work_left(self, state: SweepState) -> bool:
        """Whether trials or repeats of finalists are left to run."""
        spec = state.spec
        return bool(state.open_trials(spec.trials) or repeats_left(state, Repeats(state)))

    def head_start(self, spec: SweepSpec) -> HeadStart:
        """What earlier sweeps give one that begins."""
        if not spec.warm_start:
            return NOTHING_KNOWN
        version = self._dataset_version(spec) if self._trains else ""
        return head_start(spec.experiment, list(spec.warm_start), version)

    def _say_how_it_goes_on(self, spec: SweepSpec) -> None:
        print(f"{self._request.name} goes on as it was begun: {spec.words()}", flush=True)
        if self._request.otherwise is None:
            return
        try:
            now = overridden(self._request.otherwise(), spec.overrides)
        except UserError:
            return  # its file is gone, and not needed
        changes = {path: pair for path, pair in changes_of(spec.experiment, now).items() if not is_free(path)}
        if changes:
            other = in_words(changes)
            print(f"note: the experiment's file has changed since, which does not count here: {other}", flush=True)

    def _dataset_version(self, spec: SweepSpec) -> str:
        """The manifest's digest; UserError where there is no dataset, or one that does not fit the experiment."""
        from garment_sweeps.experiment.dataset_check import check_against_dataset
        from garment_sweeps.storage import open_source

        manifest = open_source(dataset_uri(spec.experiment.base.data.uri, self._settings.home)).manifest
        check_against_dataset(spec.experiment, manifest)
        return manifest.digest()

    def _check_name(self) -> None:
        from garment_sweeps.tracking import tracking_client
        from garment_sweeps.tracking.sweep_run import sweep_or_none

        if sweep_or_none(tracking_client(), self._request.name) is not None:
            raise UserError(
                f"a sweep named {self._request.name!r} exists (a run in MLflow, whose study is not here): give another "
                "--name, or begin anew with --overwrite, which removes it"
            )

    def _check_room(self, spec: SweepSpec) -> None:
        from garment_sweeps.ray.nodes import trial_places

        trial_places(spec.experiment, self._settings)

    def _preflight(self, spec: SweepSpec, resumed: bool) -> None:
        from garment_sweeps.ray.preflight import Needs, check

        needs = Needs.of(spec.experiment, self._settings, self._trains, self._tracked, resumed)
        for finding in check(needs):
            print(f"note: {finding.line()}", flush=True)
