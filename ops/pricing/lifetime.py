"""The maximum lifetime of a cluster, as its templates tell it."""

import json

from infra.templates import Deployment, Resource, as_list, text


def maximum_lifetime(deployment: Deployment, cluster: Resource) -> int | None:
    """Give the seconds that a state machine, begun by the start of the cluster, waits before it ends it.

    The shortest if there are several, None if nothing ends the cluster.
    """
    machines = {item.identity: item for item in deployment.resources("AWS::StepFunctions::StateMachine")}
    targets = (
        deployment.target(target["Arn"], rule.stack)
        for rule in deployment.resources("AWS::Events::Rule")
        if _hears_the_start(rule, cluster)
        for target in as_list(rule.properties.get("Targets"))
    )
    waits = [wait for name in targets if name in machines and (wait := _wait_before_the_end(machines[name]))]
    return min(waits, default=None)


def _hears_the_start(rule: Resource, cluster: Resource) -> bool:
    pattern = rule.properties.get("EventPattern", {})
    detail = pattern.get("detail", {})
    name = cluster.properties.get("Name")
    return (
        rule.properties.get("State", "ENABLED") == "ENABLED"
        and "aws.emr" in pattern.get("source", [])
        and "STARTING" in detail.get("state", ["STARTING"])
        and name in detail.get("name", [name])
    )


def _wait_before_the_end(machine: Resource) -> int | None:
    states = json.loads(text(machine.properties.get("DefinitionString", "{}"))).get("States", {})
    ends = any("terminate" in str(state.get("Resource", "")).lower() for state in states.values())
    waits = [int(state["Seconds"]) for state in states.values() if state.get("Type") == "Wait" and "Seconds" in state]
    return sum(waits) if ends and waits else None
