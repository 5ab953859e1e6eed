"""Results as trials report them, and a clock that only the test moves."""


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def result(trial: str, epoch: int, seconds: float, attempt: int = 1, **more) -> dict:
    """After `epoch` epochs, `seconds` after the attempt began."""
    config = {"trial": {"id": trial}}
    return {"config": config, "epoch": epoch, "attempt": attempt, "attempt_seconds": seconds, **more}
