"""The place of a single training in the storage: claimed when it begins, and gone on from by its own kind alone."""

import json
import secrets

from garment_sweeps.settings.code import code_digest
from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.study.claims import Claim, Claims
from garment_sweeps.trials.checkpoints import TrialStore
from garment_sweeps.trials.progress import PROGRESS_FILE
from garment_uv.errors import UserError

SWEEPS_OWN = "state"
"""In the place of a sweep, and of no single training: the copies of its decisions."""


def claim_place(storage: StorageConfig, name: str, store: TrialStore, resume: bool, accept_code: bool) -> Claim:
    """The claim of the training called `name` on its place.

    Raises:
        UserError: the name is taken and `resume` is False, a sweep bears it, or other code trained before and
            `accept_code` is False.
    """
    claims = Claims(storage, name)
    before, traces = claims.newest(), claims.traces()
    if SWEEPS_OWN in traces:
        raise UserError(f"{name!r} is a sweep's name, in {claims.uri}; give the training another --name")
    if (before or traces) and not resume:
        raise UserError(f"a training named {name!r} exists; go on with --resume or give another --name")
    code = _code_of_newest(store)
    if code not in ("", code_digest()) and not accept_code:
        raise UserError(
            f"training {name!r} was begun by other code (digest {code}, now {code_digest()}): go back to that code, "
            "accept the change with --accept-code, or begin anew under another --name"
        )
    return before or claims.take(secrets.token_hex(8), None)


def _code_of_newest(store: TrialStore) -> str:
    """Digest of the code that wrote the newest checkpoint that says so; empty where none does."""
    for path in store.checkpoints():
        try:
            with store.filesystem.open_input_stream(f"{path}/{PROGRESS_FILE}") as stream:
                return str(json.loads(stream.read())["progress"].get("code", ""))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return ""
