"""The command `garment`: thin over the public Python surface. `main` finds a command and says what went wrong."""

__all__ = ["main"]
