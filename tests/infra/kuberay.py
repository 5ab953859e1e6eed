"""The fields of KubeRay's RayCluster and RayJob that ours use, as the API reference of KubeRay 1.6 has them.

Written for these tests and narrower than the custom resource definitions: a field that stands here is one of theirs,
and one that does not is taken for a slip. Pod templates are checked by Kubernetes' own schemas. With the operator's
definitions at hand, `kubectl apply --dry-run=server -f infra/kubernetes` checks against these in full.
"""

from typing import Any

import jsonschema
import kubernetes_validate

KUBERNETES = "1.34"
"""Whose schemas pods are checked against."""

_TEXT, _WHOLE, _TRUTH = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_POD = {"type": "object", "required": ["spec"]}


def _fields(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


_AUTOSCALER = _fields(
    version={"enum": ["v1", "v2"]},
    upscalingMode={"enum": ["Default", "Aggressive", "Conservative"]},
    idleTimeoutSeconds=_WHOLE,
    image=_TEXT,
    resources={"type": "object"},
    securityContext={"type": "object"},
)
_AUTH = _fields(mode={"enum": ["disabled", "token"]}, secretName=_TEXT, enableK8sTokenAuth=_TRUTH)
_HEAD = _fields(
    ("template",),
    serviceType={"enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
    rayStartParams=_TEXTS,
    enableIngress=_TRUTH,
    template=_POD,
)
_WORKERS = _fields(
    ("groupName", "maxReplicas", "minReplicas", "template"),
    groupName=_TEXT,
    replicas=_WHOLE,
    minReplicas=_WHOLE,
    maxReplicas=_WHOLE,
    numOfHosts=_WHOLE,
    idleTimeoutSeconds=_WHOLE,
    rayStartParams=_TEXTS,
    template=_POD,
)
CLUSTER = _fields(
    ("headGroupSpec",),
    rayVersion=_TEXT,
    enableInTreeAutoscaling=_TRUTH,
    autoscalerOptions=_AUTOSCALER,
    authOptions=_AUTH,
    suspend=_TRUTH,
    headGroupSpec=_HEAD,
    workerGroupSpecs={"type": "array", "items": _WORKERS},
)
JOB = _fields(
    entrypoint=_TEXT,
    entrypointNumCpus={"type": "number"},
    entrypointNumGpus={"type": "number"},
    runtimeEnvYAML=_TEXT,
    submissionMode={"enum": ["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"]},
    backoffLimit=_WHOLE,
    activeDeadlineSeconds=_WHOLE,
    shutdownAfterJobFinishes=_TRUTH,
    ttlSecondsAfterFinished=_WHOLE,
    submitterPodTemplate=_POD,
    rayClusterSpec=CLUSTER,
)
_KINDS = {"RayCluster": CLUSTER, "RayJob": JOB}


def check(document: dict[str, Any]) -> None:
    """Raises jsonschema's ValidationError where a document is not what its kind allows, pods included."""
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
    for template in pod_templates(document):
        pod = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "pods"}, "template": template}
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)


def pod_templates(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of head, workers and, of a job, its submitter."""
    spec = document["spec"]
    cluster = spec.get("rayClusterSpec", spec)
    groups = [cluster["headGroupSpec"], *cluster.get("workerGroupSpecs", [])]
    submitter = [spec["submitterPodTemplate"]] if "submitterPodTemplate" in spec else []
    return [group["template"] for group in groups] + submitter
