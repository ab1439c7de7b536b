//! Facts of what is sold and held: purchases, subscriptions, rights, transfers.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use tierline_domain::admin::{AdminState, DirectoryRole};
use tierline_domain::catalog::{Frequency, Generation, ItemKind, Publisher, Term};
use tierline_domain::customer::{RelationshipState, Segment};
use tierline_domain::money::{Currency, Money};
use tierline_domain::order::RoleDeclared;
use tierline_domain::place::Country;
use tierline_domain::subscription::{SubscriptionState, TransferKind, TransferState};
use tierline_domain::time::{Date, Timestamp};

use super::{Named, Party};

facts! {
    /// The line that would be bought, with what the catalogue and the customer's estate say about it.
    pub struct Purchase {
        /// The item's short name.
        pub item: String,
        /// Its kind.
        pub kind: ItemKind,
        /// Its generation.
        pub generation: Generation,
        /// Its publisher.
        pub publisher: Publisher,
        /// Its segment.
        pub segment: Segment,
        /// How many are asked for.
        pub quantity: i64,
        /// Term asked for.
        pub term: Term,
        /// The item is sold for that term.
        pub term_offered: bool,
        /// Frequency asked for.
        pub frequency: Frequency,
        /// The item allows that frequency with that term.
        pub frequency_offered: bool,
        /// Least quantity.
        pub min_quantity: i64,
        /// Most.
        pub max_quantity: i64,
        /// Seats a customer-wide ceiling leaves, where there is one (ORD-020).
        pub customer_max: Option<Ceiling>,
        /// Prerequisites of which one is needed.
        pub prerequisites: Vec<String>,
        /// One of them is owned, or in the same order before this line.
        pub prerequisite_owned: bool,
        /// Least seats a percentage of the base demands (ORD-024).
        pub least_of_base: Option<i64>,
        /// The item a trial is for.
        pub trial_of: Option<String>,
        /// The customer had this trial before.
        pub trial_used: bool,
        /// The customer owns what the trial is for.
        pub trial_item_owned: bool,
        /// Subscriptions at one time: limit and count.
        pub concurrent: Option<Ceiling>,
        /// Ceiling of subscriptions per tenant (ORD-040).
        pub tenant_ceiling: i64,
        /// Last day of sale.
        pub end_of_sale: Option<Date>,
        /// The item may be bought by this seller.
        pub eligible_seller: bool,
        /// Countries, of those that matter, in which it is not sold.
        pub not_sold_in: SmallVec<[Country; 2]>,
        /// Attestation wanted on the line.
        pub requires_attestation: bool,
        /// Attestation given on the line.
        pub attestation_accepted: bool,
        /// Availability read too long ago.
        pub availability_outdated: bool,
        /// The role declared.
        pub role_declared: RoleDeclared,
        /// Further resellers declared, each resolved.
        pub further_resellers: Vec<Named>,
        /// Currency asked for.
        pub currency: Option<Currency>,
        /// Another currency in which the customer already holds such purchases (ORD-039).
        pub other_currency: Option<Currency>,
        /// Custom end date and whether it may be.
        pub alignment: Option<Alignment>,
        /// What it costs now, in US dollars.
        pub cost_usd: Option<Money>,
        /// The cart it comes from, where there is one.
        pub cart: Option<CartFact>,
        /// The customer holds an active consumption plan with this seller, and a subscription under it (ORD-037).
        pub plan_active: bool,
        /// The customer holds a consumption plan (ORD-036).
        pub plan_owned: bool,
        /// A traditional add-on's parent is right and active (ORD-023).
        pub parent_fits: Option<bool>,
        /// The parent is the right one, but it is not active.
        pub parent_inactive: bool,
        /// The parent that was named, with its state.
        pub parent: Option<(String, SubscriptionState)>,
        /// There is no trial of the item: it is for a special segment, or an add-on (ORD-025).
        pub trial_excluded: bool,
        /// The state of the plan this seller sold to the customer, if it sold one (ORD-037).
        pub plan_state: Option<SubscriptionState>,
        /// Bought without a cart.
        pub without_cart: bool,
    }
}

/// A ceiling: what it is, what is used, what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceiling {
    /// The ceiling.
    pub limit: i64,
    /// Used already.
    pub used: i64,
    /// Asked for on top.
    pub asked: i64,
}

impl Ceiling {
    /// What is left before this request.
    #[must_use]
    pub const fn left(self) -> i64 {
        let left = self.limit.saturating_sub(self.used);
        if left < 0 { 0 } else { left }
    }

    /// The request goes beyond it.
    #[must_use]
    pub const fn exceeded(self) -> bool {
        self.asked > self.left()
    }
}

facts! {
    /// A custom end date and the subscription it should share its end with (ORD-030 to ORD-032).
    pub struct Alignment {
        /// The day asked for.
        pub day: Option<Date>,
        /// The subscription to align with.
        pub with: Option<String>,
        /// The seller sold that subscription to this customer.
        pub with_own: bool,
        /// The day is one of the admissible ones.
        pub admissible: bool,
        /// ORD-031: the two terms may be aligned.
        pub terms_fit: bool,
        /// Admissible days.
        pub choices: Vec<Date>,
    }
}

facts! {
    /// A cart at checkout.
    pub struct CartFact {
        /// Its short name.
        pub name: String,
        /// It belongs to the caller.
        pub own: bool,
        /// It is empty.
        pub empty: bool,
        /// When it was made.
        pub created: Timestamp,
        /// Its seven days are over.
        pub expired: bool,
        /// It was checked out and changed since.
        pub changed_after_order: bool,
    }
}

/// Credit line of the billed partner (BIL-030), all in US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// Available before this purchase.
    pub available: Money,
    /// What the purchase needs.
    pub required: Money,
    /// How much of what is used up is disputed (BIL-033).
    pub disputed: Money,
}

impl Credit {
    /// The purchase goes beyond what is available.
    #[must_use]
    pub const fn exceeded(&self) -> bool {
        self.required.minor > self.available.minor
    }
}

facts! {
    /// A subscription that a command is about.
    pub struct SubscriptionFact {
        /// Its short name.
        pub name: String,
        /// Its seller's short name, `operator` where the operator sold it.
        pub seller: String,
        /// The caller sold it.
        pub own: bool,
        /// The item.
        pub item: String,
        /// The item's kind.
        pub kind: ItemKind,
        /// The item's generation.
        pub generation: Generation,
        /// The item's publisher.
        pub publisher: Publisher,
        /// The item's last day of sale.
        pub end_of_sale: Option<Date>,
        /// Its state.
        pub state: SubscriptionState,
        /// When it was bought.
        pub bought: Timestamp,
        /// Seats now.
        pub quantity: i64,
        /// Seats asked for.
        pub new_quantity: Option<i64>,
        /// Seats that may still be taken away, with the end of each window.
        pub reducible: Vec<(i64, Timestamp)>,
        /// End of the window in which it may be cancelled; absent where cancelling knows no window.
        pub cancel_until: Option<Timestamp>,
        /// The frequency asked for, and whether the item is billed that way.
        pub new_frequency: Option<(Frequency, bool)>,
        /// The term asked for.
        pub new_term: Option<Term>,
        /// Whether renewal shall be on.
        pub new_renewal: Option<bool>,
        /// Its term.
        pub term: Term,
        /// Its frequency.
        pub frequency: Frequency,
        /// Last day of the term.
        pub term_end: Option<Date>,
        /// Renews.
        pub renewal: bool,
        /// A renewal is queued.
        pub renewal_queued: bool,
        /// Reseller of record, if any.
        pub partner_of_record: Option<String>,
        /// It was upgraded in this term (SUB-027).
        pub upgraded: bool,
        /// It came out of a trial at its end (SUB-033).
        pub converted_from_trial: bool,
        /// Updates so far.
        pub updates: i64,
        /// Item bounds.
        pub min_quantity: i64,
        /// Item bounds.
        pub max_quantity: i64,
        /// Item can renew.
        pub renewable: bool,
        /// Item can be cancelled.
        pub cancellable: bool,
        /// Item fixes its partner of record.
        pub partner_of_record_fixed: bool,
        /// Active subscriptions under this plan.
        pub active_children: i64,
        /// Their short names.
        pub children: Vec<String>,
        /// Subscriptions of the same order that are not active, with their state (SUB-040).
        pub order_blockers: Vec<(String, SubscriptionState)>,
        /// The promotion it carries.
        pub promotion_name: Option<String>,
        /// Seats under that promotion (ORD-034).
        pub promotion: Option<Ceiling>,
        /// The item's segment.
        pub segment: Segment,
        /// What it shall become, where a command changes what it is.
        pub transition: Option<Box<Transition>>,
        /// Part of another open transfer.
        pub in_transfer: Option<String>,
        /// Customer-wide seat ceiling, where the item has one (ORD-020).
        pub customer_max: Option<Ceiling>,
    }
}

facts! {
    /// An upgrade, a conversion of a trial, or a longer term (SUB-023, SUB-026 to SUB-032).
    pub struct Transition {
        /// The item it shall be.
        pub to: String,
        /// The source's item lists it as a step up.
        pub listed: bool,
        /// Seats that shall change.
        pub quantity: i64,
        /// At the end of the term instead of now.
        pub at_end: bool,
        /// The target item is sold for the new term.
        pub term_offered: bool,
        /// An existing subscription that it shall go into.
        pub target: Option<TransitionTarget>,
    }
}

facts! {
    /// A subscription that another one shall go into.
    pub struct TransitionTarget {
        /// Its short name.
        pub name: String,
        /// It is the source itself.
        pub is_source: bool,
        /// Its state.
        pub state: SubscriptionState,
        /// Its item.
        pub item: String,
        /// Its term.
        pub term: Term,
        /// The last day of its term.
        pub term_end: Option<Date>,
        /// Its window for cancelling is open.
        pub window_open: bool,
        /// The same seller and customer hold it.
        pub same_parties: bool,
    }
}

facts! {
    /// Rights of the caller in the customer's tenant, and what the task needs.
    pub struct Access {
        /// What is to be done.
        pub task: String,
        /// On whom.
        pub target: String,
        /// Any of these suffices; empty means any role at all.
        pub needs: Vec<DirectoryRole>,
        /// Roles the caller holds there through groups of active granular relationships.
        pub granular: Vec<String>,
        /// A granular relationship is active, whatever is assigned.
        pub active_relationship: bool,
        /// There was one, and it has ended (GDA-017).
        pub ended: bool,
        /// The only active one came with the customer and nothing is assigned (GDA-023).
        pub default_unassigned: bool,
        /// Full delegation holds for this caller.
        pub full: bool,
        /// The caller is a guest in that tenant.
        pub guest_there: bool,
        /// The caller's group is nested under the admin agents (GDA-028).
        pub nested: bool,
        /// The partner holds a role on the resource itself that lets it act (DAP-006).
        pub resource_role: bool,
        /// The caller is one of the partner's admin agents (GDA-028).
        pub admin_agent: bool,
    }
}

impl Access {
    /// Whether the held roles suffice for the task.
    #[must_use]
    pub fn suffices(&self) -> bool {
        if self.granular.is_empty() {
            return self.full;
        }
        self.needs.is_empty()
            || self
                .needs
                .iter()
                .any(|role| self.granular.iter().any(|held| held == role.as_str()))
    }
}

facts! {
    /// A granular relationship that a command is about, and what is asked of it.
    #[derive(Default)]
    pub struct AdminFact {
        /// Its short name, once it exists.
        pub name: Option<String>,
        /// The name asked for.
        pub wanted_name: Option<String>,
        /// That name is taken within the partner.
        pub name_taken: bool,
        /// The days asked for.
        pub days: Option<i64>,
        /// Roles asked for or to be assigned.
        pub roles: Vec<String>,
        /// Roles of those that are not built in.
        pub custom_roles: Vec<String>,
        /// Roles the relationship contains.
        pub granted: Vec<String>,
        /// Its state.
        pub state: Option<AdminState>,
        /// When it was requested.
        pub requested: Option<Timestamp>,
        /// It is for the calling customer, or of the calling partner.
        pub own: bool,
        /// Auto-extend asked for.
        pub auto_extend: bool,
        /// Roles to be added to an existing one.
        pub adds_roles: bool,
        /// Something else is to be changed of an existing one that is fixed from the moment it is sent.
        pub changes_terms: bool,
        /// It was not even sent.
        pub draft: bool,
        /// The caller has read an older version (GEN-007).
        pub etag_stale: bool,
        /// The partner of the relationship.
        pub partner: Option<String>,
        /// Its customer.
        pub customer: Option<String>,
        /// There is no such request (GDA-031).
        pub unknown: bool,
        /// The security group to be given roles, and the partner whose tenant it is in, if that is another one.
        pub foreign_group: Option<(String, String)>,
    }
}

facts! {
    /// A transfer that a command is about.
    pub struct TransferFact {
        /// Its short name, once it exists.
        pub name: Option<String>,
        /// Which procedure.
        pub kind: TransferKind,
        /// Its state, once it exists.
        pub state: Option<TransferState>,
        /// When it was made.
        pub created: Option<Timestamp>,
        /// It grew too old (TRF-017).
        pub too_old: bool,
        /// The giving partner.
        pub from: Party,
        /// The receiving partner.
        pub to: Party,
        /// The caller is the receiving partner.
        pub caller_receives: bool,
        /// The receiving partner's relationship with the customer.
        pub receiver_relation: RelationshipState,
        /// The receiving partner has an active plan for the customer.
        pub receiver_plan: bool,
        /// The state of that plan, if the receiving partner ever sold one.
        pub receiver_plan_state: Option<SubscriptionState>,
        /// The caller is the giving partner.
        pub caller_gives: bool,
        /// The customer agreement is evidenced with the receiving partner.
        pub receiver_evidence: bool,
        /// The subscriptions.
        pub subscriptions: Vec<SubscriptionFact>,
    }
}
