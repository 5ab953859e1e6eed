"""Made samples as shards of a dataset, without a preparation: of a fixed number of samples, each handed to a sink."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from garment_uv.files import file_digest
from garment_uv.samples.manifest import ShardEntry
from garment_uv.samples.shards import TAR_END
from garment_uv.samples.sink import DatasetSink


@dataclass
class _OpenShard:
    path: Path
    file: BinaryIO
    samples: int = 0
    class_counts: dict[str, int] = field(default_factory=dict)


class ShardWriter:
    """Shards `<split>/shard-NNNNNN.tar`, filled in the order of `add`; the same samples give the same bytes."""

    def __init__(self, sink: DatasetSink, folder: Path, samples_per_shard: int) -> None:
        self._sink, self._folder, self._samples_per_shard = sink, folder, samples_per_shard
        self._open: dict[str, _OpenShard] = {}
        self._written: dict[str, list[ShardEntry]] = {}

    def add(self, split: str, blocks: bytes, classes: tuple[str, ...]) -> None:
        """Appends one sample's tar blocks to its split; a shard that is full goes to the sink."""
        shard = self._open.get(split)
        if shard is None:
            file = tempfile.NamedTemporaryFile(dir=self._folder, suffix=".tar", delete=False)
            shard = self._open[split] = _OpenShard(Path(file.name), file)
        shard.file.write(blocks)
        shard.samples += 1
        for name in classes:
            shard.class_counts[name] = shard.class_counts.get(name, 0) + 1
        if shard.samples == self._samples_per_shard:
            self._finish(split)

    def close(self) -> tuple[ShardEntry, ...]:
        """Finishes the shards begun; all shards, by split in alphabetical order."""
        for split in list(self._open):
            self._finish(split)
        return tuple(entry for split in sorted(self._written) for entry in self._written[split])

    def _finish(self, split: str) -> None:
        shard = self._open.pop(split)
        shard.file.write(TAR_END)
        shard.file.close()
        entries = self._written.setdefault(split, [])
        key = f"{split}/shard-{len(entries):06d}.tar"
        size, sha256 = file_digest(shard.path)
        entries.append(
            ShardEntry(
                split=split, key=key, bytes=size, sha256=sha256, samples=shard.samples,
                class_counts=dict(sorted(shard.class_counts.items())),
            )
        )  # fmt: skip
        self._sink.put(key, shard.path)
        shard.path.unlink(missing_ok=True)
