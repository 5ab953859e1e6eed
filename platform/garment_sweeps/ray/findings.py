"""What a preflight's answers mean: pure rules from what the nodes said to what the user must mend."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from garment_sweeps.experiment import ResourcesConfig
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

    @cached_property
    def on_trial(self) -> set[str]:
        """Nodes that will run trials."""
        allowed = trial_nodes(self.nodes, self.resources)
        return {node.id for node in allowed if node.room_for(self.resources)}

    def wrong(self, check: str) -> dict[str, str]:
        """By node: why a check failed."""
        return {id: answer.wrong[check] for id, answer in self.by_node.items() if check in answer.wrong}

    def wrong_on_trial(self, check: str) -> dict[str, str]:
        """The same, of the nodes that will run trials."""
        return {id: why for id, why in self.wrong(check).items() if id in self.on_trial}

    def away(self, check: str) -> bool:
        """Whether nobody reaches it: then it is the server that is away, and no node that is not in order."""
        return check in self.driver.wrong or len(self.wrong(check)) == len(self.by_node)


Rule = Callable[[ClusterAnswers], Iterable[Finding]]


def findings_of(answers: ClusterAnswers) -> list[Finding]:
    """Everything that is wrong, what stops a sweep first."""
    passing: tuple[Rule, ...] = (_room, _silence, _tracking)
    lasting: tuple[Rule, ...] = (_code, _versions, _dataset, _gpus, _disk, _one_machine, _head)
    if answers.away("storage"):
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
    return _alike(answers, answers.silent, mend)


def _code(answers: ClusterAnswers) -> Iterable[Finding]:
    what, code = "runs other code of garment-sweeps than the driver", answers.driver.code
    mend = "use one image for all nodes, or send the code with `garment submit`"
    return _alike(answers, {id: what for id, answer in answers.by_node.items() if answer.code != code}, mend)


def _versions(answers: ClusterAnswers) -> Iterable[Finding]:
    for package, wanted in answers.driver.versions.items():
        if package == "garment-sweeps":
            continue  # submitted code need not be installed; its digest is what counts
        has = {id: answer.versions.get(package, "") for id, answer in answers.by_node.items()}
        other = {
            id: f"has {package} {version}, the driver {wanted}" if version else f"lacks {package}"
            for id, version in has.items()
            if version != wanted
        }
        mend = f"install {package} {wanted} there, or use one image for all nodes"
        yield from _alike(answers, other, mend)


def _storage(answers: ClusterAnswers) -> Iterable[Finding]:
    mend = "set GARMENT_STORAGE to s3://bucket/prefix or to a folder that all nodes share"
    if "s3://" in answers.storage:
        mend = "give it keys, network and AWS_ENDPOINT_URL_S3 for the bucket"
    what = f"GARMENT_STORAGE {answers.storage} does not work from"
    if "storage" in answers.driver.wrong:
        return [Finding(f"{what} the driver ({answers.driver.wrong['storage']})", mend)]
    return _alike(answers, {id: f"{what} there ({why})" for id, why in answers.wrong("storage").items()}, mend)


def _tracking(answers: ClusterAnswers) -> Iterable[Finding]:
    wrong, server = answers.wrong("tracking"), f"MLflow at {answers.tracking}"
    refused = {id: why for id, why in wrong.items() if any(word in why for word in LOGIN_WORDS)}
    yield from _alike(
        answers,
        {id: f"{server} refuses its login ({why})" for id, why in refused.items()},
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or PGPASSWORD for a database, where Ray starts on "
        "that node: a login in the driver's MLFLOW_TRACKING_URI does not travel",
    )
    away = {id: f"{server} does not answer from there ({wrong[id]})" for id in wrong if id not in refused}
    mend = "set MLFLOW_TRACKING_URI to an address that the nodes reach, as http://mlflow:5000"
    yield from _alike(answers, away, mend)


def _dataset(answers: ClusterAnswers) -> Iterable[Finding]:
    mend = "put it into S3 or a folder that all nodes share: garment data prepare --out s3://bucket/prefix"
    uri, wrong = answers.dataset, answers.wrong_on_trial("dataset")
    unread = {id: f"dataset {uri} cannot be read from there ({why})" for id, why in wrong.items()}
    yield from _alike(answers, unread, mend)
    wanted = answers.driver.facts.get("manifest")
    seen = {id: answer.facts.get("manifest") for id, answer in answers.by_node.items() if id in answers.on_trial}
    other = [id for id, digest in seen.items() if wanted and digest not in (None, wanted)]
    yield from _alike(answers, dict.fromkeys(other, f"another dataset lies at {uri} there"), mend)


def _gpus(answers: ClusterAnswers) -> Iterable[Finding]:
    mend = "install a torch build for its CUDA, check the driver with nvidia-smi, or start it with the right --num-gpus"
    offered = {node.id: node.gpus for node in answers.nodes}
    wrong = answers.wrong("gpus")
    for id, answer in answers.by_node.items():
        seen = answer.facts.get("gpus")
        if seen is not None and seen < offered[id]:
            wrong[id] = f"torch sees {seen} of them"
    useless = {id: f"offers GPUs that torch cannot use ({why})" for id, why in wrong.items() if offered[id]}
    return _alike(answers, useless, mend)


def _disk(answers: ClusterAnswers) -> Iterable[Finding]:
    for check, place, setting in (
        ("home", "GARMENT_HOME", "GARMENT_HOME"),
        ("cache", "the shard cache", "GARMENT_CACHE_DIR"),
    ):
        mend = f"free some, or set {setting} to another disk there"
        broken = {id: f"{place} does not work there ({why})" for id, why in answers.wrong_on_trial(check).items()}
        yield from _alike(answers, broken, mend)
        free = {id: answer.facts.get(f"{check}_gib", WANTED_GIB) for id, answer in answers.by_node.items()}
        for bound, above, fatal in ((NEEDED_GIB, 0.0, True), (WANTED_GIB, NEEDED_GIB, False)):
            low = {id: gib for id, gib in free.items() if id in answers.on_trial and above <= gib < bound}
            yield from _alike(answers, {id: f"{gib:.1f} GiB free for {place}" for id, gib in low.items()}, mend, fatal)


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
    if len(answers.nodes) > 1 and any(node.head and node.id in answers.on_trial for node in answers.nodes):
        yield Finding(
            "only the head offers what a trial needs: trials run beside Ray's own services and the driver",
            "add nodes for the trials",
            fatal=False,
        )


def _count(number: float, name: str) -> str:
    return f"{number:g} {name}" + ("" if number == 1 else "s")


def _alike(answers: ClusterAnswers, texts: dict[str, str], mend: str, fatal: bool = True) -> Iterable[Finding]:
    """One finding for all nodes of which the same is said."""
    names = {node.id: node.name for node in answers.nodes}
    for text in dict.fromkeys(texts.values()):
        yield Finding(text, mend, tuple(names[id] for id, other in texts.items() if other == text), fatal)
