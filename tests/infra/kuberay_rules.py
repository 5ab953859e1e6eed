"""What KubeRay's operator refuses of a RayCluster or RayJob though its schema allows it, as it is of version 1.6.

Written for these tests after the operator's own checks (`ray-operator/controllers/ray/utils/validation.go`): without an
operator at hand nothing else tells that a manifest will lie there and make no pod. Rules of features that ours does not
use (fault tolerance of the head, deletion strategies) are left out.
"""

import re
from typing import Any

LONGEST_CLUSTER, LONGEST_JOB = 53, 47
"""Characters of a name, so that those of its services and clusters are not cut off."""
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_AMOUNTS = {"num-cpus", "num-gpus", "memory", "resources"}


def check_rules(document: dict[str, Any]) -> None:
    """AssertionError, with the reason, where the operator would refuse a document that fits its schema."""
    spec, name = document["spec"], document["metadata"]["name"]
    if document["kind"] == "RayCluster":
        _name(name, LONGEST_CLUSTER)
        _cluster(spec)
        return
    _name(name, LONGEST_JOB)
    _job(spec)
    if "rayClusterSpec" in spec:
        _cluster(spec["rayClusterSpec"])


def _name(name: str, longest: int) -> None:
    assert len(name) <= longest, f"the name {name!r} has more than {longest} characters"
    assert _NAME.fullmatch(name), f"the name {name!r} is no DNS label that begins with a letter"


def _job(spec: dict[str, Any]) -> None:
    mode = spec.get("submissionMode", "K8sJobMode")
    assert ("rayClusterSpec" in spec) != bool(spec.get("clusterSelector")), "a cluster of its own, or one selected"
    assert spec.get("activeDeadlineSeconds", 1) > 0, "activeDeadlineSeconds must be positive"
    assert spec.get("backoffLimit", 0) >= 0, "backoffLimit is negative"
    assert spec.get("ttlSecondsAfterFinished", 0) >= 0, "ttlSecondsAfterFinished is negative"
    if not spec.get("shutdownAfterJobFinishes"):
        assert not spec.get("ttlSecondsAfterFinished"), "ttlSecondsAfterFinished needs shutdownAfterJobFinishes"
        assert not spec.get("suspend"), "suspend needs shutdownAfterJobFinishes"
    assert mode != "InteractiveMode" or not spec.get("backoffLimit"), "InteractiveMode knows no backoffLimit"
    assert mode != "SidecarMode" or not {"submitterPodTemplate", "submitterConfig"} & set(spec), "SidecarMode submits"
    auth = spec.get("rayClusterSpec", {}).get("authOptions", {})
    assert not auth.get("enableK8sTokenAuth"), "enableK8sTokenAuth is for RayClusters alone"


def _cluster(spec: dict[str, Any]) -> None:
    head, workers = spec["headGroupSpec"], spec.get("workerGroupSpecs", [])
    names = [group["groupName"] for group in workers]
    assert len(set(names)) == len(names), f"two worker groups have one name: {names}"
    for group in (head, *workers):
        _group(group, spec.get("enableInTreeAutoscaling", False), spec.get("autoscalerOptions", {}))
    for group in workers:
        low, high = group["minReplicas"], group["maxReplicas"]
        assert 0 <= low <= high, f"{group['groupName']} has from {low} to {high} replicas"
    assert spec.get("autoscalerOptions", {}).get("idleTimeoutSeconds", 0) >= 0, "idleTimeoutSeconds is negative"
    auth = spec.get("authOptions", {"mode": "disabled"})
    if auth.get("mode", "token") == "token":
        version = tuple(int(part) for part in re.findall(r"\d+", spec.get("rayVersion", "0"))[:2])
        assert version >= (2, 52), "a token needs a rayVersion of 2.52 or later"
    assert not (auth.get("enableK8sTokenAuth") and auth.get("secretName")), "enableK8sTokenAuth takes no secretName"


def _group(group: dict[str, Any], scales: bool, autoscaler: dict[str, Any]) -> None:
    name, pod, given = group.get("groupName", "head"), group["template"]["spec"], group.get("rayStartParams", {})
    assert pod["containers"], f"{name} has no container"
    assert not (_AMOUNTS & set(given) and group.get("resources")), f"{name} says its resources twice"
    assert "labels" not in given, f"labels of {name} are a field of the group, not of rayStartParams"
    if not scales:
        return
    assert not group.get("suspend"), f"{name} cannot be suspended with the autoscaler on"
    if autoscaler.get("version", "v2") == "v2":
        assert pod.get("restartPolicy", "Never") == "Never", f"restartPolicy of {name} must be Never, or not be said"
    twice = any(one["name"] == "RAY_enable_autoscaler_v2" for one in pod["containers"][0].get("env", []))
    assert not (twice and "version" in autoscaler), f"{name} says the autoscaler's version twice"
