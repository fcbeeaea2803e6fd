"""The errors a user can act on."""


class JobError(Exception):
    """A run cannot go on for a reason the user can mend.

    The message is one line: what was wrong, with which value, what is accepted, and the next action. `main` prints it
    without a traceback and exits with code 2.
    """
