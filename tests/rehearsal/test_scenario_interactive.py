"""The scenario in interactive mode, by its command; what it leaves up is then used, harmed and destroyed."""

import csv
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from typer.testing import CliRunner, Result

from ops.aws.account import Client
from ops.aws.cdk import Cdk
from ops.aws.deployment import Deployment, find_deployment
from ops.aws.given import read_given
from ops.aws.synthesis import synthesise
from ops.cli import app
from ops.facts.origin import newest_commit
from ops.local.sample import LABELS, render_sample
from rehearsal import commands
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import ACCOUNT, EmbeddedAws, find_aws
from rehearsal.embedded.daemon import start_aws
from rehearsal.inventory import inventory
from rehearsal.node.daemon import find_node, local_node, start_node, stop_node
from rehearsal.node.spark_cluster import WORKERS
from rehearsal.scenario.checks import check_run
from rehearsal.scenario.evidence import Evidence, gather, table_columns
from rehearsal.scenario.folders import Folder
from rehearsal.scenario.photographs import ADDED, DELETED
from rehearsal.scenario.progress import Patience, photographs_done
from rehearsal.scenario.runs import Cluster
from rehearsal.scenario.stages import StageFailed
from tests.documented_commands import documented_commands
from tests.ops.commands import fruits_with
from tests.rehearsal.clusters import PATIENCE_SECONDS, SPARK_PATIENCE_SECONDS, wait_for
from tests.rehearsal.faults import fault_proxy
from tests.rehearsal.nodes import processes_on, words_of
from tests.rehearsal.scenarios import PHOTOGRAPHS

if TYPE_CHECKING:
    from types_boto3_emr.type_defs import StepConfigTypeDef

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
runner = CliRunner()
_clients = cache(clients_of)
AT_LAST = PHOTOGRAPHS + ADDED - DELETED
"""Photographs that a rehearsal leaves on S3."""


@dataclass(frozen=True)
class Kept:
    """A rehearsal that was told to leave everything up."""

    folder: Path
    code: int
    printed: str

    @property
    def aws(self) -> EmbeddedAws:
        running = find_aws(self.folder)
        assert running is not None
        return running

    @property
    def client(self) -> Client:
        return _clients(self.aws)

    @property
    def deployment(self) -> Deployment:
        return find_deployment(self.client, env="demo", region=self.aws.region)

    @property
    def step(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.deployment.output("FruitsCompute", "JobStep"))
        return found

    @property
    def cluster(self) -> Cluster:
        return Cluster(
            self.client("emr"),
            self.deployment.output("FruitsCompute", "ClusterId"),
            logs=self.place("LogUri"),
            still_there=self.require_node,
        )

    @property
    def output(self) -> Folder:
        return self.place("OutputUri")

    def require_node(self) -> None:
        assert find_node(self.folder) is not None, (self.folder / "node.log").read_text(encoding="utf-8")

    def place(self, output: str) -> Folder:
        return Folder.of(self.client("s3"), self.deployment.output("FruitsStorage", output))

    def run(self, *more: str, step: dict[str, Any] | None = None) -> Evidence:
        """Submit the job by boto3, with more arguments, and return the evidence of its run."""
        cluster, what = self.cluster, step or self.step
        step_id = self.submit({**what, "arguments": [*what["arguments"], *more]})
        cluster.wait_for_step(step_id, lambda _detail: None, lambda: 0, Patience(600))
        return self.evidence(cluster, step_id)

    def submit(self, step: dict[str, Any]) -> str:
        """Submit a step by boto3, and return its id."""
        request: StepConfigTypeDef = {
            "Name": "fruits-demo test",
            "ActionOnFailure": "CONTINUE",
            "HadoopJarStep": {"Jar": step["jar"], "Args": step["arguments"]},
        }
        cluster_id = self.cluster.cluster_id
        (step_id,) = self.client("emr").add_job_flow_steps(JobFlowId=cluster_id, Steps=[request])["StepIds"]
        return str(step_id)

    def fruits(self, *words: str, arguments: Sequence[str] = ()) -> Result:
        """Run a command with the settings of the deployment, and arguments for the job."""
        return fruits_with(self.aws)(*words, "-c", "mode=interactive", *(["--", *arguments] if arguments else []))

    def evidence(self, cluster: Cluster, step_id: str) -> Evidence:
        columns = table_columns(self.client("glue"), self.deployment.output("FruitsStorage", "Database"))
        return gather(self.place("ImagesUri"), self.output, printed=cluster.printed(step_id), columns=columns)

    def forget_results(self) -> None:
        for path in self.output.sizes():
            self.output.delete(path)


@pytest.fixture(scope="module")
def kept(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Rehearse by the command, once for all tests, which go on with what it leaves up."""
    folder = tmp_path_factory.mktemp("kept")
    options = ["--mode", "interactive", "--keep", "--images", str(photographs)]
    try:
        done = runner.invoke(
            app, ["rehearse", *options, "--folder", str(folder / "aws"), "--output", str(folder / "out")]
        )
        yield Kept(folder / "aws", done.exit_code, done.output)
    finally:
        assert runner.invoke(commands.aws, ["down", "--folder", str(folder / "aws")]).exit_code == 0


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of rendered pictures, enough to be interrupted."""
    folder = tmp_path_factory.mktemp("many")
    render_sample(folder, per_label=20)
    return folder


def _projections(evidence: Evidence) -> dict[str, list[float]]:
    rows = [row for table in evidence.below("projections").values() for row in table.to_pylist()]
    return {row["uri"]: row["projection"] for row in rows}


def test_the_command_passes_and_names_the_report(kept: Kept) -> None:
    assert kept.code == 0, kept.printed
    assert "Rehearsal passed: 11 stages in " in kept.printed
    assert re.search(r"Embedded AWS: [\d.]+ s to start and stop, [\d.]+ s of processor time", kept.printed)
    (report,) = re.findall(r"^Report: (.+)$", kept.printed, re.MULTILINE)
    assert Path(report).read_bytes().startswith(b"<!doctype html>")


def test_a_rehearsal_leaves_its_own_figures_beside_its_report(kept: Kept) -> None:
    record = json.loads((kept.folder.parent / "out" / "rehearsal.json").read_text(encoding="utf-8"))
    stages = re.findall(r"^\[ *\d+/11\] (.+)$", kept.printed, re.MULTILINE)
    assert [stage["name"] for stage in record["stages"]] == stages
    assert record["seconds"] == pytest.approx(sum(stage["seconds"] for stage in record["stages"]), abs=1.0)
    assert (record["photographs"], record["rendered"], record["left"]) == (PHOTOGRAPHS, True, {})
    assert record["run"] in kept.printed
    assert (record["commit"], record["date"]) == newest_commit(["."])


def test_steps_were_submitted_and_completed(kept: Kept) -> None:
    steps = kept.client("emr").list_steps(ClusterId=kept.cluster.cluster_id)["Steps"]
    assert [step["Name"] for step in reversed(steps)][:3] == [
        f"fruits-demo {run}" for run in ("first", "second", "third")
    ]
    assert {step["Status"]["State"] for step in steps} == {"COMPLETED"}


def test_a_run_is_made_watched_listed_and_its_results_are_fetched(kept: Kept, tmp_path: Path) -> None:
    kept.forget_results()
    run = kept.fruits("run", "--run-id", "real", "--look-every", "1", arguments=["--components", "3"])
    assert run.exit_code == 0, run.output
    assert f"% of {AT_LAST} photographs" in run.stdout
    assert f"INFO {AT_LAST} photographs, {AT_LAST} to featurize" in run.stdout
    assert f"{AT_LAST} of them now, 0 by earlier runs" in run.stdout

    (listed,) = json.loads(kept.fruits("runs", "--json").stdout)["completed"]
    assert (listed["label"], listed["images"], listed["components"]) == ("real", AT_LAST, 3)

    fetched = kept.fruits("results", "--no-browser", "--output", str(tmp_path), "--sample", "12")
    assert fetched.exit_code == 0, fetched.output
    folder = tmp_path / "reports" / listed["run"]
    assert (folder / "report.html").read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")
    with (folder / "projections-sample.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({row["uri"] for row in rows}) == 12
    assert {"pc1", "pc2", "pc3"} <= rows[0].keys()

    log = kept.fruits("logs")
    assert log.exit_code == 0
    assert json.loads(log.stdout.splitlines()[-1])["run"] == listed["run"]
    assert "No broken requirements found" in kept.fruits("logs", "--bootstrap").stdout


def test_a_run_that_fails_ends_with_what_the_job_says(kept: Kept) -> None:
    weights = ["--weights", "s3://nobodys-bucket/model.tflite"]
    run = kept.fruits("run", "--look-every", "1", arguments=weights)
    assert run.exit_code == 1
    (reason,) = (line.removeprefix("failed: ") for line in run.stderr.splitlines() if line.startswith("failed: "))
    assert "s3://nobodys-bucket/model.tflite" in reason
    assert any(line.endswith(f" failed: {reason}") for line in kept.fruits("logs").stderr.splitlines())
    assert reason in kept.fruits("runs").stdout.splitlines()[0]


def test_what_it_says_of_using_it_works(kept: Kept) -> None:
    lines = [line.strip() for line in kept.printed.splitlines()]
    (env,) = [line for line in lines if line.startswith("eval ")]
    (diff,) = [line for line in lines if line.startswith("npx cdk diff")]
    (clusters,) = [line for line in lines if line.startswith("aws emr ")]
    script = f"set -e\n{env}\n{clusters} --query 'Clusters[].Status.State' --output text\n{diff} --fail"
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script.replace("fruits aws", "python -m ops.cli aws")],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == "WAITING"
    assert "Number of stacks with differences: 0" in done.stdout + done.stderr


def test_a_job_replaced_by_exit_0_is_noticed(kept: Kept) -> None:
    uri = next(argument for argument in kept.step["arguments"] if argument.endswith(".py"))
    folder, name = Folder.of(kept.client("s3"), uri.rpartition("/")[0]), uri.rpartition("/")[2]
    main = folder.get(name)
    folder.put(name, b"raise SystemExit(0)\n")
    try:
        evidence = kept.run()
    finally:
        folder.put(name, main)
    assert check_run(evidence)[0].startswith("the step ended as COMPLETED, but printed no manifest; below the output")


def test_a_step_that_writes_nothing_is_noticed(kept: Kept) -> None:
    claim = {"run": "0123456789abcdef", "counts": {"images": 43, "features": 43, "computed": 43}}
    evidence = kept.run(step={"jar": "command-runner.jar", "arguments": ["echo", json.dumps(claim)]})
    assert check_run(evidence) == [
        "the step printed a manifest of run 0123456789abcdef, which is not among its reports"
    ]


def test_a_step_that_fails_is_told_with_its_exception_and_its_log(kept: Kept) -> None:
    step = {"jar": "command-runner.jar", "arguments": [*kept.step["arguments"][:-2], "--components", "0"]}
    with pytest.raises(StageFailed, match=r"step s-\w+ FAILED: .*--components") as failed:
        kept.run(step=step)
    assert failed.value.log.startswith(kept.place("LogUri").uri)


def test_with_a_tenth_of_the_requests_refused_or_cut_the_results_are_the_same(kept: Kept) -> None:
    undisturbed = kept.run()
    kept.forget_results()
    stop_node(kept.folder)
    rules = [
        {"service": "s3", "probability": 0.035, "error": {"code": "SlowDown", "status": 503}},
        {"service": "s3", "probability": 0.035, "error": {"code": "InternalError", "status": 500}},
        {"service": "s3", "probability": 0.035, "reset": True},
    ]
    try:
        with fault_proxy(kept.aws, rules) as proxy, local_node(kept.aws, port=proxy.port):
            disturbed = kept.run()
            fired = proxy.fired()
    finally:
        start_node(kept.aws)
    assert len(fired) == 3, fired
    assert sum(fired.values()) >= 10
    assert check_run(disturbed) == []
    assert disturbed.printed is not None
    assert disturbed.printed["counts"]["computed"] == len(disturbed.photographs)
    assert _projections(disturbed) == _projections(undisturbed)


@pytest.mark.parametrize(
    "killed",
    [
        ["CoarseGrainedExecutorBackend", "ExternalShuffleService"],
        ["pyspark.daemon", "org.apache.spark.deploy.worker.Worker"],
    ],
    ids=["an executor and the shuffle service", "a Python worker and a worker of Spark's"],
)
def test_what_is_killed_of_the_spark_cluster_loses_nothing(kept: Kept, killed: list[str]) -> None:
    kept.forget_results()
    cluster, machine = kept.cluster, kept.folder / "nodes" / kept.cluster.cluster_id

    def running(mark: str) -> list[psutil.Process]:
        return [item for item in processes_on(machine) if any(mark in word for word in words_of(item))]

    step_id = kept.submit(kept.step)
    wait_for(lambda: running("pyspark.daemon"), SPARK_PATIENCE_SECONDS)  # the first task has begun
    victims = [running(mark)[0] for mark in killed]
    for victim in victims:
        victim.kill()
    cluster.wait_for_step(step_id, lambda _detail: None, lambda: 0, Patience(600))
    evidence = kept.evidence(cluster, step_id)
    assert check_run(evidence) == []
    assert evidence.printed is not None
    assert evidence.printed["counts"]["computed"] == len(evidence.photographs)
    wait_for(lambda: len(running("ExternalShuffleService")) == 1)
    wait_for(lambda: len(running("org.apache.spark.deploy.worker.Worker")) == WORKERS)


def test_after_the_embedded_aws_was_killed_in_mid_run_nothing_committed_is_lost(kept: Kept, many: Path) -> None:
    assert kept.fruits("images", "upload", str(many)).exit_code == 0
    kept.forget_results()
    step = {**kept.step, "arguments": [*kept.step["arguments"], "--batch-size", "4"]}
    step_id = kept.submit(step)
    done = photographs_done(kept.output, 0)
    wait_for(lambda: done() >= 40)
    before = kept.aws
    committed = kept.output.etags()
    os.kill(before.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(before.pid)], timeout=PATIENCE_SECONDS)
    after = start_aws(kept.folder)
    assert after.port == before.port
    assert find_node(kept.folder) is not None
    found = kept.output.etags()
    assert {path: found.get(path) for path in committed} == committed

    try:
        kept.cluster.wait_for_step(step_id, lambda _detail: None, lambda: 0, Patience(600))
        evidence, computed_before = kept.evidence(kept.cluster, step_id), 0
    except StageFailed:
        computed_before = done()
        evidence = kept.run()
    assert check_run(evidence) == []
    assert evidence.printed is not None
    assert evidence.printed["counts"]["computed"] == len(evidence.photographs) - computed_before
    assert {path: evidence.objects[path][0] for path in committed if "features" in path} == {
        path: etag for path, etag in committed.items() if "features" in path
    }


ACCEPTED = {"preflight": {0, 3}}
"""Exit codes: the embedded AWS has no quotas."""


def test_the_commands_of_readme_and_docs_work_as_they_stand(kept: Kept, photographs: Path, tmp_path: Path) -> None:
    meant = {
        "photographs": str(photographs),
        "111122223333": ACCOUNT,
        "Kiwi,Fig": ",".join(LABELS[:2]),
        "cdk.out": str(kept.folder / "cdk.out-first"),
        "out": str(tmp_path / "out"),
        "50": "5",  # components: of these few photographs there are no more than 45
    }
    for command in documented_commands():
        if command.elsewhere or not command.text.startswith("fruits "):
            continue
        words = [meant.get(word, word) for word in command.words[1:] if word not in {"-c", "env=dev", "env=prod"}]
        words, arguments = (
            (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
        )
        if words[:2] == ["runs", "diff"]:
            words[2:4] = _two_runs(kept)
        own = ("--no-browser", "--output", str(tmp_path)) if words[0] == "results" else ()
        said = kept.fruits(words[0], *own, *words[1:], arguments=arguments)
        assert said.exit_code in ACCEPTED.get(words[0], {0}), f"{command.page}: {command.text}\n{said.output}"


def _two_runs(kept: Kept) -> list[str]:
    """Return the ids of two runs that have left something to compare, as one that finds nothing new does not."""
    completed = json.loads(kept.fruits("runs", "--json").stdout)["completed"]
    newest, former = [run["run"] for run in completed if not run["trial"]][:2]
    return [former, newest]


def test_destroying_after_a_failed_step_leaves_nothing(kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(StageFailed, match="FAILED"):
        kept.run(step={"jar": "command-runner.jar", "arguments": ["bash", "-c", "exit 3"]})
    environment = kept.aws.environment()
    given = read_given(["mode=interactive", "remove_data=true"])
    synthesised = synthesise(tmp_path / "cdk.out", given, environment=environment).folder
    cdk = Cdk(synthesised, environment)
    cdk.deploy("FruitsStorage")
    cdk.destroy("FruitsCompute")
    bucket = kept.deployment.output("FruitsStorage", "DataBucket")
    assert kept.fruits("empty", "--yes-delete", bucket).exit_code == 0
    cdk.destroy()
    left = inventory(kept.client)
    assert not [item for item in left if "ruits" in item]
    assert [item for item in left if "emr cluster" in item] == [f"emr cluster TERMINATED {_only_cluster(kept)}"]
    assert len([item for item in left if item.startswith("vpc ")]) == 1


def _only_cluster(kept: Kept) -> str:
    (cluster,) = kept.client("emr").list_clusters()["Clusters"]
    return str(cluster["Id"])


def test_the_command_to_end_it_stops_node_and_aws(kept: Kept) -> None:
    aws, node = kept.aws, find_node(kept.folder)
    assert node is not None
    ended = runner.invoke(commands.aws, ["down", "--delete", "--folder", str(kept.folder)])
    assert ended.exit_code == 0
    assert "nothing is kept" in ended.output
    assert not kept.folder.exists()
    assert not psutil.pid_exists(aws.pid)
    assert not psutil.pid_exists(node.pid)
