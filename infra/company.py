"""What a company's account may ask of everything in it: tags of its own, and a boundary for each role."""

from aws_cdk import App, Stack, Tags
from aws_cdk import aws_iam as iam

from infra.settings import DeploymentSettings


def add_company_rules(app: App, settings: DeploymentSettings) -> None:
    """Give resources the tags, and roles the boundary, that the settings name.

    Parameters
    ----------
    app
        With all of its stacks.
    settings
        Settings of the deployment.

    Notes
    -----
    Landing zones refuse roles without the boundary, so every role has it. What it takes away a role lacks, and EMR
    or the job says so: nobody here knows what is in it.
    """
    for tag in settings.tags:
        key, _, value = tag.partition("=")
        Tags.of(app).add(key, value)
    if settings.permissions_boundary:
        for stack in (child for child in app.node.children if isinstance(child, Stack)):
            name = settings.permissions_boundary
            boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "PermissionsBoundary", name)
            iam.PermissionsBoundary.of(stack).apply(boundary)
