"""What comes from outside, by the environment or as a URL, said without its secrets; and what code runs."""

from garment_sweeps.settings.environment import Settings, StorageConfig, find_home, tracking_uri

__all__ = ["Settings", "StorageConfig", "find_home", "tracking_uri"]
