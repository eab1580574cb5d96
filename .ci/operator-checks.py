"""Each operator's command against a stack called `ops`: see .ci/operator, which starts this."""

import json
import os
import pathlib
import random
import subprocess
import sys
import time

import boto3

QUITTANCE, LOGS = os.environ["QUITTANCE"], pathlib.Path(os.environ["LOGS"])
LIMIT_SECONDS = 120
STACK = "ops"
KEYS = {
    "worldline": {"demo-key": "demo-secret"},
    "systempay": {"12345678": {"test": {"form": "demoformkey0000", "rest_password": "testpassword_demo"}}},
}
POLICY = {"QUITTANCE_RELEASE_ON": "captured", "QUITTANCE_INSTALMENTS": "first"}

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


def drain(url, visibility):
    """Receives until nothing is left, and returns the events."""
    found, empty = {}, 0
    while empty < 2:
        reply = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=visibility)
        messages = reply.get("Messages", [])
        empty = 0 if messages else empty + 1
        found.update({json.loads(m["Body"])["id"]: m for m in messages})
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


def archive(key):
    replayed = run("replay", key, "--json")
    check("replay", replayed["stored"] == replayed["not_taken"] == 0, replayed)
    run("replay", "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z", status=1)
    for missing in POLICY:
        run("replay", key, status=2, environment={missing: ""})
    verified = run("rebuild", "--verify", "--json")
    check("rebuild --verify", verified["identical"] > 200 and not verified["different"], verified)

    item = {"pk": {"S": key}}
    order = dynamodb.get_item(TableName=f"{STACK}-orders", Key=item)["Item"]
    dynamodb.delete_item(TableName=f"{STACK}-orders", Key=item)
    verified = run("rebuild", "--verify", "--json", status=1)
    check("a lost order is found", [d["key"] for d in verified["different"]] == [key], verified)
    restored = run("rebuild", key, "--sent-before", "2999-01-01T00:00:00Z", "--json")
    check("rebuild", restored["stored"] == [key] and restored["messages_to_send"] == 0, restored)
    again = dynamodb.get_item(TableName=f"{STACK}-orders", Key=item)["Item"]
    without_times = lambda text: {**json.loads(text), "fulfilment": None}
    check("rebuild", without_times(order["order"]["S"]) == without_times(again["order"]["S"]), again)

    erased = run("orders", "erase", key, "--yes", "--json")
    check("orders erase", erased["deleted"] > 0, erased)
    run("rebuild", "--verify", key)
    run("replay", key, status=1)


def quarantine():
    entries = run("quarantine", "list", "--json")
    check("quarantine list", len(entries) == 8, entries)
    digest = entries[0]["sha256"]
    check("quarantine show", "reason" in run("quarantine", "show", digest, "--json"))
    run("quarantine", "release", digest, status=1)
    run("quarantine", "discard", digest, status=2)
    run("quarantine", "discard", digest, "--yes")
    check("quarantine discard", len(run("quarantine", "list", "--json")) == 7)


def unsent(key):
    check("unsent list", run("unsent", "list", "--json") == [])
    sent = run("unsent", "resend", "--json")
    check("unsent resend", sent == {"sent": 0, "failed": []}, sent)


def dead_letters(live, dead):
    released = set(drain(live, 0)) | set(drain(dead, 0))
    drain(live, 0)
    check("maxReceiveCount", not drain(live, 0), "messages still alive")
    listed = run("dlq", "list", "--json")
    check("dlq list", {m["id"] for m in listed["messages"]} == released, f"{len(released)}: {listed}")
    check("dlq redrive --dry-run", len(run("dlq", "redrive", "--dry-run", "--json")["messages"]) == len(released))
    run("dlq", "redrive", status=2)

    # Killed wherever it is, it loses nothing: what it had hidden comes back when its time is over.
    kills = 0
    for _ in range(5):
        child = subprocess.Popen([QUITTANCE, "dlq", "redrive", "--yes", "--stack", STACK],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(random.uniform(0.05, 0.6))
        kills += child.poll() is None
        child.kill()
        child.wait()
    check("dlq redrive is killed", kills > 0, "it was always faster")
    deadline = time.monotonic() + LIMIT_SECONDS
    while run_quietly("dlq", "redrive", "--yes") != 0 and time.monotonic() < deadline:
        time.sleep(1)
    check("dlq redrive", not drain(dead, 0), "dead letters are left")
    alive = drain(live, 60)
    check("dlq redrive", set(alive) == released, f"{len(alive)} of {len(released)} are back")
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
archive(key)
quarantine()
unsent(key)
dead_letters(live, dead)
keys()
print("operator: " + (f"{failed} checks failed" if failed else "every command does what it says"))
sys.exit(failed > 0)
