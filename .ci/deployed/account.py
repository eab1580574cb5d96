"""An account in this process: moto behind a free port of the loopback, with three things that it lacks.

Each function is held to the policies of its own role, call by call and resource by resource. And resource
types that moto's CloudFormation does not know are made by us: the secret really, the others as names only, so
that whatever refers to them resolves. And what is sent to a queue in a batch keeps its trace.
"""

import io
import json
import re
import secrets
import string
import threading
import warnings

import boto3
from botocore.config import Config
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.secretsmanager.models import secretsmanager_backends
from moto.sqs.models import SQSBackend
from werkzeug.serving import WSGIRequestHandler, make_server

import policy

REGION = "eu-west-3"
NUMBER = "123456789012"
# Whoever deploys and looks on. Every other key is the name of a function.
TESTER = "tester"
# moto's own type starts containers, which CI has not: the test plays event source mappings itself.
PLAYED = "AWS::Lambda::EventSourceMapping"


class Account:
    """The account: `with Account() as account`."""

    region, number = REGION, NUMBER

    def __init__(self):
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            "127.0.0.1", 0, self._guard, threaded=True, request_handler=SilentRequestHandler
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        # Policies by function, and which calls were made: (function, action, resource).
        self.policies = {}
        self.calls = set()
        self.refused = []

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()

    def client(self, service, caller=TESTER):
        # Stream shards of moto have shorter names than botocore's models allow.
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=caller,
            aws_secret_access_key="none",
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
        )

    def secret_arn(self, name):
        if name.startswith("arn:"):
            return name
        return self.client("secretsmanager").describe_secret(SecretId=name)["ARN"]

    def _guard(self, environ, start_response):
        found = re.search(r"Credential=([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        caller = found[1] if found else None
        if caller == TESTER:
            return self._app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        why_not = self._why_not(caller, environ.get("HTTP_X_AMZ_TARGET", ""), body)
        if why_not is None:
            return self._app(environ, start_response)
        self.refused.append(why_not)
        answer = json.dumps({"__type": "AccessDeniedException", "message": why_not}).encode()
        headers = [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", str(len(answer)))]
        start_response("400 Bad Request", headers)
        return [answer]

    def _why_not(self, caller, target, body):
        """Why the call is not allowed, or None."""
        try:
            request = json.loads(body)
            action, resources = policy.action_and_resources(target, request, self)
            keys = policy.leading_keys(request)
            for resource in resources:
                if not policy.allowed(self.policies.get(caller, []), action, resource, keys):
                    return f"{caller} may not {action} on {resource}"
                self.calls.add((caller, action, resource))
        except (ValueError, KeyError) as error:
            return f"{caller} asks for {target}: {error!r}"
        return None


class SilentRequestHandler(WSGIRequestHandler):
    """Keeps connections open, as AWS does, and writes no log."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_):
        pass


class Named:
    """A resource of which there is only its name and what the template says."""

    kind = None
    name_property = None

    def __init__(self, name, properties):
        self.physical_resource_id = name
        self.properties = properties

    @classmethod
    def cloudformation_type(cls):
        return cls.kind

    @classmethod
    def cloudformation_name_type(cls):
        return cls.name_property

    @classmethod
    def has_cfn_attr(cls, _):
        return True

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        return cls(resource_name, cloudformation_json["Properties"])

    def get_cfn_attribute(self, attribute):
        return f"{attribute.lower()}:{self.physical_resource_id}"

    def is_created(self):
        return True


class Secret(Named):
    """A secret of Secrets Manager."""

    kind = "AWS::SecretsManager::Secret"
    name_property = "Name"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        declared = cloudformation_json["Properties"]
        made = secretsmanager_backends[account_id][region_name].create_secret(
            name=resource_name,
            secret_string=declared.get("SecretString") or generated(declared["GenerateSecretString"]),
            secret_binary=None,
            description=declared.get("Description"),
            tags=None,
            kms_key_id=declared.get("KmsKeyId"),
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        return cls(json.loads(made)["ARN"], declared)


def generated(wish):
    """A secret as Secrets Manager makes it: so many letters and digits as one member."""
    assert wish["ExcludePunctuation"], "only letters and digits are made here"
    text = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(int(wish["PasswordLength"])))
    return json.dumps(json.loads(wish["SecretStringTemplate"]) | {wish["GenerateStringKey"]: text})


def add_stand_ins(types):
    """Teaches moto the types that it lacks. Returns those that are names only."""
    known = {each.cloudformation_type() for each in CloudFormationModel.__subclasses__()}
    lacking = sorted(set(types) - known - {Secret.kind} | {PLAYED})
    # moto asks for direct subclasses, of which later ones win, wants modules of two names, and holds none of
    # them by itself.
    for kind in [*lacking, Secret.kind]:
        bases = (Secret if kind == Secret.kind else Named, CloudFormationModel)
        STAND_INS.append(type(kind.replace("::", ""), bases, {"kind": kind, "__module__": "deployed.stand_ins"}))
    parsing.get_model_list.cache_clear()
    parsing.get_model_map.cache_clear()
    parsing.get_name_type_map.cache_clear()
    return lacking


def keep_traces():
    """Has moto keep the system attributes of what is sent in a batch, as it does of what is sent alone."""
    send = SQSBackend.send_message_batch

    def send_whole(backend, queue, entries):
        messages, failed = send(backend, queue, entries)
        given = {entry["Id"]: entry.get("MessageSystemAttributes") for entry in entries.values()}
        for message in messages:
            message.system_attributes = given[message.user_id] or {}
        return messages, failed

    SQSBackend.send_message_batch = send_whole


STAND_INS = []
keep_traces()
warnings.filterwarnings("ignore", module="moto")
