"""Arguments of the job, replaced in the step that is deployed."""

import json
from datetime import UTC, datetime

import pytest

from job.errors import JobError
from job.storage.trial import Trial
from ops.aws.clusters import Step
from ops.aws.deployment import DeployedStack, Deployment
from ops.runs.submission import JobStep, deployed_step, merged, results_of_step

COMMAND = ["spark-submit", "--deploy-mode", "client", "--py-files", "s3://assets/job.zip", "s3://assets/main.py"]
ARGUMENTS = [
    "--images",
    "s3://data/images/",
    "--output",
    "s3://data/results/",
    "--variance",
    "0.95",
    "--run-label",
    "a",
]


@pytest.fixture
def step() -> JobStep:
    """The step as a deployment's output has it."""
    deployed = {"name": "fruits-dev a", "jar": "command-runner.jar", "arguments": [*COMMAND, *ARGUMENTS]}
    outputs = {"JobStep": json.dumps(deployed)}
    stack = DeployedStack("FruitsCompute", "FruitsCompute-dev", "CREATE_COMPLETE", outputs, protected=False)
    return deployed_step(Deployment("dev", "eu-west-3", {"FruitsCompute": stack}))


def test_the_deployed_step_is_divided_behind_its_script(step: JobStep) -> None:
    assert step.command == tuple(COMMAND)
    assert step.arguments == tuple(ARGUMENTS)


def test_another_run_has_another_name_and_label(step: JobStep) -> None:
    changed = step.under("b", "fruits-dev")
    assert changed.name == "fruits-dev b"
    assert changed.arguments[-2:] == ("--run-label", "b")
    assert changed.arguments.count("--run-label") == 1


def test_an_argument_replaces_the_deployed_one(step: JobStep) -> None:
    assert step.with_arguments(["--variance", "0.8"]).arguments == (
        *ARGUMENTS[:4],
        *ARGUMENTS[6:],
        "--variance",
        "0.8",
    )


def test_an_argument_replaces_what_cannot_be_beside_it(step: JobStep) -> None:
    assert "--variance" not in step.with_arguments(["--components=50"]).arguments


def test_an_argument_that_is_not_deployed_is_added(step: JobStep) -> None:
    assert step.with_arguments(["--csv"]).arguments == (*ARGUMENTS, "--csv")


def test_nothing_given_changes_nothing(step: JobStep) -> None:
    assert step.with_arguments([]) == step


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--componets", "50"], "unrecognized arguments: --componets"),
        (["--components", "0"], "--components 0 is out of range; give 1 to 1280"),
        (["--images", "s3://other/"], "--images: the nodes may read and write only what is deployed"),
        (["--output=s3://other/"], "--output=s3://other/: the nodes may"),
    ],
)
def test_what_the_job_would_refuse_later_is_refused_now(step: JobStep, given: list[str], message: str) -> None:
    with pytest.raises(JobError, match=message):
        step.with_arguments(given)


def test_the_results_of_a_step_are_below_the_output_and_those_of_a_trial_apart(step: JobStep) -> None:
    def results(arguments: tuple[str, ...]) -> str:
        submitted = Step(
            id="s-1",
            cluster_id="j-1",
            name="fruits-dev a",
            state="PENDING",
            created=datetime.now(UTC),
            started=None,
            ended=None,
            failure={},
            arguments=(*step.command, *arguments),
        )
        return results_of_step(submitted, "s3://data/results")

    tried = step.with_arguments(["--limit", "9"]).arguments
    trial = Trial.of(9, [])
    assert trial is not None
    assert results(step.arguments) == "s3://data/results"
    assert results(tried) == f"s3://data/results/{trial.results}"
    assert results(("--limit", "many")) == "s3://data/results"


def test_an_option_with_many_values_is_replaced_whole() -> None:
    assert merged(["--label", "a", "b", "--csv"], ["--label", "c"]) == ("--csv", "--label", "c")


def test_other_weights_are_not_held_to_the_checksum_of_the_deployed_ones() -> None:
    deployed = ["--weights", "s3://assets/a.tflite", "--weights-sha256", "00", "--csv"]
    assert merged(deployed, ["--weights", "s3://mine/b.pth"]) == ("--csv", "--weights", "s3://mine/b.pth")
    assert merged(deployed, ["--weights-sha256", "11"])[:2] == ("--weights", "s3://assets/a.tflite")
