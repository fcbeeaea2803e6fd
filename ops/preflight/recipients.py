"""Whether somebody is told: SNS sends nothing to an address that was not confirmed."""

from typing import Final

from ops.aws.account import Client, asking
from ops.aws.deployment import find_deployment
from ops.preflight.findings import Check, Finding, Scope, failure, ok, warning


def email(scope: Scope) -> Finding:
    """Ask for the deployed topics' subscriptions: each has to be confirmed once, by the link in SNS's e-mail."""
    address = scope.settings.email
    if address is None:
        fix = "cdk deploy FruitsGuard -c email=team@example.org" + scope.options
        if scope.settings.email_required:
            return failure(f"no email is set, and {scope.settings.env} is not deployed without one", fix)
        return warning("no email is set: nobody is told of failed runs and of spending", fix)
    topics = _topics(scope)
    if not topics:
        return ok(f"SNS will ask {address} to confirm: nothing is sent before")
    pending = [topic for client, topic in topics if not _is_confirmed(client, topic, address)]
    if pending:
        regions = " and ".join(topic.split(":")[3] for topic in pending)
        text = (
            f"{address} has not confirmed the subscription in {regions}, so it is told of no failed run and no spending"
        )
        fix = _sending_again(pending[0], address)
        return warning(f"{text}; open the link in SNS's e-mail, or have it sent again", fix)
    return ok(f"{address} has confirmed")


def _topics(scope: Scope) -> list[tuple[Client, str]]:
    """List the topics with their clients; a budget with a stack of its own has a topic there, in another region."""
    found = [(scope.client, scope.deployment)]
    if not scope.settings.european_region.knows_budgets:
        region = scope.anywhere("cloudformation").meta.region_name
        found.append((scope.anywhere, find_deployment(scope.anywhere, env=scope.settings.env, region=region)))
    return [
        (client, stack.outputs["TopicArn"])
        for client, deployment in found
        for stack in deployment.stacks.values()
        if "TopicArn" in stack.outputs
    ]


def _is_confirmed(client: Client, topic: str, address: str) -> bool:
    with asking(f"list the subscriptions of {topic}"):
        pages = client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        subscriptions = [item for page in pages for item in page["Subscriptions"]]
    return any(item["Endpoint"] == address and item["SubscriptionArn"].startswith("arn:") for item in subscriptions)


def _sending_again(topic: str, address: str) -> str:
    region = topic.split(":")[3]
    return f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint {address} --region {region}"


CHECKS: Final = (Check("E-mail", email, ("cloudformation", "sns")),)
