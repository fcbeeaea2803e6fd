"""All that an embedded AWS holds, one line each, to compare before and after, and to see that nothing is left."""

from typing import Any, Final

from ops.aws.account import Client
from rehearsal.embedded.aws import ACCOUNT

_SERVICE_LINKED = "/aws-service-role/"
_STACKS: Final = (
    "CREATE_COMPLETE",
    "ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE",
    "ROLLBACK_FAILED",
    "DELETE_FAILED",
    "CREATE_FAILED",
)


def inventory(client: Client) -> frozenset[str]:
    """List everything in the services that the stacks use, each as kind, state if it has one, and name.

    AWS keeps, and so does this one: clusters that have ended, keys that wait for their deletion, the key with which
    S3 encrypts by default, roles that belong to a service of AWS, and what the CDK's bootstrap has made.
    """
    ec2, emr, iam = client("ec2"), client("emr"), client("iam")
    roles = iam.list_roles()["Roles"]
    states = {cluster["Id"]: cluster["Status"]["State"] for cluster in emr.list_clusters()["Clusters"]}
    found: dict[str, list[Any]] = {
        "stack": [
            item["StackName"]
            for item in client("cloudformation").list_stacks(StackStatusFilter=_STACKS)["StackSummaries"]
        ],
        "bucket": [item["Name"] for item in client("s3").list_buckets()["Buckets"]],
        "kms key": [_key(client, item["KeyId"]) for item in client("kms").list_keys()["Keys"]],
        "role": [item["RoleName"] for item in roles if not item["Path"].startswith(_SERVICE_LINKED)],
        "service-linked role": [item["RoleName"] for item in roles if item["Path"].startswith(_SERVICE_LINKED)],
        "instance profile": [item["InstanceProfileName"] for item in iam.list_instance_profiles()["InstanceProfiles"]],
        "vpc": [item["VpcId"] for item in ec2.describe_vpcs()["Vpcs"]],
        "subnet": [item["SubnetId"] for item in ec2.describe_subnets()["Subnets"]],
        "route table": [item["RouteTableId"] for item in ec2.describe_route_tables()["RouteTables"]],
        "security group": [item["GroupId"] for item in ec2.describe_security_groups()["SecurityGroups"]],
        "vpc endpoint": [item["VpcEndpointId"] for item in ec2.describe_vpc_endpoints()["VpcEndpoints"]],
        "emr cluster": [f"{state} {name}" for name, state in states.items()],
        "emr security configuration": [
            item["Name"] for item in emr.list_security_configurations()["SecurityConfigurations"]
        ],
        "emr studio": [item["StudioId"] for item in emr.list_studios()["Studios"]],
        "topic": [item["TopicArn"] for item in client("sns").list_topics()["Topics"]],
        "subscription": [item["SubscriptionArn"] for item in client("sns").list_subscriptions()["Subscriptions"]],
        "rule": [item["Name"] for item in client("events").list_rules()["Rules"]],
        "state machine": [item["name"] for item in client("stepfunctions").list_state_machines()["stateMachines"]],
        "alarm": [item["AlarmName"] for item in client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "budget": [
            item["BudgetName"] for item in client("budgets").describe_budgets(AccountId=ACCOUNT).get("Budgets", [])
        ],
        "database": [item["Name"] for item in client("glue").get_databases()["DatabaseList"]],
        "log group": [item["logGroupName"] for item in client("logs").describe_log_groups()["logGroups"]],
        "parameter": [item["Name"] for item in client("ssm").describe_parameters()["Parameters"]],
    }
    return frozenset(f"{kind} {name}" for kind, names in found.items() for name in names)


def _key(client: Client, key_id: str) -> str:
    metadata = client("kms").describe_key(KeyId=key_id)["KeyMetadata"]
    return f"{'AWS' if metadata['KeyManager'] == 'AWS' else metadata['KeyState']} {key_id}"
