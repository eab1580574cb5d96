"""What a role may do, as IAM decides it, for the calls that the functions make."""

import fnmatch
import re


def leading_keys(body):
    """The partition keys that a request of DynamoDB for items by key names."""
    key = body.get("Key") or body.get("Item") or {}
    keys = [key] + [key for table in body.get("RequestItems", {}).values() for key in table["Keys"]]
    return [value for key in keys for name, kind in key.items() if name == "pk" for value in kind.values()]


def action_and_resources(target, body, account):
    """The action that a request asks for and the ARNs it concerns; `target` is its X-Amz-Target header."""
    service, _, operation = target.partition(".")
    if service.startswith("DynamoDB_"):
        return f"dynamodb:{operation}", [table_arn(body, account)]
    if service == "AmazonSQS":
        name = body["QueueUrl"].rsplit("/", 1)[-1]
        # IAM has no action of its own for a batch.
        return f"sqs:{operation.removesuffix('Batch')}", [f"arn:aws:sqs:{account.region}:{account.number}:{name}"]
    if service == "secretsmanager":
        return f"secretsmanager:{operation}", [account.secret_arn(body["SecretId"])]
    if service == "AWSEvents":
        buses = {each["EventBusName"] for each in body["Entries"]}
        return f"events:{operation}", [f"arn:aws:events:{account.region}:{account.number}:event-bus/{bus}" for bus in buses]
    raise ValueError(f"no function calls {target or 'something without a target'}")


def table_arn(body, account):
    names = [body["TableName"]] if "TableName" in body else list(body.get("RequestItems", {}))
    if len(names) != 1:
        raise ValueError("only calls that name one table are understood")
    arn = f"arn:aws:dynamodb:{account.region}:{account.number}:table/{names[0]}"
    return f"{arn}/index/{body['IndexName']}" if "IndexName" in body else arn


def allowed(documents, action, resource, keys=()):
    """Whether some statement allows it and none denies it; `keys` are the partition keys it concerns."""
    effects = {
        statement["Effect"]
        for document in documents
        for statement in as_list(document["Statement"])
        if concerns(statement, action, resource, keys)
    }
    return effects == {"Allow"}


def concerns(statement, action, resource, keys):
    unknown = set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"}
    if unknown:
        raise ValueError(f"cannot judge a statement with {', '.join(sorted(unknown))}")
    for operator, limits in statement.get("Condition", {}).items():
        if operator != "ForAllValues:StringEquals" or set(limits) != {"dynamodb:LeadingKeys"}:
            raise ValueError(f"cannot judge the condition {operator} {limits}")
        if not set(keys) <= set(as_list(limits["dynamodb:LeadingKeys"])):
            return False
    return any(matches(each.lower(), action.lower()) for each in as_list(statement["Action"])) and any(
        matches(each, resource) for each in as_list(statement["Resource"])
    )


def matches(pattern, text):
    """IAM knows `*` and `?`; brackets are brackets."""
    return re.match(fnmatch.translate(pattern.replace("[", "[[]")), text) is not None


def as_list(value):
    return value if isinstance(value, list) else [value]
