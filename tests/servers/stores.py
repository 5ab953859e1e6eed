"""MLflow's SQLite stores, each copied from one that was migrated once: the migrations take a second every time."""

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

if TYPE_CHECKING:
    import sqlalchemy


def empty_store() -> Path:
    """A migrated SQLite store without an experiment, of this MLflow version; made by the first process that asks."""
    import mlflow
    from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine

    folder = Path(tempfile.gettempdir()) / f"garment-test-stores-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    path = folder / f"mlflow-{mlflow.__version__}.db"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            begun = path.with_suffix(".begun")
            begun.unlink(missing_ok=True)
            engine = create_sqlalchemy_engine(f"sqlite:///{begun}")
            _initialize_tables(engine)
            engine.dispose()
            begun.rename(path)
    return path


@contextmanager
def copied_stores() -> Iterator[None]:
    """Stores that this process makes in SQLite while inside are copies of `empty_store`."""
    from mlflow.store.db import utils

    migrate, source = utils._initialize_tables, empty_store()

    def copy(engine: "sqlalchemy.Engine") -> None:
        if engine.url.get_backend_name() != "sqlite":
            return migrate(engine)
        with closing(sqlite3.connect(source)) as made, closing(engine.raw_connection()) as new:
            made.backup(new.driver_connection)

    with mock.patch.object(utils, "_initialize_tables", copy):
        yield
