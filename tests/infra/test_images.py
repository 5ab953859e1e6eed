"""The images: pinned, without root, without secrets, and made of nothing but what is named."""

import json
import re
import subprocess

import pytest

from tests.infra.files import INFRA, ROOT, instructions, locked

DOCKERFILES = ("trainer.Dockerfile", "mlflow.Dockerfile")
SECRET = re.compile(r"SECRET|PASSWORD|TOKEN(?!_)|ACCESS_KEY", re.IGNORECASE)


@pytest.fixture(params=DOCKERFILES)
def dockerfile(request) -> str:
    return request.param


def test_what_an_image_begins_with_is_pinned_to_a_patch_version(dockerfile):
    bases = [rest.split()[0] for word, rest in instructions(dockerfile) if word == "FROM"]
    assert bases and all(re.fullmatch(r"python:\d+\.\d+\.\d+-slim-[a-z]+", base) for base in bases)


def test_it_runs_as_nobody_in_particular(dockerfile):
    users = [rest for word, rest in instructions(dockerfile) if word == "USER"]
    assert users == ["1000:1000"]  # as numbers: Kubernetes cannot tell whether a name is root
    last = [word for word, _ in instructions(dockerfile)].index("USER")
    assert all(word not in ("RUN", "COPY", "ADD") for word, _ in instructions(dockerfile)[last:])


def test_it_takes_versions_from_the_lock_file_and_nothing_from_elsewhere(dockerfile):
    for word, rest in instructions(dockerfile):
        assert word != "ADD" and "curl " not in rest and "http" not in rest.partition("urlopen")[0]
        for install in re.findall(r"pip install[^&|]*", rest):
            assert "--no-deps" in install or "requirements.lock" in install
    if dockerfile == "mlflow.Dockerfile":
        (run,) = [rest for word, rest in instructions(dockerfile) if word == "RUN"]
        assert set(re.findall(r"requirements\.lock\s+(.+)", run)[0].split()) <= {name.lower() for name in locked()}


def test_no_secret_is_baked_in(dockerfile):
    baked = [rest for word, rest in instructions(dockerfile) if word in ("ENV", "ARG", "LABEL")]
    assert not any(SECRET.search(name) for rest in baked for name in re.findall(r"(\w+)=", rest))


def test_only_what_is_copied_enters_the_build(dockerfile):
    lines = (INFRA / "images" / f"{dockerfile}.dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = [rule[1:] for rule in rules if rule.startswith("!")]
    copied = [
        source
        for word, rest in instructions(dockerfile)
        if word == "COPY" and "--from" not in rest
        for source in [part for part in rest.split() if not part.startswith("--")][:-1]
    ]
    for source in copied:
        assert (ROOT / source).exists()
        assert any(rule == source or rule.startswith(f"{source}/") for rule in let_in), source
    assert len(let_in) == len(copied)


def test_mlflow_asks_for_a_password_and_says_whether_it_is_well():
    found = dict(instructions("mlflow.Dockerfile"))
    assert "basic-auth" in json.loads(found["CMD"])
    assert "/health" in found["HEALTHCHECK"]


def test_secrets_reach_a_command_as_its_environment_alone(tmp_path):
    (tmp_path / "PGPASSWORD").write_text('it\'s a "secret" $HOME\n')
    (tmp_path / "ca.crt").write_text("a certificate")
    command = ["sh", INFRA / "images" / "with_secrets.sh", "printenv", "PGPASSWORD"]
    done = subprocess.run(command, env={"GARMENT_SECRETS": str(tmp_path), "PATH": "/usr/bin:/bin"}, capture_output=True)
    assert done.stdout.decode() == 'it\'s a "secret" $HOME\n', done.stderr
    command[-2:] = ["sh", "-c", "exit 7"]
    assert subprocess.run(command, env={"GARMENT_SECRETS": str(tmp_path / "none")}).returncode == 7
