"""The comparison page: what it says, and that a real browser without network draws it, turns it and keeps it linked."""

import base64
import io
import json
import re
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from garment_sweeps.comparison.charts import COLOURS
from garment_sweeps.comparison.compare import comparison_page
from garment_sweeps.comparison.leaderboard import Leaderboard
from garment_sweeps.comparison.rows import Row
from garment_sweeps.comparison.runs import Chosen
from tests.garment_sweeps.comparison.made import gathered, row, run, score
from tests.servers.browser import CHROMIUM, MISSING, browser

RUNS, GARMENTS = 8, 12
READY = "document.documentElement.dataset.state === 'ready'"
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)


def page_of(runs: int, samples: int, detail: int = 12, **board) -> str:
    columns = [gathered(place, samples, detail) for place in range(runs)]
    sweep = run(0)
    return comparison_page(
        Chosen(tuple(column.run for column in columns), sweep, Leaderboard("made", (), (), (), **board)), columns
    )


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A page of 8 runs and 12 garments of 1,000 vertices."""
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(page_of(RUNS, GARMENTS, detail=32))
    return path


def pixels(shown, panel: int) -> np.ndarray:
    """What a panel's canvas holds, int [H, W, 4]."""
    url = shown.evaluate(f"document.querySelector('canvas[data-panel=\"{panel}\"]').toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA")).astype(int)


def middle(shown, panel: int) -> tuple[float, float]:
    """The place of a panel in the window, CSS px."""
    return tuple(
        shown.evaluate(
            f"""(() => {{ const b = document.querySelector('canvas[data-panel="{panel}"]').getBoundingClientRect();
            return [b.left + b.width / 2, b.top + b.height / 2]; }})()"""
        )
    )


def coloured(picture: np.ndarray) -> int:
    """How many pixels are of no grey."""
    return int((np.ptp(picture[..., :3], axis=-1) > 30).sum())


def until(true, seconds: float = 600.0) -> None:
    """Waits until something is true: a busy machine draws late."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(0.1)


def changed(before: np.ndarray, after: np.ndarray) -> int:
    return int((np.abs(before - after).max(axis=-1) > 8).sum())


@needs_browser
def test_a_browser_without_network_draws_it_and_turning_one_view_turns_all(full, tmp_path):
    with browser(tmp_path) as shown:
        shown.open(full.as_uri())
        shown.wait(READY)
        assert shown.requests == [full.as_uri()] and not shown.problems
        seen = [0, 1, RUNS, RUNS + 1, 2 * RUNS + 1]  # of two rows: truth, the first and the last run
        before = {panel: pixels(shown, panel) for panel in seen}
        assert all(coloured(picture) > 500 for picture in before.values())
        shown.drag(middle(shown, 1), (70, 0))
        until(lambda: all(changed(before[panel], pixels(shown, panel)) > 200 for panel in seen))
        shown.evaluate("document.querySelector('[data-view=front]').click()")
        until(lambda: all(changed(before[panel], pixels(shown, panel)) == 0 for panel in seen))
        last = RUNS + (RUNS + 1) * (GARMENTS - 1)
        assert not coloured(pixels(shown, last))  # nothing is drawn that nobody sees
        shown.evaluate(f"""document.querySelector('canvas[data-panel="{last}"]').scrollIntoView()""")
        until(lambda: coloured(pixels(shown, last)) > 500)
        assert not shown.problems


@needs_browser
def test_it_works_inside_a_frame_as_mlflow_shows_it(full, tmp_path):
    """MLflow puts the page as a blob into a frame that may run scripts and nothing else: no origin, so no storage."""
    (tmp_path / "frame.html").write_text(
        '<iframe sandbox="allow-scripts" style="position:fixed;inset:0;width:100%;height:100%;border:0"></iframe>'
    )
    with browser(tmp_path) as shown:
        shown.open((tmp_path / "frame.html").as_uri())
        blob = f"new Blob([{json.dumps(full.read_text())}], {{type: 'text/html'}})"
        shown.evaluate(f"document.querySelector('iframe').src = URL.createObjectURL({blob}), 0")
        first_row = np.s_[240:400, 110:]

        def columns() -> list[np.ndarray]:
            return np.array_split(shown.picture()[first_row], RUNS + 1, axis=1)

        until(lambda: all(coloured(column) > 300 for column in columns()))
        before = columns()
        shown.drag((330, 320), (80, 0))
        until(lambda: all(changed(*pair) > 100 for pair in zip(before, columns(), strict=True)))


def test_what_differs_and_only_that_and_nothing_is_fetched():
    text = page_of(3, 2)
    assert re.findall(r"<tr><td>([a-z._]+)</td>", text) == ["loss.normal"]
    for word in ("http:", "https:", "src=", "href=", "fetch(", "import(", "localStorage", "XMLHttp", "url("):
        assert word not in text, word
    assert all(colour in text for colour in COLOURS[:3])
    assert "10.00" in text and "n=2, too few" in text


def test_runs_that_kept_other_samples_or_none_leave_gaps_and_text_cannot_break_out():
    columns = [gathered(0, 2), gathered(1, 1), gathered(2, 0)]
    evil = "</script><img>"
    columns = [column.__class__(**{**column.__dict__, "name": evil}) for column in columns]
    text = comparison_page(Chosen(tuple(column.run for column in columns), None, None), columns)
    assert text.count("not kept by this run") == 3 and evil not in text
    assert "these runs are of several sweeps" in text


def test_a_page_of_one_run_speaks_of_no_others():
    only = gathered(0, 12)
    board = Leaderboard("made", (row(0, 10.0),), (), ())
    text = comparison_page(Chosen((only.run,), run(0), board), [only])
    assert "made: its one trial" in text and "this is one run" in text
    for word in ("≈", "lowest", "these runs", 'class="best"'):
        assert word not in text, word
    assert "≈" in page_of(2, 12) and "the lowest of each class is bold" in page_of(2, 12)


def test_a_bound_that_sequences_leave_open_is_infinite_on_the_page():
    scores = tuple(score(f"val-{n:05d}-0000", "Top", mm) for n, mm in enumerate([0.1, 0.1, 0.1, 0.1, 90.0]))
    only = replace(gathered(0, 0), scores=scores)
    assert "∞] n=5" in comparison_page(Chosen((only.run,), None, None), [only])


def test_the_front_is_shown_where_there_are_several_objectives():
    trials = tuple(
        Row(one.name, "complete", {**one.metrics, "costs/parameters": 1e6 * cost}, {}, f"{number:032d}", on_front=front)
        for number, (one, cost, front) in enumerate(
            [(row(0, 10.0), 2, True), (row(1, 12.0), 1, True), (row(2, 13.0), 3, False)]
        )
    )
    columns = [gathered(0, 0)]
    chosen = Chosen((columns[0].run,), run(0), Leaderboard("made", trials, (), (), ("parameters",)))
    text = comparison_page(chosen, columns)
    assert "S2S against parameters" in text and text.count(", on the front</title>") == 2
    assert "Pareto" not in page_of(1, 0)
