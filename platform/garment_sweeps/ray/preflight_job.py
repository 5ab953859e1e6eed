"""The preflight alone, as a job on a cluster: `python -m garment_sweeps.ray.preflight_job EXPERIMENT`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from garment_sweeps.ray.session import quiet_ray
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from garment_sweeps.experiment import Experiment
    from garment_sweeps.ray.findings import Finding


def main(arguments: list[str]) -> int:
    """Prints every finding, a line each, and returns 1 where one of them would stop a sweep.

    Args:
        arguments: the experiment, then changes to its base config as PATH=VALUE.
    """
    from garment_sweeps.experiment.overrides import experiment_with
    from garment_sweeps.ray.preflight import one_line

    try:
        findings = look(experiment_with(arguments[0], tuple(arguments[1:])))
    except UserError as error:
        print(f"garment: {error}", file=sys.stderr)
        return 1
    for finding in findings:
        print(f"{'stops the sweep' if finding.fatal else 'note'}: {finding.line()}")
    fatal = [finding for finding in findings if finding.fatal]
    if fatal:
        print(f"garment: {one_line(fatal)}", file=sys.stderr)
        return 1
    print("the cluster is ready")
    return 0


def look(experiment: "Experiment") -> "list[Finding]":
    """All findings for a sweep of the experiment on the cluster at RAY_ADDRESS; nothing of the sweep is begun."""
    quiet_ray()
    from garment_sweeps.ray.preflight import Needs, preflight
    from garment_sweeps.ray.session import ray_session
    from garment_sweeps.settings.environment import Settings
    from garment_sweeps.tracking import tracking_client, tracking_uri

    settings = Settings.from_environment()
    if settings.ray_address is None:
        raise UserError("RAY_ADDRESS names no cluster to look at; set it, or use `garment submit --preflight-only`")
    uri = tracking_uri()
    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    else:
        tracking_client(uri)  # the driver needs it too
    with ray_session(settings.ray_address):
        return preflight(Needs.of(experiment, settings, trains=True, tracked=True, resumed=False))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
