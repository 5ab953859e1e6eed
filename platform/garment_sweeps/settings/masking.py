"""Text as it may be printed, logged and kept: without the secrets of this process's environment."""

import os
import re

from garment_sweeps.settings.urls import SECRET_WORDS, secrets_of, with_logins_hidden

SHORTEST = 6
"""A shorter secret is not looked for in text: it would be found in innocent words."""

_SECRET_NAME = re.compile(rf"{SECRET_WORDS}|_key$", re.IGNORECASE)


def masked(text: str) -> str:
    """The text without logins inside URLs and without the values of secret environment variables."""
    for secret in sorted(_secrets(), key=len, reverse=True):  # first: one may hold white space, or another one
        text = text.replace(secret, "***")
    return with_logins_hidden(text)


def first_line(error: BaseException | str, most: int = 200) -> str:
    """The start of an error's text, in one line that may be shown."""
    return _lines_of(error)[0][:most]


def last_line(error: BaseException | str, most: int = 200) -> str:
    """The end of an error's text likewise: where a traceback or a list of causes ends in what matters."""
    return _lines_of(error)[-1].strip()[:most]


def is_secret(name: str) -> bool:
    """Whether an environment variable of that name has a value that is never shown."""
    return _SECRET_NAME.search(name) is not None


def _secrets() -> set[str]:
    """Values of the environment that are never shown, the passwords inside its URLs among them."""
    secrets = set()
    for name, value in os.environ.items():
        if is_secret(name):
            secrets.add(value)
        elif "://" in value:
            secrets |= secrets_of(value)
    return {secret for secret in secrets if len(secret) >= SHORTEST}


def _lines_of(error: BaseException | str) -> list[str]:
    return masked(str(error).strip()).splitlines() or [type(error).__name__]
