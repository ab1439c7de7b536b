"""What schemathesis is told of the demo world: bodies that are known to be good, and a record of what was answered.

Loaded by schemathesis itself; `schemathesis_suite.py` hands over the places of two files in the environment.
"""

import atexit
import collections
import json
import os

import requests
import schemathesis

with open(os.environ["SUITE_KNOWN"], encoding="utf-8") as file:
    KNOWN = json.load(file)
BODIES, SPARES, CUSTOMERS = KNOWN["bodies"], KNOWN["spares"], KNOWN["customers"]

SESSION = requests.Session()
SESSION.trust_env = False
SESSION.headers["Authorization"] = f"Bearer {KNOWN['token']}"

ANSWERS = collections.defaultdict(collections.Counter)


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """Documents, one a line; whatever else is made up is one line."""
    if isinstance(value, bytes):
        return value
    documents = value if isinstance(value, list) else [value]
    return "".join(f"{json.dumps(one)}\n" for one in documents).encode()


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Gives operations an example body, which the first phase sends as it is."""
    for path, methods in raw_schema["paths"].items():
        for method, operation in methods.items():
            body = BODIES.get(f"{method.upper()} {path}")
            if body is not None and "requestBody" in operation:
                for content in operation["requestBody"]["content"].values():
                    content["example"] = body


@schemathesis.hook
def before_call(context, case, kwargs):
    """An operation that uses something up takes another one each time, so that nothing is missing elsewhere; one that
    reads what a customer has asks one customer after the other. A change carries the version that is there now."""
    operation = f"{case.method.upper()} {case.operation.path}"
    name, values = SPARES.get(operation, (None, []))
    if case.method.upper() == "GET" and list(case.path_parameters or ()) == ["customer-id"]:
        name, values = "customer-id", CUSTOMERS
    if values and case.path_parameters:
        case.path_parameters[name] = values[0]
        values.append(values.pop(0))
    if operation == "POST /program/v1/signing-keys" and isinstance(case.body, dict):
        # Whoever revokes old keys signs everybody out, this program too.
        case.body.pop("revoke", None)
    attributes = case.body.get("attributes") if isinstance(case.body, dict) else None
    if case.method.upper() == "PUT" and isinstance(attributes, dict) and "etag" in attributes:
        shown = SESSION.get(KNOWN["base"] + case.formatted_path, timeout=20)
        if shown.ok:
            case.body["attributes"] = shown.json().get("attributes")


@schemathesis.hook
def after_call(context, case, response):
    """Counts what each operation answered to a request by its own method."""
    if case.method.upper() == case.operation.method.upper():
        ANSWERS[case.operation.label][response.status_code] += 1


@atexit.register
def write():
    with open(os.environ["SUITE_ANSWERS"], "w", encoding="utf-8") as out:
        json.dump(ANSWERS, out)
