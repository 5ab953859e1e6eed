"""What a preflight's answers mean: pure rules from what the nodes said to what the user must mend."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from garment_sweeps.experiment.experiment import ResourcesConfig
from garment_sweeps.ray.nodes import ClusterNode, trial_nodes
from garment_sweeps.ray.probe import NodeAnswer

NEEDED_GIB, WANTED_GIB = 1.0, 5.0
"""Free space of the home's disk below which a sweep is refused, and below which the user is told."""
SHOWN_NODES = 4
LOGIN_WORDS = ("status 401", "status 403", "no password supplied", "authentication failed")
"""In what MLflow's server or its database says to one that it does not know."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, the nodes that have it, and how to mend it."""

    what: str
    mend: str
    nodes: tuple[str, ...] = ()
    fatal: bool = True
    """False for what the user should know and the sweep survives."""

    def line(self) -> str:
        """One line."""
        shown = ", ".join(self.nodes[:SHOWN_NODES])
        more = f" and {len(self.nodes) - SHOWN_NODES} more" if len(self.nodes) > SHOWN_NODES else ""
        who = f"{'nodes' if len(self.nodes) > 1 else 'node'} {shown}{more}: " if self.nodes else ""
        return f"{who}{self.what}; {self.mend}"


@dataclass(frozen=True)
class ClusterAnswers:
    """What was asked, of whom, and what came back."""

    nodes: list[ClusterNode]
    resources: ResourcesConfig
    driver: NodeAnswer
    by_node: dict[str, NodeAnswer]
    """By node id; a node that said nothing is not in it."""
    silent: dict[str, str]
    """By node id: why there is no answer."""
    storage: str
    tracking: str
    dataset: str
    study: str
    """URIs without passwords, '' for what is not used."""
    resumed: bool = False
    """Whether the sweep ran before: then what may pass by itself does not stop it."""


Rule = Callable[[ClusterAnswers], Iterable[Finding]]


def findings_of(answers: ClusterAnswers) -> list[Finding]:
    """Everything that is wrong, what stops a sweep first."""
    passing: tuple[Rule, ...] = (_room, _silence, _tracking)
    lasting: tuple[Rule, ...] = (_code, _versions, _dataset, _gpus, _disk, _one_machine, _head)
    if _away(answers, "storage"):
        passing = (*passing, _storage)
    else:
        lasting = (_storage, *lasting)
    findings = [finding for rule in passing for finding in rule(answers)]
    if answers.resumed:
        findings = [replace(finding, fatal=False) for finding in findings]
    findings += [finding for rule in lasting for finding in rule(answers)]
    return sorted(findings, key=lambda finding: not finding.fatal)


def _room(answers: ClusterAnswers) -> Iterable[Finding]:
    wanted, nodes = answers.resources, answers.nodes
    if any(node.room_for(wanted) for node in nodes):
        return
    needs = _count(wanted.cpus, "CPU") + (f" and {_count(wanted.gpus, 'GPU')}" if wanted.gpus else "")
    largest = max(nodes, key=lambda node: (node.gpus, node.cpus), default=None)
    has = "there is no node"
    if largest is not None:
        offers = f"{_count(largest.cpus, 'CPU')} and {_count(largest.gpus, 'GPU')}"
        has = f"the largest of {_count(len(nodes), 'node')} has {offers}"
    if wanted.gpus and not any(node.gpus for node in nodes):
        needs, has = _count(wanted.gpus, "GPU"), "no node has a GPU"
    mend = "add such nodes or lower the experiment's resources (GARMENT_PREFLIGHT=warn waits for nodes to join)"
    yield Finding(f"a trial needs {needs}: {has}", mend)


def _silence(answers: ClusterAnswers) -> Iterable[Finding]:
    mend = "look at it with `ray status`, restart or remove it, or raise GARMENT_PREFLIGHT_SECONDS"
    yield from _by_text(answers, answers.silent, lambda why: (why, mend))


def _code(answers: ClusterAnswers) -> Iterable[Finding]:
    other = {id: "" for id, answer in answers.by_node.items() if answer.code != answers.driver.code}
    what = "runs other code of garment-sweeps than the driver"
    mend = "use one image for all nodes, or send the code with `garment submit`"
    yield from _by_text(answers, other, lambda _: (what, mend))


def _versions(answers: ClusterAnswers) -> Iterable[Finding]:
    for package, wanted in answers.driver.versions.items():
        if package == "garment-sweeps":
            continue  # submitted code need not be installed; its digest is what counts
        other = {id: answer.versions.get(package, "") for id, answer in answers.by_node.items()}
        other = {id: version for id, version in other.items() if version != wanted}
        mend = f"install {package} {wanted} there, or use one image for all nodes"
        yield from _by_text(
            answers, other, lambda has, name=package, mend=mend, wanted=wanted: (  # type: ignore[misc]
                f"has {name} {has}, the driver {wanted}" if has else f"lacks {name}", mend
            ),
        )  # fmt: skip


def _storage(answers: ClusterAnswers) -> Iterable[Finding]:
    shared = "s3://" in answers.storage
    mend = (
        "give it keys, network and AWS_ENDPOINT_URL_S3 for the bucket"
        if shared
        else "set GARMENT_STORAGE to s3://bucket/prefix or to a folder that all nodes share"
    )
    if "storage" in answers.driver.wrong:
        why = answers.driver.wrong["storage"]
        yield Finding(f"GARMENT_STORAGE {answers.storage} does not work from the driver ({why})", mend)
        return
    yield from _by_text(
        answers,
        _wrong(answers, "storage"),
        lambda why: (f"GARMENT_STORAGE {answers.storage} does not work from there ({why})", mend),
    )


def _tracking(answers: ClusterAnswers) -> Iterable[Finding]:
    mend = "set MLFLOW_TRACKING_URI to an address that the nodes reach, as http://mlflow:5000"
    login = (
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or PGPASSWORD for a database, where Ray starts on "
        "that node: a login in the driver's MLFLOW_TRACKING_URI does not travel"
    )

    def finding_of(why: str) -> tuple[str, str]:
        if any(word in why for word in LOGIN_WORDS):
            return f"MLflow at {answers.tracking} refuses its login ({why})", login
        return f"MLflow at {answers.tracking} does not answer from there ({why})", mend

    yield from _by_text(answers, _wrong(answers, "tracking"), finding_of)


def _dataset(answers: ClusterAnswers) -> Iterable[Finding]:
    mend = "put it into S3 or a folder that all nodes share: garment data prepare --out s3://bucket/prefix"
    on_trial = _trial_ids(answers)
    wrong = {id: why for id, why in _wrong(answers, "dataset").items() if id in on_trial}
    yield from _by_text(
        answers, wrong, lambda why: (f"dataset {answers.dataset} cannot be read from there ({why})", mend)
    )
    wanted = answers.driver.facts.get("manifest")
    seen = {id: answer.facts.get("manifest") for id, answer in answers.by_node.items()}
    other = {id: "" for id, digest in seen.items() if id in on_trial and wanted and digest not in (None, wanted)}
    yield from _by_text(answers, other, lambda _: (f"another dataset lies at {answers.dataset} there", mend))


def _gpus(answers: ClusterAnswers) -> Iterable[Finding]:
    mend = "install a torch build for its CUDA, check the driver with nvidia-smi, or start it with the right --num-gpus"
    nodes = {node.id: node for node in answers.nodes}
    wrong = _wrong(answers, "gpus")
    for id, answer in answers.by_node.items():
        seen = answer.facts.get("gpus")
        if seen is not None and seen < nodes[id].gpus:
            wrong[id] = f"torch sees {seen} of them"
    with_gpus = {id: why for id, why in wrong.items() if nodes[id].gpus}
    yield from _by_text(answers, with_gpus, lambda why: (f"offers GPUs that torch cannot use ({why})", mend))


def _disk(answers: ClusterAnswers) -> Iterable[Finding]:
    for check, place, setting in (
        ("home", "GARMENT_HOME", "GARMENT_HOME"),
        ("cache", "the shard cache", "GARMENT_CACHE_DIR"),
    ):
        yield from _one_disk(answers, check, place, f"free some, or set {setting} to another disk there")


def _one_disk(answers: ClusterAnswers, check: str, place: str, mend: str) -> Iterable[Finding]:
    on_trial = _trial_ids(answers)
    wrong = {id: why for id, why in _wrong(answers, check).items() if id in on_trial}
    yield from _by_text(answers, wrong, lambda why: (f"{place} does not work there ({why})", mend))
    for bound, above, fatal in ((NEEDED_GIB, 0.0, True), (WANTED_GIB, NEEDED_GIB, False)):
        free = {id: answer.facts.get(f"{check}_gib", WANTED_GIB) for id, answer in answers.by_node.items()}
        low = {id: f"{gib:.1f}" for id, gib in free.items() if id in on_trial and above <= gib < bound}
        yield from _by_text(answers, low, lambda gib: (f"{gib} GiB free for {place}", mend), fatal)


def _one_machine(answers: ClusterAnswers) -> Iterable[Finding]:
    machines = len({node.machine for node in answers.nodes})
    if machines < 2:
        return
    if answers.tracking.startswith("sqlite:"):
        yield Finding(
            f"MLflow's store is an SQLite file, which trials on {machines} machines cannot write to together",
            "start `mlflow server` and set MLFLOW_TRACKING_URI=http://host:5000",
        )
    if answers.study.startswith("sqlite:"):
        yield Finding(
            "the study lies in an SQLite file of the driver's machine: only there can --resume go on with it",
            "set GARMENT_OPTUNA_STORAGE=postgresql://... to be free of that machine",
            fatal=False,
        )


def _head(answers: ClusterAnswers) -> Iterable[Finding]:
    on_trial = _trial_ids(answers)
    if len(answers.nodes) > 1 and any(node.head and node.id in on_trial for node in answers.nodes):
        yield Finding(
            "only the head offers what a trial needs: trials run beside Ray's own services and the driver",
            "add nodes for the trials",
            fatal=False,
        )


def _count(number: float, name: str) -> str:
    return f"{number:g} {name}" + ("" if number == 1 else "s")


def _trial_ids(answers: ClusterAnswers) -> set[str]:
    """Nodes that will run trials."""
    allowed = trial_nodes(answers.nodes, answers.resources)
    return {node.id for node in allowed if node.room_for(answers.resources)}


def _away(answers: ClusterAnswers, check: str) -> bool:
    """Whether nobody reaches it: then it is the server that is away, and no node that is not in order."""
    return check in answers.driver.wrong or len(_wrong(answers, check)) == len(answers.by_node)


def _wrong(answers: ClusterAnswers, check: str) -> dict[str, str]:
    return {id: answer.wrong[check] for id, answer in answers.by_node.items() if check in answer.wrong}


def _by_text(
    answers: ClusterAnswers, texts: dict[str, str], finding_of: Callable[[str], tuple[str, str]], fatal: bool = True
) -> Iterable[Finding]:
    """One finding for all nodes that have the same text."""
    names = {node.id: node.name for node in answers.nodes}
    for text in dict.fromkeys(texts.values()):
        what, mend = finding_of(text)
        yield Finding(what, mend, tuple(names[id] for id, other in texts.items() if other == text), fatal)
