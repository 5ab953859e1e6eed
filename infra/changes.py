"""The changelog, one file a change: `changes/<a few words>.<kind>.md`, of one or more whole sentences.

Usage: python infra/changes.py            check that every file can go into the changelog
       python infra/changes.py VERSION    put them all into CHANGELOG.md under that version, and take the files away

Kinds, in the order of the changelog: added, changed, fixed, removed, inside. What no user meets is `inside`.
"""

import datetime
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("added", "changed", "fixed", "removed", "inside")
FILE = re.compile(rf"[a-z0-9-]+\.({'|'.join(KINDS)})\.md")
BEGIN = "<!-- the newest version first -->\n"


def fragments(folder: Path) -> dict[str, list[Path]]:
    """The files of each kind; ValueError naming what is none."""
    files = sorted(path for path in folder.iterdir() if path.name != "README.md")
    for path in files:
        if not FILE.fullmatch(path.name):
            raise ValueError(f"changes/{path.name}: call it <words-with-hyphens>.<kind>.md, kinds: {', '.join(KINDS)}")
        text = path.read_text().strip()
        if not text.endswith("."):
            raise ValueError(
                f"changes/{path.name}: say what changes for its reader, in sentences that end with a full stop"
            )
    return {kind: [path for path in files if path.name.endswith(f".{kind}.md")] for kind in KINDS}


def chapter(version: str, day: datetime.date, found: dict[str, list[Path]]) -> str:
    """One version's part of the changelog."""
    lines = [f"## {version} ({day})", ""]
    for kind, paths in found.items():
        if paths:
            lines += [f"### {kind.capitalize()}", "", *(_item(path.read_text()) for path in paths), ""]
    return "\n".join([*lines, ""])


def assemble(root: Path, version: str, day: datetime.date) -> None:
    """Moves all fragments into CHANGELOG.md."""
    found, log = fragments(root / "changes"), root / "CHANGELOG.md"
    before, begin, after = log.read_text().partition(BEGIN)
    if not begin:
        raise ValueError(f"{log} lacks the line {BEGIN.strip()!r}, below which versions stand: put it back")
    if f"## {version} (" in after:
        raise ValueError(f"{log} has a version {version} already: give another one")
    log.write_text(f"{before}{begin}\n{chapter(version, day, found)}{after.lstrip()}")
    for path in (path for paths in found.values() for path in paths):
        path.unlink()


def _item(text: str) -> str:
    return "- " + "\n  ".join(text.strip().splitlines())


def main(arguments: list[str]) -> int:
    """0, or 1 with one line of what is wrong."""
    try:
        if arguments:
            assemble(ROOT, arguments[0], datetime.date.today())
        else:
            fragments(ROOT / "changes")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
