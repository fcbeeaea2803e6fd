"""From the properties of a CloudFormation resource to the request of an API, by Amazon's own model of that API."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session


class InvalidProperties(ValueError):
    """Properties that CloudFormation would refuse; the message says where."""


def request(service: str, operation: str, properties: Mapping[str, Any], logical_id: str) -> dict[str, Any]:
    """Return every value the type that the API wants: CloudFormation passes numbers and booleans as strings, too.

    Parameters
    ----------
    service, operation
        Names by botocore, such as ``emr`` and ``RunJobFlow``.
    properties
        Named as in the API.
    logical_id
        Of the resource, for messages.

    Raises
    ------
    InvalidProperties
        For a key that the API does not know, one that it requires, or a value of the wrong type.
    """
    shape = _model(service).operation_model(operation).input_shape
    converted: dict[str, Any] = _convert(properties, shape, f"{logical_id}/Properties")
    return converted


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def _convert(value: Any, shape: Any, path: str) -> Any:
    convert = _CONVERTERS.get(shape.type_name)
    if convert is None:
        return value
    try:
        return convert(value, shape, path)
    except (TypeError, ValueError, AttributeError) as error:
        if isinstance(error, InvalidProperties):
            raise
        raise InvalidProperties(f"{path}: {value!r} is not of type {shape.type_name}") from None


def _structure(value: Any, shape: Any, path: str) -> dict[str, Any]:
    for key in value:
        if key not in shape.members:
            raise InvalidProperties(f"Properties validation failed: {path}: extraneous key [{key}] is not permitted")
    for key in shape.required_members:
        if key not in value:
            raise InvalidProperties(f"Properties validation failed: {path}: required key [{key}] not found")
    return {key: _convert(item, shape.members[key], f"{path}/{key}") for key, item in value.items()}


def _list(value: Any, shape: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return [_convert(item, shape.member, f"{path}/{index}") for index, item in enumerate(value)]


def _map(value: Any, shape: Any, path: str) -> dict[str, Any]:
    return {key: _convert(item, shape.value, f"{path}/{key}") for key, item in value.items()}


def _boolean(value: Any, _shape: Any, _path: str) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


def _string(value: Any, _shape: Any, _path: str) -> str:
    if isinstance(value, dict | list):
        raise TypeError
    return str(value).lower() if isinstance(value, bool) else str(value)


def _whole(value: Any, _shape: Any, _path: str) -> int:
    return int(value)


def _number(value: Any, _shape: Any, _path: str) -> float:
    return float(value)


_CONVERTERS = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "boolean": _boolean,
    "string": _string,
    "integer": _whole,
    "long": _whole,
    "float": _number,
    "double": _number,
}
