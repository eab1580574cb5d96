"""Each operator's command against a stack called `shop`: see .ci/operator, which starts this."""

import contextlib
import http.server
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import boto3
from standardwebhooks import Webhook

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

# 24 bytes of a shop's own.
SHOP_SECRET = "whsec_YSBzaG9wJ3Mgb3duIDI0IGJ5dGVzLi4u"

sqs, dynamodb, logs = boto3.client("sqs"), boto3.client("dynamodb"), boto3.client("logs")
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
    run("orders", "forget-doubts", key, "--yes", status=1)
    run("orders", "forget-doubts", key, "--unpaid", status=2)
    run("orders", "forget-doubts", key, "--unpaid", "--yes")


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


# What functions wrote in a run of their own, but for the times: receiver, dispatch and Lambda.
SPANS = ('"span":{"requestId":"8476a536","xrayTraceId":"Root=1-5bef4de7","name":"Lambda runtime invoke"},'
         '"spans":[{"requestId":"8476a536","xrayTraceId":"Root=1-5bef4de7","name":"Lambda runtime invoke"}]')
STORED = ('{"timestamp":"%s","level":"INFO","fields":{"message":"stored","psp":"systempay","order":"%s","fact":"e2d8b674",'
          '"sha256":"4b294925","doubt":"","outcome":"stored"},"target":"quittance_aws::receive",' + SPANS + "}")
REFUSED = ('{"timestamp":"%s","level":"WARN","fields":{"message":"refused","psp":"systempay","why":"signature does not match",'
           '"outcome":"refused"},"target":"quittance_aws::http",' + SPANS + "}")
SENT = ('{"timestamp":"%s","level":"INFO","fields":{"message":"message sent","order":"%s","id":"%s",'
        '"kind":"quittance.order.fulfilment_requested","traceparent":"00-5bef4de7ad49b0e87f6ef6c87fc2e700-9a9197af755a6419-01"},'
        '"target":"quittance_aws::outbox",' + SPANS + "}")
HELD = SENT.replace("fulfilment_requested", "held")
NOT_SENT = ('{"timestamp":"%s","level":"ERROR","fields":{"message":"not sent","order":"systempay/12345678/test/CMD-1",'
            '"error":"get order: no code: \\u001b[2J"},"target":"dispatch",' + SPANS + "}")
METRICS = '{"_aws":{"Timestamp":1795823732158,"CloudWatchMetrics":[]},"stack":"shop","Received":1}'
REPORT = '{"time":"%s","type":"platform.report","record":{"requestId":"8476a536","status":"success","metrics":{}}}'

FUNCTIONS = ("worldline-webhook", "systempay-ipn", "orders", "refund", "expected", "ask", "checkout", "returns",
             "dispatch", "reconcile", "report")


def write_log(function, lines):
    """Lines of a function, each at its second before now."""
    now = time.time()
    events = []
    for seconds, line, *values in sorted(lines, key=lambda each: -each[0]):
        at = now - seconds
        said = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1e6):06}Z"
        events.append({"timestamp": int(at * 1000), "message": line % (said, *values) if "%s" in line else line})
    logs.put_log_events(logGroupName=f"/aws/lambda/{STACK}-{function}", logStreamName="one", logEvents=events)


@contextlib.contextmanager
def serving(answer):
    """An HTTP server, and what was posted to it."""
    posted = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            posted.append((self.headers, body))
            status, text = answer(self.headers, body, len(posted))
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", posted
    finally:
        server.shutdown()


def throttled(times):
    """CloudWatch Logs that throttles so often, and then is what moto serves."""
    def answer(headers, body, number):
        if number <= times:
            return 400, b'{"__type":"ThrottlingException","message":"Rate exceeded"}'
        passed = {name: value for name, value in headers.items() if name.lower() not in ("host", "content-length")}
        request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], body, passed)
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
    return answer


def listen(*arguments, status=0, **environment):
    done = subprocess.run([QUITTANCE, "listen", "--stack", STACK, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=LIMIT_SECONDS, env={**os.environ, **POLICY, **environment})
    check("listen", done.returncode == status, f"status {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.splitlines(), done.stderr


def followed(live):
    """The log of a deployed stack, as it is in CloudWatch."""
    _, errors = listen(status=2)
    for word in (f"no log of the stack {STACK} in eu-west-3", f"/aws/lambda/{STACK}-"):
        check("listen, without a log", word in errors, errors)
    for function in FUNCTIONS[:-1]:
        logs.create_log_group(logGroupName=f"/aws/lambda/{STACK}-{function}")
        logs.create_log_stream(logGroupName=f"/aws/lambda/{STACK}-{function}", logStreamName="one")
    listed = run("orders", "list", "--limit", "1000", "--json")["orders"]
    order = next(order for order in listed if order["fulfilment"])
    key = "/".join(order[part] for part in ("psp", "merchant", "mode", "order"))
    message, notice = order["fulfilment"]["id"], 32 * "0"
    waits = next(order for order in listed if not order["fulfilment"])
    waiting = "/".join(waits[part] for part in ("psp", "merchant", "mode", "order"))

    # More than a page, and of one moment another function's in between.
    write_log("systempay-ipn", [(90, METRICS)] * 10_000)
    write_log("systempay-ipn", [(80, STORED, key), (80, METRICS), (80, REPORT), (60, REFUSED), (40, "START RequestId: 1"),
                                (3600 * 3, STORED, "systempay/12345678/test/BEFORE")])
    write_log("dispatch", [(70, SENT, key, message), (50, NOT_SENT), (45, "thread 'main' panicked at src/main.rs:1")])
    write_log("reconcile", [(65, HELD, waiting, notice)])
    told = [f"stored        {key}",
            f"message sent  {key}  id={message}  kind=quittance.order.fulfilment_requested",
            f"message sent  {waiting}  id={notice}  kind=quittance.order.held",
            "refused       systempay  why=signature does not match",
            r"not sent      systempay/12345678/test/CMD-1  error=get order: no code: \u{1b}[2J  function=dispatch",
            "printed         text=thread 'main' panicked at src/main.rs:1  function=dispatch"]
    with serving(lambda *_: (204, b"")) as (shop, posted), serving(throttled(4)) as (logs_url, calls):
        before = visible(live)
        lines, errors = listen("--since", "2h", "--count", "6", "--forward-to", f"{shop}/fulfilment", "--secret", SHOP_SECRET,
                               AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=logs_url)
        forwarded = [line for line in lines if "  forwarded  " in line]
        check("listen", [line[10:] for line in lines if line not in forwarded] == told, lines)
        check("listen, throttled", "ThrottlingException" in errors and "again in 1 s" in errors and len(calls) > 4, errors)
        check("listen, one group missing", f"no log group /aws/lambda/{STACK}-report in eu-west-3" in errors, errors)
        check("listen, optional groups", f"{STACK}-post" not in errors, errors)
        check("listen --forward-to", [line[10:] for line in forwarded] ==
              [f"forwarded     quittance.order.fulfilment_requested {order['order']}: 204",
               f"forwarded     quittance.order.held {waits['order']}: 204"], lines)
        bodies = [json.loads(body) for _, body in posted]
        check("listen --forward-to", [(body["id"], body["subject"], body["type"].split(".")[2]) for body in bodies]
              == [(message, order["order"], "fulfilment_requested"), (notice, waits["order"], "held")], bodies)
        check("listen --forward-to", bodies[0]["data"]["fulfilment"]["id"] == message, bodies)
        check("listen --forward-to", bodies[0]["traceparent"].startswith("00-5bef4de7"), bodies)
        for headers, body in posted:
            Webhook(SHOP_SECRET).verify(body, {name.lower(): value for name, value in headers.items()})
        check("listen takes nothing from the queue", visible(live) == before > 0, before)

    # From now on: what is written later and what comes late, once each.
    logs.create_log_group(logGroupName=f"/aws/lambda/{STACK}-report")
    command = [QUITTANCE, "listen", "--stack", STACK, "--json", "--count", "3"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, **POLICY}) as child:
        errors = child.stderr.readline()
        check("listen", errors == f"listening to {STACK} in eu-west-3; press Ctrl-C to stop\n", errors)
        wrote = time.time()
        write_log("systempay-ipn", [(0, STORED, key)])
        first = json.loads(child.stdout.readline())
        # CloudWatch shows it after what came later.
        write_log("dispatch", [(time.time() - wrote + 1, SENT, key, message)])
        write_log("reconcile", [(0, NOT_SENT)])
        rest = [json.loads(line) for line in child.stdout]
        check("listen", child.wait(LIMIT_SECONDS) == 0)
    check("listen", [(event["message"], event["function"], event["level"]) for event in (first, *rest)] == [
        ("stored", "systempay-ipn", "info"), ("message sent", "dispatch", "info"), ("not sent", "reconcile", "error")],
        (first, rest))

    # What a message holds leaves the machine.
    with closed_port() as nobody:
        port = nobody.rsplit(":", 1)[1]
        elsewhere = ["--since", "2h", "--count", "1", "--forward-to", f"http://0.0.0.0:{port}/"]
        _, errors = listen(*elsewhere, status=2)
        check("listen --forward-to, what was sent before", "Go on?" in errors and "--yes" in errors, errors)
        _, errors = listen(*elsewhere, "--yes")
        check("listen --forward-to, elsewhere", f"leave this machine for http://0.0.0.0:{port}/" in errors, errors)
    _, errors = listen("--forward-to", "http://127.0.0.1:1/", status=2, QUITTANCE_RELEASE_ON="")
    check("listen --forward-to, no policy", "QUITTANCE_RELEASE_ON is not set" in errors, errors)
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "nope", "AWS_EC2_METADATA_DISABLED": "true"}
    _, errors = listen(status=2, **nobody)
    check("listen, no credentials", "no AWS credentials" in errors, errors)

    # A user who may read the stack but not its log: as moto says it, which asks for permissions meanwhile, and as AWS does.
    word = f"you need logs:FilterLogEvents on /aws/lambda/{STACK}-"
    iam = boto3.client("iam")
    iam.create_user(UserName="operator")
    policy = {"Version": "2012-10-17",
              "Statement": [{"Effect": "Allow", "Action": ["cloudformation:*", "dynamodb:*"], "Resource": "*"}]}
    iam.put_user_policy(UserName="operator", PolicyName="all-but-logs", PolicyDocument=json.dumps(policy))
    user = iam.create_access_key(UserName="operator")["AccessKey"]
    ask_for_permissions(after=0)
    _, errors = listen(status=2, AWS_ACCESS_KEY_ID=user["AccessKeyId"], AWS_SECRET_ACCESS_KEY=user["SecretAccessKey"])
    ask_for_permissions(after=10 ** 9)
    check("listen, no permission", word in errors, errors)
    denied = b'{"__type":"AccessDeniedException","Message":"User is not authorized to perform: logs:FilterLogEvents"}'
    with serving(lambda *_: (400, denied)) as (logs_url, calls):
        _, errors = listen(status=2, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=logs_url)
        check("listen, no permission", word in errors and len(calls) == 1, errors)


def ask_for_permissions(after):
    """moto asks whether a caller may do what he does, after so many calls."""
    url = os.environ["AWS_ENDPOINT_URL"] + "/moto-api/reset-auth"
    request = urllib.request.Request(url, str(after).encode(), {"content-type": "text/plain"})
    urllib.request.urlopen(request, timeout=LIMIT_SECONDS).close()


def visible(url):
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


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
followed(live)
expected()
archive(key)
quarantine()
unsent(key)
dead_letters(live, dead)
described(key)
keys()
print("operator: " + (f"{failed} checks failed" if failed else "every command does what it says"))
sys.exit(failed > 0)
