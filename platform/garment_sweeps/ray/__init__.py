"""All that is a Ray cluster: its session, nodes, places and token, what is asked of it first, and work done on it."""

__all__ = ["baselines", "controller", "crew", "nodes", "preflight", "session", "submit"]
