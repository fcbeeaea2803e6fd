"""What belongs to clusters but is kept beside them: security configurations, idle stop, managed scaling."""

import copy
import json
from collections.abc import Mapping
from typing import Any, Final

from rehearsal.embedded import vanilla
from rehearsal.embedded.emr_states import LIVE, find_cluster, find_live_cluster, state_of
from rehearsal.embedded.responses import Handler, Request, Response, answer, refuse

IDLE_SECONDS: Final = range(60, 604_801)

security_configurations: Any = vanilla.responses.AccountRegionScopedDict()
policies: Any = vanilla.responses.AccountRegionScopedDict()


def create_security_configuration(request: Request) -> Response:
    """Keep a security configuration under a name of its own."""
    name = request["Name"]
    if name in security_configurations:
        return refuse(f"Security configuration with name '{name}' already exists.")
    try:
        json.loads(request["SecurityConfiguration"])
    except ValueError:
        return refuse("The security configuration is not valid JSON.")
    security_configurations[name] = {
        "Name": name,
        "SecurityConfiguration": request["SecurityConfiguration"],
        "CreationDateTime": vanilla.emr._now_iso(),
    }
    return answer(_without_content(security_configurations[name]))


def describe_security_configuration(request: Request) -> Response:
    """Show a security configuration."""
    record = security_configurations.get(request["Name"])
    return answer(record) if record else _unknown(request["Name"])


def list_security_configurations(_request: Request) -> Response:
    """Return all security configurations."""
    return answer({"SecurityConfigurations": [_without_content(item) for item in security_configurations.values()]})


def delete_security_configuration(request: Request) -> Response:
    """Forget a security configuration that no cluster uses."""
    name = request["Name"]
    if name not in security_configurations:
        return _unknown(name)
    users = [
        cluster["Id"]
        for cluster in vanilla.emr._clusters.values()
        if cluster.get("SecurityConfiguration") == name and state_of(cluster) in LIVE
    ]
    if users:
        return refuse(f"Security configuration '{name}' is used by {', '.join(users)}.")
    del security_configurations[name]
    return answer()


def _without_content(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "SecurityConfiguration"}


def _unknown(name: str) -> Response:
    return refuse(f"Security configuration with name '{name}' does not exist.")


def check_policy(policy: Mapping[str, Any]) -> None:
    """Check the idle time of a policy, if it has one.

    Raises
    ------
    ValueError
        If EMR does not accept it.
    """
    idle = policy.get("IdleTimeout")
    if idle is not None and idle not in IDLE_SECONDS:
        raise ValueError(f"Idle timeout {idle} must be between {IDLE_SECONDS[0]} and {IDLE_SECONDS[-1]} seconds.")


def keep_policy(cluster_id: str, name: str, policy: Mapping[str, Any]) -> None:
    """Set the policy of a cluster."""
    policies[f"{cluster_id} {name}"] = dict(policy)


def policy_handlers(name: str) -> dict[str, Handler]:
    """Return the three actions of a policy: put, get, remove."""

    def put(request: Request) -> Response:
        cluster = find_live_cluster(request.get("ClusterId"))
        check_policy(request[name])
        keep_policy(cluster["Id"], name, request[name])
        return answer()

    def get(request: Request) -> Response:
        policy = policies.get(f"{find_cluster(request.get('ClusterId'))['Id']} {name}")
        return answer({name: policy} if policy else {})

    def remove(request: Request) -> Response:
        find_live_cluster(request.get("ClusterId"))
        policies.pop(f"{request['ClusterId']} {name}", None)
        return answer()

    return {f"Put{name}": put, f"Get{name}": get, f"Remove{name}": remove}


def keep_between_starts(**stores: Any) -> None:
    """Let ministack save, restore and reset these stores with its own of EMR."""
    emr = vanilla.emr
    save, restore, clear = emr.get_state, emr._restore_state, emr._clear_state

    def save_all() -> dict[str, Any]:
        return {**save(), **{f"fruits_{name}": copy.deepcopy(store) for name, store in stores.items()}}

    def clear_all() -> None:
        clear()
        for store in stores.values():
            store.clear()

    def restore_all(data: Mapping[str, Any] | None) -> None:
        restore(data)
        for name, store in stores.items():
            store.update((data or {}).get(f"fruits_{name}", {}))

    emr.get_state, emr._restore_state, emr._clear_state = save_all, restore_all, clear_all
