"""From the context of the CDK (``cdk.json``, ``-c key=value``) to settings, with errors made to be read."""

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infra.errors import DeploymentError
from infra.settings import DeploymentSettings

DEFAULT_ENVIRONMENT = "demo"

# Keys that the CDK, its command line or its users' own ~/.cdk.json put beside ours.
_CDK_PREFIXES = (
    "@aws-cdk",
    "@aws-cdk-containers/",
    "aws:cdk:",
    "aws-cdk:",
    "cli-telemetry",
    "acknowledged-issue-numbers",
)

_REASONS = {
    "bool_parsing": "neither true nor false",
    "bool_type": "neither true nor false",
    "float_parsing": "not a number",
    "float_type": "not a number",
    "int_from_float": "not a whole number",
    "int_parsing": "not a whole number",
    "int_parsing_size": "too large",
    "int_type": "not a whole number",
    "literal_error": "not one of those that are accepted",
    "string_pattern_mismatch": "not of the accepted form",
    "dict_type": "no table of keys and values",
    "model_type": "no table of keys and values",
    "string_too_long": "too long",
    "string_type": "not a text",
    "tuple_type": "not a list of names",
    "too_long": "too many",
    "missing": "missing",
    "greater_than": "too small",
    "greater_than_equal": "too small",
    "less_than": "too large",
    "less_than_equal": "too large",
}
"""Our words for pydantic's, which speak of inputs, types and regular expressions."""


def read_settings(context: Mapping[str, Any]) -> DeploymentSettings:
    """Build the settings of the environment that the context names.

    Parameters
    ----------
    context
        All the context of the app. ``environments`` maps the name of an environment to its values, ``env``
        chooses one, and any other key overrides a value.

    Raises
    ------
    DeploymentError
        With one line for each mistake: the key, the value, what is accepted.
    """
    given = {key: value for key, value in context.items() if not key.startswith(_CDK_PREFIXES)}
    environments: Mapping[str, Mapping[str, Any]] = given.pop("environments", {})
    name = given.setdefault("env", DEFAULT_ENVIRONMENT)
    if name not in environments:
        accepted = ", ".join(sorted(environments)) or "none, for the context has no environments"
        raise DeploymentError(f"env={name}: not an environment; accepted: {accepted}")
    values = {**environments[name], **given}
    try:
        settings = DeploymentSettings.model_validate(values)
    except ValidationError as error:
        raise DeploymentError("\n".join(_lines(error))) from None
    return settings


def without_keys_of_others(context: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Leave out what the CDK's command line puts into the context of every app, and is meant for another one.

    Parameters
    ----------
    context
        All the context of the app.
    path
        The user's own ``~/.cdk.json``; what cannot be read there, the CDK has complained of already.

    Returns
    -------
    dict
        The context without keys of that file that are no settings. A mistyped key of anywhere else stays, for refusal.
    """
    others = {key: value for key, value in _context_of(path).items() if key not in DeploymentSettings.model_fields}
    others.pop("environments", None)
    return {key: value for key, value in context.items() if key not in others or others[key] != value}


def _context_of(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    context = content.get("context") if isinstance(content, dict) else None
    return context if isinstance(context, dict) else {}


def require_deployable(settings: DeploymentSettings) -> None:
    """Check what only a deployment needs: whoever looks at, prices or deletes an environment needs no address for it.

    Raises
    ------
    DeploymentError
        If nobody would be told where somebody has to be.
    """
    if settings.email_required and settings.email is None:
        raise DeploymentError(
            f"email: {settings.env} needs one, else nobody would learn of a failed run or a spent budget;"
            " accepted: -c email=team@example.org"
        )


def reason_of(mistake: Mapping[str, Any]) -> str:
    """Return in our words what is wrong with a value, of an item of `ValidationError.errors`."""
    if mistake["type"] == "value_error":  # raised by a validator of ours
        return str(mistake["msg"].removeprefix("Value error, "))
    return _REASONS.get(mistake["type"], "not accepted")


def _lines(error: ValidationError) -> Iterator[str]:
    for mistake in error.errors(include_url=False):
        if not mistake["loc"]:  # a check across keys, whose message names them
            yield mistake["msg"].removeprefix("Value error, ")
            continue
        key = str(mistake["loc"][0])
        if mistake["type"] == "extra_forbidden":
            yield _unknown(key)
            continue
        reason = reason_of(mistake)
        accepted = DeploymentSettings.model_fields[key].description
        yield f"{key}={_short(mistake['input'])}: {reason[0].lower()}{reason[1:]}; accepted: {accepted}"


def _unknown(key: str) -> str:
    known = sorted(DeploymentSettings.model_fields)
    close = difflib.get_close_matches(key, known, n=1)
    return f"{key}: unknown key; " + (f"did you mean {close[0]}?" if close else f"accepted: {', '.join(known)}")


def _short(value: Any) -> str:
    text = "(nothing)" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
