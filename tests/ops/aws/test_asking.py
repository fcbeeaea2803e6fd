"""How AWS is asked, and its errors in one line."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.aws.account import AwsRefused, account, asking


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


@pytest.mark.parametrize(("endpoint", "seconds"), [("https://127.0.0.1:1", 60), ("https://192.0.2.1:1", 5), ("", 5)])
def test_the_aws_of_a_busy_machine_is_given_longer_to_shake_hands(
    endpoint: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(name, value)
    config: Any = account("eu-west-3")("s3").meta.config
    assert config.connect_timeout == seconds
