"""What a sweep's decision log says of a sweep under kills."""

from collections import Counter

from garment_sweeps.study.decisions import Event, read_log
from garment_sweeps.study.study import open_storage

OPENING = ("suggest", "resume")
STEPS = ("result", "end")


def events_of(url: str, sweep: str) -> list[Event]:
    """The log, from the study's database."""
    return read_log(open_storage(url).engine, sweep)


def faults_of_log(events: list[Event], trials: int) -> list[str]:
    """Trials that were suggested or ended other than once, or that did anything after their end."""
    faults = []
    if [event["seq"] for event in events] != list(range(len(events))):
        faults.append("log: its events are not numbered one after the other")
    suggested = Counter(event["trial"] for event in events if event["kind"] == "suggest")
    ended: Counter[str] = Counter()
    for event in events:
        name = event.get("trial")
        if name in ended and event["kind"] in (*OPENING, *STEPS):
            faults.append(f"log: {event['kind']} of {name}, event {event['seq']}, comes after its end")
        if event["kind"] == "end" and event["state"] != "RUNNING":
            ended[name] += 1
    for what, counted in (("suggested", suggested), ("ended", ended)):
        if len(counted) != trials or set(counted.values()) != {1}:
            twice = sorted(name for name, times in counted.items() if times > 1)
            faults.append(f"log: {len(counted)} of {trials} trials were {what}, more than once: {twice}")
    return faults


def all_went_on_after(events: list[Event], at: float) -> float | None:
    """Seconds from `at`, Unix time, until every trial that was open then had a result or its end; None without one."""
    opened = {event["trial"] for event in events if event["kind"] in OPENING and event["at"] <= at}
    closed = {e["trial"] for e in events if e["kind"] == "end" and e["state"] != "RUNNING" and e["at"] <= at}
    waiting, last = opened - closed, None
    for event in events:
        if event["at"] > at and event["kind"] in STEPS and event["trial"] in waiting:
            waiting.discard(event["trial"])
            last = event["at"]
    return None if last is None or waiting else last - at
