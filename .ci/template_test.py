"""What must be true of template.yaml whatever it says, read from its translation: no account, no network.

That it works as it is written, with these permissions and no others, is for `.ci/deployment` to show.

    AWS_DEFAULT_REGION=eu-west-3 BRANDS=brands.json python .ci/template_test.py

BRANDS holds what `quittance brands --json` printed. `.ci/template` prepares both.
"""

import json
import os
import pathlib
import re
import unittest

from policy_sentry.querying.actions import get_action_data
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parent.parent

RECEIVERS = {"worldline-webhook", "systempay-ipn"}
# Who alone may do what to what; the functions' code says what for.
ONLY = {
    ("secretsmanager:GetSecretValue", "KeysSecret"): RECEIVERS,
    ("secretsmanager:GetSecretValue", "ApiSecret"): {"ask", "checkout", "reconcile", "refund", "returns"},
    ("dynamodb:UpdateItem", "OrderTable.Arn"): {"ask", "checkout", "dispatch", "reconcile", "refund", "returns"},
    ("dynamodb:PutItem", "ArchiveTable.Arn"): RECEIVERS | {"expected", "ask", "checkout", "reconcile", "refund", "returns"},
    ("dynamodb:UpdateItem", "ArchiveTable.Arn"): RECEIVERS,
    ("dynamodb:GetItem", "ArchiveTable.Arn"): RECEIVERS,
    ("dynamodb:BatchGetItem", "OrderTable.Arn"): RECEIVERS | {"orders", "ask", "checkout", "reconcile", "refund", "returns"},
    ("dynamodb:Scan", "OrderTable.Arn"): {"orders", "report"},
    ("sqs:SendMessage", "FulfilmentQueue.Arn"): {"dispatch", "reconcile"},
    ("sqs:SendMessage", "StreamFailureQueue.Arn"): {"dispatch"},
    ("sqs:SendMessage", "PostQueue.Arn"): {"dispatch", "reconcile"},
    ("sqs:ReceiveMessage", "PostQueue.Arn"): {"post"},
    ("sqs:DeleteMessage", "PostQueue.Arn"): {"post"},
    ("secretsmanager:GetSecretValue", "ShopSecret"): {"post"},
    ("sqs:ReceiveMessage", "FulfilmentQueue.Arn"): {"example-fulfilment"},
    ("sqs:DeleteMessage", "FulfilmentQueue.Arn"): {"example-fulfilment"},
}
# What no function may do to anything: lose, or hand on, what others rely on.
NOBODY = re.compile(r"(Delete(?!Message$)|Purge|BatchWrite|PartiQL|Create(?!LogStream$)|Tag|Set|Restore|Export|iam:|kms:)")
TRACE = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}

# What reads or writes one item.
BY_KEY = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
# Keys come from the secrets; these are for machines of one's own.
NOT_DEPLOYED = {"QUITTANCE_WORLDLINE_KEYS", "QUITTANCE_SYSTEMPAY_KEYS", "QUITTANCE_WORLDLINE_API", "QUITTANCE_SHOP_KEY"}


def metrics():
    """Metrics that the code writes, all under the dimension `stack`, and the one that has more dimensions."""
    source = (ROOT / "shared/aws/src/measure.rs").read_text()
    constants = dict(re.findall(r'const (\w+): &str = "(\w+)"', source))
    assert (constants.pop("NAMESPACE"), constants.pop("STACK")) == ("Quittance", "stack"), constants
    detailed = constants.pop("REJECTED_FOR")
    return {*re.findall(r'=> "(\w+)"', source), *constants.values()}, detailed


# Actions for which IAM's reference lists no resource. For ListStreams DynamoDB's own guide gives the stream.
WITHOUT_RESOURCE = TRACE | {"dynamodb:ListStreams"}

# The PSP waits this long for an answer.
PSP_WAITS_SECONDS = 10
STACK = "shop"


def translate():
    """The template as CloudFormation sees it, with SAM's shorthand spelt out."""
    source = yaml_parse((ROOT / "template.yaml").read_text())
    for resource in source["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # The translator wants built code.
            resource["Properties"]["CodeUri"] = "s3://bucket/" + resource["Properties"]["CodeUri"]
    return source, transform(source, {}, ManagedPolicyLoader(None))


SOURCE, TEMPLATE = translate()
SOURCE = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES = TEMPLATE["Resources"]
METRICS, DETAILED = metrics()


def text(value):
    """A value with references spelt as `Name` or `Name.Attribute`; of two branches the first."""
    if not isinstance(value, dict):
        return str(value)
    (kind, inner), = value.items()
    if kind == "Ref":
        return STACK if inner == "AWS::StackName" else inner
    if kind == "Fn::GetAtt":
        return inner if isinstance(inner, str) else ".".join(inner)
    if kind == "Fn::If":
        return text(inner[1])
    if kind == "Fn::FindInMap":
        return "/".join(text(part) for part in inner)
    if kind == "Fn::Sub":
        pattern, names = (inner, {}) if isinstance(inner, str) else inner
        known = {name: text(value) for name, value in names.items()} | {"AWS::StackName": STACK}
        return re.sub(r"\$\{([^}]+)\}", lambda found: known.get(found[1], found[1]), pattern)
    raise ValueError(f"unknown function {kind}")


def words(value):
    """A string or a list of values, as a sorted list of texts."""
    return sorted(text(each) for each in (value if isinstance(value, list) else [value]))


def partitions(statement):
    """The partition keys to which a statement is limited."""
    if "Condition" not in statement:
        return []
    ((operator, limits),) = statement["Condition"].items()
    ((key, values),) = limits.items()
    assert (operator, key) == ("ForAllValues:StringEquals", "dynamodb:LeadingKeys"), statement
    return values


def holds(condition, parameters):
    """Whether a condition holds, or a rule's, where the other parameters have their defaults."""
    if isinstance(condition, str):
        return holds(SOURCE["Conditions"][condition], parameters)
    (kind, inner), = condition.items()
    if kind == "Condition":
        return holds(inner, parameters)
    if kind == "Fn::Equals":
        defaults = {name: each["Default"] for name, each in SOURCE["Parameters"].items()}
        given = defaults | parameters
        one, other = (given[each["Ref"]] if isinstance(each, dict) else each for each in inner)
        return str(one) == str(other)
    if kind == "Fn::Not":
        (negated,) = inner
        return not holds(negated, parameters)
    return {"Fn::And": all, "Fn::Or": any}[kind](holds(each, parameters) for each in inner)


def refused(parameters):
    """Why CloudFormation would not deploy with these: sentences of the rules, and parameters that match no pattern."""
    for name, value in parameters.items():
        if not re.fullmatch(SOURCE["Parameters"][name].get("AllowedPattern", ".*"), value):
            yield name
    for rule in SOURCE["Rules"].values():
        if holds(rule["RuleCondition"], parameters):
            yield from (each["AssertDescription"] for each in rule["Assertions"] if not holds(each["Assert"], parameters))


def mentioned(value):
    """The names of what a value refers to."""
    if isinstance(value, list):
        return set().union(*map(mentioned, value))
    if not isinstance(value, dict):
        return set()
    names = set().union(*map(mentioned, value.values()))
    if isinstance(value.get("Ref"), str):
        names.add(value["Ref"])
    if "Fn::GetAtt" in value:
        names.add(text(value).split(".")[0])
    if "Fn::Sub" in value:
        pattern = value["Fn::Sub"] if isinstance(value["Fn::Sub"], str) else value["Fn::Sub"][0]
        names |= {each.split(".")[0] for each in re.findall(r"\$\{([^}]+)\}", pattern)}
    return names


def branches(value):
    """The elements of a list, those under a condition included."""
    for each in value:
        if isinstance(each, dict) and "Fn::If" in each:
            each = each["Fn::If"][1]
        yield each


def of_type(kind):
    return {name: each for name, each in RESOURCES.items() if each["Type"] == kind}


def properties(name):
    return RESOURCES[name]["Properties"]


def functions():
    """Functions by their package: `<stack>-<package>` is what they are called."""
    found = of_type("AWS::Lambda::Function")
    return {text(each["Properties"]["FunctionName"]).removeprefix(STACK + "-"): name for name, each in found.items()}


def statements():
    """Every statement of every policy: whose it is, and what it says."""
    for name, resource in RESOURCES.items():
        declared = resource["Properties"]
        documents = [each["PolicyDocument"] for each in branches(declared.get("Policies", []))]
        documents += [declared[key] for key in ("PolicyDocument", "KeyPolicy") if key in declared]
        for document in documents:
            for statement in document["Statement"]:
                yield name, statement


class Permissions(unittest.TestCase):
    def test_what_matters_is_for_those_alone_who_need_it(self):
        found = {}
        for package, logical in functions().items():
            role = text(properties(logical)["Role"]).removesuffix(".Arn")
            for statement in [each for owner, each in statements() if owner == role]:
                for action in words(statement["Action"]):
                    self.assertIsNone(NOBODY.search(action), f"{package}: {action}")
                    for resource in words(statement["Resource"]):
                        found.setdefault((action, resource), set()).add(package)
                        if action.startswith("logs:"):
                            self.assertEqual(resource, f"{logical}Log.Arn", "a log of another's")
        for grant, packages in ONLY.items():
            self.assertEqual(found[grant], packages, grant)
        on_orders = {package for (action, resource), who in found.items() for package in who
                     if resource == "OrderTable.Arn" and action not in BY_KEY}
        self.assertEqual(on_orders, {"orders", "report"}, "orders are read and written by key, and scanned for lists alone")
        for package in ("orders", "report"):
            for action in ("dynamodb:PutItem", "dynamodb:UpdateItem"):
                self.assertNotIn(package, found[action, "OrderTable.Arn"], "who shows orders changes none")

    def test_the_partitions_that_receivers_may_read_are_those_that_the_code_has(self):
        source = (ROOT / "shared/aws/src/room.rs").read_text()
        self.assertIn('format!("quarantine/rooms/{}", psp.as_str())', source)
        for package, psp in (("worldline-webhook", "worldline"), ("systempay-ipn", "systempay")):
            role = text(properties(functions()[package])["Role"]).removesuffix(".Arn")
            read = [each for owner, each in statements() if owner == role and "ArchiveTable.Arn" in words(each["Resource"])]
            for statement in read:
                actions = set(words(statement["Action"]))
                # Raw notifications are written and never read. Scan and Query carry no key, so that the condition
                # would let them pass.
                if partitions(statement):
                    self.assertEqual(partitions(statement), [f"quarantine/rooms/{psp}"], package)
                    self.assertEqual(actions, {"dynamodb:GetItem", "dynamodb:UpdateItem"}, package)
                else:
                    self.assertEqual(actions, {"dynamodb:PutItem"}, package)

    def test_no_role_borrows_a_policy_or_is_lent_to_others(self):
        roles = of_type("AWS::IAM::Role")
        self.assertEqual(set(roles), {f"{logical}Role" for logical in functions().values()})
        for name, role in roles.items():
            self.assertNotIn("ManagedPolicyArns", role["Properties"], name)
            (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            self.assertEqual(trust["Principal"], {"Service": "lambda.amazonaws.com"}, name)
        self.assertFalse(of_type("AWS::IAM::Policy") | of_type("AWS::IAM::ManagedPolicy"))

    def test_nothing_is_allowed_by_wildcard(self):
        for owner, statement in statements():
            if statement["Effect"] == "Deny":
                continue
            about = f"{owner}: {statement.get('Sid')}"
            actions = words(statement["Action"])
            self.assertFalse([each for each in actions if "*" in each], about)
            self.assertNotIn("*", json.dumps(statement.get("Principal", "")), about)
            # X-Ray has no resources; in a key's policy the resource is the key.
            if set(actions) <= TRACE or owner == "AlarmKey":
                continue
            self.assertNotIn("*", json.dumps(statement["Resource"]), about)

    def test_each_action_exists_and_knows_resources(self):
        for owner, statement in statements():
            if RESOURCES[owner]["Type"] != "AWS::IAM::Role":
                continue
            for action in words(statement["Action"]):
                service, name = action.split(":")
                known = get_action_data(service, name)
                self.assertTrue(known, f"IAM knows no {action}")
                named = [each for each in known[service] if each["resource_arn_format"] != "*"]
                self.assertTrue(named or action in WITHOUT_RESOURCE, f"{action} knows no resources")

    def test_who_invokes_a_function_is_named(self):
        for name, permission in of_type("AWS::Lambda::Permission").items():
            self.assertIn("SourceArn", permission["Properties"], name)
            self.assertIn(
                permission["Properties"]["Principal"], ["apigateway.amazonaws.com", "events.amazonaws.com"], name
            )

    def test_each_queue_insists_on_tls(self):
        guarded = []
        for policy in of_type("AWS::SQS::QueuePolicy").values():
            (queue,) = words(policy["Properties"]["Queues"])
            (deny,) = policy["Properties"]["PolicyDocument"]["Statement"]
            self.assertEqual(
                (deny["Effect"], deny["Principal"], deny["Action"], text(deny["Resource"])),
                ("Deny", "*", "sqs:*", f"{queue}.Arn"),
            )
            self.assertEqual(deny["Condition"], {"Bool": {"aws:SecureTransport": "false"}})
            guarded.append(queue)
        self.assertCountEqual(guarded, of_type("AWS::SQS::Queue"))


class Functions(unittest.TestCase):
    def test_the_functions_are_those_of_the_workspace(self):
        self.assertEqual(set(functions()), {path.parent.name for path in ROOT.glob("functions/*/Cargo.toml")})

    def test_variables_are_those_that_the_code_reads(self):
        def read(folder):
            sources = (path.read_text() for path in (ROOT / folder).rglob("*.rs"))
            return {name for source in sources for name in re.findall(r'"(QUITTANCE_[A-Z_]+)"', source)}

        given = {
            package: set(properties(logical)["Environment"]["Variables"]) for package, logical in functions().items()
        }
        shared = read("shared/aws/src") | read("shared/psp/src")
        for package, names in given.items():
            own = read(f"functions/{package}/src")
            self.assertLessEqual(own, names | NOT_DEPLOYED, f"{package} reads what it is not given")
            self.assertLessEqual(names, own | shared, f"{package} is given what nothing reads")
        self.assertLessEqual(shared, set().union(*given.values()) | NOT_DEPLOYED)

    def test_each_function_logs_json_into_its_own_group(self):
        for package, logical in functions().items():
            logging = properties(logical)["LoggingConfig"]
            self.assertEqual((logging["LogFormat"], text(logging["LogGroup"])), ("JSON", f"{logical}Log"))
            group = properties(f"{logical}Log")
            self.assertEqual(text(group["LogGroupName"]), f"/aws/lambda/{STACK}-{package}")
            self.assertEqual(text(group["RetentionInDays"]), "LogRetentionDays")
        # Metrics are log lines without a level, which Lambda takes for INFO.
        self.assertEqual(SOURCE["Parameters"]["LogLevel"]["AllowedValues"], ["INFO", "DEBUG"])

    def test_a_receiver_gives_up_before_the_psp_does(self):
        paths = properties("HttpApi")["Body"]["paths"]
        for route in ("/webhooks/worldline", "/webhooks/systempay"):
            gateway = paths[route]["post"]["x-amazon-apigateway-integration"]["timeoutInMillis"] / 1000
            function = properties({"worldline": "WorldlineWebhook"}.get(route.split("/")[-1], "SystempayIpn"))
            self.assertLess(function["Timeout"], gateway)
            self.assertLess(gateway, PSP_WAITS_SECONDS)

    def test_runs_of_reconcile_do_not_overlap(self):
        rules = of_type("AWS::Events::Rule").values()
        (rule,) = [each for each in rules if words(each["Properties"]["Targets"][0]["Arn"]) == ["Reconcile.Arn"]]
        self.assertEqual(rule["Properties"]["ScheduleExpression"], "rate(1 minute)")
        self.assertLess(properties("Reconcile")["Timeout"], 60)
        self.assertEqual(properties("ReconcileEventInvokeConfig")["MaximumRetryAttempts"], 0)


class WayIn(unittest.TestCase):
    def test_webhooks_and_returns_are_open_and_all_else_is_for_iam(self):
        for path, methods in properties("HttpApi")["Body"]["paths"].items():
            for method, operation in methods.items():
                security = None if path.startswith(("/webhooks/", "/returns/")) else [{"AWS_IAM": []}]
                self.assertEqual(operation.get("security"), security, f"{method} {path}")
        schemes = properties("HttpApi")["Body"]["components"]["securitySchemes"]
        self.assertEqual(schemes["AWS_IAM"]["x-amazon-apigateway-authtype"], "awsSigv4")

    def test_every_route_is_throttled_and_logged(self):
        stages = {text(each["Properties"]["ApiId"]): each["Properties"] for each in of_type("AWS::ApiGatewayV2::Stage").values()}
        self.assertEqual(set(stages), set(of_type("AWS::ApiGatewayV2::Api")))
        for api, settings in stages.items():
            limits = [settings["DefaultRouteSettings"], *settings.get("RouteSettings", {}).values()]
            for limit in limits:
                self.assertEqual(set(limit), {"ThrottlingRateLimit", "ThrottlingBurstLimit"}, api)
            line = json.loads(settings["AccessLogSettings"]["Format"])
            self.assertEqual(line["status"], "$context.status", api)
            for value in line.values():
                # A path has an order's reference, a header may have a token, and of its claims but one is no name.
                self.assertNotRegex(value, r"(?i)query|header|\$context\.(path|http\.path|domain)|claims\.(?!sub$)", api)
            group = text(settings["AccessLogSettings"]["DestinationArn"]).removesuffix(".Arn")
            self.assertEqual(text(properties(group)["RetentionInDays"]), "LogRetentionDays", api)
        paths = properties("HttpApi")["Body"]["paths"]
        webhooks = {f"POST {path}" for path, methods in paths.items() if path.startswith("/webhooks/") and "post" in methods}
        self.assertEqual(set(stages["HttpApi"]["RouteSettings"]), webhooks)

    def test_brands_are_those_of_the_code(self):
        brands = json.loads(pathlib.Path(os.environ["BRANDS"]).read_text())["brands"]
        expected = {brand["id"]: {"BackOffice": brand["back_office"] or "unknown"} for brand in brands}
        self.assertEqual(SOURCE["Mappings"]["Brands"], expected)
        self.assertCountEqual(SOURCE["Parameters"]["Brand"]["AllowedValues"], expected)


class Page(unittest.TestCase):
    ISSUERS = (
        "https://cognito-idp.eu-west-3.amazonaws.com/eu-west-3_AbCdEf123",
        "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        "https://accounts.google.com",
        "https://shop.eu.auth0.com/",
        "https://login.example.com:8443/realms/shop",
    )
    AUDIENCES = (
        "3n4b5urk1ft4fl3mg5e62d9ado", "api://9188040d-6c67-4c5b-b112-36a304b66dad", "https://orders.example.com/",
        "123456-abc.apps.googleusercontent.com",
    )

    def test_every_route_that_is_spelt_out_wants_a_token_of_the_issuer(self):
        # Those of the other API are in its definition, which has a test of its own.
        self.assertEqual(set(of_type("AWS::ApiGatewayV2::Api")), {"HttpApi", "PageApi"})
        self.assertNotIn("Body", properties("PageApi"))
        # What would make routes of itself, or let pages of others call them.
        self.assertFalse({"RouteKey", "Target", "CorsConfiguration"} & set(properties("PageApi")))
        routes = {}
        for name, route in of_type("AWS::ApiGatewayV2::Route").items():
            declared = route["Properties"]
            self.assertEqual(text(declared["ApiId"]), "PageApi", name)
            self.assertEqual(declared["AuthorizationType"], "JWT", name)
            self.assertEqual(text(declared["AuthorizerId"]), "PageAuthorizer", name)
            scopes = {"Fn::If": ["HasPageScope", [{"Ref": "PageScope"}], {"Ref": "AWS::NoValue"}]}
            self.assertEqual(declared["AuthorizationScopes"], scopes, name)
            self.assertEqual(text(declared["Target"]), "integrations/PageIntegration", name)
            routes[declared["RouteKey"]] = name
        self.assertEqual(set(routes), {"GET /", "GET /orders", "GET /orders/{proxy+}"})
        self.assertEqual(set(of_type("AWS::ApiGatewayV2::Authorizer")), {"PageAuthorizer"})
        authorizer = properties("PageAuthorizer")
        self.assertEqual(text(authorizer["ApiId"]), "PageApi")
        self.assertEqual(authorizer["AuthorizerType"], "JWT")
        # Not from the query, which ends in histories and logs.
        self.assertEqual(authorizer["IdentitySource"], ["$request.header.Authorization"])
        said = {"Issuer": {"Ref": "PageIssuer"}, "Audience": [{"Ref": "PageAudience"}]}
        self.assertEqual(authorizer["JwtConfiguration"], said)

    def test_the_page_reaches_the_function_that_changes_nothing_as_the_other_routes_do(self):
        integration, stage = properties("PageIntegration"), properties("PageStage")
        self.assertTrue(text(integration["IntegrationUri"]).endswith("/functions/Orders.Arn/invocations"))
        paths = properties("HttpApi")["Body"]["paths"]
        other = paths["/orders"]["get"]["x-amazon-apigateway-integration"]
        own = {"payloadFormatVersion": integration["PayloadFormatVersion"], "timeoutInMillis": integration["TimeoutInMillis"]}
        self.assertEqual(own, {name: other[name] for name in own})
        self.assertGreater(integration["TimeoutInMillis"] / 1000, properties("Orders")["Timeout"])
        # Any other name would stand before the path.
        self.assertEqual((stage["StageName"], stage["AutoDeploy"]), ("$default", True))
        permissions = {
            name: each["Properties"] for name, each in of_type("AWS::Lambda::Permission").items() if "PageApi" in mentioned(each)
        }
        (permission,) = permissions.values()
        self.assertEqual(text(permission["FunctionName"]), "Orders")
        arn = "arn:AWS::Partition:execute-api:AWS::Region:AWS::AccountId:PageApi/*/GET/*"
        self.assertEqual(text(permission["SourceArn"]), arn)

    def test_there_is_no_page_unless_both_are_said(self):
        parts = {name for name, each in RESOURCES.items() if each.get("Condition") == "HasPage"}
        self.assertEqual(parts, {name for name in RESOURCES if name.startswith("Page")})
        self.assertIn("PageApi", parts)
        for kind, declared in (("resource", RESOURCES), ("output", TEMPLATE["Outputs"])):
            for name, each in declared.items():
                if mentioned(each) & parts:
                    self.assertEqual(each.get("Condition"), "HasPage", f"{kind} {name}")
        self.assertIn("PageApi", mentioned(TEMPLATE["Outputs"]["PageUrl"]))
        issuer, audience = {"PageIssuer": self.ISSUERS[0]}, {"PageAudience": self.AUDIENCES[0]}
        scope = {"PageScope": "orders/read"}
        for given, is_there, why_not in (
            ({}, False, []),
            (issuer | audience, True, []),
            (issuer | audience | scope, True, []),
            (issuer, False, ["PageIssuer and PageScope need PageAudience."]),
            (issuer | scope, False, ["PageIssuer and PageScope need PageAudience."]),
            (audience, False, ["PageAudience and PageScope need PageIssuer."]),
            (audience | scope, False, ["PageAudience and PageScope need PageIssuer."]),
            (scope, False, ["PageAudience and PageScope need PageIssuer.", "PageIssuer and PageScope need PageAudience."]),
        ):
            self.assertEqual((holds("HasPage", given), list(refused(given))), (is_there, why_not), given)
            self.assertEqual(holds("HasPageScope", given), "PageScope" in given, given)

    def test_an_issuer_is_reached_by_tls_and_an_audience_is_one_that_is_written_out(self):
        for issuer in self.ISSUERS:
            for audience in self.AUDIENCES:
                self.assertEqual(list(refused({"PageIssuer": issuer, "PageAudience": audience})), [])
        issuer, audience = self.ISSUERS[0], self.AUDIENCES[0]
        for wrong in ("http://accounts.google.com", "accounts.google.com", "https://", "https://*", "https://*.example.com",
                      "https://login.example.com/*", "https://a@login.example.com", "https://login.example.com/?tenant=1",
                      "https://login.example.com/#a", "https://login.example.com, https://other.example.com", " ",
                      "https://login.example.com ", "HTTPS://login.example.com"):
            self.assertEqual(list(refused({"PageIssuer": wrong, "PageAudience": audience})), ["PageIssuer"], wrong)
        for wrong in ("*", "one,two", "one two", " ", "one*", "*one", '"one"', "one\n"):
            self.assertEqual(list(refused({"PageIssuer": issuer, "PageAudience": wrong})), ["PageAudience"], wrong)
            given = {"PageIssuer": issuer, "PageAudience": audience, "PageScope": wrong}
            self.assertEqual(list(refused(given)), ["PageScope"], wrong)


class Kept(unittest.TestCase):
    def test_tables_have_the_names_of_the_code(self):
        operator = (ROOT / "cli/src/operate/context.rs").read_text()
        for table, name in (("OrderTable", "orders"), ("ArchiveTable", "archive")):
            self.assertEqual(text(properties(table)["TableName"]), f"{STACK}-{name}")
            self.assertIn(f'"{{stack}}-{name}"', operator)
        self.assertEqual(text(properties("KeysSecret")["Name"]), f"{STACK}/keys")
        self.assertIn('"{stack}/keys"', operator)
        queries = (ROOT / "shared/aws/src/index.rs").read_text()
        for index in properties("OrderTable")["GlobalSecondaryIndexes"]:
            index = index["Fn::If"][1] if "Fn::If" in index else index
            self.assertIn(f'"{index["IndexName"]}"', queries)

    def test_an_index_of_states_is_there_where_it_is_asked_for(self):
        table = properties("OrderTable")
        for wanted, indexes in (("false", ["due"]), ("true", ["due", "by_state"])):
            keeps = holds("HasStateIndex", {"StateIndex": wanted})
            chosen = [[each["Fn::If"][1 if keeps else 2] if "Fn::If" in each else each for each in table[part]]
                      for part in ("GlobalSecondaryIndexes", "AttributeDefinitions")]
            found, attributes = [[each for each in part if "Ref" not in each] for part in chosen]
            self.assertEqual([index["IndexName"] for index in found], indexes)
            # DynamoDB refuses a definition that no key needs.
            keys = {key["AttributeName"] for each in [table, *found] for key in each["KeySchema"]}
            self.assertEqual({each["AttributeName"] for each in attributes}, keys)

    def test_tables_and_their_indexes_are_warm_together(self):
        units = {"Ref": "WarmUnits"}
        orders = properties("OrderTable")
        indexes = [each["Fn::If"][1] if "Fn::If" in each else each for each in orders["GlobalSecondaryIndexes"]]
        for part in [orders, *indexes, properties("ArchiveTable")]:
            # Orders alone are read as often as they are written.
            read = {"ReadUnitsPerSecond": units} if part is orders else {}
            warm = {**read, "WriteUnitsPerSecond": units}
            self.assertEqual(part["WarmThroughput"], {"Fn::If": ["IsWarm", warm, {"Ref": "AWS::NoValue"}]})
        self.assertFalse(holds("IsWarm", {"WarmUnits": "0"}))
        self.assertTrue(holds("IsWarm", {"WarmUnits": "40000"}))

    def test_notifications_expire_and_orders_do_not(self):
        # PSPs and merchants send again long after any window.
        self.assertNotIn("TimeToLiveSpecification", properties("OrderTable"))
        expiry = properties("ArchiveTable")["TimeToLiveSpecification"]
        self.assertTrue(expiry["Enabled"])
        self.assertIn(f'"{expiry["AttributeName"]}"', (ROOT / "shared/aws/src/archive.rs").read_text())

    def test_what_money_hangs_on_outlives_the_stack(self):
        for name in ("OrderTable", "ArchiveTable", "ExampleTable", "KeysSecret", "ApiSecret", "FulfilmentQueue", "DeadLetterQueue",
                     "PostQueue", "PostDeadLetterQueue", "ShopSecret"):
            kept = RESOURCES[name]["DeletionPolicy"], RESOURCES[name]["UpdateReplacePolicy"]
            # A first deployment that fails leaves nothing behind that stands in the way of the next.
            self.assertEqual(kept, ("RetainExceptOnCreate", "Retain"), name)
        for name in of_type("AWS::DynamoDB::Table"):
            table = properties(name)
            self.assertEqual(table["BillingMode"], "PAY_PER_REQUEST")
            self.assertEqual(text(table["DeletionProtectionEnabled"]), "DeletionProtection")
            self.assertTrue(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"])
            self.assertTrue(table["SSESpecification"]["SSEEnabled"])
        self.assertEqual(SOURCE["Parameters"]["DeletionProtection"]["Default"], "true")

class Sent(unittest.TestCase):
    def test_queues_are_those_of_the_contract(self):
        names = {name: text(each["Properties"]["QueueName"]) for name, each in of_type("AWS::SQS::Queue").items()}
        operator = (ROOT / "cli/src/operate/context.rs").read_text()
        self.assertIn('"{stack}-fulfilment.fifo"', operator)
        self.assertEqual(names["FulfilmentQueue"], f"{STACK}-fulfilment.fifo")
        for name, queue_name in names.items():
            queue = properties(name)
            self.assertTrue(queue["SqsManagedSseEnabled"], name)
            # As long as SQS can: what is not consumed is not lost over a holiday.
            self.assertEqual(queue["MessageRetentionPeriod"], 14 * 24 * 3600, name)
            self.assertEqual(queue.get("FifoQueue", False), queue_name.endswith(".fifo"), name)
        # The id of a message decides what is a repeat, within a group, as high throughput wants it. One id is always in one
        # group: `Order::group`. (docs/consumer.md)
        for name in ("FulfilmentQueue", "PostQueue"):
            queue = properties(name)
            self.assertFalse(queue["ContentBasedDeduplication"])
            self.assertEqual(queue["DeduplicationScope"], "messageGroup")
            self.assertEqual(queue["FifoThroughputLimit"], "perMessageGroupId")
            dead = text(queue["RedrivePolicy"]["deadLetterTargetArn"]).removesuffix(".Arn")
            allow = properties(dead)["RedriveAllowPolicy"]
            self.assertEqual(allow["redrivePermission"], "byQueue")
            self.assertTrue(words(allow["sourceQueueArns"])[0].endswith(f":{names[name]}"))

    def test_the_shop_is_given_each_message_until_the_code_gives_up(self):
        operator = (ROOT / "cli/src/operate/context.rs").read_text()
        self.assertIn('"{stack}-post.fifo"', operator)
        source = (ROOT / "shared/aws/src/postbox.rs").read_text()
        pauses = re.search(r"PAUSES: \[u32; (\d+)\]", source)[1]
        queue, function = properties("PostQueue"), properties("Post")
        self.assertEqual(queue["RedrivePolicy"]["maxReceiveCount"], int(pauses) + 1)
        # AWS' advice, and the time of one post with its key.
        self.assertGreaterEqual(queue["VisibilityTimeout"], 6 * function["Timeout"])
        post = re.search(r"POST_TIMEOUT: Duration = Duration::from_secs\((\d+)\)", (ROOT / "shared/aws/src/shop.rs").read_text())[1]
        self.assertGreater(function["Timeout"], int(post))
        self.assertEqual(properties("PostPosts")["BatchSize"], 1)
        parts = {name for name, each in RESOURCES.items() if each.get("Condition") == "HasShop"}
        self.assertEqual(parts, {"Post", "PostRole", "PostLog", "PostPosts"})

    def test_nothing_that_the_stream_brings_is_lost_in_silence(self):
        for name, stream in of_type("AWS::Lambda::EventSourceMapping").items():
            self.assertEqual(stream["Properties"]["FunctionResponseTypes"], ["ReportBatchItemFailures"], name)
        stream = properties("DispatchStream")
        self.assertTrue(stream["BisectBatchOnFunctionError"])
        # What is woken for at once goes to the queue in one call.
        batch = re.search(r"MAX_BATCH: usize = (\d+);", (ROOT / "shared/aws/src/queue.rs").read_text())[1]
        self.assertEqual(stream["BatchSize"], int(batch))
        # From the very first record on, again after a failure, and given up before the stream forgets it.
        self.assertEqual(stream["StartingPosition"], "TRIM_HORIZON")
        self.assertGreaterEqual(stream["MaximumRetryAttempts"], 1)
        self.assertLess(stream["MaximumRecordAgeInSeconds"], 24 * 3600)
        given_up = text(stream["DestinationConfig"]["OnFailure"]["Destination"]).removesuffix(".Arn")
        self.assertIn(given_up, watched_of("AWS/SQS", "QueueName"))

    def test_the_example_is_not_deployed_unless_asked_for(self):
        self.assertEqual(SOURCE["Parameters"]["ExampleConsumer"]["Default"], "no")
        parts = {name for name in RESOURCES if name.startswith("Example")}
        self.assertGreaterEqual(
            parts, {"ExampleFulfilment", "ExampleFulfilmentRole", "ExampleTable", "ExampleFulfilmentFulfilment"}
        )
        for name in parts:
            self.assertEqual(RESOURCES[name].get("Condition"), "HasExample", name)
        # docs/consumer.md: the function's time < the lease of an id (60 s) < the time a message is hidden.
        self.assertLess(properties("ExampleFulfilment")["Timeout"], 60)
        self.assertGreater(SOURCE["Parameters"]["FulfilmentVisibilitySeconds"]["Default"], 60)


class Watched(unittest.TestCase):
    def test_alarms_look_at_this_stack_and_at_metrics_that_there_are(self):
        queues, apis = of_type("AWS::SQS::Queue"), of_type("AWS::ApiGatewayV2::Api")
        known = {
            "AWS/SQS": [{"QueueName": f"{name}.QueueName"} for name in queues],
            "AWS/ApiGateway": [{"ApiId": name} for name in apis],
            "AWS/Lambda": [{"FunctionName": name} for name in functions().values()],
            "Quittance": [{"stack": STACK}],
        }
        for name, alarm in of_type("AWS::CloudWatch::Alarm").items():
            self.assertEqual(text(alarm["Properties"]["AlarmName"]), f"{STACK}-{name}")
            for namespace, metric, _, dimensions in watched(alarm["Properties"]):
                self.assertIn(dimensions, known[namespace], f"{name}: {metric}")
                if namespace == "Quittance":
                    self.assertIn(metric, METRICS, name)

    def test_everything_that_can_fail_is_watched(self):
        self.assertEqual(watched_of("AWS/SQS", "QueueName"), set(of_type("AWS::SQS::Queue")))
        self.assertEqual(watched_of("AWS/Lambda", "FunctionName", "Throttles"), set(functions().values()))
        # Who answers HTTP says it by a status, and the API counts those.
        routed = json.dumps(properties("HttpApi")["Body"])
        silent = {name for name in functions().values() if f"{name}.Arn" not in routed and not name.startswith("Example")}
        self.assertEqual(watched_of("AWS/Lambda", "FunctionName", "Errors"), silent)
        # Nobody writes this metric when the schedule stands still.
        self.assertEqual(properties("UnsentAge")["TreatMissingData"], "breaching")

    def test_each_alarm_has_its_section_in_the_runbook_and_says_where(self):
        headings = re.findall(r"^## (.+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE)
        self.assertCountEqual(headings, of_type("AWS::CloudWatch::Alarm"))
        for name in headings:
            self.assertTrue(
                text(properties(name)["AlarmDescription"]).endswith(f"RunbookUrl#{name.lower()}"), name
            )

    def test_each_alarm_tells_when_it_begins_and_when_it_ends(self):
        for name, alarm in of_type("AWS::CloudWatch::Alarm").items():
            for actions in ("AlarmActions", "OKActions"):
                told = alarm["Properties"][actions]["Fn::If"]
                self.assertEqual((told[0], words(told[1])), ("HasAlarmMail", ["AlarmTopic"]), name)

    def test_alarms_can_publish_to_their_topic(self):
        # SNS's own key has a policy that alarms cannot pass.
        self.assertEqual(text(properties("AlarmTopic")["KmsMasterKeyId"]), "AlarmKey")
        allowed = {
            action: text(statement["Condition"]["StringEquals"]["aws:SourceAccount"])
            for owner, statement in statements()
            if owner in ("AlarmKey", "AlarmTopicPolicy")
            and statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
            for action in words(statement["Action"])
        }
        needed = ("kms:Decrypt", "kms:GenerateDataKey", "sns:Publish")
        self.assertEqual(allowed, dict.fromkeys(needed, "AWS::AccountId"))

    def test_the_dashboard_shows_every_metric_and_every_alarm(self):
        widgets = json.loads(text(properties("Dashboard")["DashboardBody"]))["widgets"]
        shown = set()
        for widget in widgets:
            for metric in widget["properties"].get("metrics", []):
                if isinstance(metric[0], dict):
                    self.assertIn(f'MetricName="{DETAILED}"', metric[0]["expression"])
                elif metric[0] == "Quittance":
                    self.assertEqual(metric[2:4], ["stack", STACK])
                    shown.add(metric[1])
        self.assertEqual(shown, METRICS)
        (alarms,) = [each["properties"]["alarms"] for each in widgets if each["type"] == "alarm"]
        self.assertCountEqual(alarms, [f"{name}.Arn" for name in of_type("AWS::CloudWatch::Alarm")])

class Documented(unittest.TestCase):
    def test_the_runbook_knows_the_words_of_logs_and_metrics(self):
        runbook = (ROOT / "docs/runbook.md").read_text()
        code = (ROOT / "shared/core/src/provider.rs").read_text()
        body = re.search(r"fn word\(.*?\n    \}", code, re.DOTALL)[0]
        reasons = re.findall(r'=> "(\w+)"', body)
        self.assertGreater(len(reasons), 4, "the reasons why a message is refused")
        for reason in reasons:
            self.assertIn(f"`{reason}`", runbook)
        code = "".join(path.read_text() for path in ROOT.rglob("*/src/*.rs") if "target" not in path.parts)
        for field, word in set(re.findall(r'fields\.(outcome|message) = "([^"]+)"', runbook)):
            self.assertIn(f'"{word}"', code, field)

    def test_the_guide_lists_every_parameter_with_its_default(self):
        guide = (ROOT / "docs/deploy.md").read_text()
        section = re.search(r"^## Parameters$(.*?)(?=^## |\Z)", guide, re.MULTILINE | re.DOTALL)[1]
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE)
        listed = {name: default.strip().strip("`") for name, default in rows}
        parameters = SOURCE["Parameters"]
        expected = {name: str(each["Default"]) or "empty" for name, each in parameters.items()}
        self.assertEqual(listed, expected)
        groups = SOURCE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        self.assertCountEqual([name for group in groups for name in group["Parameters"]], parameters)

    def test_each_suppression_says_why(self):
        for name, resource in SOURCE["Resources"].items():
            for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
                self.assertGreater(len(skip.get("comment", "")), 20, f"{name}: {skip['id']}")



def watched_of(namespace, dimension, metric=None):
    """What alarms watch by a dimension."""
    found = [each for alarm in of_type("AWS::CloudWatch::Alarm").values() for each in watched(alarm["Properties"])]
    values = [of[dimension] for space, name, _, of in found if space == namespace and metric in (None, name)]
    return {value.removesuffix(f".{dimension}") for value in values}


def watched(alarm):
    """Namespace, metric, statistic and dimensions of what an alarm looks at."""

    def one(metric, stat):
        dimensions = {each["Name"]: text(each["Value"]) for each in metric["Dimensions"]}
        return metric["Namespace"], metric["MetricName"], stat, dimensions

    if "Metrics" not in alarm:
        return [one(alarm, alarm["Statistic"])]
    queries = list(branches(alarm["Metrics"]))
    assert sum(each.get("ReturnData", True) for each in queries) == 1, queries
    stats = [each["MetricStat"] for each in queries if "MetricStat" in each]
    return [one(each["Metric"], each["Stat"]) for each in stats]


if __name__ == "__main__":
    unittest.main(verbosity=int(os.environ.get("VERBOSITY", "1")))
