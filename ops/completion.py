"""What a shell offers behind Tab: settings, their values, environments, stacks; see `fruits --install-completion`."""

import json
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from ops.project import ROOT


def complete_setting(incomplete: str) -> list[str]:
    """Return the settings that begin so: ``key=``, and behind that the values of those that have only some.

    Parameters
    ----------
    incomplete
        What was typed so far.
    """
    key, equals, _ = incomplete.partition("=")
    offered = _values(key) if equals else _keys()
    return [text for text in offered if text.startswith(incomplete)]


def complete_stack(incomplete: str) -> list[str]:
    """Return the stacks whose names begin so."""
    from infra.names import STACKS  # noqa: PLC0415 - see _keys

    return [name for name in STACKS if name.startswith(incomplete)]


def _keys() -> Iterator[str]:
    from infra.settings import DeploymentSettings  # noqa: PLC0415 - takes longer to load than most commands need

    return (f"{key}=" for key in DeploymentSettings.model_fields)


def _values(key: str) -> Iterator[str]:
    from infra.residency import EU_REGIONS  # noqa: PLC0415 - see _keys
    from infra.settings import DeploymentSettings  # noqa: PLC0415

    if key not in DeploymentSettings.model_fields:
        return iter(())
    some = {"env": _environments(), "region": list(EU_REGIONS)}
    values = some.get(key, _of_type(DeploymentSettings.model_fields[key].annotation))
    return (f"{key}={value}" for value in values)


def _of_type(kind: Any) -> list[str]:
    if kind is bool:
        return ["true", "false"]
    return list(get_args(kind)) if get_origin(kind) is Literal else []


def _environments() -> list[str]:
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return sorted(context["environments"])
