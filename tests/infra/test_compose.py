"""compose.yaml: read by Docker Compose itself, and held to what is promised of it."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.files import INFRA, compose, compose_text

PROGRAM = Path(sys.executable).with_name("docker-compose")
SERVICES = {"postgres", "s3", "buckets", "mlflow", "ray"}


@pytest.fixture(scope="module")
def services() -> dict:
    return compose()["services"]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory) -> Path:
    """The file that secrets.sh makes."""
    file = tmp_path_factory.mktemp("secrets") / "compose.env"
    subprocess.run(["sh", INFRA / "compose" / "secrets.sh", file], capture_output=True, check=True)
    return file


def config(file: Path, secrets: Path, **variables: str) -> subprocess.CompletedProcess:
    """`docker compose config`, which needs no daemon: the file checked, and as Compose has it."""
    command = [PROGRAM, "--env-file", secrets, "--file", file, "config", "--format", "json"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(secrets.parent), **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_compose_itself_takes_it_and_reads_what_these_tests_read(secrets, services):
    read = config(INFRA / "compose" / "compose.yaml", secrets)
    assert read.returncode == 0 and read.stderr == ""  # not one variable is without a value
    project = json.loads(read.stdout)
    assert set(project["services"]) == SERVICES == set(services)
    assert {name: one["environment"] for name, one in project["secrets"].items()} == {
        name: one["environment"] for name, one in compose()["secrets"].items()
    }
    for name, service in project["services"].items():
        ours = services[name]
        for field in ("image", "user", "command", "entrypoint", "environment", "secrets", "cap_drop", "security_opt"):
            assert service.get(field) == ours.get(field), (name, field)
        assert set(service["networks"]) == set(ours["networks"])
        conditions = {needed: how["condition"] for needed, how in service.get("depends_on", {}).items()}
        assert conditions == {needed: how["condition"] for needed, how in ours.get("depends_on", {}).items()}
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", []))
        assert all(Path(volume["source"]).is_file() for volume in service["volumes"] if volume["type"] == "bind")


def test_compose_opens_ports_where_it_is_told(secrets):
    read = json.loads(config(INFRA / "compose" / "compose.yaml", secrets, GARMENT_BIND="0.0.0.0").stdout)
    opened = {name: one["ports"] for name, one in read["services"].items() if "ports" in one}
    assert set(opened) == {"mlflow", "ray"}
    assert all(port["host_ip"] == "0.0.0.0" for ports in opened.values() for port in ports)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("restart: unless-stopped", "restrat: unless-stopped", "restrat"),
        ("source: ray_token", "source: ray_tocken", "ray_tocken"),
        ("condition: service_healthy", "condition: healthy", "condition"),
        ("networks: [inside]", "networks: [insite]", "insite"),
        ("postgres: {condition", "postgress: {condition", "postgress"),
    ],
)
def test_compose_refuses_a_slip(secrets, tmp_path, before, after, said):
    text = (INFRA / "compose" / "compose.yaml").read_text()
    assert before in text
    (tmp_path / "compose.yaml").write_text(text.replace(before, after))
    read = config(tmp_path / "compose.yaml", secrets)
    assert read.returncode != 0 and said in read.stderr


def test_images_are_pinned(services):
    for service in services.values():
        assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z]+)?$", service["image"]), service["image"]


def test_every_service_says_whether_it_is_well_and_waits_for_what_it_needs(services):
    for name, service in services.items():
        check = service["healthcheck"]
        assert name == "buckets" or (check["test"][0] == "CMD" and check["start_period"]), name
        for needed, how in service.get("depends_on", {}).items():
            ends = services[needed]["restart"] == "no"
            wanted = "service_completed_successfully" if ends else "service_healthy"
            assert how["condition"] == wanted, (name, needed)


def test_ports_are_on_loopback_unless_told_otherwise(services):
    published = {name: service.get("ports", []) for name, service in services.items()}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert {name for name, ports in published.items() if ports} == {"mlflow", "ray"}
    opened = compose(GARMENT_BIND="0.0.0.0")["services"]
    assert all(port.startswith("0.0.0.0:") for name in ("mlflow", "ray") for port in opened[name]["ports"])
    for name in ("postgres", "s3", "buckets"):  # these have no way out of their own network, whatever is told
        assert services[name]["networks"] == ["inside"]
    assert compose()["networks"]["inside"]["internal"] is True


def test_what_can_be_opened_asks_who_is_there(services):
    assert "--app-name=basic-auth" in services["mlflow"]["command"]
    assert services["ray"]["environment"]["RAY_AUTH_MODE"] == "token"
    assert {secret["target"] for secret in services["ray"]["secrets"]} >= {"RAY_AUTH_TOKEN"}
    assert {secret["target"] for secret in services["s3"]["secrets"]} == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def test_no_secret_stands_in_a_file(services):
    text = compose_text()
    assert not re.search(r"://[^\s/@:]+:[^\s/@]+@", text)  # no URL with a password
    for source in compose()["secrets"].values():
        assert list(source) == ["environment"]
    for name, service in services.items():
        for variable in service.get("environment", {}):
            harmless = variable.endswith(("_FILE", "_PATH"))
            assert harmless or not re.search("SECRET|PASSWORD|TOKEN|ACCESS_KEY", variable), (name, variable)
        for secret in service.get("secrets", []):
            assert secret["source"] in compose()["secrets"]


def test_nothing_runs_as_root_or_may_become_it(services):
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"], name
        own = service["image"].startswith("garment-sweeps/")  # whose Dockerfile says USER, which test_images holds
        assert own or service["user"] not in ("root", "0", "0:0"), name
        assert not service.get("privileged") and "network_mode" not in service


def test_a_service_holds_no_more_secrets_than_it_needs(services):
    held = {name: {secret["source"] for secret in service.get("secrets", [])} for name, service in services.items()}
    assert "postgres_password" not in held["mlflow"] | held["ray"] | held["buckets"]
    assert "studies_db_password" not in held["mlflow"] and "mlflow_db_password" not in held["ray"]


def test_secrets_are_made_once_for_your_eyes_only(tmp_path):
    file = tmp_path / "deep" / "compose.env"
    command = ["sh", INFRA / "compose" / "secrets.sh", file]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    made = file.read_text()
    values = dict(line.split("=", 1) for line in made.splitlines())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(values) == {source["environment"] for source in compose()["secrets"].values()}
    assert len(set(values.values())) == len(values) and all(len(value) >= 20 for value in values.values())
    assert not any(value in said for value in values.values())
    subprocess.run(command, capture_output=True, check=True)
    assert file.read_text() == made
