"""Ranking over seeds, groups, constraints and the Pareto front, and a sweep of hundreds of runs."""

import io
import math
from dataclasses import replace

import pytest
from mlflow.entities import Metric, Param, Run, RunData
from rich.console import Console

from garment_sweeps.comparison.leaderboard import Leaderboard, leaderboard, rank
from garment_sweeps.comparison.rows import Row, fold
from garment_sweeps.comparison.table import leaderboard_lines, leaderboard_table
from garment_sweeps.tracking.runs import last_params


def row(name: str, mm: float, outcome: str = "complete", repeats: tuple = (), **costs) -> Row:
    metrics = {"s2s/all": mm, "epoch": 6.0, **{f"costs/{cost}": value for cost, value in costs.items()}}
    return Row(name, outcome, metrics, {"loss.uv": "1.0"}, f"run-{name}", repeats)


def finalist(name: str, *mm: float) -> Row:
    return row(name, mm[0], repeats=tuple(row(f"{name}.r{i}", value) for i, value in enumerate(mm[1:], start=1)))


def board_of(rows, **more) -> Leaderboard:
    return Leaderboard("sweep", tuple(rank(rows, **more)), (), (), more.get("costs", ()))


def text_of(board: Leaderboard, most: int = 0) -> str:
    text = io.StringIO()
    Console(file=text, width=200).print(leaderboard_table(board, most))
    return text.getvalue()


LUCKY = finalist("t00001", 10.0, 11.4, 11.3)
STEADY = finalist("t00002", 10.2, 10.3, 10.1)
POOR = finalist("t00003", 14.0, 14.3, 14.2)
ONCE = row("t00004", 10.6)


def test_finalists_are_ranked_by_their_mean_and_one_seed_stands_behind_them():
    board = board_of([ONCE, LUCKY, POOR, STEADY, row("t00005", 9.0, "pruned")])
    assert [r.name for r in board.trials] == ["t00002", "t00001", "t00003", "t00004", "t00005"]
    best = board.best
    assert best.name == "t00002" and best.mean_mm == pytest.approx(10.2) and best.estimate.seeds == 3
    assert board.trials[3].estimate.half_width is None
    assert board.trials[4].estimate is None
    assert [r.name for r in board.alike] == ["t00001"]
    assert best.error_mm == 10.2 and best.run_id == "run-t00002"  # the run that is promoted is the first seed's


def test_a_trial_of_a_population_is_shown_with_the_values_that_it_ended_with():
    def entity(key, value, kind=Param):
        return kind(key, value) if kind is Param else kind(key, value, 0, 0)

    params = {"loss.uv": "1.0", "generator.local.depth": "2", "seed": "3", "searched/loss.uv": "1.0", "on": "false"}
    metrics = {"searched/loss.uv": 2.5e-05, "searched/generator.local.depth": 4.0, "s2s/all": 9.0, "searched/gone": 1.0}
    metrics["searched/on"] = 1.0
    data = RunData([entity(*item, Metric) for item in metrics.items()], [entity(*item) for item in params.items()])
    assert last_params(Run(object(), data)) == {
        **params,
        "loss.uv": "2.5e-05",
        "generator.local.depth": "4",
        "on": "true",
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0.0030909927781404447", "0.003091"), ("1e-05", "1e-05"), ("64", "64"), ("123456789", "123456789"), ("a", "a")],
)
def test_a_searched_fraction_is_shown_with_four_digits(value, shown):
    trial = row("t00001", 10.0)
    trial.params["loss.uv"] = value
    board = Leaderboard("sweep", tuple(rank([trial])), (), ("loss.uv",))
    assert text_of(board).splitlines()[4].split()[-2] == shown


@pytest.mark.parametrize("searched", [6, 12])
def test_many_searched_parameters_stand_in_a_line_a_trial_and_few_in_columns(searched):
    names = tuple(f"generator.local.field{number}" for number in range(searched))
    trial = Row("t00001", "complete", {"s2s/all": 10.0}, {name: "0.123456" for name in names}, "run")
    lines = text_of(Leaderboard("sweep", (trial,), (), names, ())).splitlines()
    header, values = next(line for line in lines if "outcome" in line), "field0=0.1235 field1=0.1235"
    assert ("field0" in header) == (searched == 6)
    assert any(values in line for line in lines) == (searched == 12)
    assert "".join(lines).count("0.1235") == searched


def test_the_table_says_who_cannot_be_told_apart():
    text = text_of(board_of([ONCE, LUCKY, POOR, STEADY]))
    assert "best: t00002, 10.20 ± 0.65 mm over 3 seeds (95% interval)" in text
    assert "cannot be told apart from it: t00001" in text
    rows = [[cell.strip() for cell in line.split("│")] for line in text.splitlines() if line.startswith("│")]
    cells = {row[2]: row[5:9] for row in rows}  # mean, interval, seeds, letters
    assert cells["t00002"] == ["10.20", "0.65", "3", "a"]
    assert cells["t00001"][3] == "a" and cells["t00003"][3] == "b"
    assert cells["t00004"] == ["10.60", "", "one seed", ""]


def test_without_repeats_small_differences_are_said_to_be_luck_perhaps():
    board = board_of([ONCE, row("t00005", 10.61)])
    assert leaderboard_lines(board) == ["one seed each: small differences may be luck"]
    assert "seeds" not in text_of(board).splitlines()[1] and board.alike == ()
    assert leaderboard_lines(board_of([row("t0", 9.0, "pruned")])) == [] and board_of([]).best is None


def test_a_leaderboard_of_one_trial_says_nothing_of_others():
    (said,) = leaderboard_lines(board_of([STEADY]))
    assert said == "best: t00002, 10.20 ± 0.25 mm over 3 seeds (95% interval)"
    assert leaderboard_lines(board_of([ONCE])) == []
    assert leaderboard_lines(board_of([ONCE, row("t00005", 9.0, "pruned")])) == []
    with_one_seed = leaderboard_lines(board_of([STEADY, ONCE]))
    assert with_one_seed == [said, "trials of one seed are compared with none: their value may be luck"]
    with_another = leaderboard_lines(board_of([STEADY, POOR]))
    told = "the other trials of several seeds are worse than it by more than their noise"
    assert with_another == [
        said.replace("0.25", "0.21"),
        told,
        "trials that share a letter cannot be told apart (Tukey's test)",
    ]
    assert leaderboard_lines(board_of([ONCE]), hidden=1) == ["1 more trial is not shown; --all shows it"]


def test_trials_are_ranked_by_the_objective_of_their_sweep_and_shown_with_it():
    rows = [
        replace(row(name, overall), metrics={"s2s/all": overall, "s2s/Dress": dress}, objective="s2s/Dress")
        for name, overall, dress in (("t00001", 10.0, 30.0), ("t00002", 20.0, 15.0), ("t00003", 15.0, 20.0))
    ]
    unmeasured = Row("t00004", "complete", {"s2s/all": 1.0}, {}, objective="s2s/Dress")
    board = Leaderboard("sweep", tuple(rank([*rows, unmeasured])), (), (), objective="s2s/Dress")
    assert [r.name for r in board.trials] == ["t00002", "t00003", "t00001", "t00004"]
    assert board.best.mean_mm == 15.0 and board.best.point(()) == (15.0,) and unmeasured.seeds == ()
    text = text_of(board)
    assert "ranked by S2S of Dress" in " ".join(text.split())
    cells = [[cell.strip() for cell in line.split("│")] for line in text.splitlines() if line.startswith("│")]
    assert cells[0][2:7] == ["t00002", "complete", "", "15.00", "20.00"]


def test_a_seed_that_failed_is_said_and_does_not_count():
    failed = row("t00001.r2", math.inf, "infeasible")
    board = board_of([Row("t00001", "complete", {"s2s/all": 10.0}, {}, "", (row("t00001.r1", 10.2), failed)), STEADY])
    assert board.trials[0].name == "t00001" and board.trials[0].estimate.seeds == 2
    assert "2 (1 failed)" in text_of(board)


def test_the_pareto_front_is_marked_and_shows_the_costs():
    rows = [
        row("good", 10.0, seconds_per_image=0.004, parameters=2e6),
        row("small", 12.0, seconds_per_image=0.001, parameters=1e6),
        row("worse", 12.5, seconds_per_image=0.002, parameters=1e6),
        row("unmeasured", 13.0),
        row("stopped", 9.0, "pruned", seconds_per_image=0.001, parameters=1e5),
    ]
    board = board_of(rows, costs=("seconds_per_image", "parameters"))
    assert [r.name for r in board.front] == ["good", "small"]
    text = text_of(board, most=1)
    assert "Pareto front over S2S and seconds_per_image, parameters (*): good, small" in text
    assert "2,000,000" in text and "ms/image" in text and " 4 " in text
    assert "worse" not in text and "3 more trials are not shown" in text


def test_a_trial_over_a_limit_is_never_best():
    rows = [row("heavy", 9.0, memory_mib=900.0), row("light", 11.0, memory_mib=100.0), row("poor", 12.0)]
    board = board_of(rows, limits={"memory_mib": 500.0})
    assert [r.name for r in board.trials] == ["light", "poor", "heavy"]
    assert board.best.name == "light" and "over limit" in text_of(board)


class _Run:
    """What `fold` reads of an MLflow run."""

    def __init__(self, name: str, mm: float, **tags: str) -> None:
        self.info = type("Info", (), {"run_id": name, "run_name": name})
        tags = {"garment.trial_id": name, "garment.outcome": "complete", **tags}
        self.data = type("Data", (), {"tags": tags, "metrics": {"s2s/all": mm}, "params": {}})


def test_repeats_are_folded_into_their_trial_by_tag_or_by_name():
    runs = [
        _Run("t00001", 10.0),
        _Run("t00001.r2", 10.4),
        _Run("again", 10.2, **{"garment.repeat_of": "t00001"}),
        _Run("t00009.r1", 1.0),
    ]
    (only,) = fold(runs)
    assert only.name == "t00001" and [r.name for r in only.repeats] == ["again", "t00001.r2"]


def test_hundreds_of_recorded_trials_are_read_in_one_paging(tmp_path, monkeypatch):
    from garment_sweeps.tracking import SweepRun, tags
    from garment_uv.training.trial import TrialConfig

    monkeypatch.setenv("GARMENT_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    sweep = SweepRun.start("many", "many", {"also_minimise": ["parameters"], "constraints": []})
    _fill(tmp_path, sweep, 300, tags, TrialConfig().flat())
    asked = []
    original = type(sweep.client).search_runs
    monkeypatch.setattr(
        type(sweep.client), "search_runs", lambda self, *a, **k: asked.append(a) or original(self, *a, **k)
    )
    board = leaderboard("many")
    assert len(board.trials) == 298 and board.best.name == "t00000" and board.best.estimate.seeds == 3
    assert board.costs == ("parameters",) and board.front
    assert len(asked) <= 3


def _fill(home, sweep, count: int, tags, params: dict) -> None:
    """Runs written straight into the store's tables, as a sweep of `count` trials leaves them."""
    import sqlite3
    import uuid

    database = next(home.glob("*.db"))
    with sqlite3.connect(database) as connection:
        columns = [c[1] for c in connection.execute("pragma table_info(runs)")]
        (parent,) = connection.execute("select * from runs where run_uuid = ?", (sweep.run_id,)).fetchall()
        template = dict(zip(columns, parent, strict=True))
        for number in range(count):
            repeat = number >= count - 2
            name = f"t00000.r{number - count + 3}" if repeat else f"t{number:05d}"
            run = uuid.uuid4().hex
            values = {**template, "run_uuid": run, "name": name, "status": "FINISHED"}
            marks = ", ".join("?" * len(columns))
            connection.execute(f"insert into runs values ({marks})", [values[c] for c in columns])
            notes = {tags.PARENT: sweep.run_id, tags.TRIAL: name, tags.OUTCOME: "complete", tags.ROLE: "trial"}
            if repeat:
                notes[tags.REPEAT_OF] = "t00000"
            connection.executemany("insert into tags values (?, ?, ?)", [(k, v, run) for k, v in notes.items()])
            mine = {**params, "loss.uv": 1.0 + number, "loss.normal": number % 7, "seed": number}
            connection.executemany("insert into params values (?, ?, ?)", [(k, str(v), run) for k, v in mine.items()])
            metrics = {f"loss/term{i}": float(i) for i in range(20)}
            metrics |= {f"s2s/{c}": 10.0 + number for c in ("all", "Top", "Tshirt", "Trousers", "Skirt", "Dress")}
            if repeat:
                metrics["s2s/all"] = 10.0
            metrics |= {"epoch": 9.0, "device_seconds": 60.0, "costs/parameters": 1e6 - number}
            connection.executemany(
                "insert into latest_metrics (key, value, timestamp, step, is_nan, run_uuid) values (?, ?, 0, 9, 0, ?)",
                [(k, v, run) for k, v in metrics.items()],
            )
