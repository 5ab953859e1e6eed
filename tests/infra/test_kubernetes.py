"""RayCluster, RayJob and what they need: by schemas, by Ray's own reader of RayClusters, and held to their promises."""

import copy
import re

import jsonschema
import pytest

from garment_sweeps.settings.environment import cache_folder
from tests.infra.files import INFRA, documents, locked
from tests.infra.kuberay import check, cluster_of, pod_templates

FILES = ("kubernetes/settings.yaml", "kubernetes/raycluster.yaml", "kubernetes/rayjob.yaml")


@pytest.fixture(scope="module")
def cluster() -> dict:
    (document,) = documents("kubernetes/raycluster.yaml")
    return document


@pytest.fixture(scope="module")
def job() -> dict:
    (document,) = documents("kubernetes/rayjob.yaml")
    return document


def settings_map() -> dict[str, str]:
    """What every pod of Ray's finds in its environment, secrets aside."""
    (found,) = [document for document in documents("kubernetes/settings.yaml") if document["kind"] == "ConfigMap"]
    return found["data"]


@pytest.mark.parametrize("name", FILES)
def test_schemas(name):
    for document in documents(name):
        check(document)
        assert document["metadata"]["namespace"] == "garment"


HEAD, WORKERS = ("headGroupSpec",), ("workerGroupSpecs", 0)
POD = (*HEAD, "template", "spec")


def slipped(document: dict, path: tuple, value: object) -> dict:
    """A copy with another value at a path below its cluster's spec, or below its own where that begins with 'spec'."""
    copied = copy.deepcopy(document)
    place = copied if path[0] in ("spec", "metadata") else cluster_of(copied)
    for name in path[:-1]:
        place = place.setdefault(name, {}) if isinstance(place, dict) else place[name]
    place[path[-1]] = value
    return copied


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("workerGroupSpec",), [], "workerGroupSpec"),
        (("authOptions", "modus"), "token", "modus"),
        (("authOptions", "mode"), "password", "password"),
        (("autoscalerOptions", "version"), "v3", "v3"),
        (("autoscalerOptions", "args"), ["--later-than-1.6"], "args"),
        (("autoscalerOptions", "resources", "limit"), {"cpu": 1}, "limit"),
        (("autoscalerOptions", "securityContext", "privilege"), True, "privilege"),
        ((*HEAD, "rayStartParams", "num-cpus"), 0, "0 is not of type 'string'"),
        ((*HEAD, "headService"), {"spec": {"ports": [{"name": "x"}]}}, "port"),
        ((*POD, "tolerates"), [], "tolerates"),
        ((*WORKERS, "maxReplicas"), 2**31, "maximum"),
        ((*WORKERS, "replicas"), "0", "'0' is not of type 'integer'"),
        ((*WORKERS, "scaleStrategy"), {"workersToRemove": []}, "workersToRemove"),
    ],
)
@pytest.mark.parametrize("name", FILES[1:])
def test_a_slip_is_found(name, path, value, said):
    (document,) = documents(name)
    with pytest.raises(jsonschema.ValidationError, match=said):
        check(slipped(document, path, value))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ((*POD, "containers"), [], "no container|non-empty|too short"),
        ((*POD, "restartPolicy"), "Always", "restartPolicy of head"),
        ((*HEAD, "resources"), {"CPU": "1"}, "says its resources twice"),
        ((*WORKERS, "rayStartParams"), {"labels": "a=b"}, "labels of spot-l4"),
        ((*WORKERS, "groupName"), "spot-a10g", "two worker groups"),
        ((*WORKERS, "minReplicas"), 17, "from 17 to 16 replicas"),
        (("rayVersion",), "2.51.1", "2.52 or later"),
    ],
)
@pytest.mark.parametrize("name", FILES[1:])
def test_what_the_operator_would_refuse_is_found(name, path, value, said):
    (document,) = documents(name)
    with pytest.raises((AssertionError, jsonschema.ValidationError), match=said):
        check(slipped(document, path, value))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("metadata", "name"), "w" * 48, "more than 47 characters"),
        (("metadata", "name"), "1st", "DNS label"),
        (("spec", "activeDeadlineSeconds"), 0, "must be positive"),
        (("spec", "shutdownAfterJobFinishes"), False, "needs shutdownAfterJobFinishes"),
        (("spec", "submissionMode"), "InteractiveMode", "InteractiveMode knows no backoffLimit"),
        (("spec", "submissionMode"), "SidecarMode", "SidecarMode submits"),
        (("spec", "clusterSelector"), {"ray.io/cluster": "garment"}, "a cluster of its own, or one selected"),
        (("authOptions", "enableK8sTokenAuth"), True, "for RayClusters alone"),
    ],
)
def test_what_the_operator_would_refuse_of_a_job_is_found(job, path, value, said):
    with pytest.raises(AssertionError, match=said):
        check(slipped(job, path, value))


def test_rays_autoscaler_reads_the_groups_as_they_are_meant(cluster):
    from ray.autoscaler._private.kuberay.autoscaling_config import _derive_autoscaling_config_from_ray_cr

    read = _derive_autoscaling_config_from_ray_cr(cluster)
    types = read["available_node_types"]
    head = types.pop(read["head_node_type"])
    assert head["resources"].get("CPU") == 0 and not head["resources"].get("GPU")
    assert set(types) == {"spot-l4", "spot-a10g"}
    for group in types.values():
        assert group["min_workers"] == 0 < group["max_workers"] and group["resources"]["GPU"] == 1
    assert 0 < read["idle_timeout_minutes"] <= 5


def test_gpu_groups_are_spot_and_begin_at_none(cluster):
    for group in cluster["spec"]["workerGroupSpecs"]:
        assert group["replicas"] == group["minReplicas"] == 0
        pod = group["template"]["spec"]
        assert pod["nodeSelector"]["karpenter.sh/capacity-type"] == "spot"
        assert pod["terminationGracePeriodSeconds"] < 120  # what a spot node is given
        assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert settings_map()["GARMENT_PREFLIGHT"] == "warn"  # no node to ask at first


def test_the_driver_stays_off_the_gpu_nodes(cluster, job):
    head = job["spec"]["rayClusterSpec"]["headGroupSpec"]
    assert head["rayStartParams"]["num-gpus"] == head["rayStartParams"]["num-cpus"] == "0"  # no trial beside it
    assert job["spec"]["entrypointNumGpus"] == 0 and job["spec"]["submissionMode"] == "K8sJobMode"
    for template in (head["template"], job["spec"]["submitterPodTemplate"]):
        pod = template["spec"]
        assert pod["nodeSelector"]["karpenter.sh/capacity-type"] == "on-demand"
        assert "tolerations" not in pod  # GPU nodes are tainted
        assert all("nvidia.com/gpu" not in one["resources"]["limits"] for one in pod["containers"])
    (term,) = head["template"]["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert term["matchExpressions"][0]["operator"] == "DoesNotExist" and "gpu" in term["matchExpressions"][0]["key"]


def test_a_job_leaves_nothing_behind_and_goes_on_after_a_retry(cluster, job):
    spec = job["spec"]
    assert spec["shutdownAfterJobFinishes"] is True and 0 < spec["ttlSecondsAfterFinished"] <= 600
    assert spec["activeDeadlineSeconds"] > 0
    assert spec["backoffLimit"] > 0 and "--resume" in spec["entrypoint"].split()
    assert spec["rayClusterSpec"] == cluster["spec"]


def test_ray_asks_for_its_token_and_is_reached_by_few(cluster):
    assert cluster["spec"]["authOptions"] == {"mode": "token", "secretName": "garment-ray-token"}
    assert cluster["spec"]["headGroupSpec"]["serviceType"] == "ClusterIP"
    assert cluster["spec"]["rayVersion"] == locked()["ray"]
    (policy,) = [d for d in documents("kubernetes/settings.yaml") if d["kind"] == "NetworkPolicy"]
    assert policy["spec"]["policyTypes"] == ["Ingress"] and policy["spec"]["podSelector"]["matchExpressions"]
    assert all("ipBlock" not in source for rule in policy["spec"]["ingress"] for source in rule["from"])


@pytest.mark.parametrize("name", FILES[1:])
def test_pods_run_as_nobody_with_bounds_and_without_secrets_of_their_own(name):
    (document,) = documents(name)
    for template in pod_templates(document):
        pod = template["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert {"cpu", "memory"} <= set(container["resources"]["limits"])
            assert "env" not in container  # only names of a ConfigMap and of a Secret
        for volume in pod.get("volumes", []):
            assert volume["emptyDir"]["sizeLimit"]
    driver = cluster_of(document)["headGroupSpec"]["template"]["spec"]
    others = [pod for pod in (template["spec"] for template in pod_templates(document)) if pod is not driver]
    assert all(pod["automountServiceAccountToken"] is False for pod in others)


def test_no_document_holds_a_secret():
    kinds = {document["kind"] for name in FILES for document in documents(name)}
    assert "Secret" not in kinds
    settings = settings_map()
    assert not any(re.search(r"://[^/@]+:[^/@]+@", value) for value in settings.values())


def test_a_nodes_cache_lies_in_its_volume_and_fits(cluster, monkeypatch):
    monkeypatch.delenv("GARMENT_CACHE_DIR", raising=False)
    assert "GARMENT_CACHE_DIR" not in settings_map()
    home = re.search(r"GARMENT_HOME=(\S+)", (INFRA / "images" / "trainer.Dockerfile").read_text())[1]
    gigabytes = float(settings_map()["GARMENT_CACHE_GB"])
    for group in cluster["spec"]["workerGroupSpecs"]:
        (container,) = group["template"]["spec"]["containers"]
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert cache_folder(home).is_relative_to(mounts["home"])
        volumes = {volume["name"]: volume["emptyDir"]["sizeLimit"] for volume in group["template"]["spec"]["volumes"]}
        assert gigabytes * 1e9 < float(volumes["home"].removesuffix("Gi")) * 2**30
