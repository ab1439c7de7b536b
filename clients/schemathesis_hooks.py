"""What schemathesis is told of the demo world: bodies that are known to be good, and a record of what was answered.

Loaded by schemathesis itself; `schemathesis_suite.py` hands over the place of two files in the environment.
"""

import atexit
import collections
import json
import os

import schemathesis

with open(os.environ["SUITE_BODIES"], encoding="utf-8") as file:
    BODIES = json.load(file)

ANSWERS = collections.defaultdict(collections.Counter)


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
def after_call(context, case, response):
    """Counts what each operation answered to a request by its own method."""
    if case.method.upper() == case.operation.method.upper():
        ANSWERS[case.operation.label][response.status_code] += 1


@atexit.register
def write():
    with open(os.environ["SUITE_ANSWERS"], "w", encoding="utf-8") as out:
        json.dump(ANSWERS, out)
