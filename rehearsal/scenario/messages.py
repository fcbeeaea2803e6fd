"""A listener at the topic of a deployment: receives what its people are told, in a queue of its own."""

import json
import time
from typing import Any, Final

from ops.aws.account import Client

_NAME: Final = "rehearsal-listener"


class Listener:
    """A subscriber of a topic.

    Parameters
    ----------
    client
        Of the account.
    topic_arn
        Of the topic.
    """

    def __init__(self, client: Client, topic_arn: str) -> None:
        self._sqs, self._sns, self._topic = client("sqs"), client("sns"), topic_arn
        self._queue = self._sqs.create_queue(QueueName=_NAME)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        self._subscription: Any = self._sns.subscribe(
            TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True
        )["SubscriptionArn"]

    def check_notified(self, cluster_id: str, *, within_seconds: float = 30.0) -> list[str]:
        """Find out whether nobody is told of a cluster that has done something worth telling, and listen no longer."""
        deadline = time.monotonic() + within_seconds
        try:
            while not any(cluster_id in body for body in self._bodies()):
                if time.monotonic() > deadline:
                    return self._not_notified(cluster_id)
        finally:
            self._sns.unsubscribe(SubscriptionArn=self._subscription)
            self._sqs.delete_queue(QueueUrl=self._queue)
        return []

    def _not_notified(self, cluster_id: str) -> list[str]:
        where = "see whether the rules of FruitsGuard are for its name, and the topic's policy for events.amazonaws.com"
        return [f"nobody was told of cluster {cluster_id}: no event of it came to {self._topic}; {where}"]

    def _bodies(self) -> list[str]:
        found = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        return [message["Body"] for message in found.get("Messages", ())]
