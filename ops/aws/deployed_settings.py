"""Settings that a deployment has, and that the next one keeps unless it is told otherwise."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from job.plain import received
from ops.aws.account import Client
from ops.aws.deployment import NEVER_CREATED, Deployment
from ops.aws.templates import deployed_template

_GENERATION: Final = "spark.fruits.generation"


def deployed_settings(client: Client, deployment: Deployment) -> dict[str, str]:
    """Read from the deployed templates what leaving it out must not take away.

    Returns
    -------
    dict
        ``run_id``, which would replace the cluster, ``limit`` and ``label`` if that run was a trial on a transient
        cluster, whose step they are part of, and ``email``, who would be told no longer; as far as deployed.

    Raises
    ------
    AwsRefused
        If CloudFormation cannot be asked.
    """
    found: dict[str, str] = {}
    for stack, read in (("FruitsCompute", _run), ("FruitsGuard", _email)):
        there = deployment.stacks.get(stack)
        if there is None or there.status in NEVER_CREATED:
            continue
        template = deployed_template(client, there.name)
        found |= read(template)
    return found


def _run(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the run that the cluster was made for: its generation begins with it, and its step says how much of it."""
    for cluster in _of(template, "AWS::EMR::Cluster"):
        for configuration in cluster.get("Configurations", ()):
            generation = configuration.get("ConfigurationProperties", {}).get(_GENERATION)
            if isinstance(generation, str):
                return {"run_id": generation.partition(":")[0], **_trial(cluster)}
    return {}


def _trial(cluster: Mapping[str, Any]) -> dict[str, str]:
    arguments = [argument for step in cluster.get("Steps", ()) for argument in step["HadoopJarStep"].get("Args", ())]
    return {
        option.removeprefix("--"): received([value])[0]
        for option, value in pairwise(arguments)
        if isinstance(option, str) and option in {"--limit", "--label"} and isinstance(value, str)
    }


def _email(template: Mapping[str, Any]) -> dict[str, str]:
    for subscription in _of(template, "AWS::SNS::Subscription"):
        if subscription.get("Protocol") == "email" and isinstance(subscription.get("Endpoint"), str):
            return {"email": subscription["Endpoint"]}
    return {}


def _of(template: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    for resource in template.get("Resources", {}).values():
        if resource.get("Type") == kind:
            yield resource.get("Properties", {})
