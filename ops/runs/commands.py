"""Commands around runs, for the `fruits` command to register: see each for its name."""

from ops.runs.logs_command import logs
from ops.runs.results_command import results
from ops.runs.run_command import run
from ops.runs.runs_command import runs

RUN_SETTINGS = {"allow_extra_args": True}
"""Context settings of the command `run`: what follows ``--`` is for the job."""

__all__ = ["RUN_SETTINGS", "logs", "results", "run", "runs"]
