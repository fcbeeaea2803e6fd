"""What a report must not tell: whose account it was, who was there, and addresses."""

import re
from collections.abc import Mapping
from typing import Any, Final

_WORDS: Final = (
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63})+"), "<address>"),
    (re.compile(r"\bip-\d+-\d+-\d+-\d+[\w.-]*"), "<host>"),
    (re.compile(r"\b(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}\b(?!\.\d)"), "<ip>"),
    (re.compile(r"\b(AKIA|ASIA|AIDA|AROA)[A-Z0-9]{12,}(:[\w+=,.@-]+)?"), "<id>"),
    (re.compile(r":(user|assumed-role/[\w+=,.@-]+)/[\w+=,.@/-]+"), r":\1/<person>"),
    (re.compile(r"(?<![0-9a-zA-Z])\d{12}(?![0-9a-zA-Z])"), "<account>"),
)


def redacted(value: Any) -> Any:
    """Return an answer without account numbers, keys, people, host names and addresses of mail and network.

    Examples
    --------
    >>> redacted({"Arn": "arn:aws:iam::123456789012:user/ann", "from": "10.0.0.7"})
    {'Arn': 'arn:aws:iam::<account>:user/<person>', 'from': '<ip>'}
    """
    if isinstance(value, Mapping):
        return {redacted(key): redacted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item) for item in value]
    if isinstance(value, str):
        for pattern, instead in _WORDS:
            value = pattern.sub(instead, value)
    return value
