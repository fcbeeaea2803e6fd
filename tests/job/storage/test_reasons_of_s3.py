"""One line of what S3 refused: its words, and what to do."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ParamValidationError, ProfileNotFound
from obstore.exceptions import GenericError, PermissionDeniedError

from job.errors import JobError
from job.storage.refusals import reason_of

ANSWER = (
    "The operation lacked the necessary privileges to complete for path a: Error performing GET https://x/a in 2ms -"
    ' Server returned non-2xx status code: 403 Forbidden: <?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}'
    "</Code><Message>{message}</Message><RequestId>1</RequestId></Error>\n\nDebug source:\nPermissionDenied {{ … }}"
)


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        (
            "InvalidObjectState",
            "The operation is not valid for the object's storage class",
            "403 InvalidObjectState: The operation is not valid for the object's storage class; restore the object",
        ),
        ("AccessDenied", "not authorized to perform: kms:Decrypt on\n the resource", "; grant this role kms:Decrypt"),
        ("AccessDenied", "Access Denied", "403 AccessDenied: Access Denied; grant this role the right to it"),
        ("ExpiredToken", "The provided token has expired.", "The provided token has expired; log in again"),
        ("Fresh", "a &lt; b &amp; c", "403 Fresh: a < b & c; look"),
    ],
)
def test_an_answer_in_xml_is_told_by_its_code_and_message(code: str, message: str, said: str) -> None:
    reason = reason_of(PermissionDeniedError(ANSWER.format(code=code, message=message)), otherwise="look")
    assert said in reason
    assert "\n" not in reason
    assert "Debug" not in reason


def test_a_redirect_names_the_region_as_the_cause() -> None:
    error = GenericError("Generic S3 error: Received redirect without LOCATION, this normally …\n\nDebug source:\n…")
    assert reason_of(error).endswith("; the bucket is in another region: name that in AWS_DEFAULT_REGION")


def test_errors_of_botocore_are_told_whole_and_in_one_line() -> None:
    answer: Any = {"Error": {"Code": "NoSuchBucket", "Message": "The specified bucket does not exist"}}
    assert reason_of(ClientError(answer, "ListObjectsV2")).endswith("does not exist; check the name of the bucket")
    assert "log in" in reason_of(NoCredentialsError())
    assert "AWS_PROFILE" in reason_of(ProfileNotFound(profile="mine"))
    assert "Invalid bucket name" in reason_of(ParamValidationError(report="Invalid bucket name"))


def test_a_whole_page_is_cut() -> None:
    assert len(reason_of(GenericError("<html>" + "x" * 10_000))) < 600


def test_what_nothing_is_known_of_gets_the_callers_advice() -> None:
    assert reason_of(OSError("disk full"), otherwise="check --output") == "disk full; check --output"
    assert reason_of(FileNotFoundError(2, "No such file", str(Path("/x")))) == "[Errno 2] No such file: '/x'"


def test_the_reason_of_an_error_that_says_what_to_do_says_it_once() -> None:
    told = reason_of(NoCredentialsError())
    assert reason_of(JobError(f"cannot reach s3://bucket: {told}")) == f"cannot reach s3://bucket: {told}"
