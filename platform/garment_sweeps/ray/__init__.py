"""All that is a Ray cluster: its session, nodes, places and token, what is asked of it first, and work done on it."""
