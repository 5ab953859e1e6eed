"""Whether the shards of a dataset were at hand when they were asked for."""

from dataclasses import dataclass


@dataclass
class ShardUse:
    """Counts of one process, or of several added up."""

    opened: int = 0
    """Files of the dataset that were opened."""
    fetched: int = 0
    """Those among them that this process had to download first; one that another process downloads is waited for."""
    wait_s: float = 0.0
    """Seconds until they were open, whoever downloaded and checked them."""

    def add(self, other: "ShardUse") -> None:
        """Counts what `other` counted too."""
        self.opened += other.opened
        self.fetched += other.fetched
        self.wait_s += other.wait_s

    def take(self) -> "ShardUse":
        """What was counted since the last time, and begins anew."""
        taken = ShardUse(self.opened, self.fetched, self.wait_s)
        self.opened, self.fetched, self.wait_s = 0, 0, 0.0
        return taken
