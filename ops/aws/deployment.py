"""What is deployed of an environment: its stacks, their states and outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.names import STACKS, deployment_name
from ops.aws.account import AwsRefused, Client, asking


class NoDeployment(AwsRefused):
    """What a command works on is not deployed; the message names the command that deploys it."""


@dataclass(frozen=True)
class DeployedStack:
    """A stack as CloudFormation has it.

    Parameters
    ----------
    stack
        Its name for `cdk`: ``FruitsCompute``.
    name
        Its name in CloudFormation: ``FruitsCompute-demo``.
    status
        State of the stack, such as ``CREATE_COMPLETE``.
    outputs
        Values by their names.
    protected
        Whether CloudFormation refuses to delete it.
    """

    stack: str
    name: str
    status: str
    outputs: Mapping[str, str]
    protected: bool


@dataclass(frozen=True)
class Deployment:
    """The stacks of one environment.

    Parameters
    ----------
    env
        The environment: ``demo``.
    region
        Region of all stacks but the budget's, if that is a stack of its own.
    stacks
        Those that exist, by `DeployedStack.stack`.
    """

    env: str
    region: str
    stacks: Mapping[str, DeployedStack]

    def output(self, stack: str, name: str) -> str:
        """Return an output of a stack.

        Raises
        ------
        NoDeployment
            If that is not deployed.
        """
        found = self.stacks.get(stack)
        if found is None:
            raise NoDeployment(
                f"{stack}-{self.env} is not deployed in {self.region}; deploy it: cdk deploy {stack} -c env={self.env}"
            )
        if name not in found.outputs:
            raise NoDeployment(
                f"{found.name} is {found.status} and has no output {name}; deploy it again:"
                f" cdk deploy {stack} -c env={self.env}"
            )
        return found.outputs[name]

    @property
    def name(self) -> str:
        """What cluster, budget and database are called."""
        return deployment_name(self.env)


def find_deployment(client: Client, *, env: str, region: str) -> Deployment:
    """Ask CloudFormation for the stacks of an environment.

    Raises
    ------
    AwsRefused
        If it cannot be asked.
    """
    found: dict[str, DeployedStack] = {}
    with asking("describe the stacks"):
        for page in client("cloudformation").get_paginator("describe_stacks").paginate():
            for description in page["Stacks"]:
                stack, _, environment = description["StackName"].rpartition("-")
                if environment == env and stack in STACKS and description["StackStatus"] != "DELETE_COMPLETE":
                    found[stack] = _read(stack, description)
    return Deployment(env=env, region=region, stacks=found)


def _read(stack: str, description: Mapping[str, Any]) -> DeployedStack:
    return DeployedStack(
        stack=stack,
        name=description["StackName"],
        status=description["StackStatus"],
        outputs={item["OutputKey"]: item["OutputValue"] for item in description.get("Outputs", ())},
        protected=bool(description.get("EnableTerminationProtection")),
    )
