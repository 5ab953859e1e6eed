"""How often each sample is drawn so that every garment class is trained on equally often."""

import numpy as np

from garment_uv.errors import UserError
from garment_uv.samples.manifest import Manifest


def class_balanced(manifest: Manifest, split: str) -> np.ndarray:
    """Probabilities [N] of a split's samples, in stored order, that sum to 1.

    A draw takes one of the split's garment classes, all equally likely, and then one of the samples that wear it. The
    manifest alone tells what each sample wears: samples are stored in the order of its sequences. UserError where it
    does not, which the counts of its shards show.
    """
    worn = [set(entry.garments) for entry in manifest.sequences if entry.split == split for _ in range(entry.frames)]
    first = 0
    for shard in manifest.split_shards(split):
        inside = worn[first : first + shard.samples]
        counts = {name: sum(name in garments for garments in inside) for name in set().union(*inside)}
        if len(inside) != shard.samples or counts != {name: n for name, n in shard.class_counts.items() if n}:
            raise UserError(
                f"the manifest does not tell what the samples of {shard.key} wear; set data.balance=none, or prepare "
                "the dataset again"
            )
        first += shard.samples
    counts = manifest.class_counts(split)
    classes = [name for name, count in counts.items() if count]
    weights = np.array([sum(1.0 / counts[name] for name in garments) for garments in worn])
    if not classes:
        raise UserError(f"no sample of the split {split!r} wears anything; set data.balance=none")
    return weights / len(classes)
