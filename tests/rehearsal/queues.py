"""Queues that hear what a test wants to know."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.clients import Client


def queue_of_rule(client: Client, pattern: Mapping[str, Any], *, name: str = "events") -> Callable[[], list[str]]:
    """Make a rule for events and give what reads all those that it has matched so far."""
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client("events").put_rule(Name=name, EventPattern=json.dumps(pattern))
    client("events").put_targets(Rule=name, Targets=[{"Id": "Queue", "Arn": arn}])
    heard: list[str] = []

    def read() -> list[str]:
        while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                heard.append(message["Body"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return heard

    return read
