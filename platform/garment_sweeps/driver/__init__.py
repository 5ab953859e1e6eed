"""One open sweep from its beginning to its end: search, finals, budget, progress, report."""
