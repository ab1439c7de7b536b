"""Runs schemathesis against the server's own `/openapi.json`, with ids and bodies from the demo world.

    schemathesis_suite.py --base http://127.0.0.1:PORT [--max-examples N] [--strict]

All checks. 400 is among the expected statuses of good data, because business refusals are 400 here; only
`/program/v1` must reject bad data, because the documented wire is lenient on purpose. 501 means "not built": such
answers are listed, and `--strict` forbids them. It sends to the given server and nowhere else.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse
import uuid

import demo

HERE = pathlib.Path(__file__).resolve().parent
SECONDS_MAX = 420
METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE")

# What only others may do: paths and who calls there.
OTHERS = {"sandboxIndirectReseller": "meridian", "^/program/v1/signing-keys": "operator"}

# What cannot succeed here, and why.
NO_SUCCESS = {
    "DELETE /v1/sandboxIndirectReseller/{reseller-id}": "takes what the call before it made",
}


class World:
    """Ids and bodies with which operations succeed, made on the server beforehand."""

    def __init__(self, base):
        self.partners = demo.partners(base)
        self.partner = self.partners["harbor"]
        self.schema = self.partner.read("/openapi.json")
        self.customer = self.partner.customer("Amber Field LLC")
        self.line = {
            "id": 0,
            "catalogItemId": "desk-standard",
            "quantity": 2,
            "billingCycle": "monthly",
            "termDuration": "P1Y",
        }

    def order(self):
        line = {"lineItemNumber": 0, "offerId": "desk-standard", "quantity": 2, "termDuration": "P1Y"}
        return {"billingCycle": "monthly", "lineItems": [line]}

    def made(self, path, body):
        """The id of something new, or none where it cannot be made yet."""
        answer = self.partner.request("POST", path, json=body)
        return answer.json().get("id") if answer.ok else None

    def ids(self):
        """Values of parameters."""
        here = f"/v1/customers/{self.customer}"
        cart = self.made(f"{here}/carts", {"lineItems": [self.line]})
        order = self.made(f"{here}/orders", self.order())
        product, sku, availability = self.catalogue()
        principal = self.partner.principal
        agreements = self.partner.read(demo.AGREEMENTS)["items"]
        everywhere = {
            "customer-id": [self.customer],
            "cart-id": [cart],
            "order-id": [order],
            "product-id": [product],
            "sku-id": [sku],
            "availability-id": [availability],
            "offer-id": self.first("/v1/offers?country=US", "id"),
            "agreement-template-id": [agreements[0]["templateId"]],
            "tenant-id": [principal["tenantId"]],
            "query.mpnId": [self.partners["cedar"].principal["mpnId"]],
            "query.country": ["US"],
            "query.agreementType": ["MicrosoftCustomerAgreement"],
            "program-name": ["csp"],
            "country": ["US"],
            "country-id": ["US"],
            "iso2-code": ["US"],
            "template": [agreements[0]["templateId"]],
            "line-item-number": ["0"],
            "domain": ["taken.example", self.domain()],
            "verb": ["read_customer"],
            "application": [principal["clientId"]],
            "application-id": [principal["clientId"]],
            "user": [principal["user"]],
            "correlation-id": [self.validation()],
            "id": ["REG-001", principal["clientId"], *self.first("/v1/auditrecords?startDate=2020-01-01", "id")],
            "query.client_id": [principal["clientId"]],
            "query.response_type": ["code"],
            "query.type": ["account"],
        }
        return everywhere

    def spares(self):
        """What an operation uses up, by the name of its parameter: each call takes another one."""
        words = ("Anchor", "Barrel", "Candle", "Dipper")
        customers = [self.partner.customer(f"Spare {word} LLC") for word in words]
        customers += [self.partner.customer(f"Spare {word} LLC", agrees=False) for word in ("Easel", "Funnel")]
        carts = f"/v1/customers/{self.customer}/carts"
        carts = [self.made(carts, {"lineItems": [self.line]}) for _ in range(3)]
        return {
            "DELETE /v1/customers/{customer-id}": ["customer-id", customers[:2]],
            "PATCH /v1/customers/{customer-id}": ["customer-id", customers[2:4]],
            "POST /v1/customers/{customer-id}/agreements": ["customer-id", customers[4:]],
            "POST /v1/customers/{customer-id}/carts/{cart-id}/checkout": ["cart-id", carts],
        }

    def validation(self):
        """The id of a test event; none where webhooks are not built."""
        registered = {"WebhookUrl": "https://hooks.example.com/tierline", "WebhookEvents": ["test-created"]}
        self.partner.request("POST", "/webhooks/v1/registration", json=registered)
        sent = self.partner.request("POST", "/webhooks/v1/registration/validationEvents")
        return sent.json().get("correlationId") if sent.ok else None

    def domain(self):
        listed = self.partner.read("/v1/customers")["items"]
        return listed[0]["companyProfile"]["domain"]

    def first(self, path, member):
        """A member of the first item of a list, in a list of its own."""
        listed = self.partner.read(path) or {}
        items = listed if isinstance(listed, list) else listed.get("items", [])
        return [items[0][member]] if items and items[0].get(member) else []

    def catalogue(self):
        """A product, a SKU of it and an availability of that."""
        found, path = [], "/v1/products?country=US&targetView=OnlineServices"
        for below in ("skus", "availabilities", ""):
            one = self.first(path, "id")
            if not one:
                break
            found += one
            path = f"{path.split('?')[0]}/{one[0]}/{below}?country=US"
        return (found + [None, None, None])[:3]

    def bodies(self):
        """Bodies that succeed, by operation. A PUT takes what its GET shows."""
        agreement = self.partner.read(demo.AGREEMENTS)["items"][0]
        principal = self.partner.principal
        client = {"client_id": principal["clientId"], "client_secret": principal["clientSecret"]}
        grant = {"grant_type": "client_credentials", **client}
        person = {"firstName": "Ada", "lastName": "Quill", "email": "ada@example.com"}
        bodies = {
            "POST /v1/customers": {
                "companyProfile": {"domain": f"amber{uuid.uuid4().hex[:8]}.example"},
                "billingProfile": {
                    **person,
                    "companyName": "Amber Lamp LLC",
                    "culture": "en-US",
                    "language": "en",
                    "defaultAddress": demo.ADDRESS,
                },
            },
            "PATCH /v1/customers/{customer-id}": {"relationshipToPartner": "none"},
            "POST /v1/customers/{customer-id}/agreements": {
                "primaryContact": person,
                "templateId": agreement["templateId"],
                "dateAgreed": "2024-01-15T00:00:00Z",
                "type": agreement["agreementType"],
            },
            "POST /v1/customers/{customer-id}/carts": {"lineItems": [self.line]},
            "PUT /v1/customers/{customer-id}/carts/{cart-id}": {"lineItems": [dict(self.line, quantity=3)]},
            "POST /v1/customers/{customer-id}/orders": self.order(),
            "PATCH /v1/customers/{customer-id}/orders/{order-id}": dict(self.order(), billingCycle="annual"),
            "POST /{tenant-id}/oauth2/token": {**grant, "resource": "https://graph.windows.net"},
            "POST /{tenant-id}/oauth2/v2.0/token": {**grant, "scope": "https://graph.windows.net/.default"},
            "POST /generatetoken": {"grant_type": "jwt_token"},
            "POST /webhooks/v1/registration": {
                "WebhookUrl": "https://hooks.example.com/tierline",
                "WebhookEvents": ["subscription-updated", "test-created"],
            },
            "PUT /webhooks/v1/registration": {
                "WebhookUrl": "https://hooks.example.com/again",
                "WebhookEvents": ["test-created"],
            },
            "POST /v1/validations/address": {
                name: demo.ADDRESS[name] for name in ("addressLine1", "city", "state", "postalCode", "country")
            },
            "POST /v1/extensions/product/checkInventory": self.inventory(),
            "POST /program/v1/decisions": {
                "verb": "order",
                "params": {"customer": self.customer, "item": "desk-standard", "quantity": 10},
            },
            "POST /program/v1/commands/{verb}": {"customer": self.customer},
            "POST /program/v1/clock": {"by": "P1D"},
            "POST /v1/customers/{customer-id}/qualifications": {"qualification": "Education", "website": "school.example"},
            "POST /v1/customers/{customer-id}/verifieddomain": self.verified_domain(),
            "POST /v1/sandboxIndirectReseller": self.sandbox_reseller(),
            "POST /v1/customers/{customer-id}/applicationconsents": {
                "applicationId": principal["clientId"],
                "displayName": "Replay",
                "applicationGrants": [{"enterpriseApplicationId": str(uuid.uuid4()), "scope": "Domain.ReadWrite.All"}],
            },
            "POST /program/v1/applications": {"name": "Replay", "redirectUris": ["https://replay.example.com/back"]},
            "POST /program/v1/applications/{id}/secrets": {},
            "POST /program/v1/users/{user}/password": {},
            "POST /program/v1/signing-keys": {},
        }
        for path, methods in self.schema["paths"].items():
            if "put" in methods and "get" in methods and f"PUT {path}" not in bodies:
                shown = self.partner.read(path.replace("{customer-id}", self.customer))
                bodies |= {f"PUT {path}": shown} if isinstance(shown, dict) else {}
        shown = self.partner.read("/v1/profiles/support")
        bodies |= {"PUT /v1/profiles/supportprofile": shown} if shown else {}
        return bodies

    def verified_domain(self):
        name = f"amber{uuid.uuid4().hex[:8]}.example"
        domain = {"authenticationType": "Federated", "capability": "Email", "isDefault": False, "isInitial": False}
        settings = {
            "activeLogOnUri": f"https://sts.{name}/trust/13",
            "federationBrandName": name,
            "issuerUri": f"https://sts.{name}/trust",
            "logOffUri": f"https://sts.{name}/ls/",
            "metadataExchangeUri": f"https://sts.{name}/mex",
            "passiveLogOnUri": f"https://sts.{name}/ls/",
            "preferredAuthenticationProtocol": "WsFed",
            "signingCertificate": "MIIB",
        }
        domain |= {"name": name, "status": "Verified", "verificationMethod": "DnsRecord"}
        return {"verifiedDomainName": name, "domain": domain, "domainFederationSettings": settings}

    def sandbox_reseller(self):
        word = f"amber{uuid.uuid4().hex[:8]}"
        contact = {"firstName": "Ada", "lastName": "Quill", "email": "ada@example.com", "phoneNumber": "5035550142"}
        where = {name: demo.ADDRESS[name] for name in ("country", "city", "state", "addressLine1", "postalCode")}
        tenant = {"domainPrefix": word, "name": word, "displayName": word, "adminUserName": "admin"}
        tenant |= {"adminFirstName": "Ada", "adminLastName": "Quill", "adminAlternateEmail": "ada@example.com"}
        return {
            "mpnId": self.partners["cedar"].principal["mpnId"],
            "tenant": tenant | {"country": "US", "culture": "en-US"},
            "legalBusinessProfile": {"companyName": word, "address": where, "primaryContact": contact, "culture": "en-US"},
            "organizationProfileLanguage": "en",
        }

    def customers(self):
        """Every customer of the partner: some have what others lack."""
        return [one["id"] for one in self.partner.read("/v1/customers")["items"]]

    def inventory(self):
        product, sku, _ = self.catalogue()
        item = {"productId": product, "skuId": sku} if product else {"productId": "desk-standard"}
        return {"TargetItems": [item], "InventoryContext": {"customerId": self.customer}}


def toml(value):
    """A value as TOML writes it; JSON's texts, numbers and lists are TOML's."""
    return json.dumps(value)


def configuration(world, examples, hooks):
    """The configuration file of a run."""
    everywhere = {name: [one for one in values if one] for name, values in world.ids().items()}
    good = ["2xx", "3xx", "400", "401", "403", "404", "409", "413", "429", "501"]
    lines = [
        "seed = 4711",
        f"hooks = {toml(hooks)}",
        "continue-on-failure = true",
        "request-timeout = 20",
        "workers = 1",
        f"headers = {{ Authorization = {toml('Bearer ' + world.partner.token)} }}",
        "[cache]",
        "enabled = false",
        "[generation]",
        f"max-examples = {examples}",
        'database = "none"',
        "deterministic = true",
        "[phases.stateful]",
        "enabled = false",
        "[checks.not_a_server_error]",
        'expected-statuses = ["2xx", "3xx", "4xx", "501"]',
        "[checks.positive_data_acceptance]",
        f"expected-statuses = {toml(good)}",
        "[checks.negative_data_rejection]",
        "enabled = false",
    ]
    dictionaries, tables = [], []
    for name, values in everywhere.items():
        if values:
            dictionaries += [f"[dictionaries.{toml(name)}]", f"values = {toml(values)}"]
            place = name if "." in name else f"path.{name}"
            tables += [f'{toml(place)} = {{ dictionary = {toml(name)}, probability = 0.9 }}']
    lines += dictionaries + ["[parameters]"] + tables
    for path, handle in OTHERS.items():
        token = toml("Bearer " + world.partners[handle].token)
        lines += ["[[operations]]", f"include-path-regex = {toml(path)}"]
        lines += [f"headers = {{ Authorization = {token} }}"]
    lines += ["[[operations]]", 'include-path-regex = "^/program/v1/"', "[operations.checks.negative_data_rejection]", "enabled = true"]
    for path, methods in undocumented(world.schema).items():
        lines += ["[[operations]]", f"include-path = {toml(path)}", "[operations.phases.coverage]"]
        lines += [f"unexpected-methods = {toml(methods)}"]
    return "\n".join(lines) + "\n"


def undocumented(schema):
    """Path -> methods that nobody documents, so that they are answered 405; those not built yet are answered 501."""
    documented = {}
    for method, path in demo.operations():
        documented.setdefault(path, set()).add(method)
    return {
        path: [method for method in METHODS if method not in documented[demo.shape(path)]]
        for path in schema["paths"]
        if documented.get(demo.shape(path), set()) - {method.upper() for method in schema["paths"][path]}
    }


def run(arguments):
    """Runs schemathesis; its exit status, its report and what was answered."""
    world = World(arguments.base)
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        known = {"base": arguments.base, "token": world.partner.token, "bodies": world.bodies()}
        known |= {"customers": world.customers(), "spares": world.spares()}
        (place / "known.json").write_text(json.dumps(known), encoding="utf-8")
        hooks = str(HERE / "schemathesis_hooks.py")
        text = configuration(world, arguments.max_examples, hooks)
        (place / "schemathesis.toml").write_text(text, encoding="utf-8")
        environment = dict(
            os.environ,
            SUITE_KNOWN=str(place / "known.json"),
            SUITE_ANSWERS=str(place / "answers.json"),
            NO_PROXY="*",
        )
        program = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(place / "schemathesis.toml")]
        options = ["run", f"{arguments.base}/openapi.json", "--no-color", "--warnings", "off"]
        options += ["--report", "json", "--report-json-path", str(place / "report.json")]
        done = subprocess.run(
            program + options, cwd=place, env=environment, timeout=SECONDS_MAX, capture_output=True, text=True, check=False
        )
        report = place / "report.json"
        if not report.exists():
            sys.exit(done.stdout + done.stderr)
        answers = json.loads((place / "answers.json").read_text(encoding="utf-8"))
        return done, json.loads(report.read_text(encoding="utf-8")), answers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--max-examples", type=int, default=15)
    parser.add_argument("--strict", action="store_true", help="a 501 is a failure")
    arguments = parser.parse_args()
    assert urllib.parse.urlsplit(arguments.base).hostname in ("127.0.0.1", "::1", "localhost"), "a server of one's own"
    done, report, answers = run(arguments)
    if done.returncode != 0:
        failures = re.search(r"=+ (FAILURES|ERRORS) =+(.*?)=+ SUMMARY", done.stdout, re.DOTALL)
        print(failures.group(0) if failures else done.stdout + done.stderr)
    succeeded = [name for name, statuses in answers.items() if any(status[0] in "23" for status in statuses)]
    without = sorted(set(answers) - set(succeeded))
    not_built = sorted(name for name, statuses in answers.items() if "501" in statuses)
    broken = sorted(name for name, statuses in answers.items() for status in statuses if status[0] == "5" and status != "501")
    for name in without:
        print(f"no success: {name}: {answers[name]} {NO_SUCCESS.get(name, '')}")
    for name in not_built:
        print(f"not built in part: {name}: {answers[name]['501']} of {sum(answers[name].values())} answers are 501")
    share = 100 * len(succeeded) // max(1, len(answers))
    print(f"{len(succeeded)} of {len(answers)} operations succeeded at least once ({share} %)")
    cases = report["test_cases"]
    failures = cases["unique_failures"] + cases["errored"] + len(report["errors"])
    print(f"{report['operations']['tested']} of {report['operations']['total']} operations tested, "
          f"{cases['generated']} cases run, {failures} failures")
    wrong = done.returncode != 0 or failures or broken or (arguments.strict and not_built)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
