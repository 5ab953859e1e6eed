"""What was spent, what will be, and where to stop."""
