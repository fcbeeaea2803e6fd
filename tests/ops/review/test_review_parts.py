"""The parts of a review that decide: grants, replacement, change sets, differences, Markdown."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ops.review.change_sets import NoChangeSet, Planned, plan
from ops.review.changes import Action, compare
from ops.review.command import NO_VERDICT, FailOn, exit_code
from ops.review.consequences import Verdict
from ops.review.differences import ABSENT, Difference, differences
from ops.review.markdown import code, plain
from ops.review.policies import Grant, grants, reaching_further
from ops.review.replacement import CLUSTER, Update, effect_of
from ops.review.stacks import WantedStack, with_metadata_of
from ops.review.texts import shortened, where_they_differ
from ops.review.verdicts import reconcile

REGION = "eu-west-3"


def statement(**parts: Any) -> dict[str, Any]:
    defaults = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/images/*"}
    return defaults | parts


def granted(*statements: dict[str, Any]) -> list[Grant]:
    return list(grants({"Statement": list(statements)}, str))


PRESIGNED = {"StringEquals": {"aws:SourceAccount": "1"}}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (statement(Action=["s3:GetObject", "s3:PutObject"]), statement(Action=["s3:PutObject", "s3:GetObject"])),
        (statement(Action="s3:*"), statement(Action=["s3:GetObject", "s3:Put*"])),
        (statement(Action="s3:getobject"), statement(Action="s3:GetObject")),
        (statement(Resource="*"), statement()),
        (statement(Resource="arn:aws:s3:::data/*"), statement()),
        (statement(), statement(Condition=PRESIGNED)),
        (
            statement(Condition={"StringLike": {"s3:prefix": ["a", "b"]}}),
            statement(Condition={"StringLike": {"s3:Prefix": "a"}}),
        ),
        (
            statement(Condition={"StringNotEquals": {"aws:x": "a"}}),
            statement(Condition={"StringNotEquals": {"aws:x": ["a", "b"]}}),
        ),
        (statement(Principal="*"), statement(Principal={"AWS": "arn:aws:iam::1:root"})),
        (statement(), statement(Effect="Deny")),
    ],
)
def test_what_reaches_no_further_is_no_widening(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert reaching_further(granted(old), granted(new)) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (statement(), statement(Action="s3:*")),
        (statement(), statement(Action="s3:GetObject*")),
        (statement(), statement(Resource="arn:aws:s3:::data/*")),
        (statement(Condition=PRESIGNED), statement()),
        (
            statement(Condition={"StringLike": {"s3:prefix": "a"}}),
            statement(Condition={"StringLike": {"s3:prefix": ["a", "b"]}}),
        ),
        (
            statement(Condition={"StringNotEquals": {"aws:x": ["a", "b"]}}),
            statement(Condition={"StringNotEquals": {"aws:x": "a"}}),
        ),
        (statement(Principal={"AWS": "arn:aws:iam::1:root"}), statement(Principal={"AWS": "*"})),
        (statement(), {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
        (statement(Effect="Deny"), statement(Effect="Deny", Action="s3:GetObjectAcl")),
        (statement(Resource="arn:aws:s3:::data/?"), statement(Resource="arn:aws:s3:::data/*")),
    ],
)
def test_what_reaches_further_is_a_widening(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert len(reaching_further(granted(old), granted(new))) == 1


def test_statements_that_were_only_split_are_the_same_grants() -> None:
    together = statement(Action=["s3:GetObject", "s3:PutObject"], Resource=["a", "b"])
    split = [statement(Action=action, Resource=arn) for action in ("s3:GetObject", "s3:PutObject") for arn in "ab"]
    assert reaching_further(granted(together), granted(*split)) == ()
    assert reaching_further(granted(*split), granted(together)) == ()


@pytest.mark.parametrize(
    ("kind", "path", "effect"),
    [
        (CLUSTER, "AutoTerminationPolicy.IdleTimeout", Update.IN_PLACE),
        (CLUSTER, "ManagedScalingPolicy.ComputeLimits.MaximumCapacityUnits", Update.IN_PLACE),
        (CLUSTER, "StepConcurrencyLevel", Update.IN_PLACE),
        (CLUSTER, "Tags[project].Value", Update.IN_PLACE),
        (CLUSTER, "VisibleToAllUsers", Update.IN_PLACE),
        (CLUSTER, "Instances.TaskInstanceFleets[Task].TargetSpotCapacity", Update.IN_PLACE),
        (CLUSTER, "Instances.Ec2SubnetIds", Update.REPLACES),
        (CLUSTER, "Instances.CoreInstanceFleet.InstanceTypeConfigs[m5.xlarge].WeightedCapacity", Update.REPLACES),
        (CLUSTER, "Steps[0].HadoopJarStep.Args", Update.REPLACES),
        (CLUSTER, "ReleaseLabel", Update.REPLACES),
        ("AWS::Glue::Table", "TableInput.Description", Update.IN_PLACE),
        ("AWS::Glue::Table", "TableInput.Name", Update.REPLACES),
        ("AWS::S3::Bucket", "BucketEncryption", Update.IN_PLACE),
        ("AWS::EC2::VPC", "InstanceTenancy", Update.MAY_REPLACE),
        ("AWS::Nobody::Knows", "Name", Update.MAY_REPLACE),
    ],
)
def test_the_schemas_tell_what_replaces(kind: str, path: str, effect: Update) -> None:
    assert effect_of(kind, path, REGION) is effect


def test_a_replacement_goes_on_to_what_refers_to_it_by_a_fixed_property() -> None:
    def template(description: str) -> dict[str, Any]:
        group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": description}}
        reference = {"Fn::GetAtt": ["Group", "GroupId"]}
        rule = {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"GroupId": reference, "IpProtocol": "-1"}}
        tagged = {"Type": "AWS::S3::Bucket", "Properties": {"Tags": [{"Key": "group", "Value": reference}]}}
        return {"Resources": {"Group": group, "Rule": rule, "Bucket": tagged}}

    changes = compare("stack", template("a"), template("b"), region=REGION)
    assert {item.logical_id: item.action for item in changes} == {
        "Group": Action.REPLACED,
        "Rule": Action.REPLACED,
        "Bucket": Action.CHANGED,
    }
    assert [item.follows for item in changes] == [(), ("Group",), ("Group",)]


def test_metadata_is_no_difference() -> None:
    resource = {"Type": "AWS::SNS::Topic", "Properties": {}}
    old = {"Resources": {"Topic": resource}}
    new = {"Resources": {"Topic": resource | {"Metadata": {"aws:cdk:path": "x"}}}}
    assert compare("stack", old, new, region=REGION) == ()


def test_lists_of_named_members_are_compared_by_their_names() -> None:
    old = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    new = [{"Key": "b", "Value": "3"}, {"Key": "c", "Value": "4"}]
    assert list(differences(old, new, "Tags")) == [
        Difference("Tags[a]", {"Key": "a", "Value": "1"}, ABSENT),
        Difference("Tags[b].Value", "2", "3"),
        Difference("Tags[c]", ABSENT, {"Key": "c", "Value": "4"}),
    ]


# --- Change sets ---


def planned(kind: str, replacement: str, *details: dict[str, Any]) -> Planned:
    return Planned(kind=kind, action="Modify", replacement=replacement, details=details)


def detail(name: str, recreation: str, **more: str) -> dict[str, Any]:
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation}
    return {"Target": target, "ChangeSource": "DirectModification", **more}


TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "a"}}
RENAMED = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "b"}}
POLICY = {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": [{"Ref": "Topic"}]}}


def reconciled(plan_: dict[str, Planned], *, new: dict[str, Any]) -> dict[str, tuple[Action, str]]:
    old = {"Resources": {"Topic": TOPIC, "Policy": POLICY}}
    changes = compare("stack", old, {"Resources": new}, region=REGION)
    both = reconcile(changes, plan_, stack="stack", old=old, new={"Resources": new}, region=REGION)
    return {item.logical_id: (item.action, item.remark) for item in both}


def test_where_both_say_the_same_nothing_is_remarked() -> None:
    plan_ = {"Topic": planned("AWS::SNS::Topic", "False", detail("DisplayName", "Never"))}
    assert reconciled(plan_, new={"Topic": RENAMED, "Policy": POLICY}) == {"Topic": (Action.CHANGED, "")}


def test_where_they_disagree_the_more_severe_stands_and_both_are_named() -> None:
    plan_ = {"Topic": planned("AWS::SNS::Topic", "True", detail("DisplayName", "Always"))}
    assert reconciled(plan_, new={"Topic": RENAMED, "Policy": POLICY}) == {
        "Topic": (
            Action.REPLACED,
            "CloudFormation's change set says replaced, its resource schema says changed",
        )
    }


def test_what_refers_to_a_resource_that_stays_does_not_change() -> None:
    follower = detail("Topics", "Conditionally", ChangeSource="ResourceReference", CausingEntity="Topic")
    plan_ = {
        "Topic": planned("AWS::SNS::Topic", "False", detail("DisplayName", "Never")),
        "Policy": planned("AWS::SNS::TopicPolicy", "Conditional", follower),
    }
    assert set(reconciled(plan_, new={"Topic": RENAMED, "Policy": POLICY})) == {"Topic"}


def test_what_refers_to_a_resource_that_may_be_replaced_may_be_as_well() -> None:
    follower = detail("Topics", "Conditionally", ChangeSource="ResourceReference", CausingEntity="Topic")
    plan_ = {
        "Topic": planned("AWS::SNS::Topic", "Conditional", detail("DisplayName", "Conditionally")),
        "Policy": planned("AWS::SNS::TopicPolicy", "Conditional", follower),
    }
    found = reconciled(plan_, new={"Topic": RENAMED, "Policy": POLICY})
    assert {name: action for name, (action, _) in found.items()} == {
        "Topic": Action.MAY_BE_REPLACED,
        "Policy": Action.MAY_BE_REPLACED,
    }


def test_a_tag_never_replaces_whatever_the_change_set_says() -> None:
    tagged = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "a", "Tags": [{"Key": "a", "Value": "b"}]}}
    plan_ = {"Topic": planned("AWS::SNS::Topic", "Conditional", detail("Tags", "Conditionally"))}
    assert reconciled(plan_, new={"Topic": tagged, "Policy": POLICY}) == {"Topic": (Action.CHANGED, "")}


def test_what_the_change_set_alone_sees_is_shown() -> None:
    plan_ = {"Topic": planned("AWS::SNS::Topic", "False", detail("KmsMasterKeyId", "Never"))}
    assert reconciled(plan_, new={"Topic": TOPIC, "Policy": POLICY}) == {
        "Topic": (Action.CHANGED, "seen by CloudFormation's change set alone")
    }


def test_metadata_is_taken_from_what_is_deployed() -> None:
    old = {"Resources": {"Topic": TOPIC | {"Metadata": {"aws:cdk:path": "x"}}, "Gone": TOPIC}}
    new = {"Description": "d", "Resources": {"Topic": RENAMED, "Policy": POLICY | {"Metadata": {"a": "b"}}}}
    assert with_metadata_of(old, new) == {
        "Description": "d",
        "Resources": {"Topic": RENAMED | {"Metadata": {"aws:cdk:path": "x"}}, "Policy": POLICY},
    }


def wanted(template: dict[str, Any]) -> WantedStack:
    return WantedStack(
        stack="FruitsGuard",
        name="FruitsGuard-demo",
        region=REGION,
        template=template,
        paths={},
        tags={},
        acknowledged={},
        protected=False,
    )


def test_a_change_set_that_cannot_be_read_is_deleted_all_the_same() -> None:
    # An embedded AWS makes change sets at once; what happens between making and reading needs a script.
    cloudformation: Any = boto3.client("cloudformation", REGION, aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(cloudformation) as script:
        script.add_response("create_change_set", {"Id": "arn:aws:cloudformation:1", "StackId": "stack"})
        script.add_client_error("describe_change_set", "Throttling", "Rate exceeded", 400)
        script.add_response("delete_change_set", {})
        with pytest.raises(NoChangeSet, match="Rate exceeded"):
            plan(lambda _: cloudformation, wanted({}), {})
        script.assert_no_pending_responses()


def test_a_change_set_is_waited_for_and_read_to_its_last_page() -> None:
    def change(name: str) -> dict[str, Any]:
        resource = {"Action": "Remove", "LogicalResourceId": name, "ResourceType": "AWS::SNS::Topic"}
        return {"Type": "Resource", "ResourceChange": resource}

    cloudformation: Any = boto3.client("cloudformation", REGION, aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(cloudformation) as script:
        script.add_response("create_change_set", {"Id": "arn:aws:cloudformation:1", "StackId": "stack"})
        script.add_response("describe_change_set", {"Status": "CREATE_IN_PROGRESS"})
        first_page = {"Status": "CREATE_COMPLETE", "Changes": [change("First")], "NextToken": "more"}
        script.add_response("describe_change_set", first_page)
        script.add_response("describe_change_set", {"Status": "CREATE_COMPLETE", "Changes": [change("Second")]})
        script.add_response("delete_change_set", {})
        assert set(plan(lambda _: cloudformation, wanted({}), {})) == {"First", "Second"}
        script.assert_no_pending_responses()


def test_a_template_that_is_too_long_for_a_call_has_no_change_set() -> None:
    nobody: Any = lambda _: None  # noqa: E731
    with pytest.raises(NoChangeSet, match="more than 51200 bytes"):
        plan(nobody, wanted({}), {"Description": "x" * 51_200})


# --- Words ---


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a|b", "`a|b`"),
        ("`", "`` ` ``"),
        ("a`b", "``a`b``"),
        ("two\nlines", "`two lines`"),
        ("<b>@someone</b>", "`<b>@someone</b>`"),
        ("", "`  `"),
    ],
)
def test_any_value_stays_one_piece_of_code(value: str, written: str) -> None:
    assert code(value) == written


def test_a_sentence_is_not_taken_for_markdown_html_or_a_person() -> None:
    assert plain("a|b *c* <d> [e](f) @g `h`\ni") == r"a\|b \*c\* &lt;d> \[e\](f) &#64;g \`h\` i"


def test_long_values_are_shown_where_they_differ() -> None:
    old, new = "a" * 100 + "1" + "b" * 100, "a" * 100 + "2" + "b" * 100
    assert where_they_differ(old, new, 60) == ("…aaaaaaaaaaaa1bbbbbbbbbbbb…", "…aaaaaaaaaaaa2bbbbbbbbbbbb…")
    assert where_they_differ("", new, 60)[0] == ""
    assert len(shortened(old, 60)) == 60


@pytest.mark.parametrize(
    ("fail_on", "codes"),
    [(FailOn.differences, [0, 1, 2]), (FailOn.destructive, [0, 0, 2]), (FailOn.never, [0, 0, 0])],
)
def test_the_exit_code_is_the_verdict_if_it_is_one_to_fail_on(fail_on: FailOn, codes: list[int]) -> None:
    assert [exit_code(verdict, fail_on) for verdict in Verdict] == codes
    assert NO_VERDICT not in codes
