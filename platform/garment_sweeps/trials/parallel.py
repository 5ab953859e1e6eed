"""A training by several processes as a trial's work: the trial's own process leads them and trains nothing itself."""

from pathlib import Path

from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.team import Team
from garment_uv.training.trial import TrialConfig


def start_team(context: TrialContext, config: TrialConfig, in_ray: bool) -> Team:
    """The processes: Ray's, in the trial's own placement group, or children of this process."""
    if in_ray:
        from garment_sweeps.trials.ray_team import RayTeam

        return RayTeam(context, config)
    from garment_sweeps.trials.local_team import LocalTeam

    return LocalTeam(context, config)


class ParallelWork:
    """A `TrainingWork` in each process of a team. What is written and measured is the first one's, which has all."""

    def __init__(self, team: Team) -> None:
        self._team = team
        try:
            self.epoch = team.everyone("epoch")[0]
            self.parameters = team.first("parameters")
        except BaseException:
            team.close()
            raise

    def run_epoch(self) -> dict[str, float]:
        """Trains one epoch in all processes; team.Died where one of them died."""
        try:
            return self._team.everyone("run_epoch")[0]
        finally:
            if not self._team.gone:
                self.epoch = self._team.first("epoch")

    def save(self, folder: Path) -> None:
        """The checkpoint, for any number of processes; none once they were ended, so that the one before it counts."""
        if not self._team.gone:
            self._team.first("save", folder)

    def load(self, folder: Path, changed: tuple[str, ...] = ()) -> None:
        """Every process goes on from that checkpoint: they share the node."""
        self._team.everyone("load", folder, changed)
        self.epoch = self._team.first("epoch")

    def export(self, folder: Path) -> bool:
        """The model for inference."""
        return self._team.first("export", folder)

    def gallery(self, folder: Path) -> bool:
        """Pictures and meshes of a few samples."""
        return self._team.first("gallery", folder)

    def scores(self, folder: Path) -> bool:
        """The S2S of every garment at the last evaluation; the first process has those of all."""
        return self._team.first("scores", folder)

    def costs(self) -> dict[str, float]:
        """Measured in the first process, but for the memory: that of the process that took the most."""
        memory_mib = max(self._team.everyone("memory_mib"))
        return {**self._team.first("costs"), "memory_mib": memory_mib}

    def close(self) -> None:
        """Ends the processes."""
        self._team.close()
