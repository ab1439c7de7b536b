"""One driver or more for each operation: it calls, looks at what the package made of the answer, and reads writes back."""

import uuid

import partnercenterservices_suite as suite
from demo import ADDRESS
from microsoft.store.partnercenterservices import models

# A provider with resellers, and a partner that sells by itself.
PARTNERS = ("meridian", "harbor")

# Operation -> its drivers.
ALL = {}

V1 = "/v{version}"


def drives(method, path, partner="harbor"):
    """Names the operation that a function drives, and the partner that calls."""

    def note(function):
        function.partner = partner
        ALL.setdefault((method, path), []).append(function)
        return function

    return note


def model(name):
    """A model of the package by the end of its name."""
    return getattr(models, f"MicrosoftPartnerSdkContractsV1{name}")


def collection(answer):
    """The items of a list that says how many they are."""
    assert answer.attributes.object_type == "Collection", answer.attributes
    assert answer.total_count == len(answer.items), (answer.total_count, len(answer.items))
    return answer.items


def address(**changes):
    names = {"addressLine1": "address_line1", "postalCode": "postal_code", "firstName": "first_name"}
    names |= {"lastName": "last_name", "phoneNumber": "phone_number"}
    return model("Address")(**({names.get(name, name): value for name, value in ADDRESS.items()} | changes))


def some_customer(wire, name="Brass Lantern LLC"):
    return wire.partner.customer(name)


# ---- auth


@drives("POST", "/generatetoken")
def a_directory_token_becomes_a_partner_token(wire, world):
    _, answer = wire.raw("POST", "/generatetoken", grant_type="jwt_token")
    token = answer.json()
    assert token["token_type"].lower() == "bearer" and int(token["expires_in"]) > 0, token
    wire.partner.session.headers["Authorization"] = f"Bearer {token['access_token']}"
    assert wire.partner.request("GET", "/v1/customers").status_code == 200
    wire.partner.session.headers["Authorization"] = f"Bearer {wire.partner.token}"


# ---- accounts


def profile(wire, name):
    found = wire("GET", f"{V1}/profiles/{name}")
    assert found.profile_type, found
    assert found.attributes.object_type and found.links.itself.uri.startswith("/profiles/"), found
    return found


def profile_is_kept(wire, name, argument, member, value):
    """One member changes and is read back; the rest stays as it was."""
    before = profile(wire, name)
    old = getattr(before, member)
    for new in (value, old):
        wanted = profile(wire, name)
        setattr(wanted, member, new)
        changed = wire("PUT", f"{V1}/profiles/{name}", **{argument: wanted})
        assert getattr(changed, member) == new, changed
        assert getattr(profile(wire, name), member) == new
    after = profile(wire, name)
    for known in ("company_name", "telephone", "website", "tax_id", "culture"):
        assert getattr(before, known, None) == getattr(after, known, None), known


@drives("GET", f"{V1}/profiles/billing")
def the_billing_profile_has_a_company(wire, world):
    found = profile(wire, "billing")
    assert found.company_name and found.address.country and found.primary_contact.first_name, found
    assert found.profile_type == "BillingProfile" and found.billing_currency, found


@drives("PUT", f"{V1}/profiles/billing")
def the_billing_profile_is_changed(wire, world):
    profile_is_kept(wire, "billing", "billing_profile", "purchase_order_number", "PO-4711")


@drives("GET", f"{V1}/profiles/legalbusiness")
def the_legal_profile_is_vetted(wire, world):
    found = profile(wire, "legalbusiness")
    assert found.company_name and found.address.country == "US", found
    assert found.vetting_status and found.vetting_status == found.vetting_status.lower(), found


@drives("PUT", f"{V1}/profiles/legalbusiness")
def the_legal_profile_is_changed(wire, world):
    profile_is_kept(wire, "legalbusiness", "legal_business_profile", "company_approver_email", "approver@example.com")


@drives("GET", f"{V1}/profiles/organization")
def the_organization_is_the_tenant(wire, world):
    found = profile(wire, "organization")
    assert found.tenant_id == wire.partner.principal["tenantId"], found
    assert found.company_name and found.default_address.country == "US", found


@drives("PUT", f"{V1}/profiles/organization")
def the_organization_is_changed(wire, world):
    profile_is_kept(wire, "organization", "organization_profile", "email", "desk@example.com")


@drives("GET", f"{V1}/profiles/support")
def the_support_profile_can_be_reached(wire, world):
    found = profile(wire, "support")
    assert found.email or found.telephone or found.website, found


@drives("PUT", f"{V1}/profiles/support")
def the_support_profile_is_changed(wire, world):
    profile_is_kept(wire, "support", "support_profile", "telephone", "5035550199")


@drives("GET", f"{V1}/profiles/mpn")
def a_partner_is_found_by_its_number(wire, world):
    own = wire("GET", f"{V1}/profiles/mpn")
    assert own.mpn_id == wire.partner.principal["mpnId"] and own.partner_name, own
    other = wire("GET", f"{V1}/profiles/mpn", mpn_id=world["cedar"].principal["mpnId"])
    assert other.mpn_id == world["cedar"].principal["mpnId"] and other.partner_name, other
    assert wire("GET", f"{V1}/profiles/mpn", mpn_id="99999999", status=404) is None


# ---- customers


def new_customer(name):
    billing = model("CustomerBillingProfile")(
        first_name="Ada",
        last_name="Quill",
        email="ada@example.com",
        culture="en-US",
        language="en",
        company_name=name,
        default_address=address(),
    )
    company = model("CustomerCompanyProfile")(domain=f"kettle{uuid.uuid4().hex[:10]}.example")
    return model("Customer")(company_profile=company, billing_profile=billing)


@drives("POST", f"{V1}/customers")
def a_customer_is_created_once(wire, world):
    wanted, request = new_customer("Copper Kettle LLC"), str(uuid.uuid4())
    made = wire("POST", f"{V1}/customers", customer_profile=wanted, ms_request_id=request, status=201)
    assert made.id and made.attributes.object_type == "Customer", made
    assert made.company_profile.domain == wanted.company_profile.domain, made
    assert made.billing_profile.default_address.city == "Portland", made
    again = wire("POST", f"{V1}/customers", customer_profile=wanted, ms_request_id=request, status=201)
    assert again.id == made.id, "a repeated request id is no second customer"
    found = wire("GET", f"{V1}/customers/{{customer_id}}", customer_id=made.id)
    assert found.billing_profile.company_name == "Copper Kettle LLC", found


@drives("POST", f"{V1}/customers", partner="meridian")
def a_customer_is_created_for_a_reseller(wire, world):
    wanted = new_customer("Slate Roof LLC")
    wanted.associated_partner_id = world["cedar"].principal["mpnId"]
    made = wire("POST", f"{V1}/customers", customer_profile=wanted, status=201)
    listed = wire("GET", f"{V1}/customers/{{customer_id}}/relationships", customer_id=made.id)
    assert wanted.associated_partner_id in [one.mpn_id for one in collection(listed)]


@drives("GET", f"{V1}/customers")
def customers_are_listed_page_by_page(wire, world):
    whole = collection(wire("GET", f"{V1}/customers"))
    assert len(whole) > 2 and all(one.id and one.company_profile.company_name for one in whole)
    assert all(one.relationship_to_partner == "reseller" for one in whole)
    assert [one.id for one in collection(wire("GET", f"{V1}/customers", size=0))] == [one.id for one in whole]
    seen, page = [], wire("GET", f"{V1}/customers", size=2)
    while len(seen) <= len(whole):
        seen += collection(page)
        if page.links.next is None:
            break
        token = {one.key: one.value for one in page.links.next.headers}
        page = wire("GET", f"{V1}/customers", size=2, seek_operation="next", custom_headers=token)
    assert [one.id for one in seen] == [one.id for one in whole], "pages are the list"


@drives("GET", f"{V1}/customers")
def customers_are_found_by_name(wire, world):
    name = collection(wire("GET", f"{V1}/customers"))[0].company_profile.company_name
    asked = '{"Field":"CompanyName","Value":"%s","Operator":"starts_with"}' % name[:5].lower()
    found = collection(wire("GET", f"{V1}/customers", filter=asked))
    assert name in [one.company_profile.company_name for one in found]
    assert all(one.company_profile.company_name.lower().startswith(name[:5].lower()) for one in found)


@drives("GET", f"{V1}/customers/{{customer_id}}")
def a_customer_is_read_by_any_spelling(wire, world):
    listed = collection(wire("GET", f"{V1}/customers"))[0]
    for spelling in (listed.id, listed.id.upper()):
        found = wire("GET", f"{V1}/customers/{{customer_id}}", customer_id=spelling)
        assert found.id == listed.id and found.company_profile.tenant_id == listed.id, found
        assert found.billing_profile.culture and found.billing_profile.default_address.country, found
        assert found.links.itself.uri == f"/customers/{listed.id}", found.links
    assert wire("GET", f"{V1}/customers/{{customer_id}}", customer_id=str(uuid.uuid4()), status=403) is None


@drives("GET", f"{V1}/customers/{{customer_id}}/profiles/company")
def a_customers_company(wire, world):
    listed = collection(wire("GET", f"{V1}/customers"))[0]
    found = wire("GET", f"{V1}/customers/{{customer_id}}/profiles/company", customer_id=listed.id)
    assert found.tenant_id == listed.id and found.company_name == listed.company_profile.company_name, found
    assert found.domain == listed.company_profile.domain, found
    assert found.attributes.object_type == "CustomerCompanyProfile", found


@drives("GET", f"{V1}/customers/{{customer_id}}/profiles/billing")
def a_customers_billing(wire, world):
    listed = collection(wire("GET", f"{V1}/customers"))[0]
    found = wire("GET", f"{V1}/customers/{{customer_id}}/profiles/billing", customer_id=listed.id)
    assert found.company_name and found.email and found.default_address.country, found
    assert found.attributes.object_type == "CustomerBillingProfile" and found.attributes.etag, found


@drives("PUT", f"{V1}/customers/{{customer_id}}/profiles/billing")
def a_customers_billing_is_changed(wire, world):
    path, customer = f"{V1}/customers/{{customer_id}}/profiles/billing", some_customer(wire)
    before = wire("GET", path, customer_id=customer)
    before.email = "billing@example.com"
    before.default_address.city = "Salem"
    # The ETag that was read goes back within the body; what it was is stale afterwards.
    changed = wire("PUT", path, customer_id=customer, customer_billing_profile=before, custom_headers=tag(before))
    assert changed.email == "billing@example.com" and changed.default_address.city == "Salem", changed
    found = wire("GET", path, customer_id=customer)
    assert found.email == "billing@example.com" and found.default_address.city == "Salem", found
    assert found.attributes.etag != before.attributes.etag, found.attributes


def tag(resource):
    """The package's models never send what the server made, the ETag too; callers put it into the header."""
    return {"If-Match": f'"{resource.attributes.etag}"'}


@drives("DELETE", f"{V1}/customers/{{customer_id}}")
def a_sandbox_customer_is_deleted(wire, world):
    customer = some_customer(wire, "Passing Cloud LLC")
    wire("DELETE", f"{V1}/customers/{{customer_id}}", customer_id=customer, status=204)
    assert wire("GET", f"{V1}/customers/{{customer_id}}", customer_id=customer, status=403) is None
    assert customer not in [one.id for one in collection(wire("GET", f"{V1}/customers"))]


@drives("POST", f"{V1}/customers/{{customer_id}}/verifieddomain")
def a_domain_is_added_to_a_customer(wire, world):
    name = f"lantern{uuid.uuid4().hex[:8]}.example"
    domain = model("DomainManagementDomain")(authentication_type="Federated", capability="Email", name=name)
    domain.is_default, domain.is_initial, domain.root_domain = False, False, None
    domain.status, domain.verification_method = "Verified", "DnsRecord"
    settings = model("DomainManagementDomainFederationSettings")(
        active_log_on_uri=f"https://sts.{name}/trust/13",
        default_interactive_authentication_method="http://schemas.example/password",
        federation_brand_name=name,
        issuer_uri=f"https://sts.{name}/trust",
        log_off_uri=f"https://sts.{name}/ls/",
        metadata_exchange_uri=f"https://sts.{name}/mex",
        next_signing_certificate=None,
        open_id_connect_discovery_endpoint=None,
        passive_log_on_uri=f"https://sts.{name}/ls/",
        preferred_authentication_protocol="WsFed",
        signing_certificate="MIIB",
    )
    wanted = model("DomainManagementVerifiedDomain")(
        verified_domain_name=name, domain=domain, domain_federation_settings=settings
    )
    path = f"{V1}/customers/{{customer_id}}/verifieddomain"
    made = wire("POST", path, customer_id=some_customer(wire), verified_domain=wanted)
    assert made.name == name and made.status.lower() == "verified", made


# ---- relationships


@drives("GET", f"{V1}/relationships", partner="meridian")
def a_provider_has_resellers(wire, world):
    found = collection(wire("GET", f"{V1}/relationships", relationship_type="is_indirect_cloud_solution_provider_of"))
    assert world["cedar"].principal["mpnId"] in [one.mpn_id for one in found]
    for one in found:
        assert one.relationship_type == "is_indirect_cloud_solution_provider_of" and one.state, one
        assert one.name and one.location and one.attributes.object_type == "PartnerRelationship", one


@drives("GET", f"{V1}/customers/{{customer_id}}/relationships", partner="meridian")
def a_customer_has_resellers(wire, world):
    asked = '{"Field":"CompanyName","Value":"red rock","Operator":"starts_with"}'
    customer = collection(wire("GET", f"{V1}/customers", filter=asked))[0]
    found = collection(wire("GET", f"{V1}/customers/{{customer_id}}/relationships", customer_id=customer.id))
    assert world["cedar"].principal["mpnId"] in [one.mpn_id for one in found]


@drives("GET", f"{V1}/customers/relationshiprequests")
def an_invitation_has_an_address(wire, world):
    found = wire("GET", f"{V1}/customers/relationshiprequests")
    assert found.url.startswith("http") and found.attributes.object_type == "RelationshipRequest", found
    assert wire.partner.principal["tenantId"] in found.url, found.url


@drives("PATCH", f"{V1}/customers/{{customer_id}}")
def a_relationship_ends(wire, world):
    path, customer = f"{V1}/customers/{{customer_id}}", some_customer(wire, "Former Friends LLC")
    ended = model("Customer")(id=customer, relationship_to_partner="none")
    answer = wire("PATCH", path, customer_id=customer, customer=ended)
    assert answer.relationship_to_partner == "none", answer
    assert customer not in [one.id for one in collection(wire("GET", f"{V1}/customers"))]


@drives("PATCH", f"{V1}/customers/{{customer_id}}")
def delegated_administration_ends(wire, world):
    path, customer = f"{V1}/customers/{{customer_id}}", some_customer(wire)
    answer = wire("PATCH", path, customer_id=customer, customer=model("Customer")(allow_delegated_access=False))
    assert answer.id == customer and answer.allow_delegated_access is False, answer
    assert wire("GET", path, customer_id=customer).allow_delegated_access is False


# ---- catalogue


def offers(wire):
    return collection(wire("GET", f"{V1}/offers", country="US"))


@drives("GET", f"{V1}/offers")
def offers_are_listed_by_country(wire, world):
    found = offers(wire)
    assert found and all(one.id and one.name and one.country == "US" and one.category.id for one in found)
    assert all(one.attributes.object_type == "Offer" and one.minimum_quantity >= 1 for one in found)
    first = collection(wire("GET", f"{V1}/offers", country="US", size=1))
    assert [one.id for one in first] == [found[0].id]
    category = found[0].category.id
    of_category = collection(wire("GET", f"{V1}/offers", country="US", offer_category_id=category))
    assert {one.category.id for one in of_category} == {category}
    assert wire("GET", f"{V1}/offers", country="XX", status=400) is None


@drives("GET", f"{V1}/offers/{{offer_id}}")
def an_offer_is_read(wire, world):
    listed = offers(wire)[0]
    found = wire("GET", f"{V1}/offers/{{offer_id}}", offer_id=listed.id, country="US")
    assert (found.id, found.name) == (listed.id, listed.name), found
    assert wire("GET", f"{V1}/offers/{{offer_id}}", offer_id=str(uuid.uuid4()), country="US", status=404) is None


@drives("GET", f"{V1}/offers/{{offer_id}}/addons")
def an_offer_has_add_ons(wire, world):
    base = next(one for one in offers(wire) if one.has_add_ons)
    found = collection(wire("GET", f"{V1}/offers/{{offer_id}}/addons", offer_id=base.id, country="US"))
    assert found and all(one.is_add_on and base.id in one.prerequisite_offers for one in found)


@drives("GET", f"{V1}/offercategories")
def offers_have_categories(wire, world):
    found = collection(wire("GET", f"{V1}/offercategories", country="US"))
    assert {one.category.id for one in offers(wire)} <= {one.id for one in found}
    assert all(one.name and one.attributes.object_type == "OfferCategory" for one in found)


@drives("GET", f"{V1}/customers/{{customer_id}}/offers")
def a_customer_is_offered(wire, world):
    found = collection(wire("GET", f"{V1}/customers/{{customer_id}}/offers", customer_id=some_customer(wire)))
    assert found and all(one.id and one.name for one in found)


@drives("GET", f"{V1}/customers/{{customer_id}}/offercategories")
def a_customers_offers_have_categories(wire, world):
    path = f"{V1}/customers/{{customer_id}}/offercategories"
    assert collection(wire("GET", path, customer_id=some_customer(wire)))


# ---- carts and orders


def plain_offer(wire):
    """Something that every customer may buy by itself. Short names are taken where no list of offers is built."""
    try:
        plain = [one for one in offers(wire) if one.is_available_for_purchase and not one.is_add_on]
    except suite.NotBuilt:
        return "desk-classic"
    return next(one.id for one in plain if not one.is_trial and not one.resellee_qualifications)


def order(wire, customer, **line):
    wanted = model("OrderLineItem")(line_item_number=0, offer_id=plain_offer(wire), quantity=3, **line)
    body = model("Order")(reference_customer_id=customer, billing_cycle="annual", line_items=[wanted])
    return wire("POST", f"{V1}/customers/{{customer_id}}/orders", customer_id=customer, order=body, status=201)


@drives("POST", f"{V1}/customers/{{customer_id}}/orders")
def an_order_is_placed(wire, world):
    customer = some_customer(wire)
    made = order(wire, customer)
    assert made.id and made.reference_customer_id == customer and made.status, made
    assert made.billing_cycle == "annual" and made.creation_date.year > 2000, made
    assert [(one.line_item_number, one.quantity) for one in made.line_items] == [(0, 3)], made.line_items
    assert made.attributes.object_type == "Order" and made.attributes.etag, made.attributes
    found = wire("GET", f"{V1}/customers/{{customer_id}}/orders/{{order_id}}", customer_id=customer, order_id=made.id)
    assert found.line_items[0].offer_id == made.line_items[0].offer_id, found


@drives("POST", f"{V1}/customers/{{customer_id}}/orders", partner="meridian")
def an_order_is_placed_for_a_reseller(wire, world):
    wanted = new_customer("Reed Organ LLC")
    wanted.associated_partner_id = world["cedar"].principal["mpnId"]
    customer = wire("POST", f"{V1}/customers", customer_profile=wanted, status=201).id
    wire.partner.agree(customer)
    made = order(wire, customer, partner_id_on_record=wanted.associated_partner_id)
    assert made.line_items[0].partner_id_on_record == wanted.associated_partner_id, made.line_items
    path = f"{V1}/customers/{{customer_id}}/orders"
    found = collection(wire("GET", path, customer_id=customer, indirect_reseller_id=wanted.associated_partner_id))
    assert [one.id for one in found] == [made.id]


@drives("GET", f"{V1}/customers/{{customer_id}}/orders")
def orders_are_listed(wire, world):
    customer = some_customer(wire)
    path = f"{V1}/customers/{{customer_id}}/orders"
    assert collection(wire("GET", path, customer_id=customer)) == []
    made = order(wire, customer)
    assert [one.id for one in collection(wire("GET", path, customer_id=customer))] == [made.id]
    for style in ("annual", "Annual"):
        found = collection(wire("GET", path, customer_id=customer, billing_type=style))
        assert [one.id for one in found] == [made.id], style
    assert collection(wire("GET", path, customer_id=customer, billing_type="one_time")) == []


@drives("GET", f"{V1}/customers/{{customer_id}}/orders/{{order_id}}")
def an_order_is_read(wire, world):
    customer = some_customer(wire)
    made, path = order(wire, customer), f"{V1}/customers/{{customer_id}}/orders/{{order_id}}"
    found = wire("GET", path, customer_id=customer, order_id=made.id)
    assert found.id == made.id and found.links.itself.uri == f"/customers/{customer}/orders/{made.id}", found
    assert found.line_items[0].subscription_id, found.line_items
    assert wire("GET", path, customer_id=customer, order_id=str(uuid.uuid4()), status=404) is None


@drives("PATCH", f"{V1}/customers/{{customer_id}}/orders/{{order_id}}")
def an_orders_billing_changes_its_cycle(wire, world):
    customer = some_customer(wire)
    made, path = order(wire, customer), f"{V1}/customers/{{customer_id}}/orders/{{order_id}}"
    made.billing_cycle = "monthly"
    changed = wire("PATCH", path, customer_id=customer, order_id=made.id, order=made)
    assert changed.billing_cycle == "monthly", changed
    assert wire("GET", path, customer_id=customer, order_id=made.id).billing_cycle == "monthly"


@drives("POST", f"{V1}/customers/{{customer_id}}/carts/{{cart_id}}/checkout")
def a_cart_is_checked_out_once(wire, world):
    customer = some_customer(wire)
    line = {"id": 0, "catalogItemId": "desk-standard", "quantity": 2, "billingCycle": "monthly", "termDuration": "P1Y"}
    cart = wire.partner.made(f"/v1/customers/{customer}/carts", {"lineItems": [line]})
    path = f"{V1}/customers/{{customer_id}}/carts/{{cart_id}}/checkout"
    done = wire("POST", path, customer_id=customer, cart_id=cart["id"], status=201)
    assert done.attributes.object_type == "CartCheckoutResult" and not done.order_errors, done
    assert [one.quantity for one in done.orders[0].line_items] == [2], done.orders
    again = wire("POST", path, customer_id=customer, cart_id=cart["id"], status=(200, 201))
    assert [one.id for one in again.orders] == [one.id for one in done.orders]


# ---- utilities


@drives("GET", f"{V1}/countryvalidationrules/{{country}}")
def a_country_has_rules(wire, world):
    found = wire("GET", f"{V1}/countryvalidationrules/{{country}}", country="US")
    assert found.iso2_code == "US" and found.default_culture == "en-US", found
    assert found.is_state_required and "WA" in found.supported_states_list, found
    assert "en" in found.supported_languages_list and "1" in found.country_calling_codes_list, found
    assert wire("GET", f"{V1}/countryvalidationrules/{{country}}", country="XX", status=(400, 404)) is None


@drives("HEAD", f"{V1}/domains/{{domain}}")
def a_domain_is_taken_or_free(wire, world):
    taken = collection(wire("GET", f"{V1}/customers"))[0].company_profile.domain
    for domain, status in ((taken, 200), (f"free{uuid.uuid4().hex[:8]}.example", 404)):
        _, answer = wire.raw("HEAD", f"{V1}/domains/{{domain}}", domain=domain, status=status)
        assert not answer.content, answer.content


@drives("POST", f"{V1}/validations/address")
def an_address_is_validated(wire, world):
    path = f"{V1}/validations/address"
    wanted = address(first_name=None, last_name=None, phone_number=None)
    found = wire.raw("POST", path, address=wanted)[1].json()
    assert found["originalAddress"]["city"] == "Portland" and found["status"], found
    wrong = address(postal_code="ABC", first_name=None, last_name=None, phone_number=None)
    _, answer = wire.raw("POST", path, address=wrong, status=(200, 400))
    assert answer.status_code == 400 or answer.json()["status"] != found["status"], answer.text
