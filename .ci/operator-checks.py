"""Each operator's command against a stack called `shop`: see .ci/operator, which starts this."""

import contextlib
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import time

import boto3

QUITTANCE, LOGS = os.environ["QUITTANCE"], pathlib.Path(os.environ["LOGS"])
LIMIT_SECONDS = 120
STACK = "shop"
KEYS = {
    "worldline": {"demo-key": "demo-secret"},
    "systempay": {"12345678": {"test": {"form": "demoformkey0000", "rest_password": "testpassword_demo"}}},
}
POLICY = {
    "QUITTANCE_RELEASE_ON": "captured",
    "QUITTANCE_INSTALMENTS": "first",
    "QUITTANCE_RAW_RETENTION_DAYS": "400",
    "QUITTANCE_SHOP_QUEUE_URL": "",
    "QUITTANCE_EVENT_BUS": "",
}

sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")
failed = 0


def check(what, condition, detail=""):
    global failed
    if not condition:
        failed += 1
        print(f"FAILED {what}: {detail}", flush=True)


def run(*arguments, status=0, environment=None, stack=STACK):
    """The command's JSON (or text), after a look at its status."""
    command = [QUITTANCE, *arguments, *(["--stack", stack] if stack else [])]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=LIMIT_SECONDS, env={**os.environ, **POLICY, **(environment or {})})
    shown = " ".join(arguments)
    check(shown, done.returncode == status, f"status {done.returncode}: {done.stdout}{done.stderr}")
    for secret in ("demo-secret", "demoformkey0000", "testpassword_demo"):
        check(shown, secret not in done.stdout + done.stderr, "prints a secret")
    return json.loads(done.stdout) if "--json" in arguments and done.stdout else done.stdout


def deploy():
    """What the template would have made, and every sample played into it by the local stack."""
    fifo = {"FifoQueue": "true"}
    dead = sqs.create_queue(QueueName=f"{STACK}-fulfilment-dlq.fifo", Attributes=fifo)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    live = sqs.create_queue(QueueName=f"{STACK}-fulfilment.fifo",
                            Attributes={**fifo, "RedrivePolicy": policy})["QueueUrl"]
    boto3.client("secretsmanager").create_secret(Name=f"{STACK}/keys", SecretString=json.dumps(KEYS))
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    environment = {
        "QUITTANCE_TABLE": f"{STACK}-orders", "QUITTANCE_ARCHIVE_TABLE": f"{STACK}-archive",
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint, "AWS_ENDPOINT_URL_SQS": endpoint,
        "QUITTANCE_QUEUE_URL": live, "QUITTANCE_KEYS_SECRET": f"{STACK}/keys",
    }
    print(run("--exit", "--quiet", "--port", "0", environment=environment, stack=None), end="")
    return live, dead


def take(url):
    """Receives everything, hides it while there is more, and gives it back: one failed attempt each."""
    found, handles = {}, []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                          AttributeNames=["All"], VisibilityTimeout=LIMIT_SECONDS).get("Messages"):
        for message in messages:
            found[json.loads(message["Body"])["id"]] = message
            handles.append(message["ReceiptHandle"])
    for handle in handles:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    return found


def consume(url):
    """Receives and deletes everything."""
    found = set()
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.add(json.loads(message["Body"])["id"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def orders():
    listed = run("orders", "list", "--limit", "1000", "--json")["orders"]
    check("orders list", len(listed) > 100, f"{len(listed)} orders")
    some = next(order for order in listed if order["fulfilment"])
    key = "/".join(some[part] for part in ("psp", "merchant", "mode", "order"))
    shown = run("orders", "show", key, "--json")
    check("orders show", shown["fulfilment"] == some["fulfilment"], shown)
    run("orders", "show", "worldline/nobody/test/NONE", status=1)
    return key


def expected():
    """An order that nothing has paid, so that nothing is released."""
    key = "systempay/12345678/test/CMD-9002"
    would = run("orders", "expect", key, "12000", "--dry-run", "--json")
    check("orders expect --dry-run", would["done"] == "would_be_registered", would)
    run("orders", "show", key, status=1)
    for done in ("registered", "already_registered"):
        found = run("orders", "expect", key, "12000", "--json")
        check("orders expect", (found["done"], found["order"]["expected"]) == (done, 12000), found)
    run("orders", "expect", key, "120.00", status=2)
    run("orders", "expect", key, "12000", status=2, environment={"QUITTANCE_INSTALMENTS": ""})
    listed = run("orders", "list", "--limit", "1000", "--json")["orders"]
    check("a registered order is listed", "CMD-9002" in [order["order"] for order in listed])

    key = "systempay/12345678/test/CMD-2054"
    found = run("orders", "forget-doubts", key, "--dry-run", "--json")
    check("orders forget-doubts --dry-run", found["facts"] > 0, found)
    run("orders", "forget-doubts", key, status=2)
    run("orders", "forget-doubts", key, "--yes")


def archive(key):
    replayed = run("replay", key, "--json")
    check("replay", replayed["stored"] == replayed["not_taken"] == 0, replayed)
    run("replay", "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z", status=1)
    for missing in ("QUITTANCE_RELEASE_ON", "QUITTANCE_INSTALMENTS"):
        run("replay", key, status=2, environment={missing: ""})
    verified = run("rebuild", "--verify", "--json")
    check("rebuild --verify", verified["identical"] > 200 and not verified["different"], verified)

    item = {"pk": {"S": key}}
    order = run("orders", "show", key, "--raw", "--json")
    dynamodb.delete_item(TableName=f"{STACK}-orders", Key=item)
    verified = run("rebuild", "--verify", "--json", status=1)
    check("a lost order is found", [d["key"] for d in verified["different"]] == [key], verified)
    run("rebuild", key, status=2)
    replayed = run("replay", key, "--json")
    check("replay", replayed["stored"] > 0 and replayed["not_taken"] == 0, replayed)
    again = run("orders", "show", key, "--raw", "--json")
    without_times = lambda item: {**item["order"], "fulfilment": None}
    check("replay", without_times(order) == without_times(again), again)

    erased = run("orders", "erase", key, "--yes", "--json")
    check("orders erase", erased["deleted"] > 0, erased)
    run("rebuild", "--verify", key)
    run("replay", key, status=1)


def described(erased):
    """Of a stack that CloudFormation knows, nothing has to be said: neither the policy nor where it is."""
    nothing = dict.fromkeys(POLICY, "")
    without = {name: value for name, value in {**os.environ, **POLICY}.items() if name != "QUITTANCE_EVENT_BUS"}
    done = subprocess.run([QUITTANCE, "unsent", "resend", "--stack", STACK], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=LIMIT_SECONDS, env=without)
    check("unsent resend, to one of several", done.returncode == 2 and "QUITTANCE_EVENT_BUS" in done.stderr, done.stderr)
    listed = run("orders", "list", "--state", "captured", "--json")["orders"]
    keys = ["/".join(order[part] for part in ("psp", "merchant", "mode", "order")) for order in listed]
    key = next(key for key in keys if key != erased)
    run("replay", key, status=2, environment=nothing)
    parameters = {"ReleaseOn": "captured", "Instalments": "first", "Confirm": "off", "RawRetentionDays": "400",
                  "SystempayFields": "", "ShopUrl": "https://shop.example/quittance", "EventBus": ""}
    with closed_port() as nobody:
        template = {
            "Parameters": {name: {"Type": "String", "Default": value} for name, value in parameters.items()},
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {
                "QueueName": f"{STACK}-post.fifo", "FifoQueue": True}}},
            "Outputs": {"BaseUrl": {"Value": nobody}, "PostQueueUrl": {"Value": {"Ref": "Queue"}}},
        }
        boto3.client("cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(template))
        run("replay", key, status=2, environment={"QUITTANCE_RELEASE_ON": "secured"})
        run("unsent", "resend", status=2, environment={"QUITTANCE_EVENT_BUS": "another"})
        replayed = run("replay", key, "--json", environment=nothing)
        check("the policy of the stack", replayed["not_taken"] == 0, replayed)
        # It signs with the stack's keys, so it goes to the stack or nowhere.
        for command in ("send", "trigger"):
            about = "systempay/01-single-card-captured" if command == "send" else "cascade-complete"
            done = subprocess.run([QUITTANCE, command, about, "--stack", STACK], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=LIMIT_SECONDS)
            check(f"{command} goes to the stack", done.returncode == 2 and nobody.split("/")[2] in done.stderr, done.stderr)

    # What is wrong is said, and not what failed for it.
    for environment, words in (
        ({}, "no stack shopp in eu-west-3"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "nope"}, "no AWS credentials"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "is AWS_REGION right"),
    ):
        done = subprocess.run([QUITTANCE, "orders", "list", "--stack", "shopp"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT_SECONDS,
                              env={**os.environ, "AWS_EC2_METADATA_DISABLED": "true", **environment})
        check(words, done.returncode == 2 and words in done.stderr, done.stderr)


@contextlib.contextmanager
def closed_port():
    """An address where nobody listens, while it lasts."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{one.getsockname()[1]}"


def quarantine():
    entries = run("quarantine", "list", "--json")
    check("quarantine list", len(entries) == 8, entries)
    digest = entries[0]["sha256"]
    check("quarantine show", "reason" in run("quarantine", "show", digest, "--json"))
    run("quarantine", "release", digest, status=1)
    # Only this command archives, so only this one insists on the retention.
    run("quarantine", "release", digest, status=2, environment={"QUITTANCE_RAW_RETENTION_DAYS": ""})
    run("quarantine", "discard", digest, status=2)
    run("quarantine", "discard", digest, "--yes")
    check("quarantine discard", len(run("quarantine", "list", "--json")) == 7)


def unsent(key):
    # What was replayed after the loss; nobody follows the table's stream here.
    waiting = run("unsent", "list", "--json")
    check("unsent list", {message["order"] for message in waiting} == {key}, waiting)
    sent = run("unsent", "resend", "--json")
    check("unsent resend", sent == {"sent": len(waiting), "failed": []}, sent)
    check("unsent list", run("unsent", "list", "--json") == [])


def dead_letters(live, dead):
    # maxReceiveCount is 1: of one order a message only comes to light when those before it are dead.
    released, rounds = set(), 0
    while (alive := take(live)) or rounds == 0:
        released |= set(alive)
        rounds += 1
    # Of one order only the first message can be seen while it is looked at.
    visible = {message["Attributes"]["MessageGroupId"] for message in take(dead).values()}
    for command in (("list",), ("redrive", "--dry-run")):
        listed = run("dlq", *command, "--json")
        ids = {message["id"] for message in listed["messages"]}
        check("dlq list", ids <= released and listed["about"] == len(released), listed)
        check("dlq list", {message["group"] for message in listed["messages"]} == visible, listed)

    # Killed wherever it is, it loses nothing: what it had hidden comes back when its time is over.
    kills = 0
    for _ in range(5):
        child = subprocess.Popen([QUITTANCE, "dlq", "redrive", "--stack", STACK],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(random.uniform(0.05, 0.6))
        kills += child.poll() is None
        child.kill()
        child.wait()
    check("dlq redrive is killed", kills > 0, "it was always faster")
    deadline = time.monotonic() + LIMIT_SECONDS
    while run_quietly("dlq", "redrive") != 0 and time.monotonic() < deadline:
        time.sleep(1)
    check("dlq redrive", not take(dead), "dead letters are left")
    alive = consume(live)
    check("dlq redrive", alive == released, f"{len(alive)} of {len(released)} are back")
    print(f"{len(released)} dead letters redriven, {kills} times killed", flush=True)


def run_quietly(*arguments):
    return subprocess.run([QUITTANCE, *arguments, "--stack", STACK], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, timeout=LIMIT_SECONDS).returncode


def keys():
    found = run("keys", "check", "--json")
    check("keys check", {f["psp"] for f in found["found"]} == {"worldline", "systempay"}, found)
    check("keys check", all("current version" in f["from"] for f in found["found"]), found)
    newer = {**KEYS, "worldline": {"new-key": "new-secret-of-demo-secret"}}
    boto3.client("secretsmanager").put_secret_value(SecretId=f"{STACK}/keys", SecretString=json.dumps(newer))
    found = run("keys", "check", "--json")["found"]
    ids = {(f["from"].split(", ")[1], k["id"]) for f in found if f["psp"] == "worldline" for k in f["keys"]}
    check("keys check", ids == {("current version", "new-key"), ("previous version", "demo-key")}, ids)
    run("keys", "check", status=1, stack="nothing")


live, dead = deploy()
key = orders()
expected()
archive(key)
quarantine()
unsent(key)
dead_letters(live, dead)
described(key)
keys()
print("operator: " + (f"{failed} checks failed" if failed else "every command does what it says"))
sys.exit(failed > 0)
