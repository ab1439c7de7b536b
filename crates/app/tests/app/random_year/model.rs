//! What the rulebook says of seats, dates and states, as naively as it can be said: seats one by one, terms counted on
//! the fingers, nothing shared with the program but the calendar.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use serde_json::{Value as Json, json};
use tierline_domain::time::{Date, Period, Timestamp};

/// What anybody wants to buy for a customer.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) seller: &'static str,
    pub(super) reseller: Option<&'static str>,
    pub(super) customer: &'static str,
    pub(super) item: &'static str,
    pub(super) seats: i64,
    pub(super) months: i32,
    /// What the subscription is called, and a cart by its line.
    pub(super) name: String,
}

/// A step up, for some of the seats or all.
#[derive(Clone, Debug)]
pub(super) struct Ascent {
    pub(super) who: &'static str,
    pub(super) sub: String,
    pub(super) to: &'static str,
    pub(super) seats: i64,
    /// A longer term, or that of before.
    pub(super) months: Option<i32>,
    /// A subscription that is there.
    pub(super) into: Option<String>,
    /// What a second subscription is called.
    pub(super) name: String,
}

/// What anybody of the year may try.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Order(Wish),
    /// Into a cart with it.
    Fill(Wish),
    /// A cart is checked out, by whom and under which name.
    Checkout(&'static str, String),
    Upgrade(Ascent),
    /// A relationship ends.
    Part(&'static str, &'static str),
    /// It is offered again, and accepted.
    Join(&'static str, &'static str),
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
            Self::Order(wish) => (wish.seller, "order", wish.told()),
            Self::Fill(wish) => {
                let mut params = wish.told();
                params["friendly_name"] = json!(wish.name);
                (wish.seller, "create_cart", params)
            }
            Self::Checkout(who, cart) => (who, "checkout_cart", json!({ "cart": cart })),
            Self::Upgrade(ascent) => {
                let mut params = json!({ "subscription": ascent.sub, "to": ascent.to, "quantity": ascent.seats, "creates": ascent.name });
                if let Some(months) = ascent.months {
                    params["term"] = json!(term(months));
                }
                if let Some(into) = &ascent.into {
                    params["into"] = json!(into);
                }
                (ascent.who, "upgrade", params)
            }
            Self::Part(who, customer) => {
                (who, "remove_relationship", json!({ "customer": customer }))
            }
            Self::Join(who, customer) => (who, "invite_customer", json!({ "customer": customer })),
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

impl Wish {
    fn told(&self) -> Json {
        let mut params = json!({
            "customer": self.customer, "item": self.item, "quantity": self.seats, "term": term(self.months), "creates": self.name,
        });
        if let Some(reseller) = self.reseller {
            params["partner_of_record"] = json!(reseller);
        }
        params
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

pub(super) const WARES: [Ware; 5] = [
    Ware {
        name: "seat",
        customer_max: None,
        needs: None,
    },
    // What the seat is upgraded to.
    Ware {
        name: PLUS,
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
/// What the seat is upgraded to.
pub(super) const PLUS: &str = "plus";
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
    reseller: Option<&'static str>,
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
    renewed: bool,
    /// When it last became something dearer.
    upgraded: Option<Timestamp>,
    /// When each seat was added, or nothing where it came from another subscription.
    pub(super) seats: Vec<Option<Timestamp>>,
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

    /// Seats that may still leave: a week from when they were added, unless it was upgraded meanwhile.
    pub(super) fn open(&self, now: Timestamp) -> usize {
        let open = self.seats.iter().filter(|at| self.is_open(**at, now));
        open.count()
    }

    fn is_open(&self, seat: Option<Timestamp>, now: Timestamp) -> bool {
        seat.is_some_and(|at| {
            now < week_later(at) && self.upgraded.is_none_or(|upgraded| at > upgraded)
        })
    }

    /// It cannot be given back any more: what became something dearer in its running term never can.
    fn is_bound(&self, now: Timestamp) -> bool {
        let upgraded = self
            .upgraded
            .is_some_and(|at| !self.renewed || at > self.since);
        upgraded || now >= week_later(self.since)
    }

    /// Some seats leave: of those that may, the one first that may leave for the shortest time yet.
    fn lose(&mut self, count: usize, now: Timestamp) {
        for _ in 0..count {
            let order = |(_, at): &(usize, &Option<Timestamp>)| (!self.is_open(**at, now), **at);
            let (first, _) = self
                .seats
                .iter()
                .enumerate()
                .min_by_key(order)
                .expect("it was allowed");
            self.seats.remove(first);
        }
    }

    fn count(&self) -> i64 {
        i64::try_from(self.seats.len()).expect("few seats")
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
                self.seats.fill(Some(at));
                State::Active
            }
            State::Active if self.renewal => {
                self.terms += 1;
                self.renewals += 1;
                self.since = at;
                self.renewed = true;
                let seats = self.scheduled.take().unwrap_or(self.seats.len());
                self.seats = vec![Some(at); seats];
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

/// Between two steps of the operator.
const STEP_MICROS: i64 = 5 * 60 * 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Asked,
    Approved,
    Activating,
    Active,
    Expiring,
    Expired,
    Ending,
    Terminating,
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
    pub(super) standing: Standing,
}

impl Right {
    fn next(&self) -> Option<Timestamp> {
        let after = |days: i64| {
            let days = i32::try_from(days).expect("checked when it was asked for");
            self.since.plus(Period::days(days)).ok()
        };
        match self.standing {
            Standing::Asked => after(90),
            Standing::Active => after(self.days),
            Standing::Expired | Standing::Terminated => None,
            // The operator takes a step every five minutes.
            _ => Timestamp::from_micros(self.since.as_micros() + STEP_MICROS).ok(),
        }
    }

    fn befall(&mut self, at: Timestamp) {
        self.standing = match self.standing {
            Standing::Approved => Standing::Activating,
            Standing::Activating => Standing::Active,
            Standing::Active => Standing::Expiring,
            Standing::Ending => Standing::Terminating,
            Standing::Terminating | Standing::Terminated => Standing::Terminated,
            Standing::Asked | Standing::Expiring | Standing::Expired => Standing::Expired,
        };
        self.since = at;
    }
}

/// The whole year, remembered.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) now: Timestamp,
    /// Relationships in force.
    pub(super) ties: BTreeSet<(&'static str, &'static str)>,
    /// Carts that were filled, since when, and whether they were checked out.
    pub(super) carts: BTreeMap<String, (Wish, Timestamp, bool)>,
    pub(super) subs: BTreeMap<String, Sub>,
    pub(super) rights: BTreeMap<String, Right>,
}

impl Model {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            now,
            ties: TIES.into_iter().collect(),
            carts: BTreeMap::new(),
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
        let tied = self.ties.contains(&(sub.seller, sub.customer));
        (sub.seller == who && tied && states.contains(&sub.state)).then_some(sub)
    }

    /// The same, of what is paid for: a trial is what it is until it ends.
    fn paid(&self, who: &str, sub: &str, states: &[State]) -> Option<&Sub> {
        self.own(who, sub, states).filter(|sub| sub.item != TRIAL)
    }

    /// Whether anybody may buy what it wishes for.
    fn fits(&self, wish: &Wish) -> bool {
        let Wish {
            seller,
            customer,
            item,
            seats,
            ..
        } = *wish;
        let chain = match wish.reseller {
            None => true,
            Some(reseller) => seller == "HUB" && reseller == "RES",
        };
        let needs = WARES
            .iter()
            .find(|ware| ware.name == item)
            .and_then(|ware| ware.needs);
        let based = needs.is_none_or(|base| self.held(customer, base, &[State::Active]) > 0);
        let fits = if item == TRIAL {
            let mut had = self.subs.values();
            let had = had.any(|sub| sub.customer == customer && sub.was_trial);
            let owned = [State::Active, State::Suspended, State::Expired];
            seats == TRIAL_SEATS
                && wish.months == 1
                && !had
                && self.held(customer, "seat", &owned) == 0
        } else {
            (1..=SEATS_MAX).contains(&seats)
        };
        BILLED.contains(&seller)
            && self.ties.contains(&(seller, customer))
            && chain
            && region(seller) == region(customer)
            && fits
            && based
            && !self.too_many(customer, item, seats)
    }

    /// Whether a subscription may become something dearer, or pour its seats into one that is there.
    fn ascends(&self, ascent: &Ascent) -> bool {
        let source = self.paid(ascent.who, &ascent.sub, &[State::Active]);
        let Some(source) = source.filter(|sub| sub.item == "seat" && ascent.to == PLUS) else {
            return false;
        };
        let fits = (1..=source.count()).contains(&ascent.seats);
        let Some(into) = &ascent.into else {
            return fits && ascent.months.is_none_or(|months| months >= source.months);
        };
        let target = self.subs.get(into);
        fits && target.is_some_and(|target| {
            (target.seller, target.customer, target.item, target.state)
                == (source.seller, source.customer, PLUS, State::Active)
                && self.now >= week_later(target.since)
                && target.months >= source.months
                && target.end() >= source.end()
        })
    }

    /// Whether it goes through.
    pub(super) fn allows(&self, deed: &Deed) -> bool {
        use State::{Active, Suspended};
        match deed {
            Deed::Order(wish) | Deed::Fill(wish) => self.fits(wish),
            Deed::Checkout(who, cart) => self.carts.get(cart).is_some_and(|(wish, since, done)| {
                wish.seller == *who && !done && self.now < week_later(*since) && self.fits(wish)
            }),
            Deed::Upgrade(ascent) => self.ascends(ascent),
            Deed::Part(who, customer) => {
                let theirs = |sub: &&Sub| {
                    sub.customer == *customer
                        && (sub.seller == *who || sub.reseller == Some(*who))
                        && sub.state == Active
                };
                self.ties.contains(&(*who, *customer))
                    && !self.subs.values().any(|sub| theirs(&sub))
            }
            Deed::Join(who, customer) => region(who) == region(customer),
            Deed::Seats(who, sub, to) => self.paid(who, sub, &[Active]).is_some_and(|sub| {
                let now = sub.count();
                let open = i64::try_from(sub.open(self.now)).expect("few seats");
                (1..=SEATS_MAX).contains(to)
                    && now - to <= open
                    && (*to <= now || !self.too_many(sub.customer, sub.item, to - now))
            }),
            Deed::Cancel(who, sub) => self
                .paid(who, sub, &[Active, Suspended])
                .is_some_and(|sub| !sub.is_bound(self.now)),
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
                self.ties.contains(&(*who, *customer))
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
            Deed::Order(wish) => self.buy(&wish.clone()),
            Deed::Fill(wish) => {
                let cart = (wish.clone(), now, false);
                self.carts.insert(wish.name.clone(), cart);
            }
            Deed::Checkout(_, cart) => {
                let (wish, _, done) = self.carts.get_mut(cart).expect("it was allowed");
                *done = true;
                let wish = wish.clone();
                self.buy(&wish);
            }
            Deed::Upgrade(ascent) => self.ascend(ascent),
            Deed::Part(who, customer) => {
                self.ties.remove(&(*who, *customer));
                for right in self.rights.values_mut() {
                    let over = [Standing::Expired, Standing::Terminated];
                    if (right.partner, right.customer) == (*who, *customer)
                        && !over.contains(&right.standing)
                    {
                        right.standing = Standing::Terminated;
                        right.since = now;
                    }
                }
            }
            Deed::Join(who, customer) => {
                self.ties.insert((*who, *customer));
            }
            Deed::Seats(_, sub, to) => self.change(sub, |sub| {
                let to = usize::try_from(*to).expect("at least one");
                if to == sub.seats.len() {
                    return;
                }
                sub.scheduled = None;
                sub.lose(sub.seats.len().saturating_sub(to), now);
                sub.seats.resize(to, Some(now));
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
                    standing: Standing::Asked,
                };
                self.rights.insert(name.clone(), right);
            }
            Deed::Approve(_, name) => self.stand(name, Standing::Approved),
            Deed::Terminate(_, name) => self.stand(name, Standing::Ending),
        }
    }

    fn buy(&mut self, wish: &Wish) {
        let seats = usize::try_from(wish.seats).expect("at least one");
        let sub = Sub {
            seller: wish.seller,
            reseller: wish.reseller,
            customer: wish.customer,
            item: wish.item,
            months: wish.months,
            begun: self.now.date(),
            terms: 1,
            renewals: 0,
            since: self.now,
            renewed: false,
            upgraded: None,
            seats: vec![Some(self.now); seats],
            renewal: true,
            scheduled: None,
            state: State::Active,
            was_trial: wish.item == TRIAL,
        };
        self.subs.insert(wish.name.clone(), sub);
    }

    fn ascend(&mut self, ascent: &Ascent) {
        let (now, seats) = (self.now, usize::try_from(ascent.seats).expect("some"));
        let mut source = self.subs.remove(&ascent.sub).expect("it was allowed");
        let whole = seats == source.seats.len();
        source.scheduled = None;
        if let Some(into) = &ascent.into {
            self.change(into, |target| {
                target.scheduled = None;
                target.seats.resize(target.seats.len() + seats, None);
            });
            if whole {
                source.state = State::Deleted;
                source.renewal = false;
            } else {
                source.lose(seats, now);
            }
        } else {
            let becomes = |sub: &mut Sub| {
                sub.item = PLUS;
                sub.upgraded = Some(now);
                if let Some(months) = ascent.months.filter(|months| *months > sub.months) {
                    sub.months = months;
                    sub.begun = now.date();
                    sub.terms = 1;
                }
            };
            if whole {
                becomes(&mut source);
            } else {
                let mut second = source.clone();
                becomes(&mut second);
                second.renewals = 0;
                second.seats = vec![Some(now); seats];
                source.lose(seats, now);
                self.subs.insert(ascent.name.clone(), second);
            }
        }
        self.subs.insert(ascent.sub.clone(), source);
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
