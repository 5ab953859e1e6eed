"""What is given from outside, by the environment or as a URL: how it is read, and said without its secrets."""
