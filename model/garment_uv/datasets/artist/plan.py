"""Who wears which of the artists' clothes: uppers with the lowers that they leave to be seen, and the rest alone."""

from dataclasses import dataclass

from garment_uv.classes import OUTFITS
from garment_uv.datasets.artist.clothes import CLASSES
from garment_uv.datasets.open.motion import EVERYDAY, MOTIONS
from garment_uv.datasets.open.plan import SequencePlan

SUBJECTS = {2: 2, 1: 5}
"""How many subjects wear an outfit of so many garments."""
ALONE = frozenset({"Asymmetric_Tunic_and_Sash", "Coat", "F_Bikini_01", "Tank_Top_01", "VNeckTop"})
"""Uppers under which more than a tenth of every lower's area would be hidden, which no map tells; worn without one."""
ONLY_WITH = {
    "Sleeveless": frozenset({"BrazBikiniSlip", "Tightjeans", "miniskirt"}),
    "spaghetti-top": frozenset({"BrazBikiniSlip", "Tightjeans"}),
}
"""Uppers that hide so much of some lowers, with those that they do not."""


@dataclass(frozen=True)
class ArtistPlan(SequencePlan):
    """One sequence; its subject and look are drawn from its own random stream."""

    clothes: tuple[str, ...] = ()
    """Keys of `CLASSES`, lower before upper."""


def plan_artist(frames: int, seed: int) -> list[ArtistPlan]:
    """The whole set, kind of outfit by kind in turn, so that its first part has all classes too; one split, `test`."""
    kinds = list(MOTIONS | EVERYDAY)
    groups = [_outfits(outfit) for outfit in (*OUTFITS, ("Top",), ("Tshirt",))]
    turns = [group[at] for at in range(max(map(len, groups))) for group in groups if at < len(group)]
    return [
        ArtistPlan(
            split="test", number=number, seed=seed, garments=tuple(CLASSES[name] for name in clothes),
            motion=kinds[(number + number // len(kinds)) % len(kinds)], frames=frames, clothes=clothes,
        )
        for number, clothes in enumerate(turns)
    ]  # fmt: skip


def _outfits(classes: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Each way to wear garments of `classes`, lower before upper, once a subject; uppers with a lower go in turn."""
    lowers, others = (
        [name for name, worn in CLASSES.items() if worn in classes and (worn in ("Trousers", "Skirt")) == below]
        for below in (True, False)
    )
    found: list[tuple[str, ...]]
    if lowers:
        found = [(low, up) for low in lowers for up in others if up not in ALONE and low in ONLY_WITH.get(up, lowers)]
    else:
        found = [(name,) for name in others if name in ALONE or CLASSES[name] in ("Jumpsuit", "Dress")]
    return found * SUBJECTS[len(classes)]
