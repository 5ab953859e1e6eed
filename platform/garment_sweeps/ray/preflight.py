"""Looks, before any trial, whether a connected cluster could run them: in seconds, and not after an hour.

Alone, as a job on a cluster: `python -m garment_sweeps.ray.preflight EXPERIMENT`.
"""

import os
import secrets
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from garment_sweeps.experiment import Experiment
from garment_sweeps.experiment.load import experiment_with
from garment_sweeps.ray.findings import ClusterAnswers, Finding, findings_of
from garment_sweeps.ray.nodes import ClusterNode, cluster_nodes
from garment_sweeps.ray.probe import NodeAnswer, Question, answer, side_by_side, versions
from garment_sweeps.ray.session import quiet_ray, ray_session
from garment_sweeps.settings.code import code_digest
from garment_sweeps.settings.environment import Settings
from garment_sweeps.settings.masking import last_line
from garment_sweeps.settings.names import dataset_uri
from garment_sweeps.settings.urls import without_login, without_password
from garment_sweeps.storage.filesystem import manifest_digest, open_filesystem
from garment_sweeps.tracking import tracking_client, tracking_uri
from garment_uv.errors import UserError

MODE = "GARMENT_PREFLIGHT"
"""Environment variable: 'refuse', the default, 'warn' or 'off'."""
MODES = ("refuse", "warn", "off")
PATIENCE = "GARMENT_PREFLIGHT_SECONDS"
"""Environment variable: for all nodes together, starting their workers included."""
SECONDS = 20.0
CHECKS_SHARE = 0.75
"""Of these seconds, for the checks on one node."""
PER_MACHINE = 4
"""Nodes asked where many share one machine, as in a simulated cluster."""
SHOWN = 3
"""Findings named in the one line of an error."""


@dataclass(frozen=True)
class Needs:
    """What a sweep needs of the cluster, as far as it is known before the sweep is opened."""

    experiment: Experiment
    settings: Settings
    """Of this machine or job: where checkpoints and studies go."""
    dataset: str = ""
    """URI as every node reaches it; empty where no trial reads one."""
    tracking: str = ""
    """MLflow's URI, without a password; empty where nothing is tracked."""
    resumed: bool = False
    """Whether the sweep ran before."""

    @classmethod
    def of(cls, experiment: Experiment, settings: Settings, trains: bool, tracked: bool, resumed: bool) -> "Needs":
        """Of a sweep whose trials read the dataset where they train, and tell MLflow where they are tracked."""
        dataset = dataset_uri(experiment.base.data.uri, settings.home) if trains else ""
        return cls(experiment, settings, dataset, without_password(tracking_uri()) if tracked else "", resumed)


def check(needs: Needs) -> list[Finding]:
    """`preflight`, with what stops a sweep raised as one UserError; returns the rest, for the user to read.

    GARMENT_PREFLIGHT=warn raises nothing and GARMENT_PREFLIGHT=off does not even look.
    """
    mode = os.environ.get(MODE) or MODES[0]
    if mode not in MODES:
        raise UserError(f"{MODE} is {mode!r}; it takes {', '.join(MODES)}")
    if mode == "off":
        return []
    findings = preflight(needs)
    fatal = [finding for finding in findings if finding.fatal]
    if fatal and mode == "refuse":
        raise UserError(one_line(fatal))
    return findings


def one_line(fatal: list[Finding]) -> str:
    """The first findings, numbered where there are several, and how many more there are."""
    if len(fatal) == 1:
        return f"the cluster is not ready: {fatal[0].line()}"
    shown = " ".join(f"({i}) {finding.line()}" for i, finding in enumerate(fatal[:SHOWN], 1))
    more = f" and {len(fatal) - SHOWN} more" if len(fatal) > SHOWN else ""
    return f"the cluster is not ready: {shown}{more}"


def preflight(needs: Needs) -> list[Finding]:
    """Asks every node of the connected cluster at once, for 20 s at most, and says what is wrong.

    Each node, in a Ray task that needs no CPU, compares versions and code with the driver's, writes to and reads from
    the storage, asks the tracking server, reads the dataset's manifest (when trials train), counts the GPUs that torch
    sees, and looks at the disk of the home. Nodes that die meanwhile are left out. What may pass by itself, as a
    tracking server that is away or nodes that have yet to join, does not stop a sweep that ran before.
    """
    nodes, experiment, settings = cluster_nodes(), needs.experiment, needs.settings
    question = Question(
        storage=settings.storage.plain(),
        folder=f".preflight-{secrets.token_hex(6)}",
        token=secrets.token_hex(8),
        home=str(settings.home),
        tracking_uri=needs.tracking or None,
        dataset_uri=needs.dataset or None,
        gpus=bool(needs.dataset) and experiment.resources.gpus > 0,
        seconds=CHECKS_SHARE * _patience(),
    )
    with _token_in_storage(question, settings) as storage_wrong:
        answers, silent = _ask(nodes, question)
    if silent:
        nodes = _without_the_dead(nodes, silent)
    return findings_of(
        ClusterAnswers(
            nodes=nodes,
            resources=experiment.held,
            driver=_driver(question, storage_wrong),
            by_node=answers,
            silent={node.id: silent[node.id] for node in nodes if node.id in silent},
            resumed=needs.resumed,
            storage=settings.storage.uri,
            tracking=without_login(question.tracking_uri or ""),
            dataset=question.dataset_uri or "",
            study=without_login(settings.study_url),
        )
    )


def _patience() -> float:
    text = os.environ.get(PATIENCE) or str(SECONDS)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise UserError(f"{PATIENCE} is {text!r}; it takes a number of seconds, as {SECONDS:g}")
    return seconds


def _ask(nodes: list[ClusterNode], question: Question) -> tuple[dict[str, NodeAnswer], dict[str, str]]:
    """Each node's answer, and why there is none, by node id."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    task = ray.remote(num_cpus=0, max_retries=2)(answer)
    asked = {}
    for node in _some_per_machine(nodes):
        on_node = NodeAffinitySchedulingStrategy(node.id, soft=False)
        own = replace(question, gpus=question.gpus and node.gpus > 0)
        asked[task.options(scheduling_strategy=on_node).remote(own, node.id)] = node.id
    ready, late = ray.wait(list(asked), num_returns=len(asked), timeout=_patience())
    silent = {asked[ref]: f"no answer within {_patience():g} s" for ref in late}
    answers = {}
    for ref in ready:
        try:
            answers[asked[ref]] = ray.get(ref)
        except ray.exceptions.RayError as error:  # such as other code, or a runtime environment that cannot be made
            silent[asked[ref]] = f"no trial could start there ({last_line(error, 160)})"
    for ref in late:
        ray.cancel(ref, force=True)
    return answers, silent


def _without_the_dead(nodes: list[ClusterNode], silent: dict[str, str]) -> list[ClusterNode]:
    """Leaves out silent nodes that died meanwhile, whether Ray has noticed it or not: that is no fault to mend."""
    alive = {node.id for node in cluster_nodes()}
    return [node for node in nodes if node.id not in silent or (node.id in alive and node.reachable())]


def _some_per_machine(nodes: list[ClusterNode]) -> list[ClusterNode]:
    seen: Counter[str] = Counter()
    chosen = []
    for node in nodes:
        seen[node.machine] += 1
        if seen[node.machine] <= PER_MACHINE:
            chosen.append(node)
    return chosen


def _driver(question: Question, storage_wrong: str) -> NodeAnswer:
    """What the nodes are compared with."""
    uri = question.dataset_uri
    checks = {"dataset": lambda: {"manifest": manifest_digest(uri)}} if uri else {}
    _, facts = side_by_side(checks, question.seconds)  # whether it can be read is for the nodes to say
    return NodeAnswer(versions(), code_digest(), {"storage": storage_wrong} if storage_wrong else {}, facts)


@contextmanager
def _token_in_storage(question: Question, settings: Settings) -> Iterator[str]:
    """Keeps a token where the nodes must find it, for the length of the block; gives what went wrong, in words."""
    filesystem, root = open_filesystem(settings.storage, hasty=True)
    folder, wrong = f"{root}/{question.folder}", ""
    try:
        filesystem.create_dir(folder, recursive=True)
        with filesystem.open_output_stream(f"{folder}/driver") as stream:
            stream.write(question.token.encode())
    except OSError as error:
        wrong = last_line(error, 160)
    try:
        yield wrong
    finally:
        with suppress(OSError):  # an empty folder left behind harms nobody
            filesystem.delete_dir(folder)


def main(arguments: list[str]) -> int:
    """Prints every finding for an EXPERIMENT and PATH=VALUE..., and returns 1 where one of them would stop a sweep."""
    try:
        findings = look(experiment_with(arguments[0], tuple(arguments[1:])))
        for finding in findings:
            print(f"{'stops the sweep' if finding.fatal else 'note'}: {finding.line()}")
        if fatal := [finding for finding in findings if finding.fatal]:
            raise UserError(one_line(fatal))
    except UserError as error:
        print(f"garment: {error}", file=sys.stderr)
        return 1
    print("the cluster is ready")
    return 0


def look(experiment: Experiment) -> list[Finding]:
    """All findings for a sweep of the experiment on the cluster at RAY_ADDRESS; nothing of the sweep is begun."""
    quiet_ray()
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
