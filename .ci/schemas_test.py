"""What is sent, answered, posted and shown keeps to docs/schemas, and the documents keep to what they are of.

    ASYNCAPI=3.0.0.json PATH=target/debug:$PATH python .ci/schemas_test.py

ASYNCAPI is AsyncAPI's own schema. `.ci/schemas` prepares it, and starts this. The published schemas let members be
added; here everything is held against a strict variant of them.
"""

import copy
import functools
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

from jsonschema import Draft7Validator, Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = pathlib.Path(__file__).resolve().parent.parent
INTERFACE = (ROOT / "docs/interface.md").read_text()
SECTIONS = re.findall(r"^###? (.+)\n((?:(?!##).*\n)*)", INTERFACE, re.MULTILINE)
# What each example of the page is of, section by section.
EXAMPLES = {
    "An order": ["Order"],
    "Lists": ["OrderList"],
    "POST /checkouts": ["CheckoutBody", "Started", "Started", "Started"],
    "POST /asks": ["AskBody"],
    "POST /expected": ["ExpectedBody", "Failure"],
    "POST /refunds": ["RefundBody", "Refund", "RefusedRefund", "RefundList"],
    "POST /captures, POST /cancellations": [
        "CaptureBody", "CancellationBody", "Reserve", "Reserve", "Unplanned",
    ],
    "Messages": ["Message", "Message"],
}
# Words that no sample and no request below brings about, each with its reason.
UNSEEN = {
    # No sample is signed with a key of real money.
    "Mode": {"production"},
    # They take hours, days, another policy, or more given back than was taken.
    "Flag": {"stranded_voucher", "given_up", "unconfirmed", "over_refunded"},
    # It takes another policy.
    "Cause": {"lost"},
    # They take calls whose answers are lost, and shares of which one gives nothing back.
    "RequestState": {"uncertain", "partial"},
}


def document(name):
    return json.loads((ROOT / "docs/schemas" / name).read_text())


OPENAPI, ASYNCAPI = document("openapi.json"), document("asyncapi.json")
FILES = {name: document(f"{name}.schema.json") for name in ("order", "message", "refund", "evidence")}


def strict(schema, closed="unevaluatedProperties"):
    """The same schema, which takes no member that it does not name."""
    if isinstance(schema, list):
        return [strict(each, closed) for each in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: strict(each, closed) for name, each in schema.items()}
    if schema.get("type") == "object" and "properties" in schema and "additionalProperties" not in schema:
        schema[closed] = False
    return schema


def validator(schema, kind=Draft202012Validator):
    kind.check_schema(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)


@functools.cache
def of_file(name, is_strict=True):
    return validator(strict(FILES[name]) if is_strict else FILES[name])


@functools.cache
def component(name):
    """The strict schema of this name in openapi.json."""
    if name == "Message":
        return of_file("message")
    return within({"$ref": f"#/components/schemas/{name}"})


def within(schema):
    return validator({**schema, "components": strict(OPENAPI["components"])})


@functools.cache
def payload(kind):
    """The strict schema of this message in asyncapi.json."""
    message = next(each for each in ASYNCAPI["components"]["messages"].values() if each["name"] == kind)
    root = {**message["payload"], "components": {"schemas": ASYNCAPI["components"]["schemas"]}}
    return validator(strict(root, "additionalProperties"), Draft7Validator)


def objects(value, path=()):
    """Each object in a value, with its path."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, dict):
        yield path
    for name, child in children:
        yield from objects(child, (*path, name))


def at(value, path):
    return functools.reduce(lambda inner, name: inner[name], path, value)


def changed(value, path, change):
    """A copy in which the object at this path was changed."""
    value = copy.deepcopy(value)
    change(at(value, path))
    return value


def tables(text):
    """The cells of every row of every table."""
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in re.findall(r"^\|(.*)\|$", text, re.MULTILINE)]


def slug(title):
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def operations():
    for path, methods in OPENAPI["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


class Documents(unittest.TestCase):
    """They are what they say they are, and describe the routes and the queue that exist."""

    def test_openapi_is_valid(self):
        self.assertEqual([], [error.message for error in OpenAPIV31SpecValidator(OPENAPI).iter_errors()])
        for path, wrong in (
            (("info",), {"title": 1}),
            (("paths", "/asks", "post"), {"responses": {"ok": {}}}),
            (("paths", "/asks", "post"), {"operationId": "expect"}),
        ):
            broken = changed(OPENAPI, path, lambda inner: inner.update(wrong))
            self.assertFalse(OpenAPIV31SpecValidator(broken).is_valid(), wrong)

    def test_asyncapi_is_valid(self):
        specification = Draft7Validator(json.loads(pathlib.Path(os.environ["ASYNCAPI"]).read_text()))
        self.assertEqual([], [f"{error.json_path}: {error.message}" for error in specification.iter_errors(ASYNCAPI)])
        broken = changed(ASYNCAPI, ("operations", "request"), lambda inner: inner.update({"action": "tell"}))
        self.assertFalse(specification.is_valid(broken))

    def test_asyncapi_refers_to_what_is_there(self):
        for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(ASYNCAPI)):
            at(ASYNCAPI, reference.split("/"))

    def test_the_routes_are_those_of_the_template(self):
        template = (ROOT / "template.yaml").read_text()
        routes = re.findall(r"Method: (\w+)\n +Path: (\S+)", template)
        self.assertGreater(len(routes), 10)
        routes = {(method, path.replace("{proxy+}", "{psp}/{merchant}/{mode}/{order}")) for method, path in routes}
        self.assertEqual(routes, {(method, path) for method, path, _ in operations()})

    def test_the_routes_are_those_of_the_page(self):
        rows = tables(dict(SECTIONS)["Routes"])
        told = {route for row in rows for route in re.findall(r"`(GET|POST) (/[^`?]*)(?:\?[^`]*)?`", row[0])}
        told = {(method, path.replace("<key>", "{psp}/{merchant}/{mode}/{order}")) for method, path in told}
        self.assertEqual(told, {(method, path) for method, path, _ in operations()})

    def test_each_documented_status_is_described_and_no_other(self):
        described = {}
        for _, _, operation in operations():
            section = operation["externalDocs"]["url"].partition("#")[2]
            described.setdefault(section, set()).update(operation["responses"])
        sections = {slug(title): text for title, text in SECTIONS}
        for section, statuses in described.items():
            cells = [row[0] for row in tables(sections[section])]
            told = {status for cell in cells if re.fullmatch(r"\d{3}(, \d{3})*", cell) for status in cell.split(", ")}
            self.assertEqual(told, statuses, section)

    def test_the_files_and_the_documents_say_the_same(self):
        same = [("order", "Order"), ("refund", "Refund")]
        for file, name in same:
            for each, schema in FILES[file]["$defs"].items():
                moved = json.loads(json.dumps(schema).replace("#/$defs/", "#/components/schemas/"))
                self.assertEqual(moved, OPENAPI["components"]["schemas"][each], each)
            self.assertEqual(
                FILES[file]["properties"].keys(), OPENAPI["components"]["schemas"][name]["properties"].keys()
            )

    def test_everything_has_a_description(self):
        for where in (*FILES.values(), OPENAPI["components"]["schemas"], ASYNCAPI["components"]["schemas"]):
            for path in objects(where):
                if len(path) > 1 and path[-2] == "properties":
                    self.assertIn("description", at(where, path), path)


class Page(unittest.TestCase):
    """docs/interface.md shows nothing that is not so."""

    def test_each_example_is_valid(self):
        found = {}
        for title, text in SECTIONS:
            blocks = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
            if blocks:
                found[title] = [json.loads(block) for block in blocks]
        self.assertEqual(found.keys(), EXAMPLES.keys())
        for title, names in EXAMPLES.items():
            self.assertEqual(len(names), len(found[title]), title)
            for name, example in zip(names, found[title]):
                with self.subTest(title=title, name=name):
                    component(name).validate(example)
                    if name == "Message":
                        payload(example["type"]).validate(example)


class Client:
    """A local stack that has played every sample, and what it answered."""

    def __init__(self):
        self.process = subprocess.Popen(["quittance", "--port", "0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip().removeprefix("listening on ")
        for line in self.process.stdout:
            if "staying up" in line:
                break
        self.seen = []

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def send(self, method, path, body=None, headers=()):
        if body is not None and not isinstance(body, bytes):
            body, headers = json.dumps(body).encode(), {"content-type": "application/json", **dict(headers)}
        request = urllib.request.Request(self.url + path, body, dict(headers), method=method)
        opener = urllib.request.build_opener(Stay)
        try:
            answer = opener.open(request)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text, media = answer.read().decode(), answer.headers.get("content-type")
        status, answered = answer.status, json.loads(text) if "json" in (media or "") else text
        self.seen.append((method, path, body, status, media, answered))
        return status, answered, answer.headers

    def json(self, method, path, body=None):
        return self.send(method, path, body)[1]

    def control(self, name, body):
        return self.json("POST", f"/local/{name}", body)

    def orders(self):
        """Every order as a list shows it."""
        cursor = ""
        while cursor is not None:
            page = self.json("GET", f"/orders?limit=100&cursor={cursor}")
            yield from page["orders"]
            cursor = page["next"]

    def order(self, brief):
        parts = (brief[name] for name in ("psp", "merchant", "mode", "order"))
        key = "/".join(urllib.parse.quote(part, safe="") for part in parts)
        return self.json("GET", f"/orders?key={urllib.parse.quote(key, safe='')}")


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


WORLDLINE, LYRA = "worldline/DemoMerchant/test/", "systempay/12345678/test/"
BACK = "https://shop.example/back"


def checkout(order, amount, method="CVCO", **more):
    return {"order": order, "amount": amount, "currency": "EUR", "method": method, "return_url": BACK, **more}


def moved(order, request, amount=None, **more):
    money = {} if amount is None else {"amount": amount, "currency": "EUR"}
    return {"order": order, "request": request, **money, **more}


class Stack(unittest.TestCase):
    """Whatever the stack sends and answers is as the documents say."""

    @classmethod
    def setUpClass(cls):
        cls.client = client = Client()
        cls.addClassCleanup(client.close)
        cls.brief = list(client.orders())
        cls.orders = [client.order(brief) for brief in cls.brief]
        cls.messages = client.json("GET", "/local/queue")
        cls.exchange(client)
        cls.later = [client.order(brief) for brief in client.orders()]

    @classmethod
    def exchange(cls, client):
        """One of each request, and what can be answered to it."""
        post = functools.partial(client.json, "POST")
        pay = functools.partial(client.control, "psp/pay")

        split = WORLDLINE + "SCHEMA-1"
        opened = post("/checkouts", checkout(split, 14000))
        cls.bodies = [("/checkouts", checkout(WORLDLINE + "SCHEMA-B", 14000, flow="hosted", approval=False, locale="fr_FR"))]
        post("/checkouts", checkout(split, 14000))
        post("/checkouts", checkout(split, 9900))
        back = pay({"checkout": opened["checkout"]["id"], "voucher": 6000, "card": "accept"})["return"]["url"]
        client.send("GET", "/returns/worldline?" + urllib.parse.urlsplit(back).query)
        client.send("GET", "/returns/worldline?RETURNMAC=forged")
        post("/checkouts", checkout(split, 14000))
        refund = moved(split, "R-1", 5000)
        post("/refunds", {**refund, "plan_only": True})
        post("/refunds", refund)
        post("/refunds", moved(split, "R-1", 4000))
        post("/refunds", moved(split, "R-2", 99900))
        client.control("psp/batch", {})
        post("/asks", {"order": split})
        post("/refunds", refund)
        quoted = urllib.parse.quote(split, safe="")
        client.send("GET", f"/refunds?order={quoted}")
        client.send("GET", "/refunds?order=nobody")
        client.send("GET", f"/refunds?order={quoted}0")
        cls.bodies += [("/refunds", moved(split, "R-3", 100, plan_only=True)), ("/asks", {"order": split})]

        # An app's flow, a form and a link.
        post("/checkouts", checkout(WORLDLINE + "SCHEMA-2", 9000, flow="server", beneficiary="12345678901"))
        post("/checkouts", checkout(LYRA + "SCHEMA-3", 8000, "card", approval=True))
        post("/checkouts", checkout(LYRA + "SCHEMA-4", 8000, "any", flow="link"))
        post("/checkouts", checkout(LYRA + "SCHEMA-5", 1000))

        # Captures and cancellations.
        taken, given_up, waiting = (f"{WORLDLINE}SCHEMA-{number}" for number in (6, 7, 10))
        for order in (taken, given_up, waiting):
            opened = post("/checkouts", checkout(order, 8000, "card", approval=True))
            pay({"checkout": opened["checkout"]["id"], "card": "accept"})
        post("/captures", moved(taken, "T-0", 9900))
        post("/captures", moved(taken, "T-1", 5000))
        client.control("psp/batch", {})
        post("/captures", moved(taken, "T-1", 5000))
        post("/cancellations", moved(given_up, "C-1"))
        post("/cancellations", moved(given_up, "C-1"))
        post("/cancellations", moved(split, "C-2"))
        client.control("psp/settings", {"cancellation": "waits"})
        post("/cancellations", moved(waiting, "C-4"))
        client.control("psp/settings", {"cancellation": "done"})
        client.control("psp/faults", {"provider": "worldline", "call": "CapturePayment", "fault": "refuse_capture"})
        post("/captures", moved(taken, "T-2", 1000))
        client.control("psp/batch", {})
        post("/captures", moved(taken, "T-2", 1000))
        post("/cancellations", moved(taken, "C-3"))
        cls.bodies += [("/captures", moved(taken, "T-0", 9900)), ("/cancellations", moved(given_up, "C-1"))]

        # What an order costs.
        price = {"order": LYRA + "SCHEMA-8", "amount": 12000, "currency": "EUR"}
        post("/expected", price)
        post("/expected", {**price, "order": split})
        cls.bodies.append(("/expected", price))
        post("/asks", {"order": LYRA + "NOBODY"})
        post("/asks", {"order": "systempay/1/test/NOBODY"})
        post("/asks", {"order": "paypal/1/test/NOBODY"})
        for path in ("/refunds", "/captures", "/cancellations"):
            post(path, moved(LYRA + "NOBODY", "N-1", *([] if path == "/cancellations" else [100])))
        faulty = {"provider": "worldline", "call": "*", "fault": "bad_credentials", "times": 9}
        client.control("psp/faults", faulty)
        for path, body in (("/asks", {"order": split}), ("/refunds", moved(split, "R-9", 100)), ("/checkouts", checkout(WORLDLINE + "SCHEMA-9", 9000))):
            post(path, body)
        client.json("DELETE", "/local/psp/faults")

        # Reading.
        client.send("GET", "/orders?state=captured&limit=2")
        client.send("GET", "/orders?state=sold")
        client.send("GET", "/orders?key=nobody")
        client.send("GET", "/orders/" + split)
        client.send("GET", "/orders/" + split, headers={"accept": "text/html"})
        client.send("GET", "/orders/" + split + "0")
        client.send("GET", "/webhooks/worldline", headers={"x-gcs-webhooks-endpoint-verification": "1"})
        client.send("GET", "/webhooks/worldline")
        for psp, media in (("worldline", "application/json"), ("systempay", "application/x-www-form-urlencoded")):
            client.send("POST", f"/webhooks/{psp}", b"a=b", {"content-type": media})
            client.send("POST", f"/webhooks/{psp}", b"a=b", {"content-type": "text/csv"})

    def test_each_order_is_as_its_schema_says(self):
        self.assertGreater(len(self.orders), 100)
        for order in [*self.brief, *self.orders, *self.later]:
            of_file("order").validate(order)
            component("Order").validate(order)
        for order in self.orders:
            self.assertIn("notifications", order)
            self.assertTrue(all("details" in share for share in order["shares"]))

    def test_evidence_is_as_its_schema_says(self):
        """Of orders that were told by notifications, that were asked about, and that were registered alone."""
        kinds = set()
        with tempfile.TemporaryDirectory() as folder:
            for at, order in enumerate(self.later[:: len(self.later) // 12]):
                key = "/".join(urllib.parse.quote(order[part], safe="") for part in ("psp", "merchant", "mode", "order"))
                path = pathlib.Path(folder) / f"{at}.json"
                done = subprocess.run(
                    ["quittance", "evidence", key, "--to", path, "--local", self.client.url], capture_output=True, text=True
                )
                self.assertEqual(done.returncode, 0, (key, done.stdout, done.stderr))
                evidence = json.loads(path.read_text())
                of_file("evidence").validate(evidence)
                kinds |= {entry["kind"] for entry in evidence["entries"]}
                for inner in ("decision", "policy", "seals"):
                    self.assertFalse(of_file("evidence", False).is_valid({name: each for name, each in evidence.items() if name != inner}))
                self.assertFalse(of_file("evidence", False).is_valid({**evidence, "more": 1}), "each member is known")
        self.assertEqual(kinds, {"notification", "answer", "registered"})

    def test_each_message_is_as_its_schemas_say(self):
        messages = [*self.messages, *self.client.json("GET", "/local/queue")]
        # A notice comes after a quarter of an hour, or at the end of a session: functions/reconcile/tests has them come.
        for kind in ("quittance.order.held", "quittance.order.stranded"):
            messages.append({**messages[0], "type": kind, "data": {**messages[0]["data"], "fulfilment": None}})
        self.assertEqual({message["type"] for message in messages}, {each["name"] for each in ASYNCAPI["components"]["messages"].values()})
        for message in messages:
            of_file("message").validate(message)
            payload(message["type"]).validate(message)
            for other in {each["type"] for each in messages} - {message["type"]}:
                self.assertFalse(payload(other).is_valid(message))
            self.assertNotIn("notifications", message["data"])

    def test_each_answer_is_described(self):
        seen = {}
        for method, path, _, status, media, answered in self.client.seen:
            path = urllib.parse.urlsplit(path).path
            if path.startswith("/local/"):
                continue
            path = re.sub(r"^/orders/.*", "/orders/{psp}/{merchant}/{mode}/{order}", path)
            if (operation := OPENAPI["paths"].get(path, {}).get(method.lower())) is None:
                continue
            with self.subTest(method=method, path=path, status=status):
                answer = operation["responses"][str(status)]
                if "content" in answer:
                    within(answer["content"][media]["schema"]).validate(answered)
                seen.setdefault(operation["operationId"], set()).add(status)
        # Every way to succeed was seen, and most of the others: what is too large and what is not stored are shown elsewhere.
        successes = {
            each["operationId"]: {int(status) for status in each["responses"] if status < "400"} for _, _, each in operations()
        }
        # The stack itself played what is genuine, and the other ways back are a browser's.
        elsewhere = {"notifyWorldline", "notifySystempay", "postReturnWorldline", "getReturnSystempay", "postReturnSystempay"}
        unseen = {operation for operation, statuses in successes.items() if statuses - seen.get(operation, set())}
        self.assertEqual(unseen, elsewhere)
        self.assertLessEqual({400, 401, 404, 409, 415, 422, 502}, set().union(*seen.values()))

    def test_each_word_was_seen(self):
        refunds = [answered for *_, answered in self.client.seen if isinstance(answered, dict) and "lines" in answered]
        shares = [share for order in [*self.orders, *self.later] for share in order["shares"]]
        seen = {
            "State": {order["state"] for order in [*self.orders, *self.later]},
            "Flag": {flag for order in self.orders for flag in order["flags"]},
            "Status": {share["status"] for share in shares},
            "Kind": {share["kind"] for share in shares},
            "Mode": {order["mode"] for order in self.orders},
            "Cause": {reversal["reason"] for order in self.orders for reversal in order["reversals"]},
            "Action": {line["action"] for refund in refunds for line in refund["lines"]},
            "RequestState": {refund["state"] for refund in refunds},
        }
        every = {name: set(OPENAPI["components"]["schemas"][name]["enum"]) for name in seen}
        self.assertEqual({name: every[name] - words for name, words in seen.items() if every[name] - words}, UNSEEN)

    def test_the_routes_have_these_methods_and_no_others(self):
        for path, methods in OPENAPI["paths"].items():
            path = path.format(psp="systempay", merchant="12345678", mode="test", order="CMD-2001")
            status, _, headers = self.client.send("DELETE", path)
            # HEAD is GET without a body.
            allowed = set(headers["allow"].split(", ")) - {"HEAD"}
            self.assertEqual((status, allowed), (405, {each.upper() for each in methods}), path)
        self.assertEqual(self.client.send("GET", "/order")[0], 404)

    def test_what_is_posted_has_these_members_and_no_others(self):
        for path, body in self.bodies:
            operation = OPENAPI["paths"][path]["post"]
            schema = within(operation["requestBody"]["content"]["application/json"]["schema"])
            schema.validate(body)
            status, _, _ = self.client.send("POST", path, body)
            self.assertNotEqual(status, 400, path)
            for name, value in body.items():
                for other in ({name + "s": value}, {name: {}}):
                    wrong = {**{each: kept for each, kept in body.items() if each != name}, **other}
                    self.assertFalse(schema.is_valid(wrong), wrong)
                    self.assertEqual(self.client.send("POST", path, wrong)[0], 400, wrong)


class Strictness(unittest.TestCase):
    """Nothing passes by accident: of a full example each thing that can be wrong is seen to be wrong."""

    @classmethod
    def setUpClass(cls):
        text = dict(SECTIONS)
        first = lambda title, at: json.loads(re.findall(r"^```json\n(.*?)^```$", text[title], re.MULTILINE | re.DOTALL)[at])
        cls.full = {"order": first("An order", 0), "message": first("Messages", 1), "refund": first("POST /refunds", 1)}

    def test_another_name_is_wrong(self):
        for file, value in self.full.items():
            for path in objects(value):
                for name in at(value, path):
                    wrong = changed(value, path, lambda inner: inner.update({name + "_": inner.pop(name)}))
                    self.assertFalse(of_file(file).is_valid(wrong), (file, path, name))

    def test_a_missing_member_is_wrong_unless_it_may_be_absent(self):
        may_be_absent = {"notifications", "explanation", "details", "traceparent"}
        for file, value in self.full.items():
            for path in objects(value):
                if path and path[-1] == "details":
                    continue
                for name in at(value, path):
                    wrong = changed(value, path, lambda inner: inner.pop(name))
                    self.assertEqual(of_file(file, False).is_valid(wrong), name in may_be_absent, (file, path, name))

    def test_another_word_or_kind_of_value_is_wrong(self):
        words = {"state", "status", "kind", "mode", "reason", "type", "specversion", "action"}
        for file, value in self.full.items():
            for path in objects(value):
                for name, inner in at(value, path).items():
                    # An object may have members that are new.
                    kinds = [True, 1.5, -1, *([] if isinstance(inner, dict) else [{"a": 1}])]
                    if name in words and isinstance(inner, str) and not (file == "refund" and name == "reason"):
                        kinds.append("sold")
                    for other in kinds:
                        wrong = changed(value, path, lambda inner: inner.update({name: other}))
                        self.assertFalse(of_file(file, False).is_valid(wrong), (file, path, name, other))

    def test_a_new_member_is_no_reason_to_fail(self):
        for file, value in self.full.items():
            for path in objects(value):
                more = changed(value, path, lambda inner: inner.update({"new": 1}))
                self.assertTrue(of_file(file, False).is_valid(more), (file, path))
                self.assertFalse(of_file(file).is_valid(more), (file, path))


if __name__ == "__main__":
    unittest.main(verbosity=1)
