"""Calls StackStorm's Python client for a test in another environment.

It reads calls as lines of JSON, `["executions.create", [arguments], {names}]`, and writes what each gives, or
what it raises: `{"value": ...}` or `{"error": ...}`. An object of the client is a mapping of its attributes.
"""
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false

import json
import os
import sys
from operator import attrgetter
from typing import Any

import requests
from st2client.client import Client
from st2client.models.action import LiveAction
from st2client.models.core import Resource
from st2client.models.keyvalue import KeyValuePair

MODELS = {"executions.create": LiveAction, "keys.update": KeyValuePair}
"""What these are given is one object, made from the names."""


def plain(value: Any) -> Any:
    """A value as JSON."""
    if isinstance(value, Resource):
        return plain(vars(value))
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def called(client: Client, name: str, arguments: list, names: dict) -> Any:
    """What a call gives."""
    if name in MODELS:
        arguments, names = [MODELS[name](**names)], {}
    if name == "stream":
        return list(client.managers["Stream"].listen(*arguments, **names))
    if name in ("executions.delete", "keys.delete"):
        arguments = [Resource(id=one) for one in arguments]
    return attrgetter(name)(client)(*arguments, **names)


def main() -> None:
    """Answer until there are no more calls."""
    client = Client(
        api_url=os.environ["ST2_API_URL"],
        auth_url=os.environ["ST2_AUTH_URL"],
        stream_url=os.environ["ST2_STREAM_URL"],
    )
    for line in sys.stdin:
        try:
            answer = {"value": plain(called(client, *json.loads(line)))}
        except requests.HTTPError as error:
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
