"""The part of an event source mapping that Lambda plays: read, filter, batch, invoke."""

import base64
import datetime
import json


class StreamMapping:
    """From a table's stream to a function, as the mapping was declared."""

    def __init__(self, account, declared, function):
        self._client = account.client("dynamodbstreams")
        self._region = account.region
        self._arn = declared["EventSourceArn"]
        self._function = function
        self._batch_size = declared["BatchSize"]
        if declared["FunctionResponseTypes"] != ["ReportBatchItemFailures"]:
            raise ValueError("a batch that fails in part would be repeated as a whole")
        self._patterns = [json.loads(each["Pattern"]) for each in declared["FilterCriteria"]["Filters"]]
        # What happened before now counts too: the stack is new.
        assert declared["StartingPosition"] == "TRIM_HORIZON", declared
        (shard,) = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]
        self._iterator = self._client.get_shard_iterator(
            StreamArn=self._arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        self.seen = self.passed = 0

    def pump(self, lose=False):
        """Hands over what is new; `lose` = it is gone, as after a day in which Lambda could not."""
        passed = []
        while True:
            page = self._client.get_records(ShardIterator=self._iterator)
            self._iterator = page["NextShardIterator"]
            if not page["Records"]:
                break
            self.seen += len(page["Records"])
            records = [self._record(each) for each in page["Records"]]
            passed += [each for each in records if any(matches(p, each) for p in self._patterns)]
        self.passed += len(passed)
        for first in range(0, 0 if lose else len(passed), self._batch_size):
            answer = self._function.invoke({"Records": passed[first : first + self._batch_size]})
            if answer != {"batchItemFailures": []}:
                raise AssertionError(f"dispatch failed on records: {answer}\n{self._function.tail()}")
        return len(passed)

    def _record(self, record):
        """A record as Lambda hands it over: JSON, binary values in base64, times in seconds."""
        shown = {
            "eventID": record["eventID"],
            "eventName": record["eventName"],
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self._region,
            "dynamodb": record["dynamodb"],
            "eventSourceARN": self._arn,
        }
        return json.loads(json.dumps(shown, default=plain))


def plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return int(value.timestamp())
    raise TypeError(repr(value))


def matches(pattern, value):
    """Whether a value fits an event pattern. Exact values and `exists` are known; anything else is an error."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(name in value and matches(p, value[name]) for name, p in pattern.items())
    if pattern == [{"exists": True}]:
        # Of a leaf alone, as Lambda has it.
        return not isinstance(value, (dict, list))
    if not isinstance(pattern, list) or any(isinstance(each, (dict, list)) for each in pattern):
        raise ValueError(f"cannot judge the pattern {pattern}")
    return value in pattern
