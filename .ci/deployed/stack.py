"""template.yaml as a stack in the account: translated, packaged, created, and looked at."""

import io
import json
import re
import zipfile

from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

import account as aws

BUCKET = "artifacts"
# An output of ours for each resource: its properties as CloudFormation resolved them.
RESOLVED = "Resolved"


class Stack:
    """The stack. `resources` maps logical ids to (type, properties with every reference resolved)."""

    def __init__(self, account, template, name, parameters, bootstraps):
        self.account = account
        self.name = name
        source = yaml_parse(template.read_text())
        packages = package(account, source, bootstraps)
        translated = transform(source, {}, ManagedPolicyLoader(None))
        leave_out(translated, parameters)
        self.types = {each["Type"] for each in translated["Resources"].values()}
        self.names_only = aws.add_stand_ins(self.types)
        outputs = translated.setdefault("Outputs", {})
        for logical, resource in translated["Resources"].items():
            output = {"Value": {"Fn::ToJsonString": resource.get("Properties", {})}}
            if "Condition" in resource:
                output["Condition"] = resource["Condition"]
            outputs[RESOLVED + logical] = output
        account.client("s3").put_object(Bucket=BUCKET, Key="template", Body=json.dumps(translated))
        cloudformation = account.client("cloudformation")
        cloudformation.create_stack(
            StackName=name,
            TemplateURL=f"https://{BUCKET}.s3.amazonaws.com/template",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        (made,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        if made["StackStatus"] != "CREATE_COMPLETE":
            raise AssertionError(f"{made['StackStatus']}: {made.get('StackStatusReason')}")
        said = {each["OutputKey"]: each["OutputValue"] for each in made["Outputs"]}
        self.outputs = {key: value for key, value in said.items() if not key.startswith(RESOLVED)}
        self.resources = {
            logical: (resource["Type"], json.loads(said[RESOLVED + logical]))
            for logical, resource in translated["Resources"].items()
            if RESOLVED + logical in said
        }
        described = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        # moto names neither what it makes as a part of another resource nor what it makes without an id.
        named = [each for each in described if {"LogicalResourceId", "PhysicalResourceId"} <= set(each)]
        self.physical = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in named}
        self.packages = {f"{name}-{package}": package for package in packages}
        self._finish_tables()
        self._grant()

    def of_type(self, kind):
        return [properties for of, properties in self.resources.values() if of == kind]

    def functions(self):
        """What Lambda says of each function, by package."""
        client = self.account.client("lambda")
        names = [each["FunctionName"] for each in self.of_type("AWS::Lambda::Function")]
        said = [client.get_function_configuration(FunctionName=name) for name in names]
        return {self.packages[each["FunctionName"]]: each for each in said}

    def routes(self):
        (paths,) = [api["Body"]["paths"] for api in self.of_type("AWS::ApiGatewayV2::Api") if "Body" in api]
        return Routes(paths, self.packages)

    def mapping(self, package):
        """The event source mapping of a function."""
        arn = f"{self.name}-{package}"
        (found,) = [each for each in self.of_type(aws.PLAYED) if each["FunctionName"].endswith(arn)]
        return found

    def _finish_tables(self):
        """moto's CloudFormation leaves these two out: done here, as the template declares them."""
        client = self.account.client("dynamodb")
        for table in self.of_type("AWS::DynamoDB::Table"):
            for setting, call in {
                "PointInTimeRecoverySpecification": client.update_continuous_backups,
                "TimeToLiveSpecification": client.update_time_to_live,
            }.items():
                if setting in table:
                    call(TableName=table["TableName"], **{setting: table[setting]})

    def _grant(self):
        """Holds each function to the policies of its role, and to nothing that the role might borrow."""
        iam = self.account.client("iam")
        roles = [logical for logical, (of, _) in self.resources.items() if of == "AWS::IAM::Role"]
        logical = {self.physical[each]: each for each in roles}
        for function in self.functions().values():
            role = function["Role"].rsplit("/", 1)[-1]
            # moto keeps what CloudFormation made as Python spells it, so its text is of no use here.
            own = [each for each in self.resources[logical[role]][1]["Policies"] if each]
            names = iam.list_role_policies(RoleName=role)["PolicyNames"]
            attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
            if attached or sorted(names) != sorted(each["PolicyName"] for each in own):
                raise AssertionError(f"{role} has {names} and {attached}, not just what its declaration says")
            self.account.policies[function["FunctionName"]] = [each["PolicyDocument"] for each in own]


def leave_out(template, given):
    """Takes out of tables the parts that a parameter leaves out: moto makes nothing of them instead of no part."""
    parameters = {name: each.get("Default") for name, each in template["Parameters"].items()} | given

    def is_there(part):
        if "Fn::If" not in part:
            return True
        condition, _, otherwise = part["Fn::If"]
        reference, wanted = template["Conditions"][condition]["Fn::Equals"]
        assert otherwise == {"Ref": "AWS::NoValue"}, part
        return parameters[reference["Ref"]] == wanted

    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::DynamoDB::Table":
            table = resource["Properties"]
            for name in {"AttributeDefinitions", "GlobalSecondaryIndexes"} & set(table):
                kept = [part for part in table[name] if is_there(part)]
                table[name] = [part["Fn::If"][1] if "Fn::If" in part else part for part in kept]


def package(account, source, bootstraps):
    """Uploads the bootstraps as `sam package` does, and lets the template point to them."""
    s3 = account.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": account.region})
    packages = []
    for resource in source["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        package = resource["Properties"]["CodeUri"].rstrip("/").rsplit("/", 1)[-1]
        packages.append(package)
        if package in bootstraps:
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.write(bootstraps[package], "bootstrap")
            s3.put_object(Bucket=BUCKET, Key=f"{package}.zip", Body=file.getvalue())
        resource["Properties"]["CodeUri"] = f"s3://{BUCKET}/{package}.zip"
    return packages


class Routes:
    """Which function of an HTTP API a request goes to."""

    def __init__(self, paths, packages):
        self._routes = []
        for path, methods in paths.items():
            pattern = re.compile(re.sub(r"\\\{[^}]*?(\\\+)?\\\}", lambda m: ".+" if m[1] else "[^/]+", re.escape(path)))
            for method, operation in methods.items():
                integration = operation["x-amazon-apigateway-integration"]
                assert integration["payloadFormatVersion"] == "2.0", integration
                arn = re.search(r"/functions/(.+)/invocations$", integration["uri"])[1]
                function = packages[arn.rsplit(":", 1)[-1]]
                self._routes.append((method.upper(), path, pattern, function))

    def of(self, method, path):
        """The route's key and the function's package, or None: the API answers 404 by itself."""
        for on, spelt, pattern, function in self._routes:
            if on == method and pattern.fullmatch(path):
                return f"{on} {spelt}", function
        return None
