"""The ways in which this project says no."""


def one_line(error: object, most: int = 300) -> str:
    """What an error says, or of what type it is where it says nothing, in one line of at most so many characters."""
    return " ".join(str(error).split())[:most] or type(error).__name__


class UserError(Exception):
    """Something a user can mend: one line that says what was wrong, what was given, and how to mend it."""


class Unreachable(UserError):
    """A server that does not answer, perhaps for a moment only."""


class Infeasible(Exception):
    """A trial whose configuration cannot be trained: it diverged, or its discriminator collapsed.

    The message is the reason; a sweep tells it to the search as failed and goes on.
    """
