"""RayCluster and RayJob as KubeRay 1.6 takes them: fields, types, enums and what is required.

Written for these tests after the Go types (`ray-operator/apis/ray/v1`) that KubeRay's custom resource definitions are
generated from; no package that CI could install ships the definitions themselves. A field that stands here is one of
theirs; one that does not is taken for a slip, where a cluster would drop it in silence. Some of theirs are left out:
those of features that are off by default, and what ours has no use for. It was last compared field by field on
2026-11-29, with the v1 definitions of KubeRay's repository at commit 8c61552f and the API reference of 1.6.2. Pods
aside, it has no field, type or required name but theirs; its enums of `serviceType` and `submissionMode` are narrower
than their plain text, and that of `managedBy` is their rule. Whatever is of Kubernetes' own kinds (pods, services, the
autoscaler's container) is checked by Kubernetes' own schemas, and what the operator refuses though its schema allows it
by `kuberay_rules`. With the operator at hand `kubectl apply --dry-run=server -f infra/kubernetes` checks all of it.
"""

from typing import Any

import jsonschema
import kubernetes_validate

from tests.infra.kuberay_rules import check_rules

KUBERNETES = "1.34"
"""Whose schemas pods are checked against."""

_TEXT, _TRUTH, _NUMBER = {"type": "string"}, {"type": "boolean"}, {"type": "number"}
_INT32 = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_TEXT_LIST = {"type": "array", "items": _TEXT}
_CORE = {"type": "object"}
"""Of Kubernetes' own kinds: `_core_objects` says of which."""
_CORE_LIST = {"type": "array", "items": _CORE}
_POD = {"type": "object", "required": ["spec"]}
_MANAGERS = {"enum": ["ray.io/kuberay-operator", "kueue.x-k8s.io/multikueue"]}


def _fields(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


_AUTOSCALER = _fields(
    version={"enum": ["v1", "v2"]},
    upscalingMode={"enum": ["Default", "Aggressive", "Conservative"]},
    idleTimeoutSeconds=_INT32,
    image=_TEXT,
    imagePullPolicy=_TEXT,
    resources=_CORE,
    securityContext=_CORE,
    env=_CORE_LIST,
    envFrom=_CORE_LIST,
    volumeMounts=_CORE_LIST,
)
_AUTH = _fields(mode={"enum": ["disabled", "token"]}, secretName=_TEXT, enableK8sTokenAuth=_TRUTH)
_HEAD = _fields(
    ("template",),
    serviceType={"enum": ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]},
    headService=_CORE,
    enableIngress=_TRUTH,
    resources=_TEXTS,
    labels=_TEXTS,
    rayStartParams=_TEXTS,
    template=_POD,
)
_WORKERS = _fields(
    ("groupName", "maxReplicas", "minReplicas", "template"),
    groupName=_TEXT,
    suspend=_TRUTH,
    replicas=_INT32,
    minReplicas=_INT32,
    maxReplicas=_INT32,
    numOfHosts=_INT32,
    idleTimeoutSeconds=_INT32,
    resources=_TEXTS,
    labels=_TEXTS,
    rayStartParams=_TEXTS,
    scaleStrategy=_fields(workersToDelete=_TEXT_LIST),
    template=_POD,
)
_CLUSTER = _fields(
    ("headGroupSpec",),
    rayVersion=_TEXT,
    upgradeStrategy=_fields(type={"enum": ["Recreate", "None"]}),
    managedBy=_MANAGERS,
    enableInTreeAutoscaling=_TRUTH,
    autoscalerOptions=_AUTOSCALER,
    authOptions=_AUTH,
    suspend=_TRUTH,
    headServiceAnnotations=_TEXTS,
    headGroupSpec=_HEAD,
    workerGroupSpecs={"type": "array", "items": _WORKERS},
)
_JOB = _fields(
    entrypoint=_TEXT,
    entrypointNumCpus=_NUMBER,
    entrypointNumGpus=_NUMBER,
    entrypointResources=_TEXT,
    runtimeEnvYAML=_TEXT,
    jobId=_TEXT,
    metadata=_TEXTS,
    clusterSelector=_TEXTS,
    managedBy=_MANAGERS,
    suspend=_TRUTH,
    submissionMode={"enum": ["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"]},
    submitterConfig=_fields(backoffLimit=_INT32),
    backoffLimit=_INT32,
    activeDeadlineSeconds=_INT32,
    shutdownAfterJobFinishes=_TRUTH,
    ttlSecondsAfterFinished=_INT32,
    submitterPodTemplate=_POD,
    rayClusterSpec=_CLUSTER,
)
_KINDS = {"RayCluster": _CLUSTER, "RayJob": _JOB}


def check(document: dict[str, Any]) -> None:
    """Raises jsonschema's ValidationError where a document is not what its kind allows, pods included.

    AssertionError where the operator would refuse what the schema allows.
    """
    if document["apiVersion"] != "ray.io/v1":
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
        return
    kind = _fields(
        ("apiVersion", "kind", "metadata", "spec"),
        apiVersion={"const": "ray.io/v1"},
        kind={"enum": list(_KINDS)},
        metadata={"type": "object", "required": ["name", "namespace"]},
        spec=_KINDS[document["kind"]],
    )
    jsonschema.validate(document, kind, cls=jsonschema.Draft202012Validator)
    for core in _core_objects(document):
        kubernetes_validate.validate(core, KUBERNETES, strict=True)
    check_rules(document)


def cluster_of(document: dict[str, Any]) -> dict[str, Any]:
    """The spec of the cluster: a RayCluster's own, or the one that a RayJob makes."""
    return document["spec"].get("rayClusterSpec", document["spec"])


def pod_templates(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of head, workers and, of a job, its submitter."""
    spec, cluster = document["spec"], cluster_of(document)
    groups = [cluster["headGroupSpec"], *cluster.get("workerGroupSpecs", [])]
    submitter = [spec["submitterPodTemplate"]] if "submitterPodTemplate" in spec else []
    return [group["template"] for group in groups] + submitter


def _core_objects(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything in a document that is of Kubernetes' own kinds, as objects that stand alone."""
    cluster = cluster_of(document)
    options = dict(cluster.get("autoscalerOptions", {}))
    for name in ("version", "upscalingMode", "idleTimeoutSeconds"):  # all others are a container's
        options.pop(name, None)
    autoscaler = {"metadata": {}, "spec": {"containers": [{"name": "autoscaler", "image": "ray", **options}]}}
    metadata = {"metadata": {"name": "of-a-ray-cluster"}}
    pods = [
        {"apiVersion": "v1", "kind": "PodTemplate", **metadata, "template": template}
        for template in [*pod_templates(document), autoscaler]
    ]
    service = cluster["headGroupSpec"].get("headService")
    return pods + ([{"apiVersion": "v1", "kind": "Service", **metadata, **service}] if service else [])
