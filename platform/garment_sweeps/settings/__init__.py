"""What comes from outside, by the environment or as a URL, said without its secrets; and what code runs."""
