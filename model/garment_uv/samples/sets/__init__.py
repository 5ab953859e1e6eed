"""Sets by name: each is made and prepared by one command from fixed seeds, and known again by its samples' digest.

A set is called `open192-` and so on with the beginning of `Manifest.samples_digest`, which stays as it is when a
manifest tells more of the registration. The same command gives the same digest on one machine. On another processor the
last bits of floating-point sums may differ, and with them the digest: then the set is as good but another one, and
figures are comparable only between equal digests.
"""

from garment_uv.samples.sets.artist import make_artist
from garment_uv.samples.sets.checks import check_complete, check_held_out
from garment_uv.samples.sets.made import Made, SetOptions
from garment_uv.samples.sets.open2k import make_open2k
from garment_uv.samples.sets.open192 import make_open192

__all__ = [
    "SETS",
    "Made",
    "SetOptions",
    "check_complete",
    "check_held_out",
    "make_artist",
    "make_open192",
    "make_open2k",
]

SETS = {"open192": make_open192, "open2k": make_open2k, "artist": make_artist}
"""By name, a function of the folder, `SetOptions` and how to tell progress; it gives what lies in the folder then."""
