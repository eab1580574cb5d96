"""Each consumer to copy, at work on a queue and a table of its own: see .ci/consumers, which starts this.

All get the same messages, which the local stack has released, and the same accidents. In the end what their warehouses
were handed, what is remembered and what is dead is compared with the table of cases, whole.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import boto3

QUITTANCE, LOGS, ENDPOINT = os.environ["QUITTANCE"], pathlib.Path(os.environ["LOGS"]), os.environ["AWS_ENDPOINT_URL"]
WAREHOUSE = pathlib.Path(__file__).parent / "consumers-warehouse"
COMMANDS = {
    "typescript": ["node", f"{os.environ['TYPESCRIPT']}/dist/consumer.js"],
    "python": [f"{os.environ['PYTHON']}/bin/python", "consumers/python/consumer.py"],
    "php": ["php", "consumers/php/consumer.php"],
}
LIMIT_SECONDS = 60
# A message comes again before the lease of a dead process has ended, so that it has to be refused.
VISIBILITY_SECONDS, LEASE_SECONDS, RECEIVES = 1, 3, 8
# Of the long poll's 20 seconds: whoever ends within these has not waited for its end.
ENDING_SECONDS = 8
# All that a consumer may do.
GRANTS = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "dynamodb:PutItem"]

# Worldline's events say nothing of a mode: the key does. So the samples are payments of production here.
KEYS = {
    "QUITTANCE_WORLDLINE_KEYS": json.dumps({"demo-key": {"secret": "demo-secret", "mode": "production"}}),
    "QUITTANCE_SYSTEMPAY_KEYS": json.dumps(
        {"12345678": {"test": {"form": "demoformkey0000", "rest_password": "testpassword_demo"}}}),
}
# What the queue is told of late, when it has happened to the end.
LATE = {"late": ["worldline/41-captured", "worldline/42-chargeback"]}
ORDERS = {
    "repeated": ["worldline/01-single-card-captured"],
    "refused": ["worldline/32-captured", "worldline/33-refund-requested", "worldline/34-refund-partial"],
    "unseen": ["worldline/30-captured", "worldline/31-refund-full"],
    "leased": ["worldline/02-voucher-only-captured"],
    "hanging": ["worldline/03-authorised", "worldline/04-then-captured"],
    "dead before": ["worldline/35-captured"],
    "dead after": ["worldline/09-captured"],
    "ending": ["worldline/13-paid-on-second-attempt"],
    "test": ["systempay/01-single-card-captured"],
}
# An order of which there is a notice too, as it was before its release.
NOTICED = "repeated"
# What happens to an order, and what the warehouse is handed of its release and of its reversal.
CASES = {
    "repeated": ("its message comes again and again", ["ship"]),
    "refused": ("refused at first; a part is given back", ["ship"], ["take_back"]),
    "late": ("charged back before the message is written", [], ["take_back"]),
    "unseen": ("its reversal comes first", [], ["take_back"]),
    "test": ("a test payment", []),
    "noticed": ("a notice that comes after its release", []),
    "leased": ("somebody else's lease runs", ["ship"]),
    "hanging": ("the warehouse hangs at first", ["ship"]),
    "dead before": ("killed between claim and hand-over", ["ship"]),
    "dead after": ("killed between hand-over and settling", ["ship", "ship"]),
    "ending": ("SIGTERM during the hand-over", ["ship"]),
}
# What each item of a table has.
COMMON = {"pk", "state", "type", "source", "subject"}
REVERSAL = "quittance.order.reversal_requested"
sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")


def check(what, condition, detail=""):
    if not condition:
        raise AssertionError(f"{what}: {detail}")


def until(what, condition):
    """Looks until it is so, and returns what was seen."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not (seen := condition()):
        check(what, time.monotonic() < deadline, f"not within {LIMIT_SECONDS} s")
        time.sleep(0.05)
    return seen


def fifo(name, **attributes):
    return sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true", **attributes})["QueueUrl"]


def take(url):
    """Receives and deletes one message."""
    for message in sqs.receive_message(QueueUrl=url, AttributeNames=["All"]).get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return message


def send(orders, url):
    for sample in (sample for samples in orders.values() for sample in samples):
        subprocess.run([QUITTANCE, "send", sample, "--to", url], env={**os.environ, **KEYS}, check=True,
                       capture_output=True, timeout=LIMIT_SECONDS)


@contextmanager
def stack(endpoint, queue):
    """The local stack, which releases to a queue. What it is told stays on the disk."""
    environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL_SQS": endpoint, "QUITTANCE_QUEUE_URL": queue}
    del environment["AWS_ENDPOINT_URL"]
    command = [QUITTANCE, "--no-play", "--port", "0", "--data", LOGS / "data"]
    with open(LOGS / "stack", "a") as log:
        process = subprocess.Popen(command, env=environment, text=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=log)
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(LIMIT_SECONDS)


def released():
    """What the local stack releases: of each order its messages, each with its group."""
    # Nobody answers here, so that all messages of an order are written when it has come to its end.
    with stack("http://127.0.0.1:9", "http://127.0.0.1:9/none.fifo") as url:
        send(LATE, url)
    queue, wanted, found = fifo("released"), sum(len(CASES[case][1:]) for case in LATE | ORDERS), {}
    with stack(ENDPOINT, queue) as url:
        send(ORDERS, url)
        urllib.request.urlopen(urllib.request.Request(f"{url}/local/reconcile", method="POST"), timeout=LIMIT_SECONDS)
        while sum(map(len, found.values())) < wanted:
            message = until(f"{wanted} messages, and not {list(found)} alone", lambda: take(queue))
            body, group = message["Body"], message["Attributes"]["MessageGroupId"]
            told = {"body": body, "group": group, **json.loads(body)}
            found.setdefault(told["subject"], []).append(told)
    orders = {case: found.pop(reference(samples[0])) for case, samples in (LATE | ORDERS).items()}
    check("nothing else is released", not found, found.keys())
    orders["noticed"] = [notice(orders[NOTICED][0])]
    check("the late release", orders["late"][0]["data"]["state"] == "charged_back", orders["late"][0])
    for case, (_, *handed) in CASES.items():
        check(f"messages of {case}", len(orders[case]) == len(handed), orders[case])
        check(f"the mode of {case}", all((m["data"]["mode"] == "test") == (case == "test") for m in orders[case]))
    return orders


def reference(sample):
    return json.loads(pathlib.Path(f"events/{sample}.expected.json").read_text())["order"]["path"].split("/")[-1]


def notice(release):
    """The notice that an order is held, which comes after a quarter of an hour."""
    told = json.loads(release["body"])
    told |= {"id": "0123456789abcdef" * 2, "type": "quittance.order.held", "data": {**told["data"], "fulfilment": None}}
    return {"body": json.dumps(told), "group": f"notice/{release['group']}", **told}


def nonsense(orders):
    """What nobody can act on: it belongs into the dead-letter queue."""
    told, reversal = (json.loads(message["body"]) for message in orders["refused"])
    bodies = [{**told, "type": "quittance.order.praised"}, {**reversal, "type": "quittance.order.praised"},
              {**told, "id": "0" * 32}, {**told, "type": "quittance.order.stranded", "id": ""}, {**reversal, "id": "0" * 32}, {**told, "subject": "ANOTHER"},
              {**told, "data": {**told["data"], "state": "praised"}}, {**told, "data": None}]
    return [*map(json.dumps, bodies), "Jeanne Dupont, 1 rue de la Paix"]


class Consumer:
    """A consumer with its warehouse, its queues and its table."""

    def __init__(self, name, credentials):
        self.name, self.credentials, self.process = name, credentials, None
        self.room = LOGS / f"consumer-{name}"
        (self.room / "plans").mkdir(parents=True)
        self.dead = fifo(f"{name}-dlq")
        arn = sqs.get_queue_attributes(QueueUrl=self.dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.queue = fifo(name, VisibilityTimeout=str(VISIBILITY_SECONDS), RedrivePolicy=json.dumps(
            {"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES}))
        dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST",
                              KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                              AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])

    def start(self, written_in=None):
        environment = {**os.environ, **self.credentials, "AWS_DEFAULT_REGION": "", "ROOM": str(self.room),
                       "QUITTANCE_QUEUE_URL": self.queue, "QUITTANCE_TABLE": self.name,
                       "QUITTANCE_LEASE_SECONDS": str(LEASE_SECONDS), "QUITTANCE_WAREHOUSE": str(WAREHOUSE)}
        with open(self.room / "log", "a") as log:
            self.process = subprocess.Popen(COMMANDS[written_in or self.name], env=environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        (self.room / "pid").write_text(str(self.process.pid))

    def ended(self):
        status = self.process.wait(LIMIT_SECONDS)
        self.process = None
        return status

    def put(self, *messages):
        """Each under a deduplication id of its own, as after five minutes."""
        for message in messages:
            sqs.send_message(QueueUrl=self.queue, MessageBody=message["body"], MessageGroupId=message["group"],
                             MessageDeduplicationId=str(uuid.uuid4()))

    def plan(self, message, what):
        (self.room / "plans" / message["id"]).write_text(what)

    def handed(self):
        """What the warehouse has taken: the time, and the task."""
        file = self.room / "ledger"
        lines = [line.split(" ", 1) for line in file.read_text().splitlines()] if file.exists() else []
        return [(float(at), json.loads(task)) for at, task in lines]

    def times(self, message):
        return [at for at, task in self.handed() if task["id"] == message["id"]]

    def remembered(self, message):
        key = {"pk": {"S": message["id"]}}
        item = dynamodb.get_item(TableName=self.name, Key=key, ConsistentRead=True).get("Item", {})
        return {name: next(iter(value.values())) for name, value in item.items()}

    def waits_for_nothing(self):
        """Until the queue is empty: everything was acted on, or is dead."""
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

        def is_empty():
            check("the consumer is at work", self.process is None or self.process.poll() is None)
            found = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=counts)["Attributes"]
            return not any(map(int, found.values()))

        # A message that is received between the two counts is in neither; the next look finds it in flight.
        until("the queue is emptied", lambda: is_empty() and is_empty())

    def is_killed_with(self, message, plan):
        """The hand-over of this message kills the consumer; the next one has to wait for the lease."""
        self.plan(message, plan)
        self.put(message)
        check(plan, self.ended() == -signal.SIGKILL)
        claim = self.remembered(message)
        check(f"{plan}: the state", claim.get("state") == "claimed", claim)
        check(f"{plan}: the claim", set(claim) == {*COMMON, "claimed_by", "lease_ends"}, claim)
        before = len(self.times(message))
        check(f"{plan}: taken", before == ("after" in plan), before)
        self.start()
        self.waits_for_nothing()
        check(f"{plan}: the lease", self.times(message)[-1] > int(claim["lease_ends"]), claim)

    def ends_when_asked(self):
        self.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        check("the status of an end", self.ended() == 0)
        check("an end while waiting", time.monotonic() - began < ENDING_SECONDS)

    def live_through(self, orders, successor):
        (repeated,), (leased,), (hanging,) = orders["repeated"], orders["leased"], orders["hanging"]
        lease_ends = int(time.time()) + LEASE_SECONDS + 1
        somebody = {"pk": {"S": leased["id"]}, "state": {"S": "claimed"}, "type": {"S": leased["type"]},
                    "source": {"S": leased["source"]}, "subject": {"S": leased["subject"]},
                    "claimed_by": {"S": "somebody"}, "lease_ends": {"N": str(lease_ends)}}
        dynamodb.put_item(TableName=self.name, Item=somebody)
        self.plan(orders["refused"][0], "refuses")
        self.plan(hanging, "hangs")
        self.start()
        for number, body in enumerate(nonsense(orders)):
            self.put({"body": body, "group": f"nonsense-{number}"})
        self.put(repeated, leased, *orders["refused"], *orders["late"], orders["unseen"][1], *orders["test"],
                 *orders["noticed"], hanging)
        self.put(repeated)
        self.waits_for_nothing()
        check("somebody else's lease", self.times(leased)[0] > lease_ends)
        check("a reversal waits for its release", self.times(orders["refused"][0]) < self.times(orders["refused"][1]))

        self.put(orders["unseen"][0], repeated, *orders["refused"])
        self.waits_for_nothing()
        self.is_killed_with(*orders["dead before"], "dies-before-taking")
        self.is_killed_with(*orders["dead after"], "dies-after-taking")

        self.plan(*orders["ending"], "is-asked-to-end")
        self.put(*orders["ending"])
        check("an end at work", self.ended() == 0)
        self.waits_for_nothing()
        self.start()
        self.put(repeated)
        self.waits_for_nothing()
        self.ends_when_asked()

        # Another language finds what this one remembers.
        self.start(successor)
        self.put(*(message for messages in orders.values() for message in messages))
        self.waits_for_nothing()
        self.ends_when_asked()
        return self.came_to(orders)

    def came_to(self, orders):
        """Of each case what is wrong, or nothing."""
        handed = [task for _, task in self.handed()]
        wrong = {}
        for case, (_, *expected) in CASES.items():
            for message, wanted in zip(orders[case], expected):
                took = [task for task in handed if task["id"] == message["id"]]
                whole = {"id": message["id"], "order": message["data"]}
                if message["type"] == REVERSAL:
                    whole["reversal"] = next(r for r in message["data"]["reversals"] if r["id"] == message["id"])
                if took != [{"do": do, **whole} for do in wanted]:
                    wrong[case] = f"handed over: {took}"
                item = self.remembered(message)
                said_by = orders[case][-1] if case == "unseen" else message
                shown = {name: said_by[name] for name in ("type", "source", "subject")}
                if item != {"pk": message["id"], "state": "done", **shown, "done_at": item.get("done_at")}:
                    wrong[case] = f"remembered: {item}"
        known = {message["id"] for messages in orders.values() for message in messages}
        items = {item["pk"]["S"] for item in dynamodb.scan(TableName=self.name)["Items"]}
        dead = Counter(message["Body"] for message in iter(lambda: take(self.dead), None))
        check("nothing else is handed over", {task["id"] for task in handed} <= known)
        check("nothing else is remembered", items == known, items ^ known)
        check("what nobody can act on is dead", dead == Counter(nonsense(orders)), dead)
        log = (self.room / "log").read_text()
        check("the log quotes nothing", "Jeanne" not in log and "praised" not in log, log)
        return wrong


def credentials():
    """The keys of two roles, ours and a consumer's. From now on moto looks at grants and signatures."""
    iam, sts = boto3.client("iam"), boto3.client("sts")
    found = []
    for name, actions in (("check", ["*"]), ("consumer", GRANTS)):
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]
        iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
        keys = sts.assume_role(RoleArn=role["Arn"], RoleSessionName=name)["Credentials"]
        found.append({"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
                      "AWS_SESSION_TOKEN": keys["SessionToken"]})
    guard = urllib.request.Request(f"{ENDPOINT}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"})
    urllib.request.urlopen(guard, timeout=LIMIT_SECONDS)
    return found


def main(names):
    global sqs, dynamodb
    began = time.monotonic()
    ours, theirs = credentials()
    os.environ.update(ours)
    boto3.setup_default_session()
    sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")
    orders = released()
    consumers = [Consumer(name, theirs) for name in names]
    successors = names[1:] + names[:1]
    results, failed = {}, False
    try:
        with ThreadPoolExecutor() as threads:
            lives = [threads.submit(each.live_through, orders, next_) for each, next_ in zip(consumers, successors)]
        for consumer, life in zip(consumers, lives):
            wrong = life.exception() or life.result()
            results[consumer.name] = wrong if isinstance(wrong, dict) else {}
            if wrong:
                failed = True
                log = (consumer.room / "log").read_text()
                print(f"FAILED {consumer.name}: {wrong}", log, sep="\n", file=sys.stderr)
    finally:
        for consumer in consumers:
            if consumer.process:
                consumer.process.kill()
                consumer.process.wait()
    print(f"{'':44}", *(f"{name:12}" for name in names))
    for case, (what, *_) in CASES.items():
        print(f"{what:44}", *(f"{'FAILED' if case in results[name] else 'as said':12}" for name in names))
    print(f"{len(CASES)} cases, {len(names)} consumers, {time.monotonic() - began:.0f} s")
    sys.exit(failed)


main(sys.argv[1:])
