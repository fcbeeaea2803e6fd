import copy
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from infra import cost_rules
from infra.residency import EU_REGIONS
from infra.settings import DeploymentSettings
from infra.templates import Deployment, Template
from ops.pricing.footprint import Footprint, Volume
from ops.pricing.from_settings import footprint_of_settings
from ops.pricing.from_templates import footprint_of_templates

pytestmark = pytest.mark.cdk

EMAIL = {"email": "team@example.org"}
MATRIX: list[dict[str, Any]] = [
    *(
        {"env": env, "mode": mode, "architecture": architecture}
        for env, mode, architecture in itertools.product(
            ("demo", "dev", "prod"), ("transient", "interactive"), ("x86_64", "arm64")
        )
    ),
    *({"region": region} for region in sorted(EU_REGIONS)),
    {"engine": "keras", "task_spot_vcpus": 0},
    {"env": "dev", "notebook": True, "core_vcpus": 13, "maximum_vcpus": 64},
    {"primary_instance_types": "m5.xlarge", "core_instance_types": "r5.4xlarge,c6i.16xlarge"},
    {"idle_stop": "60", "max_lifetime": "7d"},
    {"vpc": "vpc-0123456789abcdef0", "subnets": "subnet-0123456789abcdef0"},
    {"schedule": "02:30"},
    {"schedule": "02:30", "schedule_days": "mon,thu"},
]


@pytest.mark.parametrize("given", MATRIX, ids=lambda given: "-".join(map(str, given.values())))
def test_settings_and_their_templates_have_the_same_footprint(
    given: dict[str, Any], deploy: Callable[..., Deployment], settings_of: Callable[..., DeploymentSettings]
) -> None:
    settings = settings_of(**given, **EMAIL)
    templates = {template.path: template.body for template in deploy(**given, **EMAIL).templates}
    assert footprint_of_templates(templates, settings.region) == footprint_of_settings(settings)


def _templates(*resources: tuple[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        "Stack": {
            "Resources": {
                f"R{number}": {"Type": kind, "Properties": properties}
                for number, (kind, properties) in enumerate(resources)
            }
        }
    }


GROUPS = {
    "Name": "other",
    "EbsRootVolumeSize": "50",
    "Instances": {
        "MasterInstanceGroup": {"InstanceCount": 1, "InstanceType": "m5.xlarge"},
        "CoreInstanceGroup": {
            "InstanceCount": 2,
            "InstanceType": "m6gd.2xlarge",
            "EbsConfiguration": {
                "EbsBlockDeviceConfigs": [
                    {"VolumeSpecification": {"VolumeType": "gp3", "SizeInGB": 100}, "VolumesPerInstance": 2}
                ]
            },
        },
        "TaskInstanceGroups": [{"InstanceCount": 3, "InstanceType": "m5.xlarge", "Market": "SPOT"}],
        "KeepJobFlowAliveWhenNoSteps": True,
    },
}


def test_instance_groups_of_another_project_are_read() -> None:
    footprint = footprint_of_templates(_templates(("AWS::EMR::Cluster", GROUPS)), "eu-west-1")
    primary, core, task = footprint.fleets
    assert (primary.on_demand_units, core.on_demand_units, task.on_demand_units, task.spot_units) == (1, 2, 0, 3)
    assert core.candidates[0].volumes == (
        Volume(kind="gp2", gib=50),
        Volume(kind="gp3", gib=100),
        Volume(kind="gp3", gib=100),
    )
    assert footprint.mode == "interactive"
    assert footprint.architecture == "mixed"


def test_a_cluster_without_stops_is_said_to_have_none() -> None:
    footprint = footprint_of_templates(_templates(("AWS::EMR::Cluster", GROUPS)), "eu-west-1")
    assert (footprint.idle_stop, footprint.max_lifetime, footprint.maximum_units) == (None, None, None)


@pytest.mark.parametrize(
    "change",
    [{"State": "DISABLED"}, {"EventPattern": {"source": ["aws.emr"], "detail-type": ["EMR Step Status Change"]}}],
    ids=["disabled", "of other events"],
)
def test_what_the_rules_do_not_take_for_a_maximum_lifetime_has_no_price_as_one(
    deploy: Callable[..., Deployment], change: dict[str, Any]
) -> None:
    bodies = {template.path: copy.deepcopy(dict(template.body)) for template in deploy().templates}
    for body in bodies.values():
        for resource in body["Resources"].values():
            if resource["Type"] == "AWS::Events::Rule":
                resource["Properties"].update(change)
    assert footprint_of_templates(bodies, "eu-west-3").max_lifetime is None
    changed = Deployment([Template(path=path, region="eu-west-3", body=body) for path, body in bodies.items()])
    assert [finding.rule for finding in cost_rules.maximum_lifetime(changed)] == ["maximum-lifetime"]


def test_what_bills_by_the_hour_is_counted() -> None:
    footprint = footprint_of_templates(
        _templates(
            ("AWS::EC2::NatGateway", {}),
            ("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b"]}),
            ("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Gateway"}),
            ("AWS::EC2::EIP", {}),
            ("AWS::IAM::Role", {}),
        ),
        "eu-west-1",
    )
    assert (footprint.nat_gateways, footprint.interface_endpoints, footprint.gateway_endpoints) == (1, 2, 1)
    assert footprint.others == ("AWS::EC2::EIP",)


def test_a_number_that_a_template_leaves_open_is_said() -> None:
    fleet = {"InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}], "TargetOnDemandCapacity": {"Ref": "Size"}}
    cluster = {"Instances": {"MasterInstanceFleet": fleet}}
    footprint = footprint_of_templates(_templates(("AWS::EMR::Cluster", cluster)), "eu-west-1")
    assert footprint.others == ("AWS::EMR::Cluster",)


def test_a_fleet_without_instance_types_is_said() -> None:
    cluster = {"Instances": {"MasterInstanceFleet": {"TargetOnDemandCapacity": 1}}}
    footprint = footprint_of_templates(_templates(("AWS::EMR::Cluster", cluster)), "eu-west-1")
    assert footprint.others == ("AWS::EMR::Cluster",)


def test_a_fleet_added_beside_the_cluster_counts() -> None:
    fleet = {
        "InstanceFleetType": "TASK",
        "TargetSpotCapacity": 8,
        "InstanceTypeConfigs": [{"InstanceType": "m5.2xlarge", "WeightedCapacity": 8}],
    }
    footprint = footprint_of_templates(_templates(("AWS::EMR::InstanceFleetConfig", fleet)), "eu-west-1")
    assert [(item.name, item.spot_units) for item in footprint.fleets] == [("task", 8)]


def test_nothing_deployed_bills_nothing() -> None:
    assert footprint_of_templates({}, "eu-west-1") == Footprint(region="eu-west-1")
