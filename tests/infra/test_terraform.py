"""The Terraform files: read by a parser of its language, every reference resolved, and held to what is promised."""

import re

import hcl2
import pytest

from tests.infra.files import INFRA, compose, documents
from tests.infra.test_policies import ROLES

FOLDER = INFRA / "terraform"
OPTIONS = hcl2.SerializationOptions(with_comments=False, explicit_blocks=False, strip_string_quotes=True)


@pytest.fixture(scope="module")
def blocks() -> dict[str, list[dict]]:
    """All blocks of all files, by kind."""
    found: dict[str, list[dict]] = {}
    for path in sorted(FOLDER.glob("*.tf")):
        for kind, several in hcl2.loads(path.read_text(), serialization_options=OPTIONS).items():
            found.setdefault(kind, []).extend(several)
    return found


@pytest.fixture(scope="module")
def resources(blocks) -> dict[str, dict]:
    """Body of each resource by `type.name`."""
    return _named(blocks["resource"])


def _named(several: list[dict]) -> dict[str, dict]:
    return {f"{kind}.{name}": body for one in several for kind, named in one.items() for name, body in named.items()}


def test_every_reference_leads_somewhere(blocks, resources):
    text = "\n".join(path.read_text() for path in FOLDER.glob("*.tf"))
    code = re.sub(r"#.*", "", text)
    variables = {name for one in blocks["variable"] for name in one}
    assert set(re.findall(r"\bvar\.(\w+)", code)) == variables
    names = {name for one in blocks["locals"] for name in one}
    assert set(re.findall(r"\blocal\.(\w+)", code)) <= names
    assert set(re.findall(r"(?<!data\.)\b(aws_\w+\.\w+)", code)) <= set(resources)
    assert set(re.findall(r"\bdata\.(\w+\.\w+)", code)) <= set(_named(blocks["data"]))
    for variable in (body for one in blocks["variable"] for body in one.values()):
        assert variable["type"] and variable["description"]


def test_every_policy_that_is_named_is_a_file_and_the_tried_roles_are_those_made(blocks):
    named = next(one for one in blocks["locals"] if "roles" in one)
    assert {role: tuple(policies) for role, policies in named["roles"].items()} == ROLES | {
        "head": ("read_shards", "write_checkpoints", "launch_nodes")
    }
    policies = set(re.findall(r'"(\w+)"', named["policies"]))
    assert policies == {policy for several in named["roles"].values() for policy in several}
    files = {path.stem for path in (FOLDER / "policies").glob("*.json")}
    assert files == policies | {"assumed_by_nodes_and_pods", "encrypted_only"}


def test_buckets_are_private_encrypted_and_tidied(resources):
    for kind in (
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_ownership_controls",
    ):
        assert resources[f"{kind}.garment"]["for_each"] == resources["aws_s3_bucket.garment"]["for_each"]
    closed = resources["aws_s3_bucket_public_access_block.garment"]
    assert all(closed[name] is True for name in closed if name.startswith(("block", "ignore", "restrict")))
    assert "encrypted_only.json" in resources["aws_s3_bucket_policy.encrypted_only"]["policy"]


def test_the_database_is_private_encrypted_kept_and_its_password_is_awss(resources):
    database = resources["aws_db_instance.garment"]
    assert database["storage_encrypted"] is True and database["publicly_accessible"] is False
    assert database["manage_master_user_password"] is True and "password" not in database
    assert database["deletion_protection"] is True and database["backup_retention_period"] >= 7
    assert resources["aws_db_parameter_group.garment"]["parameter"][0]["name"] == "rds.force_ssl"


def test_nothing_is_open_to_the_world(resources, blocks):
    coming_in = {name: body for name, body in resources.items() if "ingress_rule" in name}
    assert len(coming_in) == 4
    for name, body in coming_in.items():
        assert "referenced_security_group_id" in body or body["cidr_ipv4"] == "${each.value}", name
    ranges = next(one["ssh_from"] for one in blocks["variable"] if "ssh_from" in one)
    assert "default" not in ranges and '!endswith(range, "/0")' in str(ranges["validation"])
    assert all("ingress" not in body for name, body in resources.items() if name.startswith("aws_security_group."))


def test_it_names_what_the_other_files_name(resources, blocks):
    assert compose()["services"]["postgres"]["image"].startswith(
        f"postgres:{resources['aws_db_instance.garment']['engine_version']}."
    )
    assert resources["aws_db_parameter_group.garment"]["family"] == "postgres18"
    named = next(one for one in blocks["locals"] if "roles" in one)
    accounts = {d["metadata"]["name"] for d in documents("kubernetes/settings.yaml") if d["kind"] == "ServiceAccount"}
    assert accounts <= set(named["service_accounts"])
    (launcher,) = documents("aws/cluster.yaml")
    profiles = {kind["node_config"]["IamInstanceProfile"]["Name"] for kind in launcher["available_node_types"].values()}
    made = re.findall(r'"(\w+)"', resources["aws_iam_instance_profile.garment"]["for_each"])
    assert launcher["provider"]["security_group"] == {"GroupName": resources["aws_security_group.ray"]["name"]}
    assert profiles == {f"garment-{name}" for name in made}
    region = next(one["region"]["default"] for one in blocks["variable"] if "region" in one)
    assert launcher["provider"]["region"] == region
    settings = next(d["data"] for d in documents("kubernetes/settings.yaml") if d["kind"] == "ConfigMap")
    assert settings["GARMENT_STORAGE"].startswith("s3://garment-checkpoints/")


def test_a_slip_is_found():
    with pytest.raises(Exception, match="Unexpected|expected"):
        hcl2.loads('resource "aws_s3_bucket" "x" { bucket = }')
