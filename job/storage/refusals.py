"""What S3 refused, in one line: its own code and message, and what to do about it."""

import re
from html import unescape
from typing import Final

_STATUS: Final = re.compile(r"status code: (\d{3} [^:<\n]*)")
_ELEMENT: Final = r"<{0}>(.*?)</{0}>"
_LONGEST: Final = 500  # an answer of a proxy can be a whole page

_ADVICE: Final[tuple[tuple[str, str], ...]] = (
    ("kms:Decrypt", "grant this role kms:Decrypt, in the policy of the key, too"),
    ("kms:GenerateDataKey", "grant this role kms:GenerateDataKey, in the policy of the key, too"),
    ("InvalidObjectState", "restore the object from its archive, or take it away from here"),
    (
        "AccessDenied",
        "grant this role the right to it; where the bucket's requesters pay, copy its objects to a bucket of yours",
    ),
    ("PermanentRedirect", "the bucket is in another region: name that in AWS_DEFAULT_REGION"),
    ("AuthorizationHeaderMalformed", "the bucket is in another region: name that in AWS_DEFAULT_REGION"),
    ("redirect without LOCATION", "the bucket is in another region: name that in AWS_DEFAULT_REGION"),
    ("x-amz-checksum", "let checksums be sent: request_checksum_calculation = when_supported"),
    ("NoSuchBucket", "check the name of the bucket"),
    ("ExpiredToken", "log in again"),
    ("InvalidAccessKeyId", "log in again, or choose another profile with AWS_PROFILE"),
    ("SignatureDoesNotMatch", "check the secret key"),
    ("RequestTimeTooSkewed", "set the clock of this machine"),
    ("locate credentials", "log in (aws sso login), or choose a profile with AWS_PROFILE"),
    ("config profile", "choose another profile with AWS_PROFILE"),
    ("CERTIFICATE_VERIFY_FAILED", "name the certificates to trust as ca_bundle in the AWS configuration file"),
)
"""What to do, by a part of what was said; the first that fits."""


def reason_of(error: Exception, *, otherwise: str = "") -> str:
    """Return the line that says what happened, and what to do about it.

    Parameters
    ----------
    error
        Of botocore, or of obstore, whose texts hold S3's answer in XML and go on with their own internals.
    otherwise
        What to do where nothing better is known.
    """
    text = str(error).partition("\n\nDebug source:")[0]
    reason = _answer_of(text) or " ".join(text.split())[:_LONGEST]
    advice = next((advice for part, advice in _ADVICE if part in reason), otherwise)
    complete = not advice or advice in reason  # an error of ours, of which this is the reason, has said it already
    return reason if complete else f"{reason.rstrip('.')}; {advice}"


def _answer_of(text: str) -> str:
    code, message = (re.search(_ELEMENT.format(name), text, re.DOTALL) for name in ("Code", "Message"))
    if code is None:
        return ""
    status = _STATUS.search(text)
    answer = f"{code[1]}: {message[1]}" if message else code[1]
    return " ".join(unescape(f"{status[1].split()[0]} {answer}" if status else answer).split())
