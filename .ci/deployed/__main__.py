"""The stack of template.yaml in an account of this process, with the real functions in it.

    python .ci/deployed <folder with <function>/bootstrap>

`.ci/deployment` prepares what it needs and says what it does.
"""

import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import account as aws
import front
import policy
from emulator import Emulated
from page import PageApi
from receiver import Shop as Receiver
from stack import Routes, Stack
from stream import StreamMapping

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STACK = "shop"
# The keys that the sample events are signed with, and keys that took their place.
DEMO_KEYS = {
    "worldline": {"demo-key": "demo-secret"},
    "systempay": {"12345678": {"test": {"form": "demoformkey0000", "rest_password": "testpassword_demo"}}},
}
NEWER_KEYS = {
    "worldline": {"newer-key": "newer-secret"},
    "systempay": {"12345678": {"test": {"form": "newerformkey000", "rest_password": "testpassword_newer"}}},
}
# What wakes a function on schedule.
SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
# A payment that a merchant starts; its order is said beside.
WISH = {"amount": 14000, "currency": "EUR", "method": "CVCO", "return_url": "https://shop.example/back"}
FULFIL = "quittance.order.fulfilment_requested"
REVERSE = "quittance.order.reversal_requested"
# Who gets to see the page.
PAGE = {"PageIssuer": "https://login.example.com/realms/shop", "PageAudience": "page", "PageScope": "orders/read"}
# What a page is sent with, whichever way it was asked for.
PAGE_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
# What Lambda does with a function's role: logs, traces, and reading what wakes it.
BY_LAMBDA = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}
# Metrics that count what becomes of a delivery or a decision.
METRICS = {"Received", "Stored", "Duplicate", "Untracked", "Quarantined", "Rejected", "Released", "Reversed"}
# Of these a delivery with several statements has several.
PER_STATEMENT = {"Stored", "Duplicate", "Untracked"}
# What only a death in the middle leaves to be done: an order is written whole that took over a release from its payment's name.
# `shared/aws/tests/it/store/names.rs` does it.
# An index of more than a page is read shard by shard: `what_is_due_is_found_in_a_large_index_as_in_a_small_one`.
RARE = {("dispatch", "dynamodb:PutItem"), ("reconcile", "dynamodb:Query"), ("report", "dynamodb:Query")}

failures = []


def check(what, expected, found):
    if expected != found:
        failures.append(f"{what}: expected {expected!r}, found {found!r}")
        print(f"FAILED {failures[-1][:2000]}", flush=True)


def declared(stack):
    """The tables, queues and the secret, held against what the template declares. moto tells nothing of
    encryption; `.ci/template` looks for that."""
    dynamodb, sqs = stack.account.client("dynamodb"), stack.account.client("sqs")
    tables = stack.of_type("AWS::DynamoDB::Table")
    for table in tables:
        name = table["TableName"]
        found = dynamodb.describe_table(TableName=name)["Table"]
        check(f"{name}: key", table["KeySchema"], found["KeySchema"])
        check(f"{name}: attributes", table["AttributeDefinitions"], found["AttributeDefinitions"])
        check(f"{name}: indexes", indexes(table), indexes(found))
        check(f"{name}: billing", table["BillingMode"], found["BillingModeSummary"]["BillingMode"])
        check(f"{name}: protection", truth(table["DeletionProtectionEnabled"]), truth(found["DeletionProtectionEnabled"]))
        view = table.get("StreamSpecification", {}).get("StreamViewType")
        check(f"{name}: stream", view, found.get("StreamSpecification", {}).get("StreamViewType"))
        recovery = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        check(f"{name}: recovery", "ENABLED", recovery)
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        wanted = table.get("TimeToLiveSpecification", {})
        check(f"{name}: expiry", wanted.get("AttributeName"), expiry.get("AttributeName"))
    queues = stack.of_type("AWS::SQS::Queue")
    for queue in queues:
        url = sqs.get_queue_url(QueueName=queue["QueueName"])["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        for name, value in queue.items():
            if name in ("QueueName", "Tags") or (name == "RedriveAllowPolicy" and name not in found):
                continue
            wanted = value if isinstance(value, dict) else str(value).lower()
            got = found.get(name, "not told")
            got = json.loads(got) if isinstance(value, dict) else got.lower()
            check(f"{queue['QueueName']}: {name}", plain(wanted), plain(got))
    secret = stack.account.client("secretsmanager").get_secret_value(SecretId=f"{STACK}/keys")
    check("the secret before keys are put", {}, json.loads(secret["SecretString"]))
    names = sorted([each["TableName"] for each in tables] + [each["QueueName"] for each in queues])
    print(f"as declared: {', '.join(names)}, {STACK}/keys")


def indexes(table):
    """Indexes as far as both descriptions have them."""
    return {
        each["IndexName"]: (each["KeySchema"], each["Projection"])
        for each in table.get("GlobalSecondaryIndexes") or []
    }


def truth(value):
    return str(value).lower() == "true"


def plain(value):
    return {k: str(v) for k, v in value.items()} if isinstance(value, dict) else value


class Shop:
    """The running functions and everything that was told so far."""

    def __init__(self, stack, functions):
        self.stack = stack
        self.functions = functions
        self.routes = stack.routes()
        self.stream = StreamMapping(stack.account, stack.mapping("dispatch"), functions["dispatch"])
        # Where the orders are that the samples speak of.
        self.paths = []
        self.kept_out = 0
        # The trace of each delivery.
        self.traces = set()
        # What the metrics must amount to.
        self.counted = collections.Counter()
        # Where the first order is that the samples release, whose stream record is lost.
        self.lost = None
        self.loses = True

    def request(self, event):
        """The answer to an HTTP request, or None where the API knows no such route. After a delivery the stream
        brings what it changed; the first release is lost on the way."""
        method, path = event["requestContext"]["http"]["method"], event["rawPath"]
        found = self.routes.of(method, path)
        if found is None:
            return None
        route, package = found
        event["routeKey"] = event["requestContext"]["routeKey"] = route
        delivery = path.startswith("/webhooks/")
        if delivery:
            # The emulator hands no trace of X-Ray on, so the caller states one.
            trace = f"{len(self.traces) + 1:032x}"
            self.traces.add(trace)
            event["headers"]["traceparent"] = f"00-{trace}-53995c3f42cd8ad8-01"
        answer = self.functions[package].invoke(event)
        if delivery and self.stream.pump(lose=self.loses):
            self.loses = False
        return answer

    def play(self, url):
        """Every sample delivery, and then what is asked of orders."""
        deliveries = []
        for file in samples("worldline") + samples("systempay"):
            expected = json.loads(file.with_name(f"{file.stem}.expected.json").read_text())
            http = json.loads(file.read_text())["requestContext"]["http"]
            if self.routes.of(http["method"], http["path"]) is None:
                # Only what the function would refuse for its method may end at the API.
                check(f"{file.stem}: status of a delivery that the API does not route", 405, expected["answer"]["status"])
                self.kept_out += 1
                continue
            deliveries.append(str(file))
            if http["method"] == "POST":
                self.counted.update(["Received", outcome(expected["answer"])])
            if order := expected.get("order"):
                self.paths.append(order["path"])
                if order["released"] and self.lost is None:
                    self.lost = order["path"]
        for files in (deliveries, [str(file) for file in samples("orders") + samples("expected")]):
            command = [os.environ["QUITTANCE"], "play", "--quiet", "--against", url, *files]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            print(done.stdout, end="", flush=True)
            check("status of quittance play", (0, ""), (done.returncode, done.stderr))

    def order(self, path):
        """An order as the read API shows it."""
        event = json.loads((ROOT / "events/orders/01-one-order.json").read_text())
        event["rawPath"] = event["requestContext"]["http"]["path"] = path
        answer = self.request(event)
        return json.loads(answer["body"]) if answer["statusCode"] == 200 else answer

    def unsent(self):
        """Orders in the index of those with something to tell."""
        (table,) = [t for t in self.stack.of_type("AWS::DynamoDB::Table") if t["TableName"] == f"{STACK}-orders"]
        page = self.stack.account.client("dynamodb").scan(TableName=table["TableName"], IndexName="due")
        return [each["pk"]["S"] for each in page["Items"] if each["due_at"]["S"].startswith("tell#")]


def listed(shop):
    """All orders, page by page: the one request that scans."""
    event = json.loads((ROOT / "events/orders/02-list-captured.json").read_text())
    found, cursor = [], None
    while True:
        query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
        event |= {"queryStringParameters": query, "rawQueryString": urllib.parse.urlencode(query)}
        page = json.loads(shop.request(event)["body"])
        found += [key(order) for order in page["orders"]]
        cursor = page["next"]
        if cursor is None:
            break
    wanted = {key(shop.order(path)) for path in shop.paths}
    check("orders that no list shows", [], sorted(wanted - set(found)))


def outcome(expected):
    """The metric that an answer to a delivery is counted under."""
    if expected["status"] != 200:
        return {401: "Rejected"}.get(expected["status"], "answered before it was looked at")
    words = {"already known": "Duplicate", "not tracked": "Untracked", "quarantine": "Quarantined"}
    return words.get(expected["body_contains"], "Stored")


def samples(folder):
    files = sorted((ROOT / "events" / folder).glob("*.json"))
    files = [file for file in files if not file.name.endswith(".expected.json")]
    if not files:
        raise AssertionError(f"no sample events in events/{folder}")
    return files


def key(order):
    return "/".join(order[part] for part in ("psp", "merchant", "mode", "order"))


def received(stack):
    """Every message in the queue, taken out as a consumer does."""
    sqs, url = stack.account.client("sqs"), stack.outputs["FulfilmentQueueUrl"]
    messages = []
    while True:
        page = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0, AttributeNames=["All"], MessageAttributeNames=["All"]
        ).get("Messages", [])
        if not page:
            return messages
        messages += page
        for each in page:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])


def check_messages(shop, messages):
    """Each release and each reversal is in the queue once, under its own id and in its order's group."""
    wanted = set()
    for path in dict.fromkeys(shop.paths):
        order = shop.order(path)
        decisions = [(FULFIL, order["fulfilment"])] if order["fulfilment"] else []
        decisions += [(REVERSE, each) for each in order["reversals"]]
        for kind, decision in decisions:
            check(f"{path}: {kind} is marked as sent", True, bool(decision["sent_at"]))
            wanted.add((kind, key(order), decision["id"]))
    found = collections.Counter()
    for message in messages:
        body, attributes = json.loads(message["Body"]), message["Attributes"]
        about = f"message {body['id']}"
        check(f"{about}: version", "1.0", body["specversion"])
        check(f"{about}: deduplication id", body["id"], attributes["MessageDeduplicationId"])
        check(f"{about}: group", key(body["data"]), attributes["MessageGroupId"])
        check(f"{about}: subject", body["data"]["order"], body["subject"])
        check(f"{about}: trace", True, traced(body, attributes) in shop.traces)
        check(f"{about}: has no notifications", False, "notifications" in body["data"])
        found[body["type"], key(body["data"]), body["id"]] += 1
    check("messages that are missing", [], sorted(wanted - set(found)))
    check("messages that nobody decided", [], sorted(set(found) - wanted))
    check("messages that came twice", {}, {each: count for each, count in found.items() if count > 1})
    return collections.Counter(kind for kind, _, _ in found.elements())


def traced(body, attributes):
    """The trace of a message, if its body and X-Ray's attribute agree on it."""
    stated = body.get("traceparent", "--").split("-")[1]
    root = re.search("Root=1-([0-9a-f]{8})-([0-9a-f]{24})", attributes.get("AWSTraceHeader", ""))
    return stated if root and stated == root[1] + root[2] else None


def reconciled(shop):
    """What the stream lost waits in the table, and the schedule finds it."""
    waiting = key(shop.order(shop.lost))
    check("unsent after the stream lost a record", [waiting], shop.unsent())
    shop.functions["reconcile"].invoke(SCHEDULED)
    check("unsent after reconcile", [], shop.unsent())


def as_lambda_hands_them_over(mapping, messages):
    """Messages of a queue as Lambda hands them to a function."""
    records = [
        {
            "messageId": each["MessageId"],
            "receiptHandle": each["ReceiptHandle"],
            "body": each["Body"],
            "attributes": each["Attributes"],
            "messageAttributes": {},
            "md5OfBody": each["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": mapping["EventSourceArn"],
            "awsRegion": aws.REGION,
        }
        for each in messages
    ]
    return {"Records": records}


class Bus:
    """The EventBridge bus, as somebody who subscribed to it sees it."""

    NAME = "shop-events"

    def __init__(self, account):
        events, self._sqs = account.client("events"), account.client("sqs")
        self._url = self._sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        # Not the default bus: there moto gives each event to the rules of schedules, too.
        events.create_event_bus(Name=self.NAME)
        pattern = json.dumps({"source": ["quittance"]})
        events.put_rule(Name="subscriber", EventBusName=self.NAME, EventPattern=pattern)
        arn = f"arn:aws:sqs:{aws.REGION}:{aws.NUMBER}:subscriber"
        events.put_targets(Rule="subscriber", EventBusName=self.NAME, Targets=[{"Id": "1", "Arn": arn}])

    def check(self, messages):
        """What the queue has is on the bus too, the same."""
        found = {}
        while page := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for each in page:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=each["ReceiptHandle"])
                event = json.loads(each["Body"])
                check("type on the bus", event["detail"]["type"], event["detail-type"])
                check("order on the bus", [key(event["detail"]["data"])], event["resources"])
                found[event["detail"]["id"]] = event["detail"]
        wanted = {body["id"]: body for body in (json.loads(each["Body"]) for each in messages)}
        check("messages on the bus", wanted, found)
        print(f"bus: {len(found)} messages")


def posted(stack, function, receiver, messages):
    """The shop is given each message until it takes it, verified by the library of others."""
    sqs, url = stack.account.client("sqs"), stack.outputs["PostQueueUrl"]
    mapping = stack.mapping("post")
    check("messages of a post", 1, int(mapping["BatchSize"]))
    while page := sqs.receive_message(QueueUrl=url, AttributeNames=["All"]).get("Messages"):
        answer = function.invoke(as_lambda_hands_them_over(mapping, page))
        if not answer["batchItemFailures"]:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=page[0]["ReceiptHandle"])
            continue
        check("a message that the shop refused", [{"itemIdentifier": page[0]["MessageId"]}], answer["batchItemFailures"])
        check("messages hidden by the function", "1", hidden(sqs, url))
        # Ten seconds later.
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=page[0]["ReceiptHandle"], VisibilityTimeout=0)
    check("why the shop refused", ["not yet"], receiver.refused)
    wanted = sorted(json.loads(each["Body"])["id"] for each in messages)
    check("messages that the shop has", wanted, sorted(each["id"] for each in receiver.taken))
    print(f"shop: {len(receiver.taken)} messages, one of them at the second attempt")


def hidden(sqs, url):
    name = "ApproximateNumberOfMessagesNotVisible"
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]


def consumed(stack, function, messages):
    """The example acts once on each message, however often it comes."""
    mapping = stack.mapping("example-fulfilment")
    size = mapping["BatchSize"]
    table = stack.account.client("dynamodb")
    counts = []
    for _ in range(2):
        for first in range(0, len(messages), size):
            batch = as_lambda_hands_them_over(mapping, messages[first : first + size])
            check("example-fulfilment", {"batchItemFailures": []}, function.invoke(batch))
        remembered = table.scan(TableName=f"{STACK}-example-fulfilment", Select="COUNT")["Count"]
        counts.append(remembered)
    check("ids that the example remembers, once and again", [len(messages)] * 2, counts)


def guarded(stack):
    """That the roles are held to at all: what `orders` has no use for is refused."""
    client = stack.account.client("dynamodb", f"{STACK}-orders")
    try:
        client.put_item(TableName=f"{STACK}-orders", Item={"pk": {"S": "x"}})
        check("orders may not write", "AccessDeniedException", "written")
    except client.exceptions.ClientError as error:
        check("orders may not write", "AccessDeniedException", error.response["Error"]["Code"])
    stack.account.refused.clear()


def measured(shop, sent):
    """The metrics that alarms and dashboard look at, in the lines that CloudWatch reads."""
    found = collections.Counter()
    levels = {}
    for name, function in shop.functions.items():
        for line in function.lines():
            if "_aws" not in line:
                continue
            for directive in line["_aws"]["CloudWatchMetrics"]:
                check(f"{name}: namespace", "Quittance", directive["Namespace"])
                if directive["Dimensions"] != [["stack"]]:
                    continue
                check(f"{name}: stack", STACK, line["stack"])
                for metric in directive["Metrics"]:
                    value = line[metric["Name"]]
                    if metric.get("Unit") == "Count" and not isinstance(value, list):
                        found[metric["Name"]] += value
                    levels[metric["Name"]] = value
    wanted = shop.counted + collections.Counter({"Released": sent[FULFIL], "Reversed": sent[REVERSE]})
    # Nothing here is in the way of anything, so these two have nothing to count.
    for metric in sorted(METRICS - PER_STATEMENT | {"Unstored", "Conflict"}):
        check(f"metric {metric}", wanted[metric], found[metric])
    for metric in sorted(PER_STATEMENT):
        check(f"metric {metric}, at least {wanted[metric]}", True, found[metric] >= wanted[metric] > 0)
    check("levels", True, {"UnsentAge", "StrandedVouchers", "DispatchLag"} <= set(levels))
    print({name: int(found[name]) for name in sorted(METRICS)})


class Psps:
    """The PSPs' APIs and payment pages, played by a local stack of its own."""

    def __init__(self, exits):
        command = [os.environ["QUITTANCE"], "--no-play", "--port", "0"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        exits.callback(process.wait)
        exits.callback(process.terminate)
        said = ""
        while not (found := re.search(r"APIs at (\S+), pages and controls at (\S+), for", said)):
            line = process.stdout.readline()
            if not line:
                raise AssertionError(f"the local stack does not start: {said}")
            said += line
        self.api, self.controls = found.groups()

    def credentials(self):
        """What the stack's secret has for them."""
        own = {"key_id": "local-key", "secret": "local-secret", "url": self.api}
        brand = {"name": "Local", "back_office": self.api, "rest": self.api}
        return {
            "worldline_api": {"DemoMerchant": {"test": own}},
            "systempay": {"12345678": {"brand": brand, "test": DEMO_KEYS["systempay"]["12345678"]["test"]}},
        }

    def page(self, form):
        """The page to which a form leads a browser."""
        with urllib.request.urlopen(form["action"], urllib.parse.urlencode(form["fields"]).encode()) as answer:
            return urllib.parse.urlsplit(answer.geturl()).path.rsplit("/", 1)[1]

    def pay(self, checkout):
        """A buyer pays by voucher and card. The query with which the browser comes back."""
        body = json.dumps({"checkout": checkout, "voucher": 6000, "card": "accept"}).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.controls}/pay", body, headers, method="POST")
        with urllib.request.urlopen(request) as answer:
            return urllib.parse.urlsplit(json.load(answer)["return"]["url"]).query


def called(shop, method, path, query="", body=None):
    """The status and the JSON that a route answers."""
    event = json.loads((ROOT / "events/expected/01-before-the-first-notification.json").read_text())
    event |= {"rawPath": path, "rawQueryString": query, "body": json.dumps(body) if body else "", "isBase64Encoded": False}
    event["queryStringParameters"] = dict(urllib.parse.parse_qsl(query))
    event["requestContext"]["http"] |= {"method": method, "path": path}
    answer = shop.request(event)
    text = answer.get("body") or "null"
    return answer["statusCode"], json.loads(text) if text.startswith(("{", "null")) else text


def both_ways(shop, psps):
    """Payments are started, come back, are asked about, given back and reported, with the roles of the template."""
    paid = {}
    for order in ("API-1", "API-2"):
        key = f"worldline/DemoMerchant/test/{order}"
        status, started = called(shop, "POST", "/checkouts", body=WISH | {"order": key})
        check(f"{order} is started", 201, status)
        paid[key] = psps.pay(started["checkout"]["id"])
    first, second = paid
    status, _ = called(shop, "GET", "/returns/worldline", paid[first])
    check("the buyer goes on to the shop", 303, status)
    check("a forged return", 400, called(shop, "GET", "/returns/worldline", "RETURNMAC=1")[0])
    for key in (second, first):
        status, order = called(shop, "POST", "/asks", body={"order": key})
        check(f"{key}, asked about", (200, "captured"), (status, order.get("state")))
    refund = {"order": first, "request": "R-1", "amount": 1000, "currency": "EUR"}
    status, progress = called(shop, "POST", "/refunds", body=refund)
    check("a refund", True, status in (200, 202) and progress["state"] in ("running", "done"))
    paid_unheard(shop, psps)
    check("unsent in the end", [], shop.unsent())


def paid_unheard(shop, psps):
    """Payments that no notification tells of: the one is found when the buyer would pay again, the other on schedule."""
    again, due = keys = ["systempay/12345678/test/API-3", "worldline/DemoMerchant/test/API-4"]
    _, started = called(shop, "POST", "/checkouts", body=WISH | {"order": due})
    psps.pay(started["checkout"]["id"])
    _, started = called(shop, "POST", "/checkouts", body=WISH | {"order": again})
    psps.pay(psps.page(started["checkout"]["form"]))
    status, _ = called(shop, "POST", "/checkouts", body=WISH | {"order": again})
    check("a checkout of what is paid", 409, status)
    # Its time comes in a minute, which nobody here waits for.
    orders, place = {"TableName": f"{STACK}-orders"}, {"pk": {"S": due}}
    client = shop.stack.account.client("dynamodb")
    at = client.get_item(Key=place, **orders)["Item"]["due_at"]["S"]
    past = {":past": {"S": re.sub(r"#[0-9]{4}-", "#2020-", at)}}
    client.update_item(Key=place, UpdateExpression="SET due_at = :past", ExpressionAttributeValues=past, **orders)
    for package in ("reconcile", "report"):
        shop.functions[package].invoke(SCHEDULED)
    # The card's share of a form is captured at night.
    for key, state in zip(keys, ("partially_captured", "captured"), strict=True):
        status, order = called(shop, "GET", f"/orders/{key}")
        check(f"{key}, paid and not told of", (200, state), (status, order.get("state")))


def paged(shop):
    """The page behind a token: API Gateway takes its parts, each route asks for the token that was said, and the
    function answers there as on the route for IAM."""
    api = PageApi(shop.stack)
    said = {"Issuer": PAGE["PageIssuer"], "Audience": [PAGE["PageAudience"]]}
    asked = ("JWT", "JWT", ["$request.header.Authorization"], said, [PAGE["PageScope"]])
    guards = {route["RouteKey"]: api.guard(route) for route in api.routes()}
    check("who is let in to the page", dict.fromkeys(("GET /", "GET /orders", "GET /orders/{proxy+}"), asked), guards)
    (stage,) = api.stages()
    check("the page's stage", ("$default", True), (stage["StageName"], stage["AutoDeploy"]))
    limits = stage["DefaultRouteSettings"]
    check("the page's limits", (20.0, 40), (limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]))
    host = f"{shop.stack.physical['PageApi']}.execute-api.{aws.REGION}.amazonaws.com"
    check("where the page is", f"https://{host}/", shop.stack.outputs["PageUrl"])
    routes = Routes(api.paths(), shop.stack.packages)
    path = shop.paths[0]
    for method, target in [("POST", "/"), ("POST", "/orders"), ("POST", "/refunds"), ("GET", "/refunds"), ("GET", "/console")]:
        check(f"{method} {target} on the page's API", None, routes.of(method, target))
    found = {}
    for target in ("/", "/orders", path):
        event = browsed(target)
        event["routeKey"], package = routes.of("GET", target)
        check(f"who answers {target}", "orders", package)
        answer = shop.functions[package].invoke(event)
        check(f"{target}: status", 200, answer["statusCode"])
        check(f"{target}: headers", PAGE_HEADERS, {name: answer["headers"].get(name) for name in PAGE_HEADERS})
        policy = answer["headers"].get("content-security-policy", "")
        check(f"{target}: loads nothing", True, policy.startswith("default-src 'none';"))
        check(f"{target}: does nothing", False, 'method="post"' in answer["body"])
        found[target] = answer
    for target in ("/orders", path):
        check(f"{target}, for IAM", found[target], shop.request(browsed(target)))
    print(f"page: {len(guards)} routes, each for a token of {PAGE['PageIssuer']}")


def browsed(path):
    """A browser's request."""
    event = json.loads((ROOT / "events/orders/01-one-order.json").read_text())
    event["headers"] |= {"accept": "text/html", "accept-language": "en"}
    event["rawPath"] = event["requestContext"]["http"]["path"] = path
    return event


def archived(stack):
    """Raw notifications expire, what nobody could read does not."""
    client, name = stack.account.client("dynamodb"), f"{STACK}-archive"
    expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"]
    items = client.get_paginator("scan").paginate(TableName=name)
    kept = collections.Counter(
        (item["pk"]["S"].startswith("quarantine/"), expiry in item)
        for page in items
        for item in page["Items"]
        # Rooms of the quarantine hold counts.
        if "body" in item
    )
    check("kinds of archived items", {(True, False), (False, True)}, set(kept))
    print(f"archive: {kept[False, True]} that expire, {kept[True, False]} in quarantine")


def discreet(shop):
    """No function tells a key."""
    keys = ["local-secret", DEMO_KEYS["worldline"]["demo-key"], NEWER_KEYS["worldline"]["newer-key"]]
    for document in (DEMO_KEYS, NEWER_KEYS):
        keys += document["systempay"]["12345678"]["test"].values()
    for name, function in shop.functions.items():
        check(f"keys in the output of {name}", [], [key for key in keys if key in function.output()])


def environment(stack, configuration):
    """What Lambda would set: the declared variables, how to log, credentials of the role, and where AWS is."""
    account, name = stack.account, configuration["FunctionName"]
    (logging,) = [
        each["LoggingConfig"] for each in stack.of_type("AWS::Lambda::Function") if each["FunctionName"] == name
    ]
    variables = {name: str(value) for name, value in configuration["Environment"]["Variables"].items()}
    return variables | {
        "AWS_LAMBDA_LOG_FORMAT": logging["LogFormat"],
        "AWS_LAMBDA_LOG_LEVEL": logging["ApplicationLogLevel"],
        "AWS_REGION": account.region,
        "AWS_ACCESS_KEY_ID": name,
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_ENDPOINT_URL_DYNAMODB": account.url,
        "AWS_ENDPOINT_URL_SQS": account.url,
        "AWS_ENDPOINT_URL_EVENTBRIDGE": account.url,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": account.url,
    }


def needed(stack):
    """Every grant is one that a function, or Lambda on its behalf, makes use of."""
    destinations = {
        each["DestinationConfig"]["OnFailure"]["Destination"]
        for each in stack.of_type(aws.PLAYED)
        if "DestinationConfig" in each
    }
    for function, documents in stack.account.policies.items():
        for document in documents:
            for statement in document["Statement"]:
                for action in policy.as_list(statement["Action"]):
                    for resource in policy.as_list(statement["Resource"]):
                        by_lambda = action in BY_LAMBDA or action == "sqs:SendMessage" and resource in destinations
                        is_rare = (function.removeprefix(f"{STACK}-"), action) in RARE
                        if not by_lambda and not is_rare and (function, action, resource) not in stack.account.calls:
                            check(f"{function} has no use for", None, f"{action} on {resource}")


def explain(functions):
    """The last errors that the functions logged."""
    for package, function in functions.items():
        lines = [line[:400] for line in function.output().splitlines() if '"level":"ERROR"' in line]
        if lines:
            print(f"{package} says:", *lines[-5:], sep="\n    ")


def phase(title):
    print(f"--- {title} ({time.monotonic() - BEGAN:.1f} s since the start)", flush=True)


def run(folder, exits):
    bootstraps = {each.parent.name: each for each in folder.glob("*/bootstrap")}
    account = exits.enter_context(aws.Account())

    phase("Create the stack")
    # The example is deployed on request only; here it is asked for as soon as there is one.
    example = "yes" if (ROOT / "functions/example-fulfilment").exists() else "no"
    receiver = exits.enter_context(Receiver())
    parameters = {"ExampleConsumer": example, "Architecture": "x86_64", "ShopUrl": receiver.url, "EventBus": Bus.NAME, **PAGE}
    stack = Stack(account, ROOT / "template.yaml", STACK, parameters, bootstraps)
    print(f"{len(stack.resources)} resources; by name only: {', '.join(stack.names_only)}")
    declared(stack)
    guarded(stack)

    phase("Put the keys, and newer ones after them")
    psps = Psps(exits)
    secrets = account.client("secretsmanager")
    credentials = json.dumps(psps.credentials())
    secrets.put_secret_value(SecretId=stack.outputs["ApiSecretName"], SecretString=credentials)
    for keys in (DEMO_KEYS, NEWER_KEYS):
        secrets.put_secret_value(SecretId=stack.outputs["KeysSecretName"], SecretString=json.dumps(keys))

    (key,) = json.loads(secrets.get_secret_value(SecretId=stack.outputs["ShopSecretName"])["SecretString"]).values()
    receiver.key = key
    bus = Bus(account)

    phase("Start the functions under the emulator")
    logs = pathlib.Path(exits.enter_context(tempfile.TemporaryDirectory()))
    functions = {}
    for package, configuration in stack.functions().items():
        if package not in bootstraps:
            raise AssertionError(f"{folder / package}/bootstrap is missing: build it first")
        variables = environment(stack, configuration)
        started = Emulated(bootstraps[package], configuration, variables, logs / package)
        functions[package] = exits.enter_context(started)
    shop = Shop(stack, functions)

    phase("Deliver the samples, and let the stream wake dispatch")
    with front.serve(shop.request) as url:
        shop.play(url)
    if not failures:
        listed(shop)
    print(f"{shop.kept_out} deliveries kept out by the API")
    print(f"stream: {shop.stream.seen} records, {shop.stream.passed} of them passed the filter")

    if failures:
        # What follows would only repeat it.
        return explain(functions)

    phase("Reconcile what the stream lost")
    reconciled(shop)

    phase("Read the queue")
    messages = received(stack)
    sent = check_messages(shop, messages)
    print(dict(sent))
    if "example-fulfilment" in functions:
        consumed(stack, functions["example-fulfilment"], messages)

    posted(stack, functions["post"], receiver, messages)
    bus.check(messages)

    phase("Show the page")
    paged(shop)

    phase("What was written besides")
    archived(stack)
    measured(shop, sent)
    discreet(shop)

    phase("Start payments, ask, give back, report")
    both_ways(shop, psps)
    discreet(shop)

    phase("What the roles were asked")
    for refused in sorted(set(account.refused)):
        check("refused to a function", None, refused)
    needed(stack)
    print(f"{len(account.calls)} kinds of calls, each allowed; {len(account.refused)} refused")

    phase("Times, not checked")
    for package, function in functions.items():
        started, warm, count = function.timing()
        warm = f"{warm:.2f} ms median of {count} warm" if warm else "never warm"
        print(f"{package:<20}start {started} ms, {warm}")
    if failures:
        explain(functions)


BEGAN = time.monotonic()

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    # So that whoever ends this ends the functions too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    with contextlib.ExitStack() as everything:
        run(pathlib.Path(sys.argv[1]), everything)
    print(f"{len(failures)} expectations not met")
    sys.exit(bool(failures))
