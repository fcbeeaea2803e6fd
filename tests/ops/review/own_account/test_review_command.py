"""`fruits review` against an embedded AWS that holds the real stacks."""

import contextlib
import copy
import json
import re
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import typer
from typer.testing import CliRunner

from ops.aws.account import AwsRefused, Client, account
from ops.aws.cdk import Cdk
from ops.aws.given import read_given
from ops.aws.synthesis import synthesise as synthesise_for_real
from ops.review.change_sets import NoChangeSet, plan
from ops.review.changes import compare
from ops.review.command import VerdictCommand, review
from ops.review.deployed import read_deployed, what_runs
from ops.review.stacks import WantedStack, read_assembly
from rehearsal.embedded.aws import ACCOUNT, EmbeddedAws
from rehearsal.inventory import inventory
from tests.ops.documented import assert_documented
from tests.rehearsal.clusters import wait_for_state

if TYPE_CHECKING:
    from types_boto3_emr.type_defs import StepConfigTypeDef

pytestmark = [pytest.mark.server, pytest.mark.long]

SETTINGS: Final = ("mode=interactive", "notebook=true", "email=team@example.org")
OPTIONS: Final = tuple(part for setting in SETTINGS for part in ("-c", setting))
PAGE: Final = Path(__file__).parents[4] / "docs" / "review.md"

fruits = typer.Typer()
fruits.command(cls=VerdictCommand)(review)
fruits.command("nothing")(lambda: None)  # with a single command there would be no names of commands

Resources = dict[str, Any]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def deployed(aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app with `SETTINGS`, deployed as `cdk deploy` does it, which adds the paths of constructs."""
    folder = tmp_path_factory.mktemp("deployed")
    synthesise_for_real(folder, read_given((*SETTINGS, "aws:cdk:enable-path-metadata=true")))
    assert "aws:cdk:path" in (folder / "FruitsCompute.template.json").read_text(encoding="utf-8")
    cdk = Cdk(folder, aws.environment())
    cdk.bootstrap(ACCOUNT, aws.region)
    cdk.deploy()
    return folder


@pytest.fixture
def run(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command; gives exit code, output and errors."""

    def run_it(*arguments: object, environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        variables = {**aws.variables(), "COLUMNS": "500", "NO_COLOR": "1", **(environment or {})}
        result = CliRunner().invoke(fruits, ["review", *map(str, arguments)], env=variables)
        return result.exit_code, result.stdout, result.stderr

    return run_it


@pytest.fixture
def changed(deployed: Path, tmp_path: Path) -> Callable[..., Path]:
    """Make an app that is the deployed one but for the resources of a stack."""

    def change(stack: str, mutation: Callable[[Resources], None]) -> Path:
        folder = tmp_path / "changed"
        shutil.copytree(deployed, folder, ignore=shutil.ignore_patterns("asset.*"))
        file = folder / f"{stack}.template.json"
        template = json.loads(file.read_text(encoding="utf-8"))
        mutation(template["Resources"])
        file.write_text(json.dumps(template), encoding="utf-8")
        return folder

    return change


def of_kind(resources: Resources, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in resources.values() if item["Type"] == kind)["Properties"]
    return found


def _change_sets(client: Client) -> list[str]:
    cloudformation = client("cloudformation")
    return [
        summary["ChangeSetName"]
        for stack in cloudformation.describe_stacks()["Stacks"]
        for summary in cloudformation.list_change_sets(StackName=stack["StackName"])["Summaries"]
    ]


def _longer_idle_stop(resources: Resources) -> None:
    of_kind(resources, "AWS::EMR::Cluster")["AutoTerminationPolicy"]["IdleTimeout"] = 3600


def _another_release(resources: Resources) -> None:
    of_kind(resources, "AWS::EMR::Cluster")["ReleaseLabel"] = "emr-7.12.0"


def test_what_is_deployed_does_not_differ(deployed: Path, run: Run) -> None:
    code, said, _ = run(*OPTIONS)
    assert code == 0, said
    assert "No differences: cdk deploy would change nothing" in said


def test_another_release_is_destructive_and_the_pull_request_is_told(deployed: Path, run: Run, tmp_path: Path) -> None:
    comment = tmp_path / "comment.md"
    code, said, _ = run(*OPTIONS, "-c", "release_label=emr-7.12.0", "--markdown", comment)
    assert code == 2
    assert "this replaces the cluster: a running job would be lost; none runs now on j-" in said
    assert "ReleaseLabel: emr-7.13.0 -> emr-7.12.0" in said
    written = comment.read_text(encoding="utf-8")
    assert written.startswith("<!-- fruits review: demo -->\n### Destructive: ")
    assert "this replaces the cluster: a running job would be lost" in written
    assert ACCOUNT not in written


def test_a_program_gets_the_same_as_json(changed: Callable[..., Path], run: Run) -> None:
    code, said, _ = run("--app", changed("FruitsCompute", _another_release), "--json")
    content = json.loads(said)
    assert_documented("review", content)
    assert (code, content["verdict"]) == (2, "destructive")
    (compute,) = [stack for stack in content["stacks"] if stack["name"] == "FruitsCompute-demo"]
    (cluster,) = [change for change in compute["changes"] if change["type"] == "AWS::EMR::Cluster"]
    assert (cluster["action"], cluster["causes"]) == ("replaced", ["ReleaseLabel"])


def test_a_review_leaves_nothing_behind(changed: Callable[..., Path], run: Run, client: Client) -> None:
    before = inventory(client), _statuses(client), _change_sets(client)
    assert run("--app", changed("FruitsCompute", _another_release))[0] == 2
    assert (inventory(client), _statuses(client), _change_sets(client)) == before


def _statuses(client: Client) -> dict[str, str]:
    return {item["StackName"]: item["StackStatus"] for item in client("cloudformation").describe_stacks()["Stacks"]}


def test_the_same_review_is_the_same_text(changed: Callable[..., Path], run: Run) -> None:
    app = changed("FruitsCompute", _another_release)
    assert run("--app", app, "--markdown", "-") == run("--app", app, "--markdown", "-")


def test_an_idle_stop_changes_the_cluster_in_place(changed: Callable[..., Path], run: Run) -> None:
    code, said, _ = run("--app", changed("FruitsCompute", _longer_idle_stop))
    assert code == 1
    assert "~ Cluster (AWS::EMR::Cluster) changed" in said
    assert "the idle stop comes later: 15 min -> 1 h" in said
    assert "replace" not in said.replace("replaced  removed", "")


def test_encryption_changes_a_bucket_in_place(changed: Callable[..., Path], run: Run) -> None:
    def encrypt_by_key(resources: Resources) -> None:
        (rule,) = of_kind(resources, "AWS::S3::Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        rule["ServerSideEncryptionByDefault"] = {"SSEAlgorithm": "aws:kms"}

    code, said, _ = run("--app", changed("FruitsStorage", encrypt_by_key))
    assert code == 1, said
    assert "encryption of new data changes: AES256 -> aws:kms" in said
    assert re.search(r"~ Storage/\w+ \(AWS::S3::Bucket\) changed *\n", said)


def test_the_schema_knows_which_part_of_a_property_replaces(changed: Callable[..., Path], run: Run) -> None:
    def describe(resources: Resources) -> None:
        of_kind(resources, "AWS::Glue::Table")["TableInput"]["Description"] = "Other words"

    code, said, _ = run("--app", changed("FruitsStorage", describe))
    assert code == 1, said
    assert re.search(r"~ Catalog/\w+ \(AWS::Glue::Table\) changed *\n", said)


def test_where_cloudformation_cannot_tell_the_more_severe_is_shown_and_said(
    changed: Callable[..., Path], run: Run
) -> None:
    def more_spot(resources: Resources) -> None:
        of_kind(resources, "AWS::EMR::Cluster")["Instances"]["TaskInstanceFleets"][0]["TargetSpotCapacity"] = 16

    code, said, _ = run("--app", changed("FruitsCompute", more_spot))
    assert code == 2
    assert "this may replace the cluster" in said
    assert "CloudFormation's change set says may be replaced, its resource schema says changed" in said


def test_a_tag_on_the_key_does_not_put_the_cluster_at_risk(
    changed: Callable[..., Path], run: Run, client: Client
) -> None:
    def tag(resources: Resources) -> None:
        of_kind(resources, "AWS::KMS::Key")["Tags"][0]["Value"] = "other"

    app = changed("FruitsCompute", tag)
    cautious = client("cloudformation")
    body = (app / "FruitsCompute.template.json").read_text(encoding="utf-8")
    named: dict[str, Any] = {"StackName": "FruitsCompute-demo", "ChangeSetName": "by-hand"}
    cautious.create_change_set(**named, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    changes = [item["ResourceChange"] for item in cautious.describe_change_set(**named)["Changes"]]
    cautious.delete_change_set(**named)
    assert "Conditional" in {
        item.get("Replacement") for item in changes if item["ResourceType"] == "AWS::EMR::Cluster"
    }, "CloudFormation alone takes the cluster for one that may be replaced"
    code, said, _ = run("--app", app)
    assert code == 1, said
    assert "DiskEncryption/Key (AWS::KMS::Key) changed" in said
    assert "AWS::EMR::Cluster" not in said


def test_a_job_that_runs_is_named(changed: Callable[..., Path], run: Run, client: Client) -> None:
    emr = client("emr")
    (cluster,) = [item["Id"] for item in emr.list_clusters(ClusterStates=["RUNNING", "WAITING"])["Clusters"]]
    step: StepConfigTypeDef = {
        "Name": "fruits-demo nightly",
        "ActionOnFailure": "CONTINUE",
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["sleep", "60"]},
    }
    (step_id,) = emr.add_job_flow_steps(JobFlowId=cluster, Steps=[step])["StepIds"]
    _, said, _ = run("--app", changed("FruitsCompute", _another_release))
    emr.cancel_steps(ClusterId=cluster, StepIds=[step_id])
    assert re.search(rf"one runs right now on {cluster} \(\w+\): fruits-demo nightly \((RUNNING|PENDING)\)", said), said
    wait_for_state(client, cluster, "WAITING")


def test_findings_of_the_rules_that_are_new_are_shown(changed: Callable[..., Path], run: Run) -> None:
    def open_ssh(resources: Resources) -> None:
        group = of_kind(resources, "AWS::EC2::SecurityGroup")
        rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
        group.setdefault("SecurityGroupIngress", []).append(rule)

    code, said, _ = run("--app", changed("FruitsNetwork", open_ssh))
    assert code == 1
    assert "lets through tcp 22 from 0.0.0.0/0 (anywhere on the internet)" in said
    assert "AwsSolutions-EC23 finds: " in said
    assert said.count("AwsSolutions-") == 1, "what is deployed with an acknowledgement is not new"


def test_wider_rights_and_what_the_own_rules_say_of_them(changed: Callable[..., Path], run: Run) -> None:
    def allow(resources: Resources) -> None:
        (role,) = [
            name
            for name, item in resources.items()
            if item["Type"] == "AWS::IAM::Role" and "ec2.amazonaws.com" in json.dumps(item)
        ]
        policy = next(
            item["Properties"]
            for item in resources.values()
            if item["Type"] == "AWS::IAM::Policy" and item["Properties"]["Roles"] == [{"Ref": role}]
        )
        policy["PolicyDocument"]["Statement"].append({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})

    code, said, _ = run("--app", changed("FruitsCompute", allow))
    assert code == 1
    assert "FruitsCompute Nodes/Role may s3:* on * (widened)" in said
    assert "Fruits narrow-node-role finds: " in said


def test_what_destroys_passes_if_nothing_is_to_fail(changed: Callable[..., Path], run: Run) -> None:
    assert run("--app", changed("FruitsCompute", _another_release), "--fail-on", "never")[0] == 0


def test_one_stack_is_reviewed_alone(changed: Callable[..., Path], run: Run) -> None:
    app = changed("FruitsCompute", _another_release)
    code, said, _ = run("--app", app, "--stack", "FruitsNetwork")
    assert (code, "FruitsCompute" in said) == (0, False)
    code, said, _ = run("--app", app, "--stack", "FruitsCompute-demo")
    assert (code, "FruitsNetwork " in said) == (2, False)


def test_a_stack_that_the_app_no_longer_has_stays(changed: Callable[..., Path], run: Run) -> None:
    app = changed("FruitsCompute", lambda resources: None)
    manifest = json.loads((app / "manifest.json").read_text(encoding="utf-8"))
    del manifest["artifacts"]["FruitsNotebook"]
    (app / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    code, said, _ = run("--app", app)
    assert code == 1
    assert "FruitsNotebook: is deployed, but the app no longer has it: cdk deploy leaves it as it is" in said


def test_another_region_is_a_second_deployment(deployed: Path, synthesise: Callable[..., Path], run: Run) -> None:
    code, said, _ = run("--app", synthesise(region="eu-central-1", email="team@example.org"))
    assert code == 1
    assert "are deployed in eu-west-3 and stay there" in said
    assert "this makes a second deployment in eu-central-1, it moves nothing" in said


def test_where_nothing_is_deployed_everything_is_added_at_a_price(
    deployed: Path, synthesise: Callable[..., Path], run: Run
) -> None:
    code, said, _ = run("--app", synthesise(env="dev", email="team@example.org"))
    assert code == 1
    assert re.search(r"FruitsStorage +not deployed +\d+ *\n", said)
    assert re.search(r"an hour as planned +- +[≥≈]? ?[1-9]", said)
    assert "AwsSolutions-" not in said, "what the app acknowledges is no finding of a first deployment"


def test_a_stack_whose_creation_failed_is_made_anew(
    deployed: Path, synthesise: Callable[..., Path], run: Run, client: Client
) -> None:
    cloudformation = client("cloudformation")
    missing = {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": "vpc-missing", "CidrBlock": "10.0.0.0/24"}}
    bad = {"Type": "AWS::EMR::Step", "Properties": {"JobFlowId": "j-MISSING"}}
    template = json.dumps({"Resources": {"Subnet": missing, "Step": bad}})
    cloudformation.create_stack(StackName="FruitsNetwork-prod", TemplateBody=template)
    with pytest.raises(Exception, match="ROLLBACK_COMPLETE"):
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="FruitsNetwork-prod", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
        )
    code, said, _ = run("--app", synthesise(env="prod", email="team@example.org"))
    cloudformation.delete_stack(StackName="FruitsNetwork-prod")
    assert code == 1
    assert re.search(r"FruitsNetwork +ROLLBACK_COMPLETE +\d+", said)
    assert "its creation failed or never began (ROLLBACK_COMPLETE)" in said


def test_a_change_set_that_cloudformation_refuses_is_said(
    changed: Callable[..., Path], run: Run, client: Client
) -> None:
    def add_what_nobody_knows(resources: Resources) -> None:
        _another_release(resources)
        resources["Unknown"] = {"Type": "AWS::Nobody::Knows"}

    before = _change_sets(client)
    code, said, _ = run("--app", changed("FruitsCompute", add_what_nobody_knows))
    assert _change_sets(client) == before
    assert code == 2
    assert "judged by templates and schemas alone, for there is no change set: cannot make a change set: " in said
    assert "AWS::Nobody::Knows" in said.partition("there is no change set:")[2].partition("\n")[0]


# --- Rights ---


def _user(client: Client, name: str, statements: list[dict[str, Any]]) -> dict[str, str]:
    """Make a user with some rights; gives its credentials as a shell has them."""
    iam = client("iam")
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def _documented_statements() -> list[dict[str, Any]]:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    statements: list[dict[str, Any]] = json.loads(block)["Statement"]
    return statements


def test_the_documented_rights_are_enough(changed: Callable[..., Path], run: Run, client: Client) -> None:
    keys = _user(client, "reviewer", _documented_statements())
    app = changed("FruitsCompute", _another_release)
    assert run("--app", app, environment=keys)[:2] == run("--app", app)[:2]


def _asked(accounts: Callable[[str], Client], wanted: WantedStack) -> list[object]:
    """Ask all that a review asks of AWS about a stack that replaces its cluster."""
    answers: list[object] = []
    with contextlib.suppress(AwsRefused):
        deployed = read_deployed(accounts, env="demo", regions=[wanted.region])
        answers.append(deployed)
        (old,) = [stack.template for stack in deployed if stack.name == wanted.name]
        changes = compare(wanted.name, old, wanted.template, region=wanted.region)
        answers += map(what_runs(accounts, {wanted.name: wanted.region}), [item for item in changes if item.gone][:1])
    with contextlib.suppress(NoChangeSet):
        answers.append(plan(accounts(wanted.region), wanted, wanted.template))
    return answers


@pytest.mark.parametrize("action", [item for statement in _documented_statements() for item in statement["Action"]])
def test_each_documented_right_is_needed(
    action: str, aws: EmbeddedAws, changed: Callable[..., Path], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = copy.deepcopy(_documented_statements())
    for statement in statements:
        statement["Action"] = [item for item in statement["Action"] if item != action]
    statements = [item for item in statements if item["Action"]]
    keys = _user(client, f"reviewer-without-{action.replace(':', '-')}", statements)
    for name, value in {**aws.variables(), **keys}.items():
        monkeypatch.setenv(name, value)
    app = changed("FruitsCompute", _another_release)
    (wanted,) = [stack for stack in read_assembly(app) if stack.stack == "FruitsCompute"]
    assert _asked(cache(account), wanted) != _asked(lambda _: client, wanted)


def test_without_the_right_to_templates_there_is_no_verdict(deployed: Path, run: Run, client: Client) -> None:
    everything_else = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "cloudformation:GetTemplate", "Resource": "*"},
    ]
    code, said, errors = run("--app", deployed, environment=_user(client, "without-templates", everything_else))
    assert (code, said) == (3, "")
    assert errors.startswith("error: cannot read the template of Fruits")
    assert "access denied (GetTemplate)" in errors
    assert errors.count("\n") == 1


def test_without_the_right_to_change_sets_the_schemas_judge(
    changed: Callable[..., Path], run: Run, client: Client
) -> None:
    everything_else = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "cloudformation:CreateChangeSet", "Resource": "*"},
    ]
    keys = _user(client, "without-change-sets", everything_else)
    code, said, _ = run("--app", changed("FruitsCompute", _another_release), environment=keys)
    assert code == 2
    assert "judged by templates and schemas alone, for there is no change set: cannot make a change set: access" in said


# --- No verdict ---


def test_without_credentials_there_is_no_verdict(deployed: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    code, said, errors = run("--app", deployed, environment=nobody)
    assert (code, said) == (3, "")
    assert errors.startswith("error: cannot describe the stacks: no AWS credentials; log in")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fail-on", "sometimes"], "sometimes"),
        (["--nonsense"], "--nonsense"),
        (["-c", "core_vcpus=2"], "core_vcpus=2"),
        (["-c", "cores=2"], "did you mean"),
        (["--app", "no-such-folder"], "no-such-folder is not a synthesised app"),
        (["--app", "cdk.out", "-c", "env=dev"], "--app has its settings already"),
    ],
)
def test_a_mistake_in_the_command_is_no_verdict(run: Run, arguments: list[str], words: str) -> None:
    code, said, errors = run(*arguments)
    assert (code, said) == (3, "")
    assert words in errors


def test_an_unknown_stack_is_no_verdict(deployed: Path, run: Run) -> None:
    code, _, errors = run("--app", deployed, "--stack", "FruitsCluster")
    assert code == 3
    assert "--stack FruitsCluster: neither in the app nor deployed; accepted: FruitsCompute, " in errors


def test_what_nobody_expected_is_no_verdict(changed: Callable[..., Path], run: Run) -> None:
    app = changed("FruitsCompute", _longer_idle_stop)
    (app / "FruitsCompute.metadata.json").write_text("[]", encoding="utf-8")
    code, said, errors = run("--app", app)
    assert (code, said) == (3, "")
    assert "Traceback" in errors


def test_a_file_that_cannot_be_written_is_no_verdict(deployed: Path, run: Run, tmp_path: Path) -> None:
    code, _, errors = run("--app", deployed, "--markdown", tmp_path)
    assert code == 3
    assert f"--markdown {tmp_path}: cannot be written" in errors
