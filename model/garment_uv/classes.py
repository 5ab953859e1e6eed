"""The garment classes of CLOTH3D, in the order that segments, logits and tables use everywhere."""

GARMENT_CLASSES: tuple[str, ...] = ("Top", "Tshirt", "Trousers", "Skirt", "Jumpsuit", "Dress")
NUM_CLASSES = len(GARMENT_CLASSES)

CLASS_IDS: dict[str, int] = {name: index for index, name in enumerate(GARMENT_CLASSES, start=1)}
"""Value of each class in `segments` and `vertex_classes`; 0 is no garment."""
SKIN = NUM_CLASSES + 1
"""Value in `parsing` of skin and all else of the person that is no garment; 0 is the background there."""

OUTFITS: tuple[tuple[str, ...], ...] = (
    ("Top", "Trousers"),
    ("Top", "Skirt"),
    ("Tshirt", "Trousers"),
    ("Tshirt", "Skirt"),
    ("Jumpsuit",),
    ("Dress",),
)
"""What CLOTH3D's people wear; in a picture a piece may still turn out to cover nothing."""

SKIRT_TOPOLOGY_CLASSES: frozenset[str] = frozenset({"Skirt", "Dress"})
"""Classes whose surface joins the legs: an outfit with one of them uses the topology 'skirt'."""


def topology_of(garments: list[str] | tuple[str, ...]) -> str:
    """Name of the topology, 'default' or 'skirt', that an outfit of these garments needs."""
    return "skirt" if SKIRT_TOPOLOGY_CLASSES.intersection(garments) else "default"


COMBINATIONS: tuple[tuple[str, ...], ...] = (
    *[(upper, lower) for upper in ("Top", "Tshirt") for lower in ("Trousers", "Skirt")],
    *[(name,) for name in GARMENT_CLASSES],
    (),
)
"""What a person can be seen in: every upper with every lower, any garment alone, or nothing."""
