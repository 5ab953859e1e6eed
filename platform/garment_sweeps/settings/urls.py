"""Logins in URLs: found, left out, and never said.

A login is what stands before the last '@' of `scheme://user:password@host`. SQLAlchemy, libpq and people leave '/',
'@', '#' and '?' in passwords as they are, which strict parsers take for the end of the host. So here everything from
the colon after the user to the last '@' is the password: in doubt, as in http://host:5000/a@b, too much is hidden.
"""

import re
from urllib.parse import unquote

SECRET_WORDS = "secret|password|passwd|passphrase|token|credential|signature|api_?key|access_?key|private_?key"
"""In the name of a parameter or of a variable they say that its value is never shown."""

_NAME = rf"[?&][\w.%-]*(?:{SECRET_WORDS}|pwd)[\w.%-]*="
_WHOLE = re.IGNORECASE | re.DOTALL
_LOGIN = re.compile(r"^([^:/?#\s]+://)([^:/]*)(:.*)?@", _WHOLE)
_PARAMETER = re.compile(rf"{_NAME}([^&]*)", _WHOLE)
_DOUBTFUL = re.compile(rf"^([^:/?#\s]+://)[^:/]*:.*{_NAME}.*@.*", _WHOLE)
"""The '@' ends a login that holds '?password=', or it stands in a parameter: nothing of such a URL is shown."""

_LOGIN_IN_TEXT = re.compile(r"(?<=://)[^\s:/]*(?::\S*)?@")
_VALUE_IN_TEXT = re.compile(rf"({_NAME})[^&\s]+", re.IGNORECASE)
_DOUBTFUL_IN_TEXT = re.compile(rf"(?<=://)[^\s:/]*:\S*{_NAME}\S*@\S*", re.IGNORECASE)


def without_login(url: str) -> str:
    """The URL without user, password and secret parameters: as it may be said, kept, and compared with others."""
    return _LOGIN.sub(r"\1", _without_parameters(url))


def without_password(url: str) -> str:
    """The URL without password and secret parameters, for those who have the password from elsewhere.

    A database's keeps its user. A server's does not: HTTP clients would send it with an empty password.
    """
    if url.startswith(("http://", "https://")):
        return without_login(url)
    return _LOGIN.sub(lambda found: f"{found[1]}{found[2]}@" if found[2] else found[1], _without_parameters(url))


def holds_secret(url: str) -> bool:
    """Whether the URL holds what nobody else may see: a password, a secret parameter, or a server's user."""
    return without_password(url) != url


def login_of(url: str) -> tuple[str, str]:
    """User and password before a URL's host, decoded; empty where there is none."""
    login = _LOGIN.match(url)
    return (unquote(login[2]), unquote((login[3] or "")[1:])) if login else ("", "")


def secrets_of(url: str) -> set[str]:
    """What must not be shown of a URL, as it stands there and decoded."""
    login = _LOGIN.match(url)
    secrets = {login[3][1:]} if login and login[3] else set()
    secrets |= {parameter[1] for parameter in _PARAMETER.finditer(url)}
    return secrets | {unquote(secret) for secret in secrets}


def with_logins_hidden(text: str) -> str:
    """The text with every login and secret parameter of the URLs in it as '***'. A URL ends at white space."""
    text = _DOUBTFUL_IN_TEXT.sub("***", text)
    return _LOGIN_IN_TEXT.sub("***@", _VALUE_IN_TEXT.sub(r"\1***", text))


def _without_parameters(url: str) -> str:
    """Leaves secret parameters out; the first of those that stay follows '?'."""
    url = _DOUBTFUL.sub(r"\1", url)
    kept = _PARAMETER.sub("", url)
    if "?" in url and "?" not in kept:
        kept = kept.replace("&", "?", 1)
    return kept
