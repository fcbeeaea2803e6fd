"""Errors of AWS in one line."""

import pytest
from botocore.exceptions import ClientError

from ops.aws.account import AwsRefused, asking


@pytest.mark.parametrize(
    ("code", "message", "line"),
    [
        ("400", "", "cannot read the quota: GetServiceQuota answered 400"),
        ("NoSuch", "no quota", "cannot read the quota: GetServiceQuota answered NoSuch: no quota"),
        ("AccessDeniedException", "", "cannot read the quota: access denied (GetServiceQuota)"),
    ],
)
def test_an_answer_without_a_message_does_not_end_in_a_colon(code: str, message: str, line: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "GetServiceQuota")
    with pytest.raises(AwsRefused) as refused, asking("read the quota"):
        raise error
    assert str(refused.value) == line
