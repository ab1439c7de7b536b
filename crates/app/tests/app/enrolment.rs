//! What enrolment and agreements leave behind beside a yes or no: evidence, notices, verification.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::collections::BTreeSet;

use crate::common::World;
use serde_json::{Value as Json, json};
use tierline_app::attempt::attempt;
use tierline_app::verification::DecideVerification;
use tierline_app::{AppError, Ctx, names, world};
use tierline_domain::customer::Attestation;
use tierline_domain::partner::{Judgement, Location, LocationKind, Requirement};
use tierline_store::{Command, Tx, Value, tables};

struct Decide(Ctx, DecideVerification);

impl Command for Decide {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        Box::pin(attempt(&self.0, tx, &self.1)).await.map(|_| ())
    }
}

struct Evidence(&'static str);

impl Command for Evidence {
    type Out = Vec<Attestation>;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<Attestation>, AppError> {
        let customer = names::the_tenant(tx, self.0).await?;
        let key = [Value::Id(customer.id.uuid())];
        Ok(tx
            .find::<Attestation>(tables::attestations::BY_CUSTOMER, &key)
            .await?)
    }
}

impl World {
    async fn decide(&mut self, partner: &str, accepted: bool) {
        let ctx = self.ctx("operator");
        let use_case = DecideVerification {
            partner: partner.to_owned(),
            accepted,
            evidence: "business register of 2023".to_owned(),
        };
        self.db.write(Decide(ctx, use_case)).await.unwrap();
    }
}

fn provider_and_reseller(reseller: Json) -> Json {
    json!([
        {"partner": {"id": "IP-1", "type": "indirect_provider", "country": "FR"}},
        {"partner": reseller},
        {"partnership": {"provider": "IP-1", "reseller": "IR-C"}},
    ])
}

/// AGR-026 and AGR-032: an attestation keeps who recorded it, when, and for which template, and the customer
/// is told.
#[tokio::test]
async fn an_attestation_keeps_its_evidence_and_tells_the_customer() {
    let given = json!([
        {"partner": {"id": "DB-1", "type": "direct_bill", "country": "DE"}},
        {"user": {"id": "mia", "partner": "DB-1", "roles": ["sales_agent"]}},
        {"customer": {"id": "C-1", "country": "DE"}},
        {"relationship": {"partner": "DB-1", "customer": "C-1"}},
        {"attestation": {"partner": "DB-1", "customer": "C-1", "state": "missing"}},
    ]);
    let mut world = World::of("2023-11-15", given).await;
    let contact = json!({"first_name": "Jon", "last_name": "Falk", "email": "jon@c-1.example"});
    let params = json!({"customer": "C-1", "contact": contact, "date": "2023-11-01"});
    world.act("mia", "attest", params).await;
    let kept = world.db.read(Evidence("C-1")).await.unwrap();
    let [kept] = kept.as_slice() else {
        panic!("one attestation, not {}", kept.len())
    };
    assert_eq!(kept.recorded_by, "mia");
    assert_eq!(kept.recorded_at, world.now);
    assert_eq!(kept.agreed.to_string(), "2023-11-01");
    assert_eq!(kept.template, world::CUSTOMER_TEMPLATE);
    assert_eq!(kept.email, "jon@c-1.example");
    assert_eq!(
        world.happened("customer_notified_of_attestation").await,
        ["C-1"]
    );
}

/// AGR-026: a customer that accepts directly is not told of it.
#[tokio::test]
async fn direct_acceptance_notifies_nobody() {
    let given = json!([{"customer": {"id": "C-1", "country": "DE"}}]);
    let mut world = World::of("2023-11-15", given).await;
    world
        .act("C-1", "accept_customer_agreement", json!({}))
        .await;
    assert!(
        world
            .happened("customer_notified_of_attestation")
            .await
            .is_empty()
    );
}

/// ENR-034: a warning ninety days before the anniversary month, from January 2024 on, and word of the
/// enforcement in that month, to the reseller and all of its providers.
#[tokio::test]
async fn resellers_below_the_threshold_are_warned_and_told() {
    let reseller = json!({"id": "IR-C", "type": "indirect_reseller", "country": "FR", "onboarded": "2022-06-15",
        "revenue": {"cloud": "USD 400.00", "perpetual": "USD 100.00"}});
    let mut world = World::of("2023-11-15", provider_and_reseller(reseller)).await;
    world.until("2024-03-02").await;
    assert!(world.happened("revenue_below_threshold").await.is_empty());
    world.until("2024-03-04").await;
    assert_eq!(
        world.happened("revenue_below_threshold").await,
        ["IR-C", "IR-C to IP-1"]
    );
    world.until("2024-05-31").await;
    assert_eq!(world.state("partner.IR-C.state").await, json!("active"));
    world.until("2024-06-01").await;
    assert_eq!(
        world.happened("reseller_deauthorized").await,
        ["IR-C", "IR-C to IP-1"]
    );
    assert_eq!(
        world.state("partner.IR-C.state").await,
        json!("deauthorized")
    );
}

/// ENR-034 and ENR-033: who earns enough is neither warned nor touched, year after year.
#[tokio::test]
async fn resellers_above_the_threshold_hear_nothing() {
    let reseller = json!({"id": "IR-C", "type": "indirect_reseller", "country": "FR", "onboarded": "2022-06-15",
        "revenue": {"cloud": "USD 900.00", "perpetual": "USD 100.00"}});
    let mut world = World::of("2023-11-15", provider_and_reseller(reseller)).await;
    world.until("2026-12-31").await;
    assert!(world.happened("revenue_below_threshold").await.is_empty());
    assert_eq!(world.state("partner.IR-C.state").await, json!("active"));
}

/// ENR-005 to ENR-009: applied, rejected, appealed, qualified, signed, active.
#[tokio::test]
async fn an_applicant_goes_the_whole_way() {
    let given = json!([{"organization": {"id": "ORG-NEW", "headquarters": "FR"}}]);
    let mut world = World::of("2023-11-15", given).await;
    let params = json!({"type": "indirect_reseller", "tenant": "new"});
    let applied = world.act("ORG-NEW", "apply", params).await;
    assert_eq!(applied.result["account"], json!("NEW"));
    assert_eq!(world.state("partner.NEW.state").await, json!("pending"));
    world.decide("NEW", false).await;
    assert_eq!(world.state("partner.NEW.state").await, json!("rejected"));
    let documents = json!({"documents": ["business licence"]});
    world.act("NEW", "appeal", documents).await;
    world.decide("NEW", true).await;
    assert_eq!(world.state("partner.NEW.state").await, json!("qualified"));
    world.act("NEW", "sign_agreement", json!({})).await;
    assert_eq!(world.state("partner.NEW.state").await, json!("active"));
}

/// ENR-026: a direct-bill partner enrols as a reseller on its tenant and, once that is verified, shows both
/// types: it is still direct-bill, and may join a provider.
#[tokio::test]
async fn a_direct_bill_partner_moves_step_by_step() {
    let given = json!([
        {"partner": {"id": "DB-1", "type": "direct_bill", "country": "DE"}},
    ]);
    let mut world = World::of("2023-11-15", given).await;
    let params = json!({"type": "indirect_reseller", "tenant": "existing"});
    world.act("DB-1", "apply", params).await;
    let account = |world: &World| world.db.clone();
    let before = account(&world).read(Enrolment("DB-1")).await.unwrap();
    assert_eq!(before, (true, "open".to_owned()));
    world.decide("DB-1", true).await;
    let after = account(&world).read(Enrolment("DB-1")).await.unwrap();
    assert_eq!(after, (true, "complete".to_owned()));
    assert_eq!(world.state("partner.DB-1.type").await, json!("direct_bill"));
    assert_eq!(world.state("partner.DB-1.state").await, json!("active"));
}

struct Enrolment(&'static str);

impl Command for Enrolment {
    type Out = (bool, String);
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(bool, String), AppError> {
        let account = names::the_account(tx, self.0).await?;
        Ok((
            account.transitioning,
            account.reseller_enrolment.to_string(),
        ))
    }
}

/// IDN-026: a new legal name restarts verification of that part and leaves the account as it is.
#[tokio::test]
async fn a_new_name_is_verified_by_itself() {
    let given = json!([
        {"partner": {"id": "IR-C", "type": "indirect_reseller", "country": "FR"}},
    ]);
    let mut world = World::of("2023-11-15", given).await;
    let params = json!({"legal_name": "Alpine Sales SAS"});
    world.act("IR-C", "update_profile", params).await;
    assert_eq!(world.happened("verification_restarted").await, ["IR-C"]);
    assert_eq!(world.state("partner.IR-C.state").await, json!("active"));
}

/// AGR-033: the portal reminds of the partner agreement until a global administrator accepts it.
#[tokio::test]
async fn a_partner_that_has_not_signed_is_reminded_in_the_portal() {
    let given = provider_and_reseller(json!(
        {"id": "IR-C", "type": "indirect_reseller", "country": "FR", "state": "qualified"}
    ));
    let mut world = World::of("2023-11-15", given).await;
    let home = json!({"page": "home"});
    let shown = world.act("IR-C", "open_portal", home.clone()).await.result;
    assert_eq!(shown["reminders"][0]["rule"], "AGR-033", "{shown}");
    world.act("IR-C", "sign_agreement", json!({})).await;
    let shown = world.act("IR-C", "open_portal", home).await.result;
    assert_eq!(shown["reminders"], json!([]));
}

/// IDN-007: one global account for the company, and any number of locations below it, each with its own
/// PartnerID, whichever of its accounts adds them.
#[tokio::test]
async fn every_location_has_a_partner_id_of_its_own() {
    let given = json!([
        {"partner": {"id": "IR-A", "type": "indirect_reseller", "country": "FR", "organization": "ORG-A"}},
        {"partner": {"id": "IR-D", "type": "indirect_reseller", "country": "DE", "organization": "ORG-A"}},
    ]);
    let mut world = World::of("2023-11-15", given).await;
    for (partner, country) in [("IR-A", "DE"), ("IR-A", "DE"), ("IR-D", "IT")] {
        let added = world.act(partner, "add_location", json!({ "country": country }));
        let added = added.await.result;
        let known = world.act(
            partner,
            "verify_partner_id",
            json!({"partner_id": added["partner_id"]}),
        );
        known.await;
    }
    let places = world.db.read(Places("ORG-A")).await.unwrap();
    let globals = places
        .iter()
        .filter(|place| place.kind == LocationKind::Global);
    assert_eq!(globals.count(), 1);
    assert_eq!(places.len(), 6);
    let ids: BTreeSet<&str> = places
        .iter()
        .map(|place| place.partner_id.as_str())
        .collect();
    assert_eq!(ids.len(), places.len(), "each has its own: {ids:?}");
}

struct Judgements(&'static str);

impl Command for Judgements {
    type Out = Vec<bool>;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<bool>, AppError> {
        let account = names::the_account(tx, self.0).await?;
        let key = [
            Value::Id(account.id.uuid()),
            Value::Text(Requirement::Verification.to_string()),
        ];
        let found = tx.find::<Judgement>(tables::judgements::OF, &key).await?;
        Ok(found
            .into_iter()
            .map(|judgement| judgement.passed)
            .collect())
    }
}

/// The latest judgement counts, also where the clock stands still between two of them: their ids say nothing.
#[tokio::test]
async fn judgements_of_one_instant_keep_their_order() {
    let given = json!([
        {"partner": {"id": "IR-C", "type": "indirect_reseller", "country": "FR", "state": "pending"}},
    ]);
    let mut world = World::of("2023-11-15", given).await;
    let said: Vec<bool> = (0..12).map(|turn| turn % 3 == 0).collect();
    for accepted in &said {
        world.decide("IR-C", *accepted).await;
    }
    assert_eq!(world.db.read(Judgements("IR-C")).await.unwrap(), said);
}

struct Places(&'static str);

impl Command for Places {
    type Out = Vec<Location>;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<Location>, AppError> {
        let organization = names::the_organization(tx, self.0).await?;
        let key = [Value::Id(organization.id.uuid())];
        Ok(tx
            .find::<Location>(tables::locations::BY_ORGANIZATION, &key)
            .await?)
    }
}

/// ROL-020: after a merger an administrator of either part acts for the whole company, and manages the users of its own
/// tenant only.
#[tokio::test]
async fn a_merger_widens_companies_and_no_tenants() {
    let given = json!([
        {"partner": {"id": "IP-1", "type": "indirect_provider", "organization": "ORG-P", "country": "FR"}},
        {"partner": {"id": "IR-A", "type": "indirect_reseller", "organization": "ORG-A", "country": "FR"}},
        {"location": {"id": "LOC-A2", "organization": "ORG-A", "country": "FR"}},
        {"location": {"id": "LOC-P2", "organization": "ORG-P", "country": "FR"}},
        {"user": {"id": "ada", "partner": "IR-A", "roles": ["sales_agent"]}},
        {"user": {"id": "pia", "partner": "IP-1", "roles": ["sales_agent"]}},
    ]);
    let mut world = World::of("2023-11-15", given).await;
    let delete = |place: &str| json!({"location": place});
    for (admin, foreign) in [("IP-1", "LOC-A2"), ("IR-A", "LOC-P2")] {
        let why = world.fails(admin, "delete_location", delete(foreign)).await;
        assert!(why.starts_with("refused: "), "{why}");
    }
    let merger = json!({"surviving": "ORG-P", "merged": "ORG-A"});
    world.act("operator", "merge_organizations", merger).await;
    for (admin, of_the_whole) in [("IP-1", "LOC-A2"), ("IR-A", "LOC-P2")] {
        world
            .act(admin, "delete_location", delete(of_the_whole))
            .await;
    }
    for (admin, own, other) in [("IP-1", "pia", "ada"), ("IR-A", "ada", "pia")] {
        let role = |user: &str| json!({"user": user, "role": "helpdesk_agent"});
        world.act(admin, "assign_role", role(own)).await;
        let why = world.fails(admin, "assign_role", role(other)).await;
        assert!(why.contains(other), "{why}");
        assert!(!why.starts_with("refused"), "{why}");
    }
}
