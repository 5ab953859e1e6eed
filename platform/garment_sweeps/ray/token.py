"""The token that keeps others out of a local Ray, made before Ray itself would make it."""

import os
import secrets
import sys
import tempfile
from pathlib import Path


def make_token() -> None:
    """Ray's token, where it would make one: whole and once, while two sweeps that begin on a new machine both want it.

    Ray itself writes it in place, so that one finds half of the other's, or has processes with either.
    """
    if (mode := os.environ.get("RAY_AUTH_MODE", "token")).lower() != "token":
        print(
            f"warning: RAY_AUTH_MODE is {mode}, and Ray listens on every interface: whoever reaches this machine can "
            "run programs on it; unset the variable to have a token asked for",
            file=sys.stderr,
        )
        return
    if any(os.environ.get(name) for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")):
        return
    token = Path.home() / ".ray" / "auth_token"
    if token.exists():
        return
    token.parent.mkdir(parents=True, exist_ok=True)
    descriptor, fresh = tempfile.mkstemp(dir=token.parent)  # for the user's eyes only
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    try:
        os.link(fresh, token)
    except OSError:
        pass  # another process was faster; or there are no links here, and Ray makes its own
    finally:
        os.unlink(fresh)
