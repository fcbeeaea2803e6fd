"""How handlers of ministack's JSON services answer, and how CloudFormation reads such an answer."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.embedded import vanilla

Request = Mapping[str, Any]
Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[Request], Response]


def answer(content: Mapping[str, Any] | None = None) -> Response:
    """Succeed."""
    response: Response = vanilla.responses.json_response(dict(content or {}))
    return response


def refuse(message: str, code: str = "InvalidRequestException") -> Response:
    """Fail with status 400."""
    response: Response = vanilla.responses.error_response_json(code, message, 400)
    return response


def result(response: Response) -> dict[str, Any]:
    """Return what a handler answered.

    Raises
    ------
    ValueError
        With the handler's message: what CloudFormation shows as the reason of a failure.
    """
    status, _, body = response
    content: dict[str, Any] = json.loads(body or b"{}")
    if status >= 400:
        raise ValueError(content.get("message") or content.get("Message") or str(content))
    return content
