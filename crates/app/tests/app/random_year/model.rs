//! What the rulebook says of seats, dates and states, as naively as it can be said: seats one by one, terms counted on
//! the fingers, nothing shared with the program but the calendar.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use serde_json::{Value as Json, json};
use tierline_domain::time::{Date, Period, Timestamp};

/// What anybody of the year may try.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Order {
        seller: &'static str,
        reseller: Option<&'static str>,
        customer: &'static str,
        item: &'static str,
        seats: i64,
        months: i32,
        name: String,
    },
    Seats(&'static str, String, i64),
    Cancel(&'static str, String),
    Suspend(&'static str, String),
    Reactivate(&'static str, String),
    Renewal(&'static str, String, bool),
    Schedule(&'static str, String, i64),
    Lengthen(&'static str, String, i32),
    AskRights(&'static str, &'static str, String, i64),
    Approve(&'static str, String),
    Terminate(&'static str, String),
}

impl Deed {
    /// Who does it, the verb and its parameters.
    pub(super) fn told(&self) -> (&'static str, &'static str, Json) {
        match self {
            Self::Order {
                seller,
                reseller,
                customer,
                item,
                seats,
                months,
                name,
            } => {
                let term = term(*months);
                let mut params = json!({ "customer": customer, "item": item, "quantity": seats, "term": term, "creates": name });
                if let Some(reseller) = reseller {
                    params["partner_of_record"] = json!(reseller);
                }
                (seller, "order", params)
            }
            Self::Seats(who, sub, to) => (
                who,
                "change_quantity",
                json!({ "subscription": sub, "quantity": to }),
            ),
            Self::Cancel(who, sub) => (who, "cancel", json!({ "subscription": sub })),
            Self::Suspend(who, sub) => (who, "suspend", json!({ "subscription": sub })),
            Self::Reactivate(who, sub) => (who, "reactivate", json!({ "subscription": sub })),
            Self::Renewal(who, sub, on) => (
                who,
                "set_renewal",
                json!({ "subscription": sub, "renewal": on }),
            ),
            Self::Schedule(who, sub, to) => (
                who,
                "schedule_change",
                json!({ "subscription": sub, "quantity": to }),
            ),
            Self::Lengthen(who, sub, months) => (
                who,
                "change_term",
                json!({ "subscription": sub, "term": term(*months), "frequency": "monthly" }),
            ),
            Self::AskRights(who, customer, name, days) => (
                who,
                "request_admin",
                json!({ "customer": customer, "name": name, "days": days, "roles": ["directory_reader"] }),
            ),
            Self::Approve(who, name) => {
                (who, "approve_admin", json!({ "admin_relationship": name }))
            }
            Self::Terminate(who, name) => (
                who,
                "terminate_admin",
                json!({ "admin_relationship": name }),
            ),
        }
    }
}

fn term(months: i32) -> String {
    match months {
        1 => "P1M".to_owned(),
        months => format!("P{}Y", months / 12),
    }
}

/// What is sold here.
pub(super) struct Ware {
    pub(super) name: &'static str,
    /// Most seats of all subscriptions of one customer.
    pub(super) customer_max: Option<i64>,
    /// What the customer must hold.
    pub(super) needs: Option<&'static str>,
}

pub(super) const WARES: [Ware; 4] = [
    Ware {
        name: "seat",
        customer_max: None,
        needs: None,
    },
    Ware {
        name: "small",
        customer_max: Some(60),
        needs: None,
    },
    Ware {
        name: "extra",
        customer_max: None,
        needs: Some("seat"),
    },
    // Thirty days for nothing, and then the seat.
    Ware {
        name: TRIAL,
        customer_max: None,
        needs: None,
    },
];
/// The trial of the seat, and how many seats it has.
pub(super) const TRIAL: &str = "trial";
pub(super) const TRIAL_SEATS: i64 = 25;
/// Most seats of one subscription, of any ware.
pub(super) const SEATS_MAX: i64 = 50;

/// Who may be tried as whom: name, and the part of the world it may sell or buy in.
pub(super) const PARTNERS: [(&str, &str); 6] = [
    ("HUB", "Europe"),
    ("DIRECT", "Europe"),
    ("FAR", "United States"),
    ("RES", "Europe"),
    ("LONE", "Europe"),
    ("FAR-RES", "United States"),
];
pub(super) const CUSTOMERS: [(&str, &str); 3] = [
    ("K-FR", "Europe"),
    ("K-DE", "Europe"),
    ("K-US", "United States"),
];
/// Who is billed by the operator, and so may order.
const BILLED: [&str; 3] = ["HUB", "DIRECT", "FAR"];
/// Relationships as they are laid down, one of them across regions.
pub(super) const TIES: [(&str, &str); 7] = [
    ("HUB", "K-FR"),
    ("HUB", "K-DE"),
    ("DIRECT", "K-DE"),
    ("DIRECT", "K-FR"),
    ("FAR", "K-US"),
    ("FAR", "K-FR"),
    ("RES", "K-FR"),
];

fn region(of: &str) -> &'static str {
    let all = PARTNERS.iter().chain(&CUSTOMERS);
    all.clone()
        .find(|(name, _)| *name == of)
        .map_or("", |(_, region)| region)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Active,
    Suspended,
    Expired,
    Disabled,
    Deleted,
}

/// A subscription, remembered.
#[derive(Clone, Debug)]
pub(super) struct Sub {
    pub(super) seller: &'static str,
    pub(super) customer: &'static str,
    pub(super) item: &'static str,
    months: i32,
    /// The day from which its terms count.
    begun: Date,
    /// Terms begun since then.
    terms: i32,
    /// How often it was renewed.
    pub(super) renewals: i32,
    /// Purchase or last renewal.
    since: Timestamp,
    /// When each seat was added.
    pub(super) seats: Vec<Timestamp>,
    pub(super) renewal: bool,
    pub(super) scheduled: Option<usize>,
    pub(super) state: State,
    was_trial: bool,
}

fn week_later(at: Timestamp) -> Timestamp {
    at.plus_hours(7 * 24)
}

fn days_on(day: Date, days: i32) -> Date {
    day.checked_add(days.days()).expect("within the calendar")
}

impl Sub {
    /// The last day of the running term: the day before the anniversary, in a short month the month's last day before it.
    pub(super) fn end(&self) -> Date {
        let months = self.months * self.terms;
        let anniversary = self.begun.checked_add(months.months());
        days_on(anniversary.expect("within the calendar"), -1)
    }

    /// Seats that may still leave.
    pub(super) fn open(&self, now: Timestamp) -> usize {
        let open = self.seats.iter().filter(|at| now < week_later(**at));
        open.count()
    }

    /// When time does the next thing to it.
    fn next(&self) -> Option<Timestamp> {
        let after = |days| Some(Timestamp::start_of(days_on(self.end(), days + 1)));
        match self.state {
            State::Active | State::Suspended => after(0),
            State::Expired => after(30),
            State::Disabled => after(120),
            State::Deleted => None,
        }
    }

    fn befall(&mut self, at: Timestamp) {
        self.state = match self.state {
            State::Active if self.renewal && self.item == TRIAL => {
                self.item = "seat";
                self.months = 12;
                self.begun = at.date();
                self.since = at;
                self.seats.fill(at);
                State::Active
            }
            State::Active if self.renewal => {
                self.terms += 1;
                self.renewals += 1;
                self.since = at;
                let seats = self.scheduled.take().unwrap_or(self.seats.len());
                self.seats = vec![at; seats];
                State::Active
            }
            State::Active => State::Expired,
            State::Suspended | State::Expired => State::Disabled,
            State::Disabled | State::Deleted => State::Deleted,
        };
        if self.state != State::Active {
            self.renewal = false;
            self.scheduled = None;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Asked,
    Approved,
    Active,
    Ending,
    Expired,
    Terminated,
}

/// Rights over a customer, remembered.
#[derive(Clone, Debug)]
pub(super) struct Right {
    partner: &'static str,
    customer: &'static str,
    days: i64,
    /// When it came to how it stands.
    since: Timestamp,
    /// The last day on which they are in force, once they are.
    ends: Option<Date>,
    pub(super) standing: Standing,
}

impl Right {
    fn next(&self) -> Option<Timestamp> {
        let ten_minutes = Timestamp::from_micros(self.since.as_micros() + 600_000_000);
        match self.standing {
            Standing::Asked => self.since.plus(Period::days(90)).ok(),
            Standing::Approved | Standing::Ending => ten_minutes.ok(),
            Standing::Active => self.ends.map(|day| Timestamp::start_of(days_on(day, 1))),
            Standing::Expired | Standing::Terminated => None,
        }
    }

    fn befall(&mut self, at: Timestamp) {
        self.standing = match self.standing {
            Standing::Approved => {
                let days = i32::try_from(self.days).expect("checked when it was asked for");
                self.ends = Some(days_on(at.date(), days));
                Standing::Active
            }
            Standing::Ending | Standing::Terminated => Standing::Terminated,
            Standing::Asked | Standing::Active | Standing::Expired => Standing::Expired,
        };
        self.since = at;
    }
}

/// The whole year, remembered.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) now: Timestamp,
    pub(super) subs: BTreeMap<String, Sub>,
    pub(super) rights: BTreeMap<String, Right>,
}

impl Model {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self {
            now,
            subs: BTreeMap::new(),
            rights: BTreeMap::new(),
        }
    }

    /// Time passes.
    pub(super) fn pass(&mut self, until: Timestamp) {
        for sub in self.subs.values_mut() {
            while let Some(at) = sub.next().filter(|at| *at <= until) {
                sub.befall(at);
            }
        }
        for right in self.rights.values_mut() {
            while let Some(at) = right.next().filter(|at| *at <= until) {
                right.befall(at);
            }
        }
        self.now = until;
    }

    fn held(&self, customer: &str, item: &str, states: &[State]) -> i64 {
        let held = self.subs.values().filter(|sub| {
            sub.customer == customer && sub.item == item && states.contains(&sub.state)
        });
        held.map(|sub| i64::try_from(sub.seats.len()).expect("few seats"))
            .sum()
    }

    /// More seats of a ware than one customer may have together.
    fn too_many(&self, customer: &str, item: &str, more: i64) -> bool {
        let ware = WARES.iter().find(|ware| ware.name == item);
        let all = [State::Active, State::Suspended, State::Expired];
        ware.and_then(|ware| ware.customer_max)
            .is_some_and(|most| self.held(customer, item, &all) + more > most)
    }

    /// A subscription of this seller's own in one of some states.
    fn own(&self, who: &str, sub: &str, states: &[State]) -> Option<&Sub> {
        let sub = self.subs.get(sub)?;
        (sub.seller == who && states.contains(&sub.state)).then_some(sub)
    }

    /// The same, of what is paid for: a trial is what it is until it ends.
    fn paid(&self, who: &str, sub: &str, states: &[State]) -> Option<&Sub> {
        self.own(who, sub, states).filter(|sub| sub.item != TRIAL)
    }

    /// Whether it goes through.
    pub(super) fn allows(&self, deed: &Deed) -> bool {
        use State::{Active, Suspended};
        match deed {
            Deed::Order {
                seller,
                reseller,
                customer,
                item,
                seats,
                months,
                ..
            } => {
                let tied = TIES.contains(&(*seller, *customer));
                let chain = match reseller {
                    None => true,
                    Some(reseller) => *seller == "HUB" && *reseller == "RES",
                };
                let needs = WARES
                    .iter()
                    .find(|ware| ware.name == *item)
                    .and_then(|ware| ware.needs);
                let based = needs.is_none_or(|base| self.held(customer, base, &[Active]) > 0);
                let fits = match *item {
                    TRIAL => {
                        let mut had = self.subs.values();
                        let had = had.any(|sub| sub.customer == *customer && sub.was_trial);
                        let owned = [Active, Suspended, State::Expired];
                        *seats == TRIAL_SEATS
                            && *months == 1
                            && !had
                            && self.held(customer, "seat", &owned) == 0
                    }
                    _ => (1..=SEATS_MAX).contains(seats),
                };
                BILLED.contains(seller)
                    && tied
                    && chain
                    && region(seller) == region(customer)
                    && fits
                    && based
                    && !self.too_many(customer, item, *seats)
            }
            Deed::Seats(who, sub, to) => self.paid(who, sub, &[Active]).is_some_and(|sub| {
                let now = i64::try_from(sub.seats.len()).expect("few seats");
                let open = i64::try_from(sub.open(self.now)).expect("few seats");
                (1..=SEATS_MAX).contains(to)
                    && now - to <= open
                    && (*to <= now || !self.too_many(sub.customer, sub.item, to - now))
            }),
            Deed::Cancel(who, sub) => self
                .paid(who, sub, &[Active, Suspended])
                .is_some_and(|sub| self.now < week_later(sub.since)),
            Deed::Suspend(who, sub) => self.paid(who, sub, &[Active]).is_some(),
            Deed::Reactivate(who, sub) => self.paid(who, sub, &[Suspended]).is_some(),
            Deed::Renewal(who, sub, true) => self.own(who, sub, &[Active]).is_some(),
            Deed::Renewal(who, sub, false) => self.own(who, sub, &[Active, Suspended]).is_some(),
            Deed::Schedule(who, sub, to) => self
                .own(who, sub, &[Active])
                .is_some_and(|sub| sub.renewal && (1..=SEATS_MAX).contains(to)),
            Deed::Lengthen(who, sub, months) => self
                .paid(who, sub, &[Active])
                .is_some_and(|sub| *months > sub.months),
            Deed::AskRights(who, customer, name, days) => {
                let mut taken = self.rights.iter();
                TIES.contains(&(*who, *customer))
                    && (1..=730).contains(days)
                    && !taken.any(|(other, right)| other == name && right.partner == *who)
            }
            Deed::Approve(who, name) => self
                .rights
                .get(name)
                .is_some_and(|right| right.customer == *who && right.standing == Standing::Asked),
            Deed::Terminate(who, name) => self.rights.get(name).is_some_and(|right| {
                (right.partner == *who || right.customer == *who)
                    && right.standing == Standing::Active
            }),
        }
    }

    /// It went through.
    pub(super) fn done(&mut self, deed: &Deed) {
        let now = self.now;
        match deed {
            Deed::Order {
                seller,
                customer,
                item,
                seats,
                months,
                name,
                ..
            } => {
                let seats = usize::try_from(*seats).expect("at least one");
                let sub = Sub {
                    seller,
                    customer,
                    item,
                    months: *months,
                    begun: now.date(),
                    terms: 1,
                    renewals: 0,
                    since: now,
                    seats: vec![now; seats],
                    renewal: true,
                    scheduled: None,
                    state: State::Active,
                    was_trial: *item == TRIAL,
                };
                self.subs.insert(name.clone(), sub);
            }
            Deed::Seats(_, sub, to) => self.change(sub, |sub| {
                let to = usize::try_from(*to).expect("at least one");
                if to == sub.seats.len() {
                    return;
                }
                sub.scheduled = None;
                while sub.seats.len() > to {
                    // Of those that may leave, the one that may leave for the shortest time yet.
                    let open = sub.seats.iter().enumerate();
                    let open = open.filter(|(_, at)| now < week_later(**at));
                    let (soonest, _) = open.min_by_key(|(_, at)| **at).expect("it was allowed");
                    sub.seats.remove(soonest);
                }
                sub.seats.resize(to, now);
            }),
            Deed::Cancel(_, sub) => self.change(sub, |sub| {
                sub.state = State::Deleted;
                sub.renewal = false;
                sub.scheduled = None;
            }),
            Deed::Suspend(_, sub) => self.change(sub, |sub| {
                sub.state = State::Suspended;
                sub.renewal = false;
                sub.scheduled = None;
            }),
            Deed::Reactivate(_, sub) => self.change(sub, |sub| sub.state = State::Active),
            Deed::Renewal(_, sub, on) => self.change(sub, |sub| {
                sub.renewal = *on;
                if !on {
                    sub.scheduled = None;
                }
            }),
            Deed::Schedule(_, sub, to) => self.change(sub, |sub| {
                sub.scheduled = Some(usize::try_from(*to).expect("at least one"));
            }),
            Deed::Lengthen(_, sub, months) => self.change(sub, |sub| {
                sub.months = *months;
                sub.begun = now.date();
                sub.terms = 1;
                sub.scheduled = None;
            }),
            Deed::AskRights(who, customer, name, days) => {
                let right = Right {
                    partner: who,
                    customer,
                    days: *days,
                    since: now,
                    ends: None,
                    standing: Standing::Asked,
                };
                self.rights.insert(name.clone(), right);
            }
            Deed::Approve(_, name) => self.stand(name, Standing::Approved),
            Deed::Terminate(_, name) => self.stand(name, Standing::Ending),
        }
    }

    fn change(&mut self, sub: &str, change: impl FnOnce(&mut Sub)) {
        change(self.subs.get_mut(sub).expect("it was allowed"));
    }

    fn stand(&mut self, name: &str, standing: Standing) {
        let right = self.rights.get_mut(name).expect("it was allowed");
        right.standing = standing;
        right.since = self.now;
    }
}
