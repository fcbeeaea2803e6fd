"""What all stacks have in common: a region in the European Union, and a name."""

from aws_cdk import CfnOutput, Environment, Stack
from constructs import Construct

from infra.residency import require_eu_region
from infra.settings import DeploymentSettings


class FruitsStack(Stack):
    """A stack in the European Union, named for its environment.

    Its account is the one that deploys: with a named account the CDK would look up that account's zones.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DeploymentSettings,
        description: str,
        region: str | None = None,
        termination_protection: bool = False,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=settings.stack_name(construct_id),
            description=description,
            env=Environment(region=require_eu_region(region or settings.region).name),
            termination_protection=termination_protection,
        )

    def output(self, name: str, value: str, description: str) -> None:
        """Show a value after `cdk deploy`, and to the `fruits` command."""
        CfnOutput(self, name, value=value, description=description)

    def without_lint(self, rule: str) -> None:
        """Record for cfn-lint, wherever it is run, that a rule does not apply to this stack."""
        self.add_metadata("cfn-lint", {"config": {"ignore_checks": [rule]}})
