"""Queues that take what a test wants to know."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ops.aws.account import Client

Messages = Callable[[], list[str]]
"""Reads all messages that have come so far, the oldest first."""


def queue_of_rule(client: Client, pattern: Mapping[str, Any], *, name: str = "events") -> Messages:
    """Make a rule for events, and return what reads all those that it has matched so far."""
    arn, read = _queue(client, name)
    client("events").put_rule(Name=name, EventPattern=json.dumps(pattern))
    client("events").put_targets(Rule=name, Targets=[{"Id": "Queue", "Arn": arn}])
    return read


def queue_of_topic(client: Client, topic_arn: str, *, name: str = "told") -> Messages:
    """Subscribe a queue to a topic, and return what reads all its messages so far."""
    arn, read = _queue(client, name)
    raw = {"RawMessageDelivery": "true"}
    client("sns").subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes=raw)
    return read


def _queue(client: Client, name: str) -> tuple[str, Messages]:
    """Make a queue that topics may write to; return its ARN, and what reads it."""
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    read: list[str] = []

    def read_all() -> list[str]:
        while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                read.append(message["Body"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return read

    return arn, read_all
