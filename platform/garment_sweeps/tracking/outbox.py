"""What MLflow could not be told when a trial ended: left in the sweep's storage, for the driver to deliver later.

    <storage>/<sweep>/outbox/<trial>.<attempt>/files/<artifact path>/...    model, gallery, logs
    <storage>/<sweep>/outbox/<trial>.<attempt>/record.jsonl                 written last: without it nothing counts

What MLflow will never take does not stay there, where it would be tried for ever:

    <storage>/<sweep>/parked/<trial>.<attempt>/files/..., record.jsonl      the same, whole
    <storage>/<sweep>/parked/<trial>.<attempt>/refused.json                 which parts were refused, and why

Once the reason is mended, such a folder can be moved back into the outbox.
"""

import json
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.settings.masking import first_line
from garment_sweeps.storage.filesystem import folder_names, open_filesystem, read_json, write_whole
from garment_sweeps.tracking.answers import is_away
from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.parts import Steps
from garment_sweeps.tracking.record import RECORD_FILE, TrialRecord
from garment_sweeps.tracking.sweep_run import SweepRun
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

OUTBOX_FOLDER = "outbox"
PARKED_FOLDER = "parked"
FILES_FOLDER = "files"
REFUSED_FILE = "refused.json"


@dataclass(frozen=True)
class Parked:
    """A record of which MLflow will never take some parts."""

    trial_id: str
    refused: dict[str, str]
    """Why, by the name of the part."""
    path: str

    def line(self) -> str:
        """One line for the user."""
        part, reason = next(iter(self.refused.items()), ("the record", "no reason was kept"))
        more = f" and {len(self.refused) - 1} more" if len(self.refused) > 1 else ""
        return (
            f"MLflow refused {part}{more} of trial {self.trial_id} ({reason}); kept in {self.path}: "
            f"mend that, move the folder to ../{OUTBOX_FOLDER}, and go on with --resume"
        )


@dataclass(frozen=True)
class Outbox:
    """The undelivered records of one sweep. A record is known by trial and attempt, as 't00003.00010002'."""

    filesystem: "FileSystem"
    path: str
    parked_path: str

    @classmethod
    def of(cls, storage: StorageConfig, sweep: str) -> "Outbox":
        """The sweep's outbox; it need not exist."""
        filesystem, root = open_filesystem(storage)
        return cls(filesystem, f"{root}/{sweep}/{OUTBOX_FOLDER}", f"{root}/{sweep}/{PARKED_FOLDER}")

    def names(self) -> list[str]:
        """Records that wait, a trial's attempts in order."""
        return folder_names(self.filesystem, self.path)

    def put(self, record: TrialRecord) -> None:
        """Leaves a record with the files of its folders; OSError where the storage is away too."""
        self._put(record, f"{self.path}/{record_name(record)}")

    def remove(self, name: str) -> None:
        """Forgets a record."""
        self.filesystem.delete_dir(f"{self.path}/{name}")

    def park(self, record: TrialRecord, refused: Mapping[str, str]) -> Parked:
        """Keeps a record that MLflow will not take whole, with the reasons; OSError where the storage is away."""
        path = f"{self.parked_path}/{record_name(record)}"
        write_whole(self.filesystem, f"{path}/{REFUSED_FILE}", json.dumps(dict(refused), indent=1).encode())
        self._put(record, path)
        return Parked(record.identity.trial_id, dict(refused), path)

    def parked(self) -> list[Parked]:
        """What is kept apart, in order."""
        paths = {name: f"{self.parked_path}/{name}" for name in folder_names(self.filesystem, self.parked_path)}
        return [
            Parked(trial_of_record(name), read_json(self.filesystem, f"{path}/{REFUSED_FILE}") or {}, path)
            for name, path in paths.items()
        ]

    def has_parked(self, record: TrialRecord) -> bool:
        """Whether that attempt's record is kept apart already."""
        return record_name(record) in folder_names(self.filesystem, self.parked_path)

    @contextmanager
    def fetched(self, name: str) -> Iterator[tuple[TrialRecord | None, bool]]:
        """The record of that name with its folders on the local disk; None where it was not written to its end.

        And whether it was parked once: then MLflow may have parts of its epochs.
        """
        from pyarrow import fs

        path = f"{self.path}/{name}"
        with tempfile.TemporaryDirectory(prefix="garment-outbox-") as folder:
            try:
                fs.copy_files(path, folder, source_filesystem=self.filesystem, use_threads=False)
                record = TrialRecord.from_text((Path(folder) / RECORD_FILE).read_bytes(), path)
            except (FileNotFoundError, UserError):
                yield None, False
                return
            files = Path(folder) / FILES_FOLDER
            record.folders = {each.name: each for each in sorted(files.iterdir())} if files.is_dir() else {}
            yield record, (Path(folder) / REFUSED_FILE).is_file()

    def deliver(self, run: SweepRun, live: Collection[str] = (), progress: Callable[[], None] = lambda: None) -> None:
        """Delivers every record below the sweep's run and forgets it. Trials in `live` keep theirs.

        One that MLflow will never take, in parts or whole, is parked. What the client raises where MLflow is away
        leaves the rest for another time; where it only stumbles over one record, the others come first.
        """
        steps = Steps()
        for name in self.names():
            if trial_of_record(name) not in live:
                steps.take(name, partial(self._deliver, run, name, progress))
        steps.end()

    def _deliver(self, run: SweepRun, name: str, progress: Callable[[], None]) -> None:
        with self.fetched(name) as (record, parked):
            if record is not None:
                record.identity = record.identity.under(run.experiment_id, run.run_id)
                delivery = Delivery(lambda: run.client, record, progress=progress, anew=parked)
                if refused := _refused_of(delivery):
                    self.park(record, refused)
        self.remove(name)

    def _put(self, record: TrialRecord, path: str) -> None:
        from pyarrow import fs

        for artifact, folder in record.folders.items():
            place = f"{path}/{FILES_FOLDER}/{artifact}"
            self.filesystem.create_dir(place, recursive=True)
            fs.copy_files(str(folder), place, destination_filesystem=self.filesystem, use_threads=False)
        write_whole(self.filesystem, f"{path}/{RECORD_FILE}", record.text())


def record_name(record: TrialRecord) -> str:
    """A record's name in the outbox."""
    return f"{record.identity.trial_id}.{record.start.number:08d}"


def trial_of_record(name: str) -> str:
    """The trial of the record of that name."""
    return name.rpartition(".")[0]


def _refused_of(delivery: Delivery) -> Mapping[str, str]:
    """Which parts are refused, and why; a record that nobody can deliver is, as a whole."""
    try:
        delivery()
    except Exception as error:
        if is_away(error):
            raise
        return {"the record": f"{type(error).__name__}: {first_line(error)}"}
    return delivery.refused
