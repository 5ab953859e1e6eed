"""Ray Tune's schedulers behind one that writes down what they decide, and that a restart does not reset.

A `RecordedScheduler` is what Tune holds. Inside it a rule, which is a class of Ray Tune's (`rules`, `population`),
sees stand-ins of the trials only (`views`), known by their own names: what it knows can therefore be
rebuilt from the log, after a crash as in a replay (`judge`).
"""

from garment_sweeps.search.schedulers.hooks import Hooks
from garment_sweeps.search.schedulers.recorded import RecordedScheduler

__all__ = ["Hooks", "RecordedScheduler"]
