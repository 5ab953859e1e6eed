"""Who suggests the next config and who stops a trial: samplers, schedulers, warm starts and the replay of both."""
