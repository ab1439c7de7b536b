"""The demo server as its clients find it: credentials, plain calls, the list of documented operations."""

import csv
import pathlib
import re
import uuid

import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent

ADDRESS = {
    "country": "US",
    "city": "Portland",
    "state": "OR",
    "addressLine1": "12 Mill Street",
    "postalCode": "97201",
    "firstName": "Ada",
    "lastName": "Quill",
    "phoneNumber": "5035550142",
}


# Without a type the list holds the older cloud agreement alone, which new customers do not accept.
AGREEMENTS = "/v1/agreements?agreementType=MicrosoftCustomerAgreement"


class Partner:
    """One of the demo world's partners, calling with its user's token."""

    def __init__(self, base, principal):
        self.base = base
        self.principal = principal
        self.token = principal["accessTokenUser"]
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {self.token}"

    def request(self, method, path, **more):
        """The answer to a plain call, whatever its status."""
        ids = {name: str(uuid.uuid4()) for name in ("MS-RequestId", "MS-CorrelationId")}
        return self.session.request(method, self.base + path, headers=ids, timeout=30, **more)

    def read(self, path):
        """The body of a GET; None where it does not succeed."""
        answer = self.request("GET", path)
        return answer.json() if answer.status_code == 200 else None

    def made(self, path, body):
        """The body of a POST that must succeed."""
        answer = self.request("POST", path, json=body)
        if answer.status_code not in (200, 201):
            raise AssertionError(f"POST {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def customer(self, name, agrees=True):
        """A new customer, as a rule with its agreement confirmed, so that it may buy."""
        word = re.sub("[^a-z]", "", name.lower())
        customer = self.made(
            "/v1/customers",
            {
                "companyProfile": {"domain": f"{word}{uuid.uuid4().hex[:8]}.example"},
                "billingProfile": {
                    "email": "ada@example.com",
                    "companyName": name,
                    "culture": "en-US",
                    "language": "en",
                    "defaultAddress": ADDRESS,
                },
            },
        )
        if agrees:
            self.agree(customer["id"])
        return customer["id"]

    def agree(self, customer):
        """Confirms that a customer accepted its agreement."""
        template = self.read(AGREEMENTS)["items"][0]
        self.made(
            f"/v1/customers/{customer}/agreements",
            {
                "primaryContact": {"firstName": "Ada", "lastName": "Quill", "email": "ada@example.com"},
                "templateId": template["templateId"],
                "dateAgreed": "2024-01-15T00:00:00Z",
                "type": template["agreementType"],
            },
        )


def partners(base):
    """The demo world's partners by their short names."""
    answer = requests.get(f"{base}/sandbox/credentials", timeout=30)
    answer.raise_for_status()
    return {one["handle"]: Partner(base, one) for one in answer.json()["principals"]}


def shape(path):
    """A path template without what its placeholders are called, in small letters."""
    return re.sub(r"\{[^}]*\}", "{}", path.lower().rstrip("/"))


def operations():
    """The documented operations: (method, shape of the path) -> rows."""
    found = {}
    with open(ROOT / "program/operations.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault((row["method"], shape(row["path"])), []).append(row)
    return found
