"""What must be true of template.yaml, read from its translation: no account, no network.

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

# What each function may do: actions and the one resource they concern, and with which partition keys alone if so.
# Every function may also write its log.
READ_WRITE_ORDERS = ("dynamodb:GetItem dynamodb:PutItem", "OrderTable.Arn")
SEND = ("sqs:SendMessage", "FulfilmentQueue.Arn")


def receive(psp):
    return [
        READ_WRITE_ORDERS,
        ("dynamodb:PutItem", "ArchiveTable.Arn"),
        ("dynamodb:GetItem dynamodb:UpdateItem", "ArchiveTable.Arn", f"quarantine/rooms/{psp}"),
        ("secretsmanager:GetSecretValue", "KeysSecret"),
    ]


MAY = {
    "worldline-webhook": receive("worldline"),
    "systempay-ipn": receive("systempay"),
    "orders": [
        ("dynamodb:GetItem dynamodb:Scan", "OrderTable.Arn"),
        ("dynamodb:Query", "OrderTable.Arn/index/by_state"),
    ],
    "expected": [READ_WRITE_ORDERS],
    "dispatch": [
        READ_WRITE_ORDERS,
        SEND,
        (
            "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams",
            "OrderTable.StreamArn",
        ),
        ("sqs:SendMessage", "StreamFailureQueue.Arn"),
    ],
    "reconcile": [
        READ_WRITE_ORDERS,
        SEND,
        ("dynamodb:Query", "OrderTable.Arn/index/by_state OrderTable.Arn/index/by_unsent"),
    ],
    "example-fulfilment": [
        ("dynamodb:PutItem", "ExampleTable.Arn"),
        ("sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage", "FulfilmentQueue.Arn"),
    ],
}
TRACED = {"worldline-webhook", "systempay-ipn", "expected", "dispatch", "example-fulfilment"}
TRACE = ("xray:PutTelemetryRecords xray:PutTraceSegments", "*")

# What the environment of each function holds, QUITTANCE_ left out.
POLICY = {"RELEASE_ON": "ReleaseOn", "INSTALMENTS": "Instalments"}
RECEIVER = {
    "TABLE": "OrderTable",
    "ARCHIVE_TABLE": "ArchiveTable",
    "KEYS_SECRET": "KeysSecret",
    "RAW_RETENTION_DAYS": "RawRetentionDays",
} | POLICY
OUTBOX = {"TABLE": "OrderTable", "QUEUE_URL": "FulfilmentQueue"} | POLICY
READS = {
    "worldline-webhook": RECEIVER,
    "systempay-ipn": RECEIVER
    | {"SYSTEMPAY_FIELDS": "SystempayFields", "SYSTEMPAY_SOURCES": "SystempaySources"},
    "orders": {"TABLE": "OrderTable"} | POLICY,
    "expected": {"TABLE": "OrderTable"} | POLICY,
    "dispatch": OUTBOX,
    "reconcile": OUTBOX,
    "example-fulfilment": {"TABLE": "ExampleTable"},
}
# Keys come from the secret; these two are for machines of one's own.
NOT_DEPLOYED = {"QUITTANCE_WORLDLINE_KEYS", "QUITTANCE_SYSTEMPAY_KEYS"}

# Metrics that the functions write, all under the dimension `stack`, and the one that has more.
METRICS = set(
    "Received Stored Duplicate Untracked Quarantined QuarantineRefused Rejected Unstored Conflict Released Reversed"
    " DispatchLag UnsentAge StrandedVouchers QuarantineFill".split()
)
DETAILED = "RejectedFor"
# Metric, statistic, threshold and what silence means, by alarm.
ALARMS = {
    "ForgedSpike": ("Quittance Rejected", "Sum", "ForgedSpikeThreshold", "notBreaching"),
    "Flood": ("AWS/ApiGateway 4xx", "Sum", "FloodThreshold", "notBreaching"),
    "Unconsumed": ("AWS/SQS ApproximateAgeOfOldestMessage", "Maximum", "UnconsumedSeconds", "notBreaching"),
    "Quarantine": ("Quittance Quarantined", "Sum", 0, "notBreaching"),
    "QuarantineFilling": ("Quittance QuarantineFill", "Maximum", 50, "notBreaching"),
    "DeadLetters": ("AWS/SQS ApproximateNumberOfMessagesVisible", "Maximum", 0, "notBreaching"),
    "StreamFailures": ("AWS/SQS ApproximateNumberOfMessagesVisible", "Maximum", 0, "notBreaching"),
    "UnsentAge": ("Quittance UnsentAge", "Maximum", "UnsentAgeSeconds", "breaching"),
    "StrandedVouchers": ("Quittance StrandedVouchers", "Maximum", 0, "ignore"),
    "ServerErrors": ("AWS/ApiGateway 5xx", "Sum", "ServerErrorsThreshold", "notBreaching"),
    "Throttles": ("AWS/Lambda Throttles", "Sum", 0, "notBreaching"),
    "FunctionErrors": ("AWS/Lambda Errors", "Sum", 0, "notBreaching"),
}
# Looks at several metrics; a test of its own says which.
BY_FORMULA = "NothingTaken"
WATCHED_QUEUES = {
    "DeadLetters": "DeadLetterQueue",
    "StreamFailures": "StreamFailureQueue",
    "Unconsumed": "FulfilmentQueue",
}
WATCHED_FUNCTIONS = {"Throttles": set(MAY), "FunctionErrors": {"dispatch", "reconcile"}}

# Actions for which IAM's reference lists no resource. For ListStreams DynamoDB's own guide gives the stream.
WITHOUT_RESOURCE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "dynamodb:ListStreams"}

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
    def test_each_function_may_do_what_it_needs_and_nothing_else(self):
        for package, logical in functions().items():
            role = text(properties(logical)["Role"]).removesuffix(".Arn")
            expected = MAY[package] + [("logs:CreateLogStream logs:PutLogEvents", f"{logical}Log.Arn")]
            if package in TRACED:
                expected = [*expected, TRACE]
            found = [
                (" ".join(words(each["Action"])), " ".join(words(each["Resource"])), *partitions(each))
                for owner, each in statements()
                if owner == role
            ]
            self.assertCountEqual(found, expected, package)

    def test_the_partitions_that_receivers_may_read_are_those_that_the_code_has(self):
        source = (ROOT / "shared/aws/src/room.rs").read_text()
        self.assertIn('format!("quarantine/rooms/{}", psp.as_str())', source)
        for limited in (limit for function in MAY.values() for limit in function if len(limit) == 3):
            # Scan and Query carry no key, so that the condition would let them pass.
            self.assertEqual(limited[0], "dynamodb:GetItem dynamodb:UpdateItem")

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
            if set(actions) <= {"xray:PutTraceSegments", "xray:PutTelemetryRecords"} or owner == "AlarmKey":
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
        self.assertEqual(set(functions()), set(MAY))
        packages = {path.parent.name for path in ROOT.glob("functions/*/Cargo.toml")}
        self.assertLessEqual(packages, set(MAY), "a function that is not deployed")
        for package, logical in functions().items():
            source = SOURCE["Resources"][logical]
            self.assertEqual(source["Properties"]["CodeUri"], f"functions/{package}")
            self.assertEqual(source["Metadata"]["BuildMethod"], "rust-cargolambda")
            declared = properties(logical)
            self.assertEqual((declared["Runtime"], declared["Handler"]), ("provided.al2023", "bootstrap"))
            self.assertEqual(words(declared["Architectures"]), ["Architecture"])

    def test_each_function_is_given_its_variables(self):
        for package, logical in functions().items():
            found = properties(logical)["Environment"]["Variables"]
            found = {name: text(value) for name, value in found.items()}
            expected = {f"QUITTANCE_{name}": value for name, value in READS[package].items()}
            self.assertEqual(found, expected | {"QUITTANCE_STACK": STACK}, package)

    def test_no_function_reads_a_variable_that_it_is_not_given(self):
        def read(folder):
            sources = (path.read_text() for path in (ROOT / folder).rglob("*.rs"))
            return {name for source in sources for name in re.findall(r'"(QUITTANCE_[A-Z_]+)"', source)}

        given = {
            package: set(properties(logical)["Environment"]["Variables"]) for package, logical in functions().items()
        }
        for package, names in given.items():
            self.assertLessEqual(read(f"functions/{package}/src"), names | NOT_DEPLOYED, package)
        self.assertLessEqual(read("shared/aws/src"), set().union(*given.values()) | NOT_DEPLOYED)

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
        (rule,) = of_type("AWS::Events::Rule").values()
        self.assertEqual(rule["Properties"]["ScheduleExpression"], "rate(1 minute)")
        self.assertEqual(words(rule["Properties"]["Targets"][0]["Arn"]), ["Reconcile.Arn"])
        self.assertLess(properties("Reconcile")["Timeout"], 60)
        self.assertEqual(properties("ReconcileEventInvokeConfig")["MaximumRetryAttempts"], 0)


class WayIn(unittest.TestCase):
    def test_the_webhooks_are_open_and_all_else_is_for_iam(self):
        routes = {
            (method.upper(), path): operation.get("security")
            for path, methods in properties("HttpApi")["Body"]["paths"].items()
            for method, operation in methods.items()
        }
        iam = [{"AWS_IAM": []}]
        expected = {
            ("POST", "/webhooks/worldline"): None,
            ("GET", "/webhooks/worldline"): None,
            ("POST", "/webhooks/systempay"): None,
            ("GET", "/orders"): iam,
            ("GET", "/orders/{proxy+}"): iam,
            ("POST", "/expected"): iam,
        }
        self.assertEqual(routes, expected)
        schemes = properties("HttpApi")["Body"]["components"]["securitySchemes"]
        self.assertEqual(schemes["AWS_IAM"]["x-amazon-apigateway-authtype"], "awsSigv4")

    def test_every_route_is_throttled_and_logged(self):
        (stage,) = of_type("AWS::ApiGatewayV2::Stage").values()
        settings = stage["Properties"]
        limits = [settings["DefaultRouteSettings"], *settings["RouteSettings"].values()]
        for limit in limits:
            self.assertEqual(set(limit), {"ThrottlingRateLimit", "ThrottlingBurstLimit"})
        self.assertEqual(
            set(settings["RouteSettings"]), {"POST /webhooks/worldline", "POST /webhooks/systempay"}
        )
        line = json.loads(settings["AccessLogSettings"]["Format"])
        self.assertEqual(line["status"], "$context.status")
        self.assertFalse([value for value in line.values() if "querystring" in value.lower() or "header" in value])

    def test_the_outputs_are_what_portals_are_given(self):
        outputs = {name: text(output["Value"]) for name, output in TEMPLATE["Outputs"].items()}
        self.assertEqual(outputs["WorldlineWebhookUrl"], "https://DomainName/webhooks/worldline")
        self.assertEqual(outputs["SystempayIpnUrl"], "https://DomainName/webhooks/systempay")
        self.assertEqual(outputs["LyraBackOffice"], "Brands/Brand/BackOffice")
        self.assertEqual(outputs["KeysSecretName"], text(properties("KeysSecret")["Name"]))
        self.assertIn(f"--secret-id {STACK}/keys", outputs["PutKeysCommand"])

    def test_brands_are_those_of_the_code(self):
        brands = json.loads(pathlib.Path(os.environ["BRANDS"]).read_text())["brands"]
        expected = {brand["id"]: {"BackOffice": brand["back_office"] or "unknown"} for brand in brands}
        self.assertEqual(SOURCE["Mappings"]["Brands"], expected)
        self.assertCountEqual(SOURCE["Parameters"]["Brand"]["AllowedValues"], expected)


class Kept(unittest.TestCase):
    def test_tables_are_those_that_the_code_expects(self):
        order = properties("OrderTable")
        self.assertEqual(text(order["TableName"]), f"{STACK}-orders")
        self.assertEqual(keys(order), {"HASH": "pk"})
        indexes = {
            each["IndexName"]: (keys(each), each["Projection"]) for each in order["GlobalSecondaryIndexes"]
        }
        expected = {
            "by_state": (
                {"HASH": "state", "RANGE": "updated_at"},
                {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["summary"]},
            ),
            "by_unsent": ({"HASH": "unsent", "RANGE": "updated_at"}, {"ProjectionType": "KEYS_ONLY"}),
        }
        self.assertEqual(indexes, expected)
        self.assertEqual(order["StreamSpecification"], {"StreamViewType": "NEW_IMAGE"})
        # An order never expires: PSPs and merchants send again long after any window.
        self.assertNotIn("TimeToLiveSpecification", order)
        archive = properties("ArchiveTable")
        self.assertEqual(text(archive["TableName"]), f"{STACK}-archive")
        self.assertEqual(keys(archive), {"HASH": "pk", "RANGE": "sk"})
        self.assertEqual(
            archive["TimeToLiveSpecification"], {"AttributeName": "expires_at", "Enabled": True}
        )

    def test_what_money_hangs_on_outlives_the_stack(self):
        for name in ("OrderTable", "ArchiveTable", "ExampleTable", "KeysSecret", "FulfilmentQueue", "DeadLetterQueue"):
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

    def test_the_secret_begins_empty(self):
        secret = properties("KeysSecret")
        self.assertEqual((text(secret["Name"]), secret["SecretString"]), (f"{STACK}/keys", "{}"))


class Sent(unittest.TestCase):
    def test_queues_are_those_of_the_contract(self):
        names = {name: text(each["Properties"]["QueueName"]) for name, each in of_type("AWS::SQS::Queue").items()}
        expected = {
            "FulfilmentQueue": f"{STACK}-fulfilment.fifo",
            "DeadLetterQueue": f"{STACK}-fulfilment-dlq.fifo",
            "StreamFailureQueue": f"{STACK}-stream-failures",
        }
        self.assertEqual(names, expected)
        for name, queue_name in names.items():
            queue = properties(name)
            self.assertTrue(queue["SqsManagedSseEnabled"], name)
            self.assertEqual(queue["MessageRetentionPeriod"], 14 * 24 * 3600, name)
            self.assertEqual(queue.get("FifoQueue", False), queue_name.endswith(".fifo"), name)
        queue = properties("FulfilmentQueue")
        self.assertFalse(queue["ContentBasedDeduplication"])
        self.assertEqual(queue["DeduplicationScope"], "queue")
        self.assertEqual(text(queue["RedrivePolicy"]["deadLetterTargetArn"]), "DeadLetterQueue.Arn")
        allow = properties("DeadLetterQueue")["RedriveAllowPolicy"]
        self.assertEqual(allow["redrivePermission"], "byQueue")
        self.assertTrue(words(allow["sourceQueueArns"])[0].endswith(f":{names['FulfilmentQueue']}"))

    def test_dispatch_is_woken_for_what_is_unsent_and_gives_up_into_a_queue(self):
        stream = properties("DispatchStream")
        self.assertEqual(text(stream["EventSourceArn"]), "OrderTable.StreamArn")
        patterns = [json.loads(each["Pattern"]) for each in stream["FilterCriteria"]["Filters"]]
        unsent = {"NewImage": {"unsent": {"S": ["1"]}}}
        self.assertEqual(patterns, [{"eventName": ["INSERT", "MODIFY"], "dynamodb": unsent}])
        self.assertEqual(stream["FunctionResponseTypes"], ["ReportBatchItemFailures"])
        self.assertTrue(stream["BisectBatchOnFunctionError"])
        self.assertEqual(stream["StartingPosition"], "TRIM_HORIZON")
        self.assertGreaterEqual(stream["MaximumRetryAttempts"], 1)
        self.assertLess(stream["MaximumRecordAgeInSeconds"], 24 * 3600)
        self.assertEqual(
            text(stream["DestinationConfig"]["OnFailure"]["Destination"]), "StreamFailureQueue.Arn"
        )

    def test_the_example_is_not_deployed_unless_asked_for(self):
        self.assertEqual(SOURCE["Parameters"]["ExampleConsumer"]["Default"], "no")
        parts = {name for name in RESOURCES if name.startswith("Example")}
        self.assertGreaterEqual(
            parts, {"ExampleFulfilment", "ExampleFulfilmentRole", "ExampleTable", "ExampleFulfilmentFulfilment"}
        )
        for name in parts:
            self.assertEqual(RESOURCES[name].get("Condition"), "HasExample", name)
        # docs/consumer.md: the function's time < the lease of an id (60 s) < the time a message is hidden.
        self.assertEqual(keys(properties("ExampleTable")), {"HASH": "pk"})
        self.assertLess(properties("ExampleFulfilment")["Timeout"], 60)
        self.assertGreater(SOURCE["Parameters"]["FulfilmentVisibilitySeconds"]["Default"], 60)


class Watched(unittest.TestCase):
    def test_alarms_watch_what_the_contract_says(self):
        found = {}
        for name, alarm in of_type("AWS::CloudWatch::Alarm").items():
            declared = alarm["Properties"]
            if name == BY_FORMULA:
                continue
            metrics = {(namespace, metric, stat) for namespace, metric, stat, _ in watched(declared)}
            ((namespace, metric, stat),) = metrics
            threshold = declared["Threshold"]
            threshold = threshold if isinstance(threshold, int) else text(threshold)
            found[name] = (f"{namespace} {metric}", stat, threshold, declared["TreatMissingData"])
            self.assertEqual(declared["ComparisonOperator"], "GreaterThanThreshold", name)
            self.assertEqual(text(declared["AlarmName"]), f"{STACK}-{name}")
        self.assertEqual(found, ALARMS)

    def test_that_something_came_and_nothing_was_taken_is_an_alarm(self):
        declared = properties(BY_FORMULA)
        queries = {each["Id"]: each for each in declared["Metrics"]}
        came, *taken = "received stored duplicate untracked quarantined".split()
        for name in (came, *taken):
            stat = queries[name]["MetricStat"]
            metric = stat["Metric"]
            self.assertEqual((metric["Namespace"], metric["MetricName"]), ("Quittance", name.title()))
            self.assertEqual(text(metric["Dimensions"][0]["Value"]), STACK)
            self.assertEqual((stat["Stat"], stat["Period"]), ("Sum", 3600))
        formula = " ".join(queries["lost"]["Expression"].split())
        sum_ = " + ".join(f"FILL({name}, 0)" for name in taken)
        self.assertEqual(formula, f"IF(FILL({came}, 0) > 0 AND {sum_} < 1, FILL({came}, 0), 0)")
        self.assertEqual([each["Id"] for each in declared["Metrics"] if each["ReturnData"]], ["lost"])
        self.assertEqual((declared["Threshold"], declared["ComparisonOperator"]), (0, "GreaterThanThreshold"))

    def test_alarms_look_at_this_stack(self):
        for name in ALARMS:
            for namespace, metric, _, dimensions in watched(properties(name)):
                if namespace == "Quittance":
                    self.assertIn(metric, METRICS)
                    self.assertEqual(dimensions, {"stack": STACK}, name)
                elif namespace == "AWS/SQS":
                    self.assertEqual(dimensions, {"QueueName": f"{WATCHED_QUEUES[name]}.QueueName"}, name)
                elif namespace == "AWS/ApiGateway":
                    self.assertEqual(dimensions, {"ApiId": "HttpApi"}, name)
        for name, expected in WATCHED_FUNCTIONS.items():
            found = [dimensions["FunctionName"] for *_, dimensions in watched(properties(name))]
            self.assertCountEqual(found, [functions()[package] for package in expected], name)

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
        self.assertCountEqual(alarms, [f"{name}.Arn" for name in (*ALARMS, BY_FORMULA)])

    def test_the_metrics_are_those_that_the_code_writes(self):
        source = (ROOT / "shared/aws/src/measure.rs").read_text()
        constants = dict(re.findall(r'const (\w+): &str = "(\w+)"', source))
        self.assertEqual((constants.pop("NAMESPACE"), constants.pop("STACK")), ("Quittance", "stack"))
        self.assertEqual({*re.findall(r'=> "(\w+)"', source), *constants.values()}, METRICS | {DETAILED})


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


def keys(declared):
    return {each["KeyType"]: each["AttributeName"] for each in declared["KeySchema"]}


def watched(alarm):
    """Namespace, metric, statistic and dimensions of what an alarm looks at."""

    def one(metric, stat):
        dimensions = {each["Name"]: text(each["Value"]) for each in metric["Dimensions"]}
        return metric["Namespace"], metric["MetricName"], stat, dimensions

    if "Metrics" not in alarm:
        return [one(alarm, alarm["Statistic"])]
    queries = list(branches(alarm["Metrics"]))
    (sum_,) = [each for each in queries if "Expression" in each]
    assert sum_["Expression"] == "SUM(METRICS())" and sum_["ReturnData"], sum_
    stats = [each["MetricStat"] for each in queries if "MetricStat" in each]
    return [one(each["Metric"], each["Stat"]) for each in stats]


if __name__ == "__main__":
    unittest.main(verbosity=int(os.environ.get("VERBOSITY", "1")))
