"""The rules that the CDK applies at every synth, our own and cdk-nag's: what they refuse is not deployed."""

from collections.abc import Callable, Iterable, Iterator

import jsii
from aws_cdk import (
    App,
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
    Validations,
)
from cdk_nag import AwsSolutionsChecks

from infra import cluster_rules, cost_rules, exposure_rules, schedule_rules, security_group_rules
from infra.templates import Deployment, Finding, Template

RULES: tuple[Callable[[Deployment], Iterator[Finding]], ...] = (
    cluster_rules.both_fleet_targets,
    cluster_rules.executors_fit,
    cluster_rules.masters_on_core_nodes,
    cost_rules.idle_stop,
    cost_rules.notebook_sessions,
    cost_rules.maximum_lifetime,
    cost_rules.budget,
    cost_rules.no_internet,
    cost_rules.no_functions,
    exposure_rules.private_buckets,
    exposure_rules.private_keys,
    exposure_rules.narrow_node_role,
    exposure_rules.own_partition,
    exposure_rules.european_region,
    schedule_rules.scheduled_like_deployed,
    security_group_rules.complete_security_groups,
)


RULES_APPLIED = "rules-applied"
"""The rule that the others could be applied."""


def rule_id(rule: Callable[[Deployment], Iterator[Finding]]) -> str:
    """Return the name that the findings of a rule have."""
    return rule.__name__.replace("_", "-")


def findings(templates: Iterable[Template]) -> list[Finding]:
    """Apply all rules to the templates of an app."""
    deployment = Deployment(tuple(templates))
    return [finding for rule in RULES for finding in rule(deployment)]


@jsii.implements(IPolicyValidationPlugin)
class DeploymentRules:
    """The rules as a plugin of the CDK; a finding is fatal, which no acknowledgement can hide."""

    @property
    def name(self) -> str:
        """Name in the validation report."""
        return "Fruits"

    @property
    def version(self) -> str:
        """Version in the validation report."""
        return "1.0.0"

    @property
    def rule_ids(self) -> list[str]:
        """Names of the rules, as in their findings."""
        return [*map(rule_id, RULES), RULES_APPLIED]

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Check the templates that the CDK has written."""
        try:
            found = findings(Template.read(item.template_path, item.region) for item in context.stack_templates)
        except Exception as error:  # the CDK deploys after a plugin that raises
            found = [Finding(rule=RULES_APPLIED, message=f"The rules failed: {error!r}", stack="")]
        return PolicyValidationPluginReport(success=not found, violations=[_violation(item) for item in found])


def add_rules(app: App) -> None:
    """Have each synth of an app apply our own rules and the AwsSolutions rules of cdk-nag; a finding ends the synth."""
    Validations.of(app).add_plugins(DeploymentRules(), AwsSolutionsChecks(app))


def _violation(finding: Finding) -> PolicyViolation:
    return PolicyViolation(
        rule_name=finding.rule,
        description=finding.message,
        severity="fatal",
        violating_resources=[
            PolicyViolatingResource(resource_logical_id=finding.logical_id, template_path=finding.stack, locations=[])
        ],
    )
