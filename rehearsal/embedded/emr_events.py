"""The events with which EMR tells EventBridge about clusters and steps."""

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.embedded import vanilla


def publish_cluster(cluster: Mapping[str, Any]) -> None:
    """Publish the state of a cluster to EventBridge."""
    state = cluster["Status"]["State"]
    reason = cluster["Status"]["StateChangeReason"]
    because = f" {reason['Code']}: {reason['Message']}" if reason else ""
    _publish_cluster(cluster, f"{_name(cluster)} is {state}.{because}")


def publish_chosen_subnet(cluster: Mapping[str, Any]) -> None:
    """Publish STARTING to EventBridge once more, as EMR does for clusters with instance fleets and several subnets.

    The Management Guide has this second event in its table of cluster events ("Monitoring Amazon EMR events with
    CloudWatch"); nothing but its message tells it from the first.
    """
    attributes = cluster["Ec2InstanceAttributes"]
    subnet = attributes["Ec2SubnetId"]
    network = vanilla.ec2._subnets.get(subnet, {}).get("VpcId", "")
    _publish_cluster(
        cluster,
        f"{_name(cluster)} is being created in subnet ({subnet}) in VPC ({network}) in availability zone"
        f" ({attributes['Ec2AvailabilityZone']}), which was chosen from the specified VPC options.",
    )


def _name(cluster: Mapping[str, Any]) -> str:
    return f"Amazon EMR cluster {cluster['Id']} ({cluster['Name']})"


def _publish_cluster(cluster: Mapping[str, Any], message: str) -> None:
    state = cluster["Status"]["State"]
    reason = cluster["Status"]["StateChangeReason"]
    _publish(
        "EMR Cluster State Change",
        {
            "severity": "CRITICAL" if state == "TERMINATED_WITH_ERRORS" else "INFO",
            "stateChangeReason": json.dumps({key.lower(): value for key, value in reason.items()}),
            "name": cluster["Name"],
            "clusterId": cluster["Id"],
            "state": state,
            "message": message,
        },
    )


def publish_step(cluster_id: str, step: Mapping[str, Any]) -> None:
    """Publish the state of a step to EventBridge."""
    state = step["Status"]["State"]
    name = f"Step {step['Id']} ({step['Name']}) of Amazon EMR cluster {cluster_id}"
    reason = step["Status"].get("FailureDetails", {}).get("Message", "")
    _publish(
        "EMR Step Status Change",
        {
            "severity": "ERROR" if state == "FAILED" else "INFO",
            "actionOnFailure": step["ActionOnFailure"],
            "stepId": step["Id"],
            "name": step["Name"],
            "clusterId": cluster_id,
            "state": state,
            "message": f"{name} is {state}. {reason}".rstrip(),
        },
    )


def _publish(detail_type: str, detail: Mapping[str, Any]) -> None:
    entry = {"Source": "aws.emr", "DetailType": detail_type, "Detail": json.dumps(detail)}
    vanilla.eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
