"""A connection to Ray: the cluster that RAY_ADDRESS names, or a local one for as long as it is needed."""

import logging
import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

from garment_sweeps.settings.masking import first_line
from garment_uv.errors import UserError

CONNECT_S = 5.0
START_S = 120
"""How long a local Ray's own server may take to start, seconds: Ray's 30 are few on a machine under load."""
OBJECT_STORE_BYTES = 100 * 2**20
"""Trials pass nothing large through Ray's object store."""

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the TensorBoard logger imports torch in the driver
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # epochs without evaluation carry no objective
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Tune's own ends the search as if it were done
}
"""Environment that Ray and Tune read; what the user set stays."""


def quiet_ray() -> None:
    """Sets what Ray and Tune read from the environment, unless the user has.

    Ray listens on every interface, so its token, which keeps others out, is switched on; this only works before Ray
    is imported, and after that a local cluster switches it on by itself.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    # Tune looks for its own result files at the end; ours are in the study and in MLflow.
    logging.getLogger("ray.tune.analysis.experiment_analysis").setLevel(logging.ERROR)
    if "ray" not in sys.modules and not os.environ.get("RAY_ADDRESS"):
        os.environ.setdefault("RAY_AUTH_MODE", "token")


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
    with suppress(OSError):  # another process was faster; or there are no links here, and Ray makes its own
        os.link(fresh, token)
    os.unlink(fresh)


@contextmanager
def ray_session(address: str | None, cpus: int | None = None) -> Iterator[None]:
    """Ray for the length of the block: the cluster at `address`, which goes on after it, or a local one.

    `cpus` are the local one's, all that this machine grants by default. UserError where nothing answers at `address`.
    """
    quiet_ray()
    import ray

    if ray.is_initialized():
        yield
        return
    if address is None:
        os.environ.setdefault("RAY_gcs_server_port_wait_time_s", str(START_S))
        make_token()
        ray.init(
            address="local",
            num_cpus=cpus,
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            log_to_driver=False,
            logging_level=logging.WARNING,
        )
    else:
        _connect(address)
    try:
        yield
    finally:
        ray.shutdown()


class RayLink:
    """A connection to Ray that a thread of its own makes and ends (see `ray_starting`)."""

    def __init__(self, address: str | None, thread: ThreadPoolExecutor) -> None:
        self._session = ExitStack()
        self._thread = thread
        self._begin = cache(lambda: thread.submit(self._session.enter_context, ray_session(address)))

    def begin(self) -> None:
        """Begins to connect; returns at once."""
        self._begin()

    def connect(self) -> None:
        """Waits until Ray is there; UserError where it does not come."""
        self._begin().result()

    def disconnect(self) -> None:
        """Ends the connection, and with it all trials of this process; nothing where there is none."""
        self._thread.submit(self._session.close).result()


@contextmanager
def ray_starting(address: str | None, at_once: bool = True) -> Iterator[RayLink]:
    """`ray_session` in the background: call `connect` before Ray is used.

    Ray's processes take two seconds to start, in which a sweep's study can be opened. They live as long as the thread
    that started them, which therefore stays until the end. With `at_once` False they start with `connect`, since Ray
    may not be needed at all.
    """
    quiet_ray()
    import ray  # noqa: F401  here, since two threads that import at once gain nothing

    with ExitStack() as outer:
        if threading.current_thread() is threading.main_thread():  # where alone Ray cares for it
            outer.enter_context(_leaving_on_sigterm())
            logging.getLogger("ray._private.worker").addFilter(_tells_news)
        thread = outer.enter_context(ThreadPoolExecutor(1, "ray"))
        link = RayLink(address, thread)
        outer.callback(link.disconnect)
        if at_once:
            link.begin()
        yield link


@contextmanager
def _leaving_on_sigterm() -> Iterator[None]:
    """SIGTERM ends the process as an exception does, so that leases and Ray are let go, however long that takes.

    Ray's own handler of the signal, which has run before, has set an alarm that aborts the process in three seconds.
    Where the signal comes while Ray waits for an answer, Ray turns the exception into a SystemExit of status 1.
    """
    status: list[int] = []

    def leave(signum: int, frame: object) -> None:
        signal.alarm(0)
        status.append(128 + signum)
        sys.exit(status[0])

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    except SystemExit:
        if status:
            sys.exit(status[0])
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _tells_news(record: logging.LogRecord) -> bool:
    return "SIGTERM handler is not set" not in record.getMessage()


def _connect(address: str) -> None:
    import ray

    _check_answers(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _no_answer(address, first_line(error)) from None


def _check_answers(address: str) -> None:
    """UserError where nothing listens at HOST:PORT: Ray itself would try for minutes."""
    if address.startswith(("http://", "https://")):
        raise UserError(
            f"RAY_ADDRESS is {address}, a dashboard's URL: use `garment submit --address {address}`, "
            "or name the cluster as HOST:6379"
        )
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        return  # 'auto', or what Ray will explain
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise _no_answer(address, str(error)) from None


def _no_answer(address: str, why: str) -> UserError:
    return UserError(
        f"no Ray cluster answers at {address} ({why}); start one with `ray start --head`, or unset RAY_ADDRESS"
    )
