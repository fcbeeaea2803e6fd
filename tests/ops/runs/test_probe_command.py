"""The probe of a node, as a user asks for it; a test reports what the node does."""

import json
from collections.abc import Iterator

import pytest

from ops.aws.clusters import STEP_ENDED
from tests.ops.commands import Fruits
from tests.ops.documented import assert_documented
from tests.ops.runs.clocks import clock_of_events
from tests.ops.runs.interactive import DEV, Place

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("_clean")]

ANSWERS = '{"probe": 1, "umask": "022", "memory": {"total_mib": 16000}, "yarn": null}'


def _ends(place: Place, state: str, log: str) -> Iterator[None]:
    step = place.unfinished()
    assert step is not None
    place.node.step(place.cluster, step, "RUNNING")
    yield
    place.node.step(place.cluster, step, state)
    yield
    place.log(step, "stdout", log)


def test_what_the_node_says_is_shown(place: Place, fruits: Fruits) -> None:
    said = fruits("probe", *DEV, clock=clock_of_events(_ends(place, "COMPLETED", f"a word of bash\n{ANSWERS}\n")))
    assert said.exit_code == 0, said.output
    lines = [" ".join(line.split()) for line in said.stdout.splitlines()]
    assert {"umask 022", "memory total_mib = 16000", "yarn -"} <= set(lines)


def test_the_step_reads_the_probe_of_the_bootstrap_action_in_the_region_of_the_deployment(
    place: Place, fruits: Fruits
) -> None:
    said = fruits("probe", *DEV, "--json", clock=clock_of_events(_ends(place, "COMPLETED", ANSWERS)))
    assert_documented("probe", json.loads(said.stdout))
    step = place.steps()[0]
    (action,) = place.client("emr").list_bootstrap_actions(ClusterId=place.cluster)["BootstrapActions"]
    assert json.loads(said.stdout)["step"] == step["Id"]
    assert step["Config"]["Args"][3:] == [action["Args"][4], "eu-west-3"]


def test_a_probe_that_fails_names_its_log(place: Place, fruits: Fruits) -> None:
    said = fruits("probe", *DEV, clock=clock_of_events(_ends(place, "FAILED", "nothing")))
    assert said.exit_code == 1
    step = place.steps()[0]["Id"]
    assert said.stderr.endswith(
        f"the probe {step} is FAILED and has said nothing; read: fruits logs {step} --file stderr\n"
    )


def test_a_probe_is_no_run(place: Place, fruits: Fruits) -> None:
    fruits("probe", *DEV, clock=clock_of_events(_ends(place, "COMPLETED", ANSWERS)))
    step = place.steps()[0]
    assert (step["Name"], step["Status"]["State"] in STEP_ENDED) == ("probe", True)
    shown = json.loads(fruits("runs", *DEV, "--json").stdout)
    assert step["Id"] not in [run["step"] for run in shown["others"]]
