"""One version of each thing in all files: lock files, images, compose, Kubernetes, the launcher, Terraform."""

import importlib.metadata
import re

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.infra.files import INFRA, ROOT, compose, documents, instructions, locked, project
from tests.infra.kuberay import pod_templates

TRAINER = f"garment-sweeps/trainer:{project()['version']}"


def pins(name: str) -> dict[str, str]:
    lines = (INFRA / name).read_text().splitlines()
    return {canonicalize_name(package): version for package, version in (line.split("==") for line in lines)}


def test_every_dependency_is_pinned():
    used, tested, linted = (pins(f"requirements{of}.lock") for of in ("", "-test", "-lint"))
    assert used.items() <= tested.items() <= linted.items()  # tests and linters run on what users get
    for wanted, there in (
        (project()["dependencies"], used),
        (project()["optional-dependencies"]["test"], tested),
        (project()["optional-dependencies"]["lint"], linted),
    ):
        for requirement in map(Requirement, wanted):
            assert requirement.specifier.contains(there[canonicalize_name(requirement.name)]), requirement


def test_what_is_installed_here_is_what_is_locked():
    for name in ("ray", "mlflow", "torch", "optuna", "boto3"):
        assert importlib.metadata.version(name).partition("+")[0] == locked()[name]


def test_both_images_begin_with_one_python_that_the_project_allows():
    bases = {rest.split()[0] for name in ("trainer", "mlflow") for word, rest in instructions(f"{name}.Dockerfile")
             if word == "FROM"}  # fmt: skip
    (base,) = bases
    version = re.fullmatch(r"python:([\d.]+)-slim-\w+", base)[1]
    assert version in SpecifierSet(project()["requires-python"])


def test_images_are_named_after_what_is_in_them():
    services = compose()["services"]
    ours = {name: service["image"] for name, service in services.items() if "build" in service}
    assert ours == {"buckets": TRAINER, "ray": TRAINER, "mlflow": f"garment-sweeps/mlflow:{locked()['mlflow']}"}
    for image in set(ours.values()):
        name = image.partition("/")[2].partition(":")[0]
        dockerfile = INFRA / "images" / f"{name}.Dockerfile"
        assert f"-t {image} ." in dockerfile.read_text()
        assert all(service["build"]["dockerfile"] == str(dockerfile.relative_to(ROOT))
                   for service in services.values() if service["image"] == image)  # fmt: skip


def test_every_ray_is_the_trainers_and_of_the_locked_version():
    (launcher,) = documents("aws/cluster.yaml")
    used = [launcher["docker"]["image"]]
    for name in ("raycluster", "rayjob"):
        (document,) = documents(f"kubernetes/{name}.yaml")
        used += [one["image"] for template in pod_templates(document) for one in template["spec"]["containers"]]
        spec = document["spec"].get("rayClusterSpec", document["spec"])
        assert str(spec["rayVersion"]) == locked()["ray"]
    assert set(used) == {TRAINER}


def test_torch_of_the_makefile_is_the_locked_one():
    assert re.search(r"^TORCH \?= (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1] == locked()["torch"]
