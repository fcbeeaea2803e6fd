import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from infra.errors import DeploymentError
from infra.job_settings import JobSettings
from infra.settings import DeploymentSettings
from infra.templates import Deployment, Resource, Template, text
from infra.validation import findings
from job.arguments import parse_arguments

NIGHTLY = {"schedule": "02:30", "email": "team@example.org"}
WEEKLY = NIGHTLY | {"schedule_days": "thu,mon", "schedule_zone": "Europe/Paris"}


def _one(deployment: Deployment, kind: str) -> Resource:
    (found,) = deployment.resources(kind)
    return found


def _request(deployment: Deployment) -> dict[str, Any]:
    asked: dict[str, Any] = json.loads(text(_one(deployment, "AWS::Scheduler::Schedule").properties["Target"]["Input"]))
    return asked


def _with_request(deployment: Deployment, change: Callable[[dict[str, Any]], None]) -> Deployment:
    """The same with another request in the schedule."""
    asked = _request(deployment)
    change(asked)
    templates = []
    for template in deployment.templates:
        body: dict[str, Any] = copy.deepcopy(dict(template.body))
        for resource in body.get("Resources", {}).values():
            if resource["Type"] == "AWS::Scheduler::Schedule":
                resource["Properties"]["Target"]["Input"] = json.dumps(asked)
        templates.append(replace(template, body=body))
    return Deployment(tuple(templates))


def test_without_a_schedule_nothing_starts_by_itself(deployment: Deployment) -> None:
    assert not any(deployment.resources("AWS::Scheduler::Schedule", "AWS::Scheduler::ScheduleGroup"))


@pytest.mark.parametrize(
    ("given", "expression", "zone"),
    [(NIGHTLY, "cron(30 2 * * ? *)", "UTC"), (WEEKLY, "cron(30 2 ? * MON,THU *)", "Europe/Paris")],
    ids=["every-night", "some-nights"],
)
def test_a_schedule_names_its_time_by_the_clock_of_a_zone(
    deploy: Callable[..., Deployment], given: Mapping[str, str], expression: str, zone: str
) -> None:
    schedule = _one(deploy(**given), "AWS::Scheduler::Schedule").properties
    assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]) == (expression, zone)
    assert (schedule["State"], schedule["FlexibleTimeWindow"]) == ("ENABLED", {"Mode": "OFF"})


def test_each_scheduled_run_has_an_id_of_its_own_and_the_arguments_of_the_deployed_one(
    deploy: Callable[..., Deployment],
) -> None:
    deployment = deploy(**NIGHTLY, csv="true", variance="0.9")
    (again,) = _request(deployment)["Steps"]
    (first,) = _one(deployment, "AWS::EMR::Cluster").properties["Steps"]
    assert again["Name"] == "fruits-demo scheduled-<aws.scheduler.execution-id>"
    before, after = ([text(item) for item in step["HadoopJarStep"]["Args"]] for step in (first, again))
    place = before.index("--run-label") + 1
    assert (before[place], after[place]) == ("first", "scheduled-<aws.scheduler.execution-id>")
    assert after[:place] + after[place + 1 :] == before[:place] + before[place + 1 :]


def test_the_job_takes_the_id_that_scheduler_makes() -> None:
    made = JobSettings().options_of("scheduled-d32c5kddcf5bb8c3")
    arguments = [
        "--images",
        "s3://b/i/",
        "--output",
        "s3://b/o/",
        "--weights",
        "w",
        "--weights-sha256",
        "0" * 64,
        *made,
    ]
    assert parse_arguments(arguments).run_label == "scheduled-d32c5kddcf5bb8c3"


def test_a_trial_is_not_repeated(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(**NIGHTLY, limit="10", label="Kiwi")
    (first,) = _one(deployment, "AWS::EMR::Cluster").properties["Steps"]
    (again,) = _request(deployment)["Steps"]
    trial = {"--limit", "--label"}
    assert trial <= set(map(text, first["HadoopJarStep"]["Args"]))
    assert not trial & set(again["HadoopJarStep"]["Args"])


def test_a_scheduled_cluster_has_the_tags_and_stops_of_the_deployed_one(deploy: Callable[..., Deployment]) -> None:
    asked = _request(deploy(**NIGHTLY, tags="cost-centre=42"))
    tags = {tag["Key"]: tag["Value"] for tag in asked["Tags"]}
    assert {"project": "fruits", "environment": "demo", "cost-centre": "42"}.items() <= tags.items()
    assert tags["for-use-with-amazon-emr-managed-policies"] == "true"
    assert asked["AutoTerminationPolicy"] == {"IdleTimeout": 900}
    assert asked["Instances"]["KeepJobFlowAliveWhenNoSteps"] is False


def test_the_role_of_the_schedule_starts_clusters_of_ours_alone(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(**NIGHTLY)
    wanted = _one(deployment, "AWS::Scheduler::Schedule").properties["Target"]["RoleArn"]["Fn::GetAtt"][0]
    (policy,) = (
        item.properties["PolicyDocument"]["Statement"]
        for item in deployment.resources("AWS::IAM::Policy")
        if {"Ref": wanted} in item.properties["Roles"]
    )
    ours = {
        "elasticmapreduce:RequestTag/project": "fruits",
        "elasticmapreduce:RequestTag/environment": "demo",
    }
    assert [(item["Action"], item["Condition"]["StringEquals"]) for item in policy] == [
        ("elasticmapreduce:RunJobFlow", ours),
        ("elasticmapreduce:AddTags", ours),
        ("iam:PassRole", {"iam:PassedToService": "elasticmapreduce.amazonaws.com"}),
        ("iam:PassRole", {"iam:PassedToService": "ec2.amazonaws.com"}),
    ]


def test_somebody_is_told_when_a_scheduled_run_does_not_start(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(**NIGHTLY)
    group = _one(deployment, "AWS::Scheduler::ScheduleGroup").logical_id
    (alarm,) = (
        item.properties
        for item in deployment.resources("AWS::CloudWatch::Alarm")
        if item.properties["Namespace"] == "AWS/Scheduler"
    )
    assert alarm["MetricName"] == "InvocationDroppedCount"
    assert alarm["Dimensions"] == [{"Name": "ScheduleGroup", "Value": {"Ref": group}}]
    assert alarm["AlarmActions"]


def _rename(asked: dict[str, Any]) -> None:
    asked["Name"] = "another"


def _stay(asked: dict[str, Any]) -> None:
    asked["AutoTerminationPolicy"]["IdleTimeout"] = 604_800


def _forget_tags(asked: dict[str, Any]) -> None:
    del asked["Tags"]


def _wait(asked: dict[str, Any]) -> None:
    asked["Instances"]["KeepJobFlowAliveWhenNoSteps"] = True


@pytest.mark.parametrize(
    ("change", "key"),
    [(_rename, "Name"), (_stay, "AutoTerminationPolicy"), (_forget_tags, "Tags"), (_wait, "Instances")],
)
def test_a_schedule_of_another_cluster_is_refused(
    deploy: Callable[..., Deployment], change: Callable[[dict[str, Any]], None], key: str
) -> None:
    (found,) = findings(_with_request(deploy(**NIGHTLY), change).templates)
    assert (found.rule, f"with another {key};" in found.message) == ("scheduled-like-deployed", True)


def test_a_schedule_of_anything_else_is_refused(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(**NIGHTLY)
    arn = {"Fn::Sub": "arn:${AWS::Partition}:scheduler:::aws-sdk:ec2:runInstances"}
    other = {"Target": {"Arn": arn, "Input": "{}"}}
    stranger = {"Other": {"Type": "AWS::Scheduler::Schedule", "Properties": other}}
    template = Template(path="other", region="eu-west-3", body={"Resources": stranger})
    (found,) = findings([*deployment.templates, template])
    assert (found.rule, found.logical_id) == ("scheduled-like-deployed", "Other")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"schedule": "24:00"}, "schedule=24:00: not of the accepted form; accepted: a time of day such as 02:30"),
        ({"schedule": "02:30", "schedule_days": "lundi"}, "lundi is no day of the week; accepted: some of mon, tue"),
        ({"schedule_days": "mon"}, "schedule_days=mon: without schedule; accepted: schedule with it, or neither"),
        (
            {"schedule": "02:30", "schedule_zone": "Paris"},
            "no time zone of the IANA's list; accepted: a time zone such",
        ),
        ({"schedule": "02:30", "schedule_zone": "../etc/passwd"}, "no time zone of the IANA's list"),
        ({"schedule": "02:30", "mode": "interactive"}, "starts clusters that end with their job; accepted: mode=trans"),
        ({"schedule": "02:30", "max_lifetime": "25h"}, "longer than the 86400 seconds between two scheduled runs"),
        (
            {"schedule": "02:30", "schedule_days": "mon,tue,fri", "max_lifetime": "2d"},
            "longer than the 86400 seconds between",
        ),
    ],
    ids=str,
)
def test_a_schedule_that_cannot_be_is_refused(
    settings_of: Callable[..., DeploymentSettings], given: dict[str, str], message: str
) -> None:
    with pytest.raises(DeploymentError) as caught:
        settings_of(**given)
    assert message in str(caught.value)


def test_a_cluster_may_live_as_long_as_the_days_between_two_runs(
    settings_of: Callable[..., DeploymentSettings],
) -> None:
    settings = settings_of(schedule="02:30", schedule_days="tue,fri", max_lifetime="3d")
    assert settings.seconds_between_schedules == settings.max_lifetime
