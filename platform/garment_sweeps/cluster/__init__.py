"""Ray: settings, sessions, sweeps and submitted jobs."""
