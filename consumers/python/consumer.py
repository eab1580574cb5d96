"""Ships each order of Quittance's fulfilment queue once, although messages come more than once.

Copy it, and put your own code where `Program` is. The recipe in words: docs/consumer.md
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

RELEASE, REVERSAL = "quittance.order.fulfilment_requested", "quittance.order.reversal_requested"
# They come only where the stack is told to send them.
NOTICES = {"quittance.order.held", "quittance.order.stranded"}
SHIPS = {"pending", "authorised", "partially_captured", "captured", "partially_refunded"}
# The money went back, or was lost, before the message was written: nothing is shipped, and the reversals follow.
WITHDRAWN = {"refunded", "charged_back", "cancelled", "refused", "expired"}

# The hand-over and the three writes before it take less than the lease: nobody takes over from a process at work.
HAND_OVER_SECONDS = 5
REMEMBER = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 3})
# The longest that SQS waits for a message.
WAIT_SECONDS = 20
RECEIVE = Config(connect_timeout=2, read_timeout=WAIT_SECONDS + 10)


class Failed(Exception):
    """The message comes again, and ends in the dead-letter queue. Says why, and quotes nothing of it."""


class Warehouse(Protocol):
    """Where orders are shipped from: your own code.

    Each call may come twice under one id, when we died before we could remember the first. So the warehouse takes one
    id once: as the idempotency key of its API, or as a unique column. What it does not take raises `Failed`.
    """

    def ship(self, id: str, order: dict) -> None:
        """Ship this order. Returns once the warehouse has it for good."""

    def take_back(self, id: str, reversal: dict, order: dict) -> None:
        """Money of this order went back: stop the parcel, or expect it back. Perhaps it was never shipped."""


class Program:
    """Stands where your warehouse belongs: a program, started for each hand-over with a line of JSON on its standard
    input. It ends with 0 once it has the order for good."""

    def __init__(self, path: str) -> None:
        self.path = path

    def ship(self, id: str, order: dict) -> None:
        self.run({"do": "ship", "id": id, "order": order})

    def take_back(self, id: str, reversal: dict, order: dict) -> None:
        self.run({"do": "take_back", "id": id, "reversal": reversal, "order": order})

    def run(self, task: dict) -> None:
        try:
            subprocess.run([self.path], input=json.dumps(task) + "\n", text=True, timeout=HAND_OVER_SECONDS, check=True)
        except (OSError, subprocess.SubprocessError):
            raise Failed("the warehouse did not take it") from None


class Memory:
    """The ids that were acted on, for ever: a table with the hash key `pk`. PutItem is all that it needs."""

    def __init__(self, table: str, lease_seconds: int) -> None:
        self.dynamodb, self.table, self.lease_seconds = boto3.client("dynamodb", config=REMEMBER), table, lease_seconds

    def claim(self, id: str, message: dict, me: str) -> str | None:
        """Makes the id ours until the lease ends. If it was acted on before: the type of the message that did."""
        now = int(time.time())
        try:
            self.dynamodb.put_item(
                TableName=self.table,
                Item=item(id, message, "claimed")
                | {"claimed_by": {"S": me}, "lease_ends": {"N": str(now + self.lease_seconds)}},
                # Our own claim is found when a write is repeated whose answer was lost.
                ConditionExpression="attribute_not_exists(pk) OR "
                "(#state = :claimed AND (lease_ends < :now OR claimed_by = :me))",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={":claimed": {"S": "claimed"}, ":now": {"N": str(now)}, ":me": {"S": me}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
            return None
        except self.dynamodb.exceptions.ConditionalCheckFailedException as refused:
            there = refused.response.get("Item", {})
        if there.get("state") != {"S": "done"}:
            raise Failed("somebody else is at work on it")
        return there["type"]["S"]

    def settle(self, id: str, message: dict) -> None:
        """Remembers for ever that the id was acted on: true whoever says it, so there is no condition."""
        done_at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.dynamodb.put_item(TableName=self.table, Item=item(id, message, "done") | {"done_at": {"S": done_at}})


def item(id: str, message: dict, state: str) -> dict:
    shown = {"pk": id, "state": state} | {name: message[name] for name in ("type", "source", "subject")}
    return {name: {"S": value} for name, value in shown.items()}


def read(body: str) -> dict:
    """A message that is understood to the end. What is not ends in the dead-letter queue, where a person sees it."""
    try:
        message = json.loads(body)
        kind, order = message["type"], message["data"]
        if kind in NOTICES:
            names_itself = bool(message["id"])
        elif kind in (RELEASE, REVERSAL):
            about = [order["fulfilment"]] if kind == RELEASE else order["reversals"]
            names_itself = bool(order["fulfilment"]["id"]) and message["id"] in [each["id"] for each in about]
        else:
            raise Failed("unknown type of message")
        agrees = (
            message["specversion"] == "1.0"
            and message["source"] == f"/quittance/{order['psp']}/{order['merchant']}/{order['mode']}"
            and message["subject"] == order["order"]
            and names_itself
            and order["mode"] in ("test", "production")
            and order["state"] in SHIPS | WITHDRAWN
        )
    except (ValueError, LookupError, TypeError):
        raise Failed("not a message of the fulfilment queue") from None
    if not agrees:
        raise Failed("the message contradicts itself")
    return message


def act(message: dict, memory: Memory, warehouse: Warehouse) -> str:
    """Claims, hands over, settles. Says what it came to."""
    id, order, me = message["id"], message["data"], str(uuid.uuid4())
    if before := memory.claim(id, message, me):
        return "already handled" if before == message["type"] else "not shipped: its reversal came first"
    if order["mode"] == "test":
        done = "a test payment: nothing is shipped"
    elif message["type"] in NOTICES:
        # Write to whoever looks after orders, if you like. The order may have been released since.
        done = "a notice: nothing is shipped"
    elif message["type"] == REVERSAL:
        # A release that was never seen may wait in the dead-letter queue: it must not ship when it is brought back.
        release = order["fulfilment"]["id"]
        if not memory.claim(release, message, me):
            memory.settle(release, message)
        reversal = next(each for each in order["reversals"] if each["id"] == id)
        warehouse.take_back(id, reversal, order)
        done = "taken back"
    elif order["state"] in WITHDRAWN:
        done = "the money went back before shipping: nothing is shipped"
    else:
        warehouse.ship(id, order)
        done = "shipped"
    memory.settle(id, message)
    return done


class Ending:
    """SIGTERM and SIGINT: what is in hand is done to its end, and nobody waits for the next message."""

    def __init__(self) -> None:
        self.asked = self.waiting = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask)

    def ask(self, *_: object) -> None:
        self.asked = True
        if self.waiting:
            sys.exit()

    @contextmanager
    def ends_at_once(self):
        self.waiting = True
        if self.asked:
            sys.exit()
        yield
        self.waiting = False


def main() -> None:
    # As every AWS SDK; of itself boto3 reads AWS_DEFAULT_REGION alone.
    boto3.setup_default_session(region_name=os.environ.get("AWS_REGION"))
    queue = os.environ["QUITTANCE_QUEUE_URL"]
    lease_seconds = int(os.environ.get("QUITTANCE_LEASE_SECONDS") or 60)
    memory = Memory(os.environ["QUITTANCE_TABLE"], lease_seconds)
    warehouse, ending = Program(os.environ["QUITTANCE_WAREHOUSE"]), Ending()
    sqs = boto3.client("sqs", config=RECEIVE)
    while True:
        # One at a time is one of a group at a time. For more at once start more processes: the queue keeps the groups.
        with ending.ends_at_once():
            answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=1, WaitTimeSeconds=WAIT_SECONDS)
        for received in answer.get("Messages", []):
            name = received["MessageId"]
            try:
                message = read(received["Body"])
                name = message["id"]
                said = act(message, memory, warehouse)
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=received["ReceiptHandle"])
            except (Failed, BotoCoreError, ClientError) as why:
                said = f"not handled: {why}"
            except Exception as why:  # Its words may quote the buyer.
                said = f"not handled: {type(why).__name__}"
            print(name, said, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
