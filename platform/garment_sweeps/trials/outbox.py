"""What MLflow could not be told when a trial ended: left in the sweep's storage, for the driver to deliver later.

    <storage>/<sweep>/outbox/<trial>.<attempt>/files/<artifact path>/...    model, gallery, logs
    <storage>/<sweep>/outbox/<trial>.<attempt>/record.jsonl                 written last: without it nothing counts
"""

import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.record import TrialRecord
from garment_sweeps.trials.context import StorageConfig
from garment_sweeps.trials.storage import folder_names, open_filesystem
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from pyarrow.fs import FileSystem

OUTBOX_FOLDER = "outbox"
RECORD_FILE = "record.jsonl"
FILES_FOLDER = "files"


@dataclass(frozen=True)
class Outbox:
    """The undelivered records of one sweep. A record is known by trial and attempt, as 't00003.00010002'."""

    filesystem: "FileSystem"
    path: str

    @classmethod
    def of(cls, storage: StorageConfig, sweep: str) -> "Outbox":
        """The sweep's outbox; it need not exist."""
        filesystem, root = open_filesystem(storage)
        return cls(filesystem, f"{root}/{sweep}/{OUTBOX_FOLDER}")

    def put(self, record: TrialRecord) -> None:
        """Leaves a record with the files of its folders; OSError where the storage is away too."""
        from pyarrow import fs

        path = f"{self.path}/{name_of(record)}"
        self.filesystem.create_dir(path, recursive=True)
        for artifact, folder in record.folders.items():
            place = f"{path}/{FILES_FOLDER}/{artifact}"
            self.filesystem.create_dir(place, recursive=True)
            fs.copy_files(str(folder), place, destination_filesystem=self.filesystem, use_threads=False)
        with self.filesystem.open_output_stream(f"{path}/{RECORD_FILE}") as stream:
            stream.write("\n".join(record.lines()).encode())

    def names(self) -> list[str]:
        """Records that wait, a trial's attempts in order."""
        return folder_names(self.filesystem, self.path)

    @contextmanager
    def fetched(self, name: str) -> Iterator[TrialRecord | None]:
        """The record of that name with its folders on the local disk; None where it was not written to its end."""
        from pyarrow import fs

        path = f"{self.path}/{name}"
        with tempfile.TemporaryDirectory(prefix="garment-outbox-") as folder:
            try:
                fs.copy_files(path, folder, source_filesystem=self.filesystem, use_threads=False)
                lines = (Path(folder) / RECORD_FILE).read_text().splitlines()
                record = TrialRecord.from_lines(lines, path)
            except (FileNotFoundError, UserError):
                yield None
                return
            files = Path(folder) / FILES_FOLDER
            record.folders = {each.name: each for each in sorted(files.iterdir())} if files.is_dir() else {}
            yield record

    def deliver(
        self,
        client: "MlflowClient",
        experiment_id: str,
        parent_run_id: str,
        live: Collection[str] = (),
        progress: Callable[[], None] = lambda: None,
    ) -> int:
        """Delivers every record and forgets it; returns how many there were. Trials in `live` keep theirs.

        What the client raises where MLflow is away leaves the rest for another time.
        """
        names = [name for name in self.names() if trial_of(name) not in live]
        for name in names:
            with self.fetched(name) as record:
                if record is not None:
                    record.identity = record.identity.under(experiment_id, parent_run_id)
                    Delivery(lambda: client, record, progress=progress)()
            self.remove(name)
        return len(names)

    def remove(self, name: str) -> None:
        """Forgets a record."""
        self.filesystem.delete_dir(f"{self.path}/{name}")


def name_of(record: TrialRecord) -> str:
    """A record's name in the outbox."""
    return f"{record.identity.trial_id}.{record.start.number:08d}"


def trial_of(name: str) -> str:
    """The trial of the record of that name."""
    return name.rpartition(".")[0]
