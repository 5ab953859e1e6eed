"""How far a sweep is, seen from outside."""

import time

import sqlalchemy

from tests.chaos.driver import SupervisedDriver

STALLED_S = 300.0
"""A sweep that reports no epoch for so long is taken to hang."""
LOOK_S = 0.2


class Progress:
    """Epochs that the study holds, read without Optuna, which would take the processor from the trials.

    Args:
        url: of the study's database, which may be away at times.
        sweep: its name.
        driver: whose end ends all waiting.
    """

    def __init__(self, url: str, sweep: str, driver: SupervisedDriver) -> None:
        self._engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
        self._sweep = sweep
        self._driver = driver
        self.looks: list[tuple[float, int]] = [(time.time(), 0)]
        """Unix time, s, and epochs reported by then over all trials; one entry a change."""

    def now(self) -> int:
        """Epochs reported by now, or as far as was known when the database was last there."""
        epochs = _count(self._engine, self._sweep)
        if epochs is not None and epochs != self.looks[-1][1]:
            self.looks.append((time.time(), epochs))
        return self.looks[-1][1]

    def wait_for(self, epochs: int | None) -> bool:
        """Waits for so many epochs, or for the sweep's end; False once it has ended. TimeoutError where it hangs."""
        while not self._driver.done:
            if epochs is not None and self.now() >= epochs:
                return True
            self.now()
            if time.time() - self.looks[-1][0] > STALLED_S:
                raise TimeoutError(f"no epoch was reported for {STALLED_S:g} s after {self.looks[-1][1]}")
            time.sleep(LOOK_S)
        self.now()
        return False


def epochs_reported(url: str, sweep: str) -> int | None:
    """Epochs that a study holds over all its trials; None while the database is away, 0 while it is empty."""
    return _count(sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool), sweep)


def _count(engine: sqlalchemy.Engine, sweep: str) -> int | None:
    query = (
        "select count(*) from trial_intermediate_values v join trials t on t.trial_id = v.trial_id "
        "join studies s on s.study_id = t.study_id where s.study_name = :sweep"
    )
    try:
        if not sqlalchemy.inspect(engine).has_table("trial_intermediate_values"):
            return 0
        with engine.connect() as connection:
            return int(connection.execute(sqlalchemy.text(query), {"sweep": sweep}).scalar_one())
    except sqlalchemy.exc.DBAPIError:
        return None
