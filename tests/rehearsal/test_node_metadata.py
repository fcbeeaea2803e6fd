"""The metadata service of a machine: version 2 alone, and credentials of the instance role that never run out."""

import http.client
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import boto3
import pytest

from ops.aws.account import Client
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.credentials import InstanceCredentials, RoleRefused
from rehearsal.node.metadata import MetadataService, facts_of
from tests.rehearsal.clusters import NODE_ROLE, SERVICE_ROLE, make_roles

INSTANCE = "i-0123456789abcdef0"
ROLE_PATH = "/latest/meta-data/iam/security-credentials/"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"


@pytest.fixture(scope="module")
def credentials(client: Client) -> InstanceCredentials:
    make_roles(client)
    return InstanceCredentials(client, NODE_ROLE, INSTANCE)


@pytest.fixture(scope="module")
def service(credentials: InstanceCredentials) -> Iterator[MetadataService]:
    facts = facts_of(instance_id=INSTANCE, zone="eu-west-3b", region="eu-west-3", account="000000000000")
    running = MetadataService(credentials, facts)
    yield running
    running.close()


def _ask(
    service: MetadataService, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(service.endpoint).netloc, timeout=5)
    try:
        connection.request(method, path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _with_token(service: MetadataService, path: str) -> tuple[int, str]:
    _, token = _ask(service, "/latest/api/token", method="PUT", headers={TTL: "60"})
    return _ask(service, path, headers={"X-aws-ec2-metadata-token": token})


def test_who_has_no_token_gets_nothing(service: MetadataService) -> None:
    assert _ask(service, ROLE_PATH) == (401, "")
    assert _ask(service, ROLE_PATH, headers={"X-aws-ec2-metadata-token": "guessed"}) == (401, "")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 400), ({TTL: "0"}, 400), ({TTL: "21601"}, 400), ({TTL: "60", "X-Forwarded-For": "x"}, 403)],
)
def test_a_wrong_request_gets_no_token(service: MetadataService, headers: Mapping[str, str], status: int) -> None:
    assert _ask(service, "/latest/api/token", method="PUT", headers=headers) == (status, "")


def test_a_token_ends(service: MetadataService, monkeypatch: pytest.MonkeyPatch) -> None:
    _, token = _ask(service, "/latest/api/token", method="PUT", headers={TTL: "60"})
    headers = {"X-aws-ec2-metadata-token": token}
    assert _ask(service, ROLE_PATH, headers=headers)[0] == 200
    monkeypatch.setattr("rehearsal.node.metadata.time.monotonic", lambda: float("inf"))
    assert _ask(service, ROLE_PATH, headers=headers)[0] == 401


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (ROLE_PATH, NODE_ROLE),
        ("/latest/meta-data/instance-id", INSTANCE),
        ("/latest/meta-data/placement/availability-zone", "eu-west-3b"),
        ("/latest/meta-data/placement/region", "eu-west-3"),
    ],
)
def test_an_instance_learns_who_and_where_it_is(service: MetadataService, path: str, text: str) -> None:
    assert _with_token(service, path) == (200, text)


def test_what_is_not_known_is_not_found(service: MetadataService) -> None:
    assert _with_token(service, "/latest/user-data")[0] == 404
    assert _with_token(service, f"{ROLE_PATH}another-role")[0] == 404


def test_the_credentials_are_those_of_the_role_in_a_session_named_by_the_instance(
    service: MetadataService, aws: EmbeddedAws
) -> None:
    found = json.loads(_with_token(service, f"{ROLE_PATH}{NODE_ROLE}")[1])
    assert found["Code"] == "Success"
    assert datetime.fromisoformat(found["Expiration"]) - datetime.now(UTC) > timedelta(minutes=15)
    session = boto3.session.Session(found["AccessKeyId"], found["SecretAccessKey"], found["Token"], aws.region)
    sts = session.client("sts", endpoint_url=aws.endpoint, verify=str(aws.authority))
    arn = f"arn:aws:sts::000000000000:assumed-role/{NODE_ROLE}/{INSTANCE}"
    assert sts.get_caller_identity()["Arn"] == arn


def test_credentials_are_renewed_before_they_end_and_kept_until_then(client: Client) -> None:
    make_roles(client)
    hour, moment = timedelta(hours=1), timedelta(seconds=1)
    kept = InstanceCredentials(client, NODE_ROLE, INSTANCE, live_for=hour, renewed_before=moment)
    assert kept.current() is kept.current()
    ending = InstanceCredentials(client, NODE_ROLE, INSTANCE, live_for=hour, renewed_before=hour + moment)
    assert ending.current()["AccessKeyId"] != ending.current()["AccessKeyId"]


def test_credentials_that_are_forgotten_are_replaced(client: Client) -> None:
    make_roles(client)
    credentials = InstanceCredentials(client, NODE_ROLE, INSTANCE)
    before = credentials.current()["AccessKeyId"]
    credentials.forget()
    assert credentials.current()["AccessKeyId"] != before


def test_a_role_that_does_not_trust_ec2_is_not_given(client: Client) -> None:
    make_roles(client)
    iam = client("iam")
    iam.create_instance_profile(InstanceProfileName="wrong")
    iam.add_role_to_instance_profile(InstanceProfileName="wrong", RoleName=SERVICE_ROLE)
    refused = InstanceCredentials(client, "wrong", INSTANCE)
    with pytest.raises(RoleRefused, match=r"trust policy does not name ec2\.amazonaws\.com"):
        refused.current()
    service = MetadataService(refused, {})
    try:
        told = json.loads(_with_token(service, f"{ROLE_PATH}{SERVICE_ROLE}")[1])
    finally:
        service.close()
    assert told["Code"] == "AssumeRoleUnauthorizedAccess"


def test_while_nobody_knows_the_role_clients_are_asked_to_come_again(client: Client) -> None:
    service = MetadataService(InstanceCredentials(client, "no-such-profile", INSTANCE), {})
    try:
        assert _with_token(service, ROLE_PATH)[0] == 503
    finally:
        service.close()
