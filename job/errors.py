"""What a user can act on: errors that end a run, and reasons that put a photograph into quarantine."""


class JobError(Exception):
    """A run cannot go on for a reason the user can mend.

    The message is one line: what was wrong, with which value, what is accepted, and the next action. `main` prints it
    without a traceback and exits with code 2.
    """


class Rejected(Exception):
    """A photograph cannot be used.

    Parameters
    ----------
    reason
        A code for counting, one of the reasons documented in `docs/results.md`.
    detail
        What exactly was wrong with this object.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
