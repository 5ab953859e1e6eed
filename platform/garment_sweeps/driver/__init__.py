"""One open sweep from its beginning to its end: search, finals, budget, progress, report.

`driver.run_sweep` opens it as an `open_sweep.OpenSweep`, and answers with a `report.SweepReport`.
"""

__all__ = ["driver", "open_sweep", "report"]
