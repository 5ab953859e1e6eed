"""RayCluster and RayJob against KubeRay's own definitions, where somebody has them; and what reads those."""

import os
from pathlib import Path

import jsonschema
import pytest

from tests.infra.definitions import check, schemas
from tests.infra.files import documents

MADE_UP = """
kind: CustomResourceDefinition
spec:
  group: example.org
  names: {kind: Loom}
  versions:
  - name: v1
    served: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          spec:
            type: object
            required: [threads, width]
            properties:
              threads: {type: integer, format: int32}
              width: {type: integer, format: int32, default: 90}
              port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
              pattern: {type: string, nullable: true, enum: [plain, twill]}
              extra: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {known: {type: string}}}
              labels: {type: object, additionalProperties: {type: string}}
---
kind: ConfigMap
"""


@pytest.fixture
def known(tmp_path):
    (tmp_path / "loom.yaml").write_text(MADE_UP)
    return schemas(tmp_path)


def loom(**spec) -> dict:
    return {"apiVersion": "example.org/v1", "kind": "Loom", "metadata": {"name": "a"}, "spec": {"threads": 2, **spec}}


def test_what_a_definition_takes_is_taken(known):
    assert set(known) == {("example.org/v1", "Loom")}
    for spec in (
        {}, {"port": 80}, {"port": "http"}, {"pattern": "twill"}, {"extra": {"any": 1}}, {"labels": {"a": "b"}},
    ):  # fmt: skip
        check(loom(**spec), known)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"treads": 2}, "treads"),
        ({"threads": None}, "None is not of type 'integer'"),
        ({"width": 2**31}, "2147483648 is greater than the maximum"),
        ({"threads": "2"}, "'2' is not of type 'integer'"),
        ({"port": 1.5}, "1.5"),
        ({"pattern": "satin"}, "satin"),
        ({"extra": {"known": 1}}, "1 is not of type 'string'"),
        ({"labels": {"a": 1}}, "1 is not of type 'string'"),
    ],
)
def test_a_slip_is_found(known, spec, said):
    with pytest.raises(jsonschema.ValidationError, match=said):
        check(loom(**spec), known)


@pytest.mark.skipif("KUBERAY_CRDS" not in os.environ, reason="KUBERAY_CRDS names no folder with KubeRay's definitions")
@pytest.mark.parametrize("name", ["kubernetes/raycluster.yaml", "kubernetes/rayjob.yaml"])
def test_ours_are_as_kuberay_defines_them(name):
    found = schemas(Path(os.environ["KUBERAY_CRDS"]))
    for document in documents(name):
        check(document, found)
