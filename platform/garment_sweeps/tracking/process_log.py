"""What this process has printed since a moment, where that goes to files, as Ray's workers' output does."""

import os
from dataclasses import dataclass
from pathlib import Path

from garment_sweeps.settings.masking import masked

LOGS_ARTIFACT = "logs"
"""Artifact path of a trial's logs, one file per attempt that ended in an orderly way."""
LAST_BYTES = 2**20
"""Of each stream that are kept."""


@dataclass(frozen=True)
class ProcessLog:
    """The files behind standard output and standard error, each from the byte at which it begins to matter."""

    starts: dict[Path, int]

    @classmethod
    def here(cls) -> "ProcessLog":
        """From this moment on; empty where the streams are no files."""
        files = [Path(f"/proc/self/fd/{descriptor}").resolve() for descriptor in (1, 2)]
        return cls({path: path.stat().st_size for path in files if path.is_file()})

    @property
    def path(self) -> str:
        """The file of standard output, or of standard error where that is none; empty without either."""
        return str(next(iter(self.starts), ""))

    def text(self) -> str:
        """What was printed since, at most the last MiB of each stream, without secrets."""
        parts = [self._part(path, start) for path, start in self.starts.items()]
        return "\n".join(part for part in parts if part)

    def _part(self, path: Path, start: int) -> str:
        try:
            with open(path, "rb") as file:
                end = file.seek(0, os.SEEK_END)
                first = max(start if start <= end else 0, end - LAST_BYTES)  # a rotated file begins anew
                file.seek(first)
                text = file.read(end - first).decode(errors="replace")
        except OSError as error:
            return f"{path} cannot be read: {error.strerror}\n"
        return f"--- {path.name}\n{masked(text)}" if text else ""
