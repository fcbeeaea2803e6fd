"""Kinds of changes, each of the real stacks, and what a review says of them by templates and schemas alone."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import cx_api
from markdown_it import MarkdownIt
from rich.console import Console

from ops.review import wording
from ops.review.changes import Action, ResourceChange
from ops.review.conclusion import Review, compare_stack, conclude
from ops.review.consequences import Verdict
from ops.review.losses import ClusterUse
from ops.review.markdown import render
from ops.review.screen import show
from ops.review.stacks import ExistingStack, WantedStack, read_assembly

pytestmark = pytest.mark.cdk

INTERACTIVE = {"mode": "interactive", "email": "team@example.org"}
TRANSIENT = {"email": "team@example.org"}

Stacks = dict[str, WantedStack]
Resources = dict[str, Any]
Mutation = Callable[[Stacks], None]
"""Changes the app, in place."""


@pytest.fixture(scope="module")
def app(assembly: Callable[..., cx_api.CloudAssembly]) -> Callable[..., Stacks]:
    """Read the stacks of some settings, anew at each call."""
    return lambda **given: {stack.stack: stack for stack in read_assembly(Path(assembly(**given).directory))}


def as_deployed(stacks: Stacks, status: str = "CREATE_COMPLETE") -> list[ExistingStack]:
    """Return the stacks as CloudFormation would after a deployment."""
    return [
        ExistingStack(
            stack=item.stack,
            name=item.name,
            region=item.region,
            template=item.template,
            status=status,
            protected=item.protected,
        )
        for item in stacks.values()
    ]


def no_job(_: ResourceChange) -> ClusterUse:
    return ClusterUse("none runs now")


def reviewed(deployed: Stacks, wanted: Stacks) -> Review:
    """Review an app against what is deployed, by templates and schemas alone."""
    existing = {item.name: item for item in as_deployed(deployed)}
    by_name = {item.name: item for item in wanted.values()}
    names = dict.fromkeys([*by_name, *existing])
    stacks = [compare_stack(by_name.get(name), existing.get(name), None) for name in names]
    return conclude(stacks, list(by_name.values()), list(existing.values()), what_runs=no_job)


def resources(stacks: Stacks, stack: str) -> Resources:
    found: Resources = dict(stacks[stack].template)["Resources"]
    return found


def of_kind(stacks: Stacks, stack: str, kind: str) -> dict[str, Any]:
    """Return the first resource of a type."""
    return next(item for item in resources(stacks, stack).values() if item["Type"] == kind)


def properties(stacks: Stacks, stack: str, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = of_kind(stacks, stack, kind)["Properties"]
    return found


def bucket(stacks: Stacks, name: str = "Data") -> dict[str, Any]:
    found: dict[str, Any] = next(
        item
        for logical_id, item in resources(stacks, "FruitsStorage").items()
        if item["Type"] == "AWS::S3::Bucket" and stacks["FruitsStorage"].paths[logical_id] == f"Storage/{name}"
    )
    return found


def node_statements(stacks: Stacks) -> list[dict[str, Any]]:
    """Return the statements of the role of the nodes."""
    found: list[dict[str, Any]] = next(
        item["Properties"]["PolicyDocument"]["Statement"]
        for logical_id, item in resources(stacks, "FruitsCompute").items()
        if stacks["FruitsCompute"].paths[logical_id] == "Nodes/Role/DefaultPolicy"
    )
    return found


def without(stacks: Stacks, stack: str, logical_ids: Iterable[str]) -> None:
    for logical_id in list(logical_ids):
        del resources(stacks, stack)[logical_id]


def ids_of_kind(stacks: Stacks, stack: str, kind: str) -> list[str]:
    return [name for name, item in resources(stacks, stack).items() if item["Type"] == kind]


def everything_said(review: Review) -> str:
    widenings = [f"{item.holder.name} {wording.widening(item, str)}" for item in review.widenings]
    return "\n".join([*(f"{item.level.name} {item.where}: {item.text}" for item in review.consequences), *widenings])


def action(review: Review, stack: str, path: str) -> Action | None:
    """Return what becomes of a resource, by the path of its construct."""
    (found,) = [item for item in review.stacks if item.stack == stack]
    actions = [item.action for item in found.changes if review.names.resource(found.name, item.logical_id) == path]
    return actions[0] if actions else None


# --- What changes, as mutations of the synthesised app ---


def _tag(stacks: Stacks) -> None:
    for stack in stacks:
        for resource in resources(stacks, stack).values():
            for tag in resource["Properties"].get("Tags", ()):
                if isinstance(tag, dict) and tag["Key"] == "project":
                    tag["Value"] = "fruits-2"


def _encrypt_by_key(stacks: Stacks) -> None:
    (rule,) = bucket(stacks)["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    rule["ServerSideEncryptionByDefault"] = {"SSEAlgorithm": "aws:kms"}


def _encrypt_nothing(stacks: Stacks) -> None:
    del bucket(stacks)["Properties"]["BucketEncryption"]


def _name_the_bucket(stacks: Stacks) -> None:
    bucket(stacks, "Logs")["Properties"]["BucketName"] = "our-logs"


def _remove_tables(stacks: Stacks) -> None:
    without(stacks, "FruitsStorage", ids_of_kind(stacks, "FruitsStorage", "AWS::Glue::Table"))


def _remove_code_bucket(stacks: Stacks) -> None:
    paths = stacks["FruitsStorage"].paths
    without(
        stacks,
        "FruitsStorage",
        [name for name in resources(stacks, "FruitsStorage") if paths[name].startswith("Storage/Code")],
    )


def _expire_photographs(stacks: Stacks) -> None:
    rule = {"Id": "old", "Status": "Enabled", "Prefix": "images/", "ExpirationInDays": 365}
    bucket(stacks)["Properties"]["LifecycleConfiguration"]["Rules"].append(rule)


def _forget_versions(stacks: Stacks) -> None:
    bucket(stacks)["Properties"]["VersioningConfiguration"] = {"Status": "Suspended"}


def _unblock(stacks: Stacks) -> None:
    bucket(stacks)["Properties"]["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] = False


def _allow_all_of_s3(stacks: Stacks) -> None:
    node_statements(stacks).append({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})


def _drop_condition(stacks: Stacks) -> None:
    (listing,) = [item for item in node_statements(stacks) if item["Action"] == "s3:ListBucket"]
    del listing["Condition"]


def _trust_everybody(stacks: Stacks) -> None:
    role = properties(stacks, "FruitsCompute", "AWS::IAM::Role")
    role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"AWS": "*"}


def _attach_administrator(stacks: Stacks) -> None:
    role = properties(stacks, "FruitsCompute", "AWS::IAM::Role")
    role["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/AdministratorAccess"]


def _let_everybody_read(stacks: Stacks) -> None:
    policy = properties(stacks, "FruitsStorage", "AWS::S3::BucketPolicy")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::x/*"}
    policy["PolicyDocument"]["Statement"].append(statement)


def _allow_plain_http(stacks: Stacks) -> None:
    for name in ids_of_kind(stacks, "FruitsStorage", "AWS::S3::BucketPolicy"):
        document = resources(stacks, "FruitsStorage")[name]["Properties"]["PolicyDocument"]
        document["Statement"] = [item for item in document["Statement"] if item["Effect"] == "Allow"]
        if not document["Statement"]:
            del resources(stacks, "FruitsStorage")[name]


def _share_the_key(stacks: Stacks) -> None:
    policy = properties(stacks, "FruitsCompute", "AWS::KMS::Key")["KeyPolicy"]
    principal = {"AWS": "arn:aws:iam::123456789012:root"}
    policy["Statement"].append({"Effect": "Allow", "Principal": principal, "Action": "kms:Decrypt", "Resource": "*"})


def _open_ssh(stacks: Stacks) -> None:
    group = properties(stacks, "FruitsNetwork", "AWS::EC2::SecurityGroup")
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
    group.setdefault("SecurityGroupIngress", []).append(rule)


def _remove_key(stacks: Stacks) -> None:
    without(stacks, "FruitsCompute", ids_of_kind(stacks, "FruitsCompute", "AWS::KMS::Key"))


def _remove_budget(stacks: Stacks) -> None:
    without(stacks, "FruitsGuard", ids_of_kind(stacks, "FruitsGuard", "AWS::Budgets::Budget"))


def _remove_lifetime(stacks: Stacks) -> None:
    without(stacks, "FruitsGuard", ids_of_kind(stacks, "FruitsGuard", "AWS::StepFunctions::StateMachine"))


def _never_stop(stacks: Stacks) -> None:
    del properties(stacks, "FruitsCompute", "AWS::EMR::Cluster")["AutoTerminationPolicy"]


def _another_bootstrap(stacks: Stacks) -> None:
    (action,) = properties(stacks, "FruitsCompute", "AWS::EMR::Cluster")["BootstrapActions"]
    script = action["ScriptBootstrapAction"]["Path"]
    script["Fn::Sub"] = script["Fn::Sub"][:-67] + "f" * 64 + ".sh"
    for statement in node_statements(stacks):
        for resource in statement["Resource"] if isinstance(statement["Resource"], list) else []:
            parts = resource.get("Fn::Join", ["", []])[1]
            if parts and str(parts[-1]).endswith(".sh"):
                parts[-1] = f"/{'f' * 64}.sh"


def _replicate(stacks: Stacks) -> None:
    destination = {"Bucket": "arn:aws:s3:::fruits-us-east-1"}
    bucket(stacks)["Properties"]["ReplicationConfiguration"] = {
        "Role": "arn:aws:iam::123456789012:role/copy",
        "Rules": [{"Status": "Enabled", "Destination": destination}],
    }


def _move_to_virginia(stacks: Stacks) -> None:
    stacks["FruitsCompute"] = replace(stacks["FruitsCompute"], region="us-east-1")


@dataclass(frozen=True)
class Kind:
    """A kind of change and what is said of it.

    Parameters
    ----------
    name
        Of the kind.
    verdict
        Expected.
    before, after
        Settings of what is deployed and, beside them, of the app.
    change
        Of the app's templates, if no setting makes it.
    cluster
        What becomes of the cluster.
    says, silent
        What is among the words, and what is not.
    """

    name: str
    verdict: Verdict
    before: Mapping[str, Any] = field(default_factory=lambda: INTERACTIVE)
    after: Mapping[str, Any] = field(default_factory=dict)
    change: Mutation | None = None
    cluster: Action | None = None
    says: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


CHANGED, REPLACED = Action.CHANGED, Action.REPLACED
DIFFERENCES, DESTRUCTIVE = Verdict.DIFFERENCES, Verdict.DESTRUCTIVE
NEW_CLUSTER = "this replaces the cluster: a running job would be lost"

KINDS = (
    Kind("nothing", Verdict.NOTHING),
    Kind("nothing, transient", Verdict.NOTHING, before=TRANSIENT),
    Kind("a tag", DIFFERENCES, change=_tag, cluster=CHANGED),
    Kind(
        "a longer idle stop",
        DIFFERENCES,
        after={"idle_stop": "1h"},
        cluster=CHANGED,
        says=("the idle stop comes later: 15 min -> 1 h",),
    ),
    Kind("a shorter idle stop", DIFFERENCES, after={"idle_stop": "5m"}, cluster=CHANGED, silent=("idle stop",)),
    Kind(
        "the idle stop of a transient cluster",
        DESTRUCTIVE,
        before=TRANSIENT,
        after={"idle_stop": "1h"},
        cluster=REPLACED,
        says=(NEW_CLUSTER,),
    ),
    Kind("no idle stop", DIFFERENCES, change=_never_stop, cluster=CHANGED, says=("the idle stop is removed",)),
    Kind(
        "an argument of the step",
        DESTRUCTIVE,
        before=TRANSIENT,
        after={"variance": "0.9"},
        cluster=REPLACED,
        says=(NEW_CLUSTER,),
    ),
    Kind("the release", DESTRUCTIVE, after={"release_label": "emr-7.12.0"}, cluster=REPLACED, says=(NEW_CLUSTER,)),
    Kind("the Spot target", DIFFERENCES, after={"task_spot_vcpus": 16}, cluster=CHANGED, says=("reach more nodes",)),
    Kind(
        "configuration from a file",
        DESTRUCTIVE,
        after={"configurations": "tests/infra/extra.json"},
        cluster=REPLACED,
        says=(NEW_CLUSTER,),
    ),
    Kind(
        "a schedule",
        DIFFERENCES,
        before=TRANSIENT,
        after={"schedule": "02:30", "schedule_days": "mon,thu"},
        says=("more clusters start by themselves: 0 -> 2 a week",),
    ),
    Kind(
        "no schedule",
        DIFFERENCES,
        before=TRANSIENT | {"schedule": "02:30"},
        after={"schedule": None},
        silent=("start by themselves",),
    ),
    Kind("no Spot", DESTRUCTIVE, after={"task_spot_vcpus": 0}, cluster=REPLACED, says=(NEW_CLUSTER,)),
    Kind("a run", DESTRUCTIVE, before=TRANSIENT, after={"run_id": "second"}, cluster=REPLACED, says=(NEW_CLUSTER,)),
    Kind("the architecture", DESTRUCTIVE, after={"architecture": "arm64"}, cluster=REPLACED, says=(NEW_CLUSTER,)),
    Kind("the mode", DESTRUCTIVE, before=TRANSIENT, after={"mode": "interactive"}, cluster=REPLACED),
    Kind(
        "the bootstrap script",
        DESTRUCTIVE,
        change=_another_bootstrap,
        cluster=REPLACED,
        says=(NEW_CLUSTER,),
        silent=("may s3:GetObject",),
    ),
    Kind("a higher budget", DIFFERENCES, after={"budget": 50}, says=("the budget is raised: 20 -> 50 USD a month",)),
    Kind("a lower budget", DIFFERENCES, after={"budget": 10}, silent=("budget is raised", "budget is removed")),
    Kind("no budget", DIFFERENCES, change=_remove_budget, says=("the budget is removed",)),
    Kind(
        "a longer maximum lifetime",
        DIFFERENCES,
        after={"max_lifetime": "8h"},
        says=("the maximum lifetime comes later: 2 h -> 8 h",),
    ),
    Kind("no maximum lifetime", DIFFERENCES, change=_remove_lifetime, says=("the maximum lifetime is removed",)),
    Kind(
        "encryption by a key",
        DIFFERENCES,
        change=_encrypt_by_key,
        says=("encryption of new data changes: AES256 -> aws:kms",),
    ),
    Kind("no encryption", DIFFERENCES, change=_encrypt_nothing, says=("its own setting of encryption is removed",)),
    Kind(
        "the removal policy",
        DIFFERENCES,
        after={"remove_data": "true"},
        says=(
            "nothing keeps it any more when it is removed: DeletionPolicy Retain -> Delete",
            "FruitsStorage: may be destroyed: its protection against deletion is taken away",
        ),
    ),
    Kind(
        "a bucket that is kept when replaced",
        DIFFERENCES,
        change=_name_the_bucket,
        says=("this replaces it, but its policy keeps what is there",),
        silent=("this deletes data",),
    ),
    Kind(
        "a bucket that is not kept when replaced",
        DESTRUCTIVE,
        before=INTERACTIVE | {"remove_data": "true"},
        change=_name_the_bucket,
        says=("FruitsStorage Storage/Logs: this deletes data: it replaces the bucket",),
    ),
    Kind(
        "a bucket that is kept when removed", DIFFERENCES, change=_remove_code_bucket, says=("removes it, but its pol",)
    ),
    Kind(
        "a bucket that is not kept when removed",
        DESTRUCTIVE,
        before=INTERACTIVE | {"remove_data": "true"},
        change=_remove_code_bucket,
        says=("FruitsStorage Storage/Code: this deletes data: it removes the bucket",),
    ),
    Kind("tables", DESTRUCTIVE, change=_remove_tables, says=("this deletes data: it removes a definition of tables",)),
    Kind(
        "photographs that expire",
        DESTRUCTIVE,
        change=_expire_photographs,
        says=("this deletes data: S3 deletes objects of images/ after 365 days",),
    ),
    Kind("no versions", DIFFERENCES, change=_forget_versions, says=("old versions are kept no longer",)),
    Kind("public access", DIFFERENCES, change=_unblock, says=("no longer blocked by BlockPublicPolicy",)),
    Kind("a key", DESTRUCTIVE, change=_remove_key, says=("it removes the key: 7 days later nothing",)),
    Kind("all of S3", DIFFERENCES, change=_allow_all_of_s3, says=("Nodes/Role may s3:* on * (widened)",)),
    Kind(
        "no condition",
        DIFFERENCES,
        change=_drop_condition,
        says=("Nodes/Role may s3:ListBucket on <FruitsStorage/Storage/Data.Arn> (widened)",),
    ),
    Kind("a trust", DIFFERENCES, change=_trust_everybody, says=("Role may be assumed by everybody (widened)",)),
    Kind(
        "a managed policy",
        DIFFERENCES,
        change=_attach_administrator,
        says=("Nodes/Role gets the managed policy arn:aws:iam::aws:policy/AdministratorAccess",),
    ),
    Kind("a public bucket", DIFFERENCES, change=_let_everybody_read, says=("allows everybody s3:GetObject",)),
    Kind(
        "plain HTTP",
        DIFFERENCES,
        change=_allow_plain_http,
        says=("Storage/Data no longer denies s3:* on", "to everybody if aws:securetransport Bool false"),
    ),
    Kind(
        "a key for another account",
        DIFFERENCES,
        change=_share_the_key,
        says=("DiskEncryption/Key allows arn:aws:iam::123456789012:root kms:Decrypt on * (added)",),
    ),
    Kind(
        "an open security group",
        DIFFERENCES,
        change=_open_ssh,
        says=("lets through tcp 22 from 0.0.0.0/0 (anywhere on the internet)",),
    ),
    Kind(
        "a copy elsewhere",
        DIFFERENCES,
        change=_replicate,
        says=(
            "copies its data elsewhere (ReplicationConfiguration)",
            "names us-east-1, which is not in the European Union",
        ),
    ),
    Kind(
        "a stack outside the Union",
        DIFFERENCES,
        change=_move_to_virginia,
        says=("FruitsCompute: the stack goes to us-east-1, which is not in the European Union",),
    ),
    # A notebook brings packages and settings of its own to the nodes: a new cluster.
    Kind("a new stack", DESTRUCTIVE, after={"notebook": "true"}, cluster=REPLACED, says=(NEW_CLUSTER,)),
    Kind(
        "a stack that the app no longer has",
        DESTRUCTIVE,
        cluster=REPLACED,
        before=INTERACTIVE | {"notebook": "true"},
        after={"notebook": "false"},
        says=("FruitsNotebook: is deployed, but the app no longer has it",),
    ),
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_of_change_has_its_verdict(kind: Kind, app: Callable[..., Stacks]) -> None:
    wanted = app(**{**kind.before, **kind.after})
    if kind.change:
        kind.change(wanted)
    review = reviewed(app(**kind.before), wanted)
    said = everything_said(review)
    assert (review.verdict, action(review, "FruitsCompute", "Cluster")) == (kind.verdict, kind.cluster), said
    assert [words for words in kind.says if words not in said] == [], said
    assert [words for words in kind.silent if words in said] == [], said


def test_what_a_file_adds_to_the_configuration_is_shown_value_by_value(app: Callable[..., Stacks]) -> None:
    wanted = app(**INTERACTIVE, configurations="tests/infra/extra.json")
    written = render(reviewed(app(**INTERACTIVE), wanted))
    assert r"Configurations[spark-defaults].spark.sql.shuffle.partitions`: nothing -> `64`" in written
    assert r"Configurations[yarn-site].yarn.nodemanager.vmem-check-enabled`: nothing -> `false`" in written


# --- Views ---


def _worded(stacks: Stacks) -> None:
    for tag in properties(stacks, "FruitsCompute", "AWS::KMS::Key")["Tags"]:
        tag["Value"] = "| `code` | <script>alert(1)</script>\n# heading @someone **bold**"


def test_names_and_values_cannot_break_out_of_the_comment(app: Callable[..., Stacks]) -> None:
    wanted = app(**INTERACTIVE)
    _worded(wanted)
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(render(reviewed(app(**INTERACTIVE), wanted)))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>" not in html
    assert "<h1>" not in html
    assert {row.count("<td") for row in html.partition("<tbody>")[2].partition("</tbody>")[0].split("</tr>")} == {6, 0}


def test_a_comment_is_never_longer_than_github_takes(app: Callable[..., Stacks]) -> None:
    wanted = app(**INTERACTIVE)
    topic = {"Type": "AWS::SNS::Topic", "Properties": {}}
    resources(wanted, "FruitsGuard").update({f"Topic{number}": topic for number in range(3000)})
    written = render(reviewed(app(**INTERACTIVE), wanted))
    assert len(written) < 65_536
    assert written.count("<details>") == written.count("</details>")
    assert "### Differences: 3000 added" in written
    assert written.endswith("run `fruits review` to see it.\n")


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_is_kept_to_its_width_and_needs_no_colour(width: int, app: Callable[..., Stacks]) -> None:
    wanted = app(**INTERACTIVE, release_label="emr-7.12.0", budget=50)
    _worded(wanted)
    screen = StringIO()
    show(reviewed(app(**INTERACTIVE), wanted), Console(file=screen, width=width, no_color=True, force_terminal=False))
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert lines[1].startswith("Destructive: 1 loss, ")
    assert "\x1b" not in screen.getvalue()
