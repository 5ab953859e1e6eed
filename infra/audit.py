"""Asks the OSV database whether any locked version has a known vulnerability.

Usage: python infra/audit.py [--strict] [LOCK ...]

Without arguments all lock files are asked about, in one request that holds names and versions alone. What was looked
at and found to be harmless here stands in audit_accepted.json, by the advisory's id or one of its aliases, with the
reason and a day after which it must be looked at again.

Exit status: 0 with nothing found, 1 with findings. A database that cannot be reached is said, loudly, and is no
failure, since nothing was found out; with --strict it is one.
"""

import datetime
import json
import os
import sys
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCKS = tuple(HERE / f"requirements{of}.lock" for of in ("", "-test", "-lint"))
ACCEPTED = HERE / "audit_accepted.json"
DATABASE = "https://api.osv.dev"
SECONDS = 20.0


class NoAnswer(Exception):
    """The database cannot be reached, or does not answer as it should."""


def locked(paths: list[Path]) -> list[tuple[str, str]]:
    """(package, version) of all lines of the lock files, once each, sorted."""
    lines = [line.split("#")[0].strip() for path in paths for line in path.read_text().splitlines()]
    return sorted({tuple(line.split("==", 1)) for line in lines if "==" in line})


def found_in(packages: list[tuple[str, str]], database: str) -> list[tuple[str, str, str]]:
    """(package, version, advisory's id) of everything known about them."""
    answers = _batch(database, [{"package": {"name": n, "ecosystem": "PyPI"}, "version": v} for n, v in packages])
    return [
        (*package, vulnerability["id"])
        for package, answer in zip(packages, answers, strict=True)
        for vulnerability in answer.get("vulns", [])
    ]


def _batch(database: str, queries: list[dict]) -> list[dict]:
    """The answer to each query, further pages included."""
    answers: list[dict] = [{"vulns": []} for _ in queries]
    open_queries = dict(enumerate(queries))
    while open_queries:
        said = _ask(f"{database}/v1/querybatch", {"queries": list(open_queries.values())})
        results = said.get("results", [])
        if len(results) != len(open_queries):
            raise NoAnswer(f"{database} gave {len(results)} answers to {len(open_queries)} questions")
        following = {}
        for (place, query), result in zip(open_queries.items(), results, strict=True):
            answers[place]["vulns"] += result.get("vulns", [])
            if token := result.get("next_page_token"):
                following[place] = {**query, "page_token": token}
        open_queries = following
    return answers


def _ask(url: str, question: dict | None = None) -> dict:
    data = None if question is None else json.dumps(question).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise NoAnswer(f"{url}: {error}") from None


def accepted(advisory: dict, today: datetime.date) -> bool:
    """Whether someone has looked at it, and the day until which that holds has not come."""
    names = {advisory["id"], *advisory.get("aliases", [])}
    return any(
        entry["id"] in names and datetime.date.fromisoformat(entry["until"]) >= today
        for entry in json.loads(ACCEPTED.read_text())
    )


def main(arguments: list[str]) -> int:
    """Prints what was found, and returns the exit status."""
    strict = "--strict" in arguments
    paths = [Path(name) for name in arguments if name != "--strict"] or list(LOCKS)
    database = os.environ.get("GARMENT_OSV_URL", DATABASE).rstrip("/")
    packages = locked(paths)
    try:
        findings = found_in(packages, database)
        known = {id: _ask(f"{database}/v1/vulns/{urllib.parse.quote(id)}") for _, _, id in findings}
    except NoAnswer as error:
        print(f"AUDIT NOT DONE: {error}. Of {len(packages)} locked packages none was looked up.")
        return 1 if strict else 0
    today = datetime.date.today()
    left = [finding for finding in findings if not accepted(known[finding[2]], today)]
    for name, version, id in left:
        print(f"{name} {version}: {id} {known[id].get('summary', '')} - see https://osv.dev/vulnerability/{id}")
    print(f"audit: {len(packages)} packages, {len(left)} findings, {len(findings) - len(left)} looked at and accepted")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
