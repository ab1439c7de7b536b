"""Drives every operation that the released package `partnercenterservices` has in the areas of the wire.

    partnercenterservices_suite.py --base http://127.0.0.1:PORT [--strict]

The package is as it lies on PyPI. Its operations are found by looking into it, and told apart by what
`program/operations.csv` says of their paths: an operation of one of the AREAS without a driver is a failure, so that
none is forgotten. A driver whose calls are answered 501 counts as "not built"; `--strict` forbids that.
"""

import argparse
import inspect
import re
import sys
import traceback
import uuid

import demo
from microsoft.store.partnercenterservices import MicrosoftPartnerStoreApis
from msrest.authentication import BasicTokenAuthentication
from msrest.exceptions import DeserializationError
from msrestazure.azure_exceptions import CloudError

AREAS = (
    "auth",
    "accounts",
    "agreements",
    "catalog",
    "customers",
    "relationships",
    "cart-orders",
    "webhooks",
    "audit",
    "utilities",
)

# Members that the documentation itself shows as null.
NULLS = {"lastDirectorySyncTime", "softDeletionTime"}


METHODS = ("get", "post", "put", "patch", "delete", "head")
# How the generated code sends.
SENDS = re.compile(rf"self\._client\.({'|'.join(METHODS)})\(")


class NotBuilt(Exception):
    """The server answered 501."""


class Operation:
    """One operation of the package."""

    def __init__(self, group, name, function):
        self.group = group
        self.name = name
        self.path = function.metadata["url"]
        self.method = re.search(SENDS, inspect.getsource(function)).group(1).upper()

    @property
    def key(self):
        return (self.method, self.path)

    @property
    def rows(self):
        """What the documentation says of it."""
        return demo.operations().get((self.method, demo.shape(self.path.replace("{version}", "1"))), [])

    def __str__(self):
        return f"{self.method} {self.path}"


def package_operations(client):
    """Every operation: methods of the client and of its groups that know their address."""
    groups = [(None, client)] + [(name, group) for name, group in vars(client).items() if name.startswith(METHODS)]
    found = [
        Operation(group, name, function)
        for group, owner in groups
        for name, function in inspect.getmembers(type(owner), inspect.isfunction)
        if hasattr(function, "metadata")
    ]
    return {operation.key: operation for operation in found}


class Wire:
    """The package, pointed at a server as one of its partners. Every answer is checked for what all answers promise."""

    def __init__(self, partner):
        self.partner = partner
        self.client = MicrosoftPartnerStoreApis(
            BasicTokenAuthentication({"access_token": partner.token}), base_url=partner.base
        )
        self.client.config.retry_policy.retries = 0
        self.client.config.hooks.append(self.keep)
        self.last = None
        self.operations = package_operations(self.client)
        self.called = set()

    def keep(self, answer, *_, **__):
        """Remembers what arrived, for the answers that the package cannot read."""
        self.last = answer

    def __call__(self, method, path, *, status=(200, 201), **arguments):
        """Calls an operation; the model it made of the answer, None for an answer without a body."""
        model, _ = self.raw(method, path, status=status, **arguments)
        return model

    def raw(self, method, path, *, status=(200, 201), **arguments):
        """The same with the answer itself."""
        operation = self.operations[(method, path)]
        owner = getattr(self.client, operation.group) if operation.group else self.client
        function = getattr(owner, operation.name)
        if "ms_request_id" in inspect.signature(function).parameters:
            ids = {name: str(uuid.uuid4()) for name in ("ms_request_id", "ms_correlation_id")}
            arguments = {"version": "1", **ids, **arguments}
        try:
            result = function(raw=True, **arguments)
            output, answer = result.output, result.response
        except DeserializationError:
            output, answer = self.without_the_password(operation), self.last
        except CloudError as error:
            if error.response.status_code == 501:
                raise NotBuilt(str(operation)) from error
            raise AssertionError(f"{operation}: {error.response.status_code} {error.response.text}") from error
        self.called.add(operation.key)
        told = f"{operation}: {answer.status_code} {answer.text}"
        assert answer.status_code in ((status,) if isinstance(status, int) else status), told
        for argument, header in (("ms_request_id", "MS-RequestId"), ("ms_correlation_id", "MS-CorrelationId")):
            if argument in arguments:
                assert answer.headers.get(header) == arguments[argument], f"{operation}: {header} is not echoed"
        if answer.content:
            assert answer.headers["content-type"].startswith("application/json"), told
            readable(answer.json(), str(operation))
        return output, answer

    def without_the_password(self, operation):
        """The new customer as the package reads it without its first password, which is documented as text, while the
        package's own description says that it is an object. It never read the answer of any server whole."""
        if operation.key != ("POST", "/v{version}/customers"):
            raise  # pylint: disable=misplaced-bare-raise
        body = self.last.json()
        assert isinstance(body["userCredentials"].pop("password"), str), body["userCredentials"]
        return self.client._deserialize("MicrosoftPartnerSdkContractsV1Customer", body)  # pylint: disable=protected-access


def readable(value, where):
    """What every released client can read: no nulls, and links that are relative and without a version."""
    if isinstance(value, list):
        for item in value:
            readable(item, where)
    if not isinstance(value, dict):
        return
    for name, member in value.items():
        assert member is not None or name in NULLS, f"{where}: {name} is null"
        if name == "links":
            for link in member.values():
                uri = link["uri"]
                assert uri.startswith(("/", "https://")) and not uri.startswith("/v1/"), f"{where}: {uri}"
                assert " " not in uri and "{" not in uri, f"{where}: {uri}"
        readable(member, where)


def drive(world, wire_of, drivers):
    """Runs the drivers: operation -> 'driven', 'not built' or what went wrong."""
    outcomes = {}
    for key, functions in drivers.items():
        wire = wire_of[functions[0].partner]
        outcome = "driven"
        wire.called.discard(key)
        for function in functions:
            try:
                function(wire_of[function.partner], world)
            except NotBuilt as missing:
                outcome = f"not built ({missing})" if outcome == "driven" else outcome
            except Exception as error:  # pylint: disable=broad-except
                line = traceback.extract_tb(error.__traceback__)[1].line
                outcome = f"FAILED in {function.__name__}: {line}: {error!r}"
                break
        if outcome == "driven" and not any(key in wire.called for wire in wire_of.values()):
            outcome = f"FAILED: the driver never calls {key[0]} {key[1]}"
        outcomes[key] = outcome
    return outcomes


def report(operations, outcomes, strict):
    """Prints one line an operation and the figures; whether all is well."""
    wrong = []
    wanted = {key: one for key, one in operations.items() if one.rows and one.rows[0]["area"] in AREAS}
    print("operations of these areas:")
    for key, operation in sorted(wanted.items()):
        outcome = outcomes.get(key, "FAILED: no driver")
        print(f"  {operation.rows[0]['area']:<14} {operation}: {outcome}")
        if outcome.startswith("FAILED") or (strict and outcome != "driven"):
            wrong.append(f"{operation}: {outcome}")
    print("operations of other areas:")
    for operation in sorted(operations.values(), key=str):
        if operation.rows and operation.rows[0]["area"] not in AREAS:
            print(f"  {operation.rows[0]['area']:<14} {operation}")
    print("operations that are not documented:")
    for operation in sorted(operations.values(), key=str):
        if not operation.rows:
            print(f"  {operation}")
    wrong += [f"{method} {path}: the package has no such operation" for method, path in set(outcomes) - set(wanted)]
    driven = sum(outcome == "driven" for outcome in outcomes.values())
    waiting = sum(outcome.startswith("not built") for outcome in outcomes.values())
    print(f"the package has {len(operations)} operations, {len(wanted)} of them in these areas")
    print(f"{driven} of {len(wanted)} operations driven, {waiting} not built")
    for line in wrong:
        print(f"FAILED {line}")
    return not wrong


def main():
    # Drivers need this module's names, so it is imported under its own.
    import partnercenterservices_drivers as drivers  # pylint: disable=import-outside-toplevel

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--strict", action="store_true", help="an operation that is not built is a failure")
    arguments = parser.parse_args()
    world = demo.partners(arguments.base)
    wire_of = {name: drivers.suite.Wire(world[name]) for name in drivers.PARTNERS}
    outcomes = drivers.suite.drive(world, wire_of, drivers.ALL)
    operations = next(iter(wire_of.values())).operations
    return 0 if report(operations, outcomes, arguments.strict) else 1


if __name__ == "__main__":
    sys.exit(main())
