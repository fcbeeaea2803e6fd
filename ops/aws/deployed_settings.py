"""Settings that a deployment has, and that the next one keeps unless it is told otherwise."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ops.aws.account import Client
from ops.aws.deployment import NEVER_CREATED, Deployment
from ops.aws.templates import deployed_template

_GENERATION: Final = "spark.fruits.generation"


def deployed_settings(client: Client, deployment: Deployment) -> dict[str, str]:
    """Read from the deployed templates what leaving it out must not take away.

    Returns
    -------
    dict
        ``run_id``, which would replace the cluster, and ``email``, who would be told no longer; as far as deployed.

    Raises
    ------
    AwsRefused
        If CloudFormation cannot be asked.
    """
    found = {}
    for stack, key, read in (("FruitsCompute", "run_id", _run_id), ("FruitsGuard", "email", _email)):
        there = deployment.stacks.get(stack)
        if there is None or there.status in NEVER_CREATED:
            continue
        template = deployed_template(client, there.name)
        if value := next(read(template), None):
            found[key] = value
    return found


def _run_id(template: Mapping[str, Any]) -> Iterator[str]:
    """Return the run that the cluster was made for: its generation begins with it."""
    for cluster in _of(template, "AWS::EMR::Cluster"):
        for configuration in cluster.get("Configurations", ()):
            generation = configuration.get("ConfigurationProperties", {}).get(_GENERATION)
            if isinstance(generation, str):
                yield generation.partition(":")[0]


def _email(template: Mapping[str, Any]) -> Iterator[str]:
    for subscription in _of(template, "AWS::SNS::Subscription"):
        if subscription.get("Protocol") == "email" and isinstance(subscription.get("Endpoint"), str):
            yield subscription["Endpoint"]


def _of(template: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    for resource in template.get("Resources", {}).values():
        if resource.get("Type") == kind:
            yield resource.get("Properties", {})
