"""Why a step failed: what its logs say, or else EMR."""

from ops.aws.account import AwsRefused, Client
from ops.aws.clusters import Step, find_cluster
from ops.aws.s3.folder import Folder
from ops.failures import FailingException, exit_code, failing_exception, killed
from ops.runs.logs import StepLog, logs_of

_UNKNOWN = "neither EMR nor a log says why; its logs come within minutes"


def diagnose(client: Client, step: Step) -> FailingException:
    """Find what made a step fail, from its logs as far as they are there."""
    return diagnose_from(logs_of(client, find_cluster(client, step.cluster_id)), step)


def diagnose_from(folder: Folder, step: Step) -> FailingException:
    """Find what made a step fail, from the logs below a LogUri.

    Notes
    -----
    spark-submit redirects the standard error of a driver in Python to its own standard output; its own standard error
    is Spark's log, which also tells of tasks that failed and succeeded later. Neither says what killed the driver.
    """
    try:
        stdout, stderr, controller = (StepLog(folder, step, file).read() for file in ("stdout", "stderr", "controller"))
    except AwsRefused as error:  # what EMR says is better than nothing
        return _only(step.reason or f"EMR gives no reason, and its logs: {error}")
    code = exit_code(stderr) or exit_code(controller)
    ended = killed(code, f"{stdout}\n{stderr}") or failing_exception(stdout) or failing_exception(stderr)
    return ended or _only(step.reason or _ended(code))


def _ended(code: int | None) -> str:
    return f"the driver ended with code {code}, and no exception is in its log" if code else _UNKNOWN


def _only(line: str) -> FailingException:
    return FailingException(line, line)
