"""Any password in any URL we take: it is never shown, and the host is."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garment_sweeps.settings.masking import is_secret, masked
from garment_sweeps.settings.urls import (
    holds_secret,
    login_of,
    secrets_of,
    with_logins_hidden,
    without_login,
    without_password,
)

DATABASES = ("postgresql", "postgresql+psycopg2")
SCHEMES = (*DATABASES, "http", "https", "s3", "mysql+pymysql")
HOSTS = ("db", "db.example.com:5432", "127.0.0.1:5000", "[::1]:5432")
PATHS = ("", "/", "/studies", "/a/b?sslmode=require", "/#/experiments/1")
AMBIGUOUS = ("password", "secret", "token", "pwd", "_key", "signature", "credential", "passphrase", "apikey")
"""Parameters in a password make two readings of the URL, of which neither is shown: see the test of its own."""
passwords = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40).filter(
    lambda password: not any(word in password.lower() for word in AMBIGUOUS)
)
without_space = passwords.map(lambda password: "".join(password.split())).filter(bool)
words = st.text(st.characters(categories=("L", "P", "Zs"), exclude_characters="@"), max_size=30)


@given(passwords, st.sampled_from(SCHEMES), st.sampled_from(HOSTS), st.sampled_from(PATHS), st.booleans())
def test_a_url_is_said_without_any_password(password, scheme, host, path, encoded):
    password = quote(password, safe="") if encoded else password
    url = f"{scheme}://me:{password}@{host}{path}"
    assert without_login(url) == f"{scheme}://{host}{path}"
    user = "" if scheme.startswith("http") else "me@"
    assert without_password(url) == f"{scheme}://{user}{host}{path}"
    assert holds_secret(url) and not holds_secret(without_password(url))
    assert password in secrets_of(url)


@given(words, without_space, st.sampled_from(SCHEMES), st.sampled_from(HOSTS), st.sampled_from(PATHS), words)
def test_a_sentence_is_said_without_the_password_of_a_url_in_it(before, password, scheme, host, path, after):
    url = f"{scheme}://me:{password}@{host}{path}"
    assert with_logins_hidden(f"{before} {url} {after}") == f"{before} {scheme}://***@{host}{path} {after}"


@given(without_space, st.sampled_from(("password", "sslpassword", "api_key", "X-Amz-Signature", "token")))
def test_secret_parameters_are_left_out(value, name):
    value = quote(value, safe="/@:?#")
    url = f"postgresql://db/m?sslmode=require&{name}={value}&connect_timeout=3"
    assert without_login(url) == "postgresql://db/m?sslmode=require&connect_timeout=3"
    assert without_login(f"postgresql://db/m?{name}={value}&a=1") == "postgresql://db/m?a=1"
    hidden = f"postgresql://db/m?sslmode=require&{name}=***&connect_timeout=3"
    assert with_logins_hidden(f"at {url} now") == f"at {hidden} now"


@pytest.mark.parametrize("text", ["postgresql://me:pa?password=ss@db/x", "postgresql://db:5432/x?password=pa@ss"])
def test_where_two_readings_are_possible_neither_is_shown(text):
    for said in (without_login(text), with_logins_hidden(f"at {text}, again")):
        assert "pa" not in said.removeprefix("at ").replace("password", "") and "ss" not in said.replace("password", "")
        assert "postgresql://" in said


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////tmp/a@b.db", "sqlite:///C:/x@y.db", "http://host/a@b", "http://host:5000", "s3://bucket/x@y",
        "postgresql://db/studies", "/a/folder@home", "file:///a:b@c", "nonsense",
    ],
)  # fmt: skip
def test_urls_without_a_login_stay_as_they_are(url):
    assert without_login(url) == without_password(url) == url
    assert with_logins_hidden(f"at {url} now") == f"at {url} now"
    assert not holds_secret(url) and login_of(url) == ("", "")


def test_a_databases_user_may_be_handed_on_and_a_servers_may_not():
    assert without_password("postgresql://me@db/x") == "postgresql://me@db/x"
    assert without_password("https://a-token@host/") == "https://host/"
    assert holds_secret("https://a-token@host/") and not holds_secret("postgresql://me@db/x")


def test_a_login_is_read_decoded():
    assert login_of("http://a%40b:p%2Fq/r@host") == ("a@b", "p/q/r")
    assert login_of("postgresql://:only@host") == ("", "only")


@pytest.mark.parametrize(
    "name",
    ["WANDB_API_KEY", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PGPASSWORD", "X_PRIVATE_KEY"],
)
def test_secret_variables_are_known_by_their_names(monkeypatch, name):
    monkeypatch.setenv(name, "very-well-kept")
    assert is_secret(name) and masked("the key very-well-kept is wrong") == "the key *** is wrong"


@pytest.mark.parametrize("name", ["PWD", "OLDPWD", "PATH", "MLFLOW_TRACKING_USERNAME", "KEYBOARD"])
def test_others_are_not(name):
    assert not is_secret(name)


def test_a_password_of_the_environment_is_hidden_wherever_it_stands(monkeypatch):
    monkeypatch.setenv("GARMENT_OPTUNA_STORAGE", "postgresql://me:a b/c@d%2Fe@db/x")
    said = masked("at postgresql://me:a b/c@d%2Fe@db/x the password 'a b/c@d/e' is wrong")
    assert said == "at postgresql://***@db/x the password '***' is wrong"
