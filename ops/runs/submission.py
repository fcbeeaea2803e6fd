"""The step of an interactive cluster: as deployed, under another name and with other arguments of the job."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from job.arguments import parse_arguments
from job.errors import JobError
from job.plain import sent
from ops.aws.account import Client, asking
from ops.aws.clusters import Step
from ops.aws.deployment import Deployment

_ONE_OF: Final = ({"--variance", "--components"},)
_HELD_TO: Final = {"--weights": "--weights-sha256"}
"""The checksum of the deployed file, which no other file has."""

_FIXED: Final = ("--images", "--output")
_TRIALS: Final = frozenset({"--limit", "--label"})


@dataclass(frozen=True)
class JobStep:
    """A step that may be submitted.

    Parameters
    ----------
    name
        Name by which EMR lists it and the notifications know it.
    jar
        What EMR runs it with.
    command
        spark-submit with its options, up to the script.
    arguments
        Arguments of the job.
    """

    name: str
    jar: str
    command: tuple[str, ...]
    arguments: tuple[str, ...]

    def under(self, run_id: str, deployment: str) -> "JobStep":
        """Return the same step for another run."""
        arguments = merged(self.arguments, ("--run-label", run_id))
        return replace(self, name=f"{deployment} {run_id}", arguments=arguments)

    def with_arguments(self, given: Sequence[str]) -> "JobStep":
        """Return the same step with arguments replaced, or added where it has none of that name.

        Raises
        ------
        JobError
            For arguments that the job would refuse on the cluster, minutes later.
        """
        for option in _options(given):
            if option[0].partition("=")[0] in _FIXED:
                raise JobError(
                    f"{option[0]}: the nodes may read and write only what is deployed; accepted: other arguments of"
                    " the job, such as --components 50"
                )
        changed = replace(self, arguments=merged(self.arguments, given))
        parse_arguments(changed.arguments)
        return changed


def deployed_step(deployment: Deployment) -> JobStep:
    """Read the step that the deployment wants to be submitted.

    Raises
    ------
    NoDeployment
        If no interactive cluster is deployed.
    """
    step = json.loads(deployment.output("FruitsCompute", "JobStep"))
    return JobStep(step["name"], step["jar"], *_divided(step["arguments"]))


def results_of_step(step: Step, output_uri: str) -> str:
    """Return where a step writes its results: below the output, and for a trial in a folder of its own there."""
    if _TRIALS.isdisjoint(argument.partition("=")[0] for argument in step.arguments):
        return output_uri
    try:
        return parse_arguments(_divided(step.arguments)[1]).results.uri
    except JobError:  # a step of somebody else
        return output_uri


def submit(client: Client, cluster_id: str, step: JobStep) -> str:
    """Add the step to a cluster, and return its id."""
    jar = {"Jar": step.jar, "Args": [*step.command, *sent(step.arguments)]}
    config: Any = {"Name": step.name, "ActionOnFailure": "CONTINUE", "HadoopJarStep": jar}
    with asking(f"submit a step to {cluster_id}"):
        added = client("emr").add_job_flow_steps(JobFlowId=cluster_id, Steps=[config])
    identity: str = added["StepIds"][0]
    return identity


def new_run_id() -> str:
    """Return a name for a run, made from the time."""
    return f"run-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def merged(arguments: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """Replace options in a command line by those given; one of a choice replaces the others."""
    names = {option[0].partition("=")[0] for option in _options(given)}
    replaced = names.union(*(choice for choice in _ONE_OF if choice & names))
    replaced |= {checksum for option, checksum in _HELD_TO.items() if option in names}
    kept = [option for option in _options(arguments) if option[0].partition("=")[0] not in replaced]
    return (*(part for option in kept for part in option), *given)


def _divided(arguments: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divide the command line of spark-submit behind the script."""
    script = next((number for number, argument in enumerate(arguments, 1) if argument.endswith(".py")), len(arguments))
    return tuple(arguments[:script]), tuple(arguments[script:])


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Divide a command line at its options."""
    starts = [number for number, part in enumerate(arguments) if number == 0 or part.startswith("--")]
    for start, end in pairwise([*starts, len(arguments)]):
        yield tuple(arguments[start:end])
