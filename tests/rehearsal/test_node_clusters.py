"""A node lives through clusters as EMR does: bootstrap, steps, ends; and it leaves nothing when it goes."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from rehearsal.clients import clients_of
from rehearsal.embedded.daemon import embedded_aws, forget, start_aws, stop_aws
from rehearsal.node.daemon import find_node, local_node, start_node, stop_node
from rehearsal.node.machine import instance_id
from tests.rehearsal.clusters import saved, wait_for
from tests.rehearsal.nodes import (
    LOGS,
    Place,
    RunningCluster,
    allow_nodes,
    create_stack,
    make_bare_account,
    programs_of,
    step,
)
from tests.rehearsal.templates import template

pytestmark = pytest.mark.long

TRANSIENT = {"Instances": {"KeepJobFlowAliveWhenNoSteps": False}}
IDLE_SCALE = 0.02  # a minute, EMR's shortest idle stop, is then 1.2 seconds


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with embedded_aws(tmp_path_factory.mktemp("aws"), launch="hold") as aws:
        client = clients_of(aws)
        make_bare_account(client)
        image = tmp_path_factory.mktemp("images")
        with local_node(aws, idle_scale=IDLE_SCALE, log_seconds=0.5, image=image) as node:
            yield Place(aws, node, client)


@pytest.fixture(scope="module")
def waiting(place: Place) -> RunningCluster:
    """A cluster that waits for steps."""
    cluster = place.start()
    cluster.wait("WAITING")
    return cluster


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Place]:
    """An embedded AWS and a node that a test may stop and kill."""
    folder = tmp_path / "aws"
    aws = start_aws(folder, launch="hold")
    try:
        client = clients_of(aws)
        make_bare_account(client)
        yield Place(aws, start_node(aws, log_seconds=0.5), client)
    finally:
        stop_node(folder)
        stop_aws(folder)


def _long_step(cluster: RunningCluster, *, action: str = "CONTINUE") -> str:
    """Submit a step that takes long, and wait until it and what it starts run."""
    step_id = cluster.submit("bash", "-c", "echo begun; setsid sleep 300 & sleep 300", action=action)
    cluster.wait_for_step(step_id, "RUNNING")
    wait_for(lambda: len(programs_of(step_id)) == 3)
    return step_id


def _script(place: Place, name: str, *lines: str) -> str:
    content = "\n".join(["#!/bin/bash", *lines, ""])
    place.client("s3").put_object(Bucket=LOGS, Key=f"scripts/{name}", Body=content.encode())
    return f"s3://{LOGS}/scripts/{name}"


def _running(script: str) -> list[psutil.Process]:
    return [item for item in psutil.process_iter(["cmdline"]) if script in " ".join(item.info["cmdline"] or ())]


def _action(path: str, *arguments: str) -> dict[str, Any]:
    return {"Name": "prepare", "ScriptBootstrapAction": {"Path": path, "Args": list(arguments)}}


def _steps(cluster: RunningCluster) -> dict[str, str]:
    found = cluster.place.client("emr").list_steps(ClusterId=cluster.id)["Steps"]
    return {item["Name"]: item["Status"]["State"] for item in found}


def test_in_a_network_without_any_way_out_nothing_starts(place: Place) -> None:
    ec2 = place.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    fleet = {
        "InstanceFleetType": "MASTER",
        "TargetOnDemandCapacity": 1,
        "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}],
    }
    cluster = place.start(Instances={"Ec2SubnetIds": [subnet], "InstanceFleets": [fleet]})
    reason = cluster.wait("TERMINATED_WITH_ERRORS")["StateChangeReason"]
    assert reason["Code"] == "VALIDATION_ERROR"
    assert f"No route to any external sources detected in Route Table for Subnet: {subnet}" in reason["Message"]


class TestBootstrap:
    def test_actions_run_in_order_with_their_arguments_and_their_logs_are_kept(self, place: Place) -> None:
        first = _script(place, "first.sh", 'sudo mkdir -p "$1"; echo "$@" | sudo tee "$1/told"; echo made >&2')
        second = _script(place, "second.sh", 'sudo cat "$1"; pwd')
        cluster = place.start(BootstrapActions=[_action(first, "/opt/made", "x y"), _action(second, "/opt/made/told")])
        cluster.wait("WAITING")
        logs = f"node/{instance_id(cluster.id)}/bootstrap-actions"
        assert cluster.log(f"{logs}/1/stderr.gz") == "made\n"
        assert cluster.log(f"{logs}/2/stdout.gz") == "/opt/made x y\n/home/hadoop\n"

    def test_a_failing_one_ends_the_cluster_and_its_logs_survive(self, place: Place) -> None:
        script = _script(place, "failing.sh", "echo no disk >&2", "exit 3")
        cluster = place.start(BootstrapActions=[_action(script)], Steps=[step("echo", "never")])
        shown = cluster.wait("TERMINATED_WITH_ERRORS")
        primary = instance_id(cluster.id)
        assert shown["StateChangeReason"] == {
            "Code": "BOOTSTRAP_FAILURE",
            "Message": f"On the primary instance ({primary}), bootstrap action 1 returned a non-zero return code",
        }
        assert cluster.log(f"node/{primary}/bootstrap-actions/1/stderr.gz") == "no disk\n"
        assert _steps(cluster) == {"echo": "CANCELLED"}

    def test_one_that_the_role_may_not_read_ends_the_cluster(self, place: Place) -> None:
        script = _script(place, "secret.sh", "echo read")
        allow_nodes(place.client, ["s3:PutObject"])
        try:
            cluster = place.start(BootstrapActions=[_action(script)])
            shown = cluster.wait("TERMINATED_WITH_ERRORS")
        finally:
            allow_nodes(place.client, ["s3:PutObject", "s3:GetObject"])
        assert shown["StateChangeReason"]["Code"] == "BOOTSTRAP_FAILURE"
        assert "failed attempting to download bootstrap action 1" in shown["StateChangeReason"]["Message"]
        assert "403" in cluster.log(f"node/{instance_id(cluster.id)}/bootstrap-actions/1/controller.gz")

    def test_with_images_the_same_action_finds_its_work_done_and_another_does_not(self, place: Place) -> None:
        script = _script(place, "once.sh", 'if [ -e "$1" ]; then echo found; else echo absent; sudo touch "$1"; fi')
        seen = []
        for argument in ("/opt/kept", "/opt/kept", "/opt/other"):
            cluster = place.start(BootstrapActions=[_action(script, argument)])
            cluster.wait("WAITING")
            seen.append(cluster.log(f"node/{instance_id(cluster.id)}/bootstrap-actions/1/stdout.gz"))
        assert seen == ["absent\n", "found\n", "absent\n"]

    def test_a_cluster_that_somebody_ends_meanwhile_ends(self, place: Place) -> None:
        cluster = place.start(BootstrapActions=[_action(_script(place, "slow.sh", "sleep 300"))])
        cluster.wait("BOOTSTRAPPING")
        wait_for(lambda: _running("slow.sh"))
        place.client("emr").terminate_job_flows(JobFlowIds=[cluster.id])
        assert cluster.wait("TERMINATED")["StateChangeReason"]["Code"] == "USER_REQUEST"
        assert not _running("slow.sh")


class TestSteps:
    def test_a_program_has_the_variables_of_a_node_and_no_others(self, waiting: RunningCluster) -> None:
        variables = dict(line.split("=", 1) for line in waiting.run("env").splitlines())
        assert variables == {
            **{"HOME": "/home/hadoop", "USER": "hadoop", "LOGNAME": "hadoop", "SHELL": "/bin/bash"},
            "PATH": "/emr/bin:/usr/local/bin:/usr/bin:/bin",
            "EMR_CLUSTER_ID": waiting.id,
            "EMR_STEP_ID": variables["EMR_STEP_ID"],
        }

    def test_aws_is_reached_by_its_own_names_as_the_role_of_the_node(self, waiting: RunningCluster) -> None:
        arn = waiting.run(
            *("aws", "--region", "eu-west-3", "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
        )
        assert arn == f"arn:aws:sts::000000000000:assumed-role/emr-nodes/{instance_id(waiting.id)}\n"

    def test_a_bucket_with_a_dot_in_its_name_has_no_certificate_as_on_s3(self, waiting: RunningCluster) -> None:
        program = "import socket, ssl; socket.getaddrinfo('{0}', 443); ssl.create_default_context().wrap_socket("
        program += "socket.create_connection(('{0}', 443)), server_hostname='{0}'); print('trusted')"
        plain, dotted = (f"{bucket}.s3.eu-west-3.amazonaws.com" for bucket in ("apples", "green.apples"))
        assert waiting.run("python3.11", "-c", program.format(plain)) == "trusted\n"
        step_id = waiting.submit("python3.11", "-c", program.format(dotted))
        assert "Hostname mismatch" in waiting.wait_for_step(step_id)["FailureDetails"]["Message"]

    def test_there_is_no_way_to_any_other_host(self, waiting: RunningCluster) -> None:
        program = "import socket; print(len(socket.if_nameindex())); socket.create_connection(('192.0.2.1', 443), 5)"
        step_id = waiting.submit("python3.11", "-c", program)
        assert "Network is unreachable" in waiting.wait_for_step(step_id)["FailureDetails"]["Message"]
        assert waiting.log(f"steps/{step_id}/stdout.gz") == "1\n"
        step_id = waiting.submit("python3.11", "-c", "import socket; socket.getaddrinfo('example.org', 443)")
        assert "gaierror" in waiting.wait_for_step(step_id)["FailureDetails"]["Message"]

    def test_metadata_are_at_their_own_address_and_want_a_token(self, waiting: RunningCluster) -> None:
        service = "http://169.254.169.254/latest"
        commands = [
            f"curl -s -o /dev/null -w '%{{http_code}}\\n' {service}/meta-data/instance-id",
            f"token=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {service}/api/token)",
            f'curl -s -H "X-aws-ec2-metadata-token: $token" {service}/meta-data/instance-id',
        ]
        assert waiting.run("bash", "-c", "; ".join(commands)) == f"401\n{instance_id(waiting.id)}"

    def test_the_user_of_steps_is_not_root_but_becomes_it_by_sudo(self, waiting: RunningCluster) -> None:
        assert waiting.run("bash", "-c", "id -un; sudo id -un; whoami") == "hadoop\nroot\nhadoop\n"

    def test_no_locale_is_set(self, waiting: RunningCluster) -> None:
        printed = waiting.run("bash", "-c", "echo ${LANG-none} ${LC_ALL-none}; locale charmap")
        assert printed == "none none\nANSI_X3.4-1968\n"

    def test_the_log_of_a_step_that_runs_is_uploaded_before_its_end(self, waiting: RunningCluster) -> None:
        step_id = _long_step(waiting)
        path = f"steps/{step_id}/stdout.gz"
        keys = waiting.place.client("s3").list_objects_v2
        wait_for(lambda: keys(Bucket=LOGS, Prefix=f"emr/{waiting.id}/{path}")["KeyCount"])
        wait_for(lambda: waiting.log(path) == "begun\n")
        waiting.place.client("emr").cancel_steps(ClusterId=waiting.id, StepIds=[step_id])
        waiting.wait_for_step(step_id)

    def test_a_cancelled_step_stops_with_all_it_has_started(self, waiting: RunningCluster) -> None:
        step_id = _long_step(waiting)
        waiting.place.client("emr").cancel_steps(ClusterId=waiting.id, StepIds=[step_id])
        assert waiting.wait_for_step(step_id)["State"] == "CANCELLED"
        assert not programs_of(step_id)
        assert "stopped after" in waiting.log(f"steps/{step_id}/controller.gz")

    @pytest.mark.parametrize(
        ("command", "message", "log"),
        [
            (("bash", "-c", "echo late fee >&2; exit 3"), "late fee", "stderr"),
            (("bash", "-c", "kill -9 $$"), "ended by signal 9 (SIGKILL)", "controller"),
            (("no-such-program",), "cannot run program no-such-program: No such file or directory", "stderr"),
        ],
    )
    def test_a_step_that_fails_says_why_and_where(
        self, waiting: RunningCluster, command: tuple[str, ...], message: str, log: str
    ) -> None:
        step_id = waiting.submit(*command)
        shown = waiting.wait_for_step(step_id)
        assert (shown["State"], shown["FailureDetails"]["Message"]) == ("FAILED", message)
        assert shown["FailureDetails"]["LogFile"] == f"s3://{LOGS}/emr/{waiting.id}/steps/{step_id}/{log}.gz"
        assert waiting.log(f"steps/{step_id}/{log}.gz")

    def test_another_jar_is_refused(self, waiting: RunningCluster) -> None:
        shown = waiting.wait_for_step(waiting.submit("x", jar="s3://jars/wordcount.jar"))
        assert "cannot run s3://jars/wordcount.jar: this node runs command-runner.jar" in str(shown["FailureDetails"])

    def test_one_runs_after_the_other(self, waiting: RunningCluster) -> None:
        first, second = waiting.submit_all(step("bash", "-c", "sleep 1"), step("echo", "two"))
        waiting.wait_for_step(second)
        ended = waiting.step(first)["Timeline"]["EndDateTime"]
        assert ended <= waiting.step(second)["Timeline"]["StartDateTime"]

    def test_as_many_run_at_a_time_as_the_cluster_allows(self, waiting: RunningCluster) -> None:
        emr = waiting.place.client("emr")
        emr.modify_cluster(ClusterId=waiting.id, StepConcurrencyLevel=2)
        steps = waiting.submit_all(*[step("sleep", "300", name=f"nap {number}") for number in range(3)])
        try:
            waiting.wait_for_step(steps[1], "RUNNING")
            assert [waiting.step(item)["State"] for item in steps] == ["RUNNING", "RUNNING", "PENDING"]
        finally:
            emr.cancel_steps(ClusterId=waiting.id, StepIds=steps)
            emr.modify_cluster(ClusterId=waiting.id, StepConcurrencyLevel=1)
        assert [waiting.wait_for_step(item)["State"] for item in steps] == ["CANCELLED"] * 3

    def test_after_a_failure_the_others_can_be_cancelled_and_the_cluster_waits(self, place: Place) -> None:
        cluster = place.start(
            **TRANSIENT, Steps=[step("false", action="CANCEL_AND_WAIT"), step("touch", "/opt/never", name="next")]
        )
        cluster.wait("WAITING")
        assert _steps(cluster) == {"false": "FAILED", "next": "CANCELLED"}
        place.client("emr").terminate_job_flows(JobFlowIds=[cluster.id])


class TestEnd:
    @pytest.mark.parametrize(
        ("command", "message"), [("true", "Steps completed"), ("false", "Steps completed with errors")]
    )
    def test_a_transient_cluster_ends_with_its_steps(self, place: Place, command: str, message: str) -> None:
        cluster = place.start(**TRANSIENT, Steps=[step(command), step("true", name="last")])
        shown = cluster.wait("TERMINATED")
        assert shown["StateChangeReason"] == {"Code": "ALL_STEPS_COMPLETED", "Message": message}
        assert _steps(cluster)["last"] == "COMPLETED"

    def test_a_failed_step_can_end_the_cluster(self, place: Place) -> None:
        cluster = place.start(Steps=[step("false", action="TERMINATE_CLUSTER"), step("true", name="next")])
        assert cluster.wait("TERMINATED_WITH_ERRORS")["StateChangeReason"]["Code"] == "STEP_FAILURE"
        assert _steps(cluster) == {"false": "FAILED", "next": "CANCELLED"}

    def test_an_idle_cluster_ends_and_a_busy_one_does_not(self, place: Place) -> None:
        idle = place.start(AutoTerminationPolicy={"IdleTimeout": 60})
        busy = place.start(AutoTerminationPolicy={"IdleTimeout": 60}, Steps=[step("sleep", "4")])
        assert idle.wait("TERMINATED")["StateChangeReason"]["Code"] == "AUTO_TERMINATION"
        busy.wait("TERMINATED")
        # Not interrupted; which of the two ends first is a matter of the machine's load.
        assert _steps(busy) == {"sleep": "COMPLETED"}

    def test_a_terminated_cluster_stops_its_step_and_keeps_the_log(self, place: Place) -> None:
        cluster = place.start()
        step_id = _long_step(cluster)
        place.client("emr").terminate_job_flows(JobFlowIds=[cluster.id])
        cluster.wait("TERMINATED")
        assert not programs_of(step_id)
        assert cluster.log(f"steps/{step_id}/stdout.gz") == "begun\n"
        wait_for(lambda: not (cluster.machine / "opt").exists())

    def test_two_clusters_live_beside_each_other(self, place: Place) -> None:
        one, two = place.start(), place.start()
        step_one, step_two = _long_step(one), _long_step(two)
        place.client("emr").terminate_job_flows(JobFlowIds=[one.id])
        one.wait("TERMINATED")
        assert not programs_of(step_one)
        assert len(programs_of(step_two)) == 3
        place.client("emr").terminate_job_flows(JobFlowIds=[two.id])


class TestProcess:
    def test_stopped_it_leaves_no_process_and_no_port(self, own: Place) -> None:
        cluster = own.start()
        step_id = _long_step(cluster)
        process = psutil.Process(own.node.pid)
        assert not [item for item in process.net_connections() if item.status == "LISTEN"]
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        assert not programs_of(step_id)
        assert find_node(Path(own.aws.folder)) is None

    def test_a_second_one_is_refused(self, place: Place) -> None:
        with pytest.raises(match=f"runs for {place.aws.folder} already"):
            start_node(place.aws)

    def test_started_again_it_goes_on_and_the_step_that_ran_is_failed(self, own: Place) -> None:
        cluster = own.start()
        step_id = _long_step(cluster)
        os.kill(own.node.pid, signal.SIGKILL)
        wait_for(lambda: find_node(Path(own.aws.folder)) is None)
        wait_for(lambda: not programs_of(step_id))
        start_node(own.aws)
        shown = cluster.wait_for_step(step_id)
        assert (shown["State"], shown["FailureDetails"]["Message"]) == (
            "FAILED",
            "the node was stopped while the step ran",
        )
        assert not programs_of(step_id)
        assert cluster.run("echo", "again") == "again\n"

    def test_a_machine_that_was_lost_ends_its_cluster(self, own: Place) -> None:
        cluster = own.start()
        cluster.wait("WAITING")
        stop_node(Path(own.aws.folder))
        (cluster.machine / "ready").unlink()
        start_node(own.aws)
        assert cluster.wait("TERMINATED_WITH_ERRORS")["StateChangeReason"]["Code"] == "INSTANCE_FAILURE"

    def test_an_aws_that_is_killed_and_comes_back_finds_the_step_done(self, own: Place) -> None:
        cluster = own.start()
        step_id = cluster.submit("bash", "-c", "until [ -e /tmp/go ]; do sleep 0.1; done; echo done")
        cluster.wait_for_step(step_id, "RUNNING")
        wait_for(lambda: step_id in saved(Path(own.aws.folder), "emr"))
        os.kill(own.aws.pid, signal.SIGKILL)
        psutil.Process(own.aws.pid).wait(timeout=60)
        (cluster.machine / "tmp" / "go").touch()
        wait_for(lambda: not programs_of(step_id))
        known = own.aws.authority.read_bytes()
        start_aws(Path(own.aws.folder), launch="launch")
        assert own.aws.authority.read_bytes() == known  # so that programs that run go on to trust it
        assert cluster.wait_for_step(step_id)["State"] == "COMPLETED"
        assert cluster.log(f"steps/{step_id}/stdout.gz") == "done\n"
        later = own.start()
        later.wait("WAITING")
        assert (later.machine / "ready").exists()

    def test_an_aws_that_comes_back_at_another_port_is_found(self, own: Place) -> None:
        cluster = own.start()
        cluster.wait("WAITING")
        stop_aws(Path(own.aws.folder))
        with socket.create_server(("127.0.0.1", own.aws.port)):
            moved = start_aws(Path(own.aws.folder), launch="hold")
        assert moved.port != own.aws.port
        found = RunningCluster(replace(own, aws=moved, client=clients_of(moved)), cluster.id)
        assert instance_id(cluster.id) in found.run("aws", "--region", "eu-west-3", "sts", "get-caller-identity")

    def test_when_the_folder_is_deleted_it_ends(self, own: Place) -> None:
        stop_aws(Path(own.aws.folder))
        process = psutil.Process(own.node.pid)
        forget(Path(own.aws.folder))
        process.wait(timeout=60)

    def test_programs_can_be_given_another_way_to_aws_and_logs_go_the_direct_one(self, own: Place) -> None:
        stop_node(Path(own.aws.folder))
        start_node(own.aws, port=9)
        cluster = own.start()
        step_id = cluster.submit("aws", "--region", "eu-west-3", "sts", "get-caller-identity")
        assert cluster.wait_for_step(step_id)["State"] == "FAILED"
        assert "https://sts.eu-west-3.amazonaws.com/" in cluster.log(f"steps/{step_id}/stderr.gz")

    def test_one_that_cannot_start_says_why(self, own: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        stop_node(Path(own.aws.folder))
        with pytest.raises(match=r"did not start: .*--idle-scale: invalid float value: 'soon'"):
            start_node(own.aws, idle_scale="soon")  # type: ignore[arg-type]


def test_the_maximum_lifetime_ends_a_cluster_that_works(tmp_path: Path, synthesise: Callable[..., Path]) -> None:
    """The deployed state machine, whose two hours are 4.3 seconds here."""
    with embedded_aws(tmp_path, launch="hold", wait_scale=0.0006) as aws, local_node(aws) as node:
        client = clients_of(aws)
        make_bare_account(client)
        create_stack(client, "FruitsGuard-demo", template(synthesise(), "FruitsGuard"))
        cluster = Place(aws, node, client).start(Name="fruits-demo")
        step_id = _long_step(cluster)
        assert cluster.wait("TERMINATED")["StateChangeReason"]["Code"] == "USER_REQUEST"
        assert not programs_of(step_id)
        assert cluster.log(f"steps/{step_id}/stdout.gz") == "begun\n"
