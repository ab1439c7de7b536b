//! Requests for support that partners open with the operator (section 11 of the rulebook).

use crate::address::Person;
use crate::catalog::Item;
use crate::id::Id;
use crate::partner::{Account, Tenant};
use crate::subscription::Subscription;
use crate::time::Timestamp;
use crate::words;

words! {
    /// What a request is about; the rules tell by it whose matter it is.
    pub enum TicketSubject {
        /// Licences and orders of customers: commercial support.
        Licences = "licences",
        /// Services by consumption (SUP-008).
        Consumption = "consumption",
        /// How a service works: technical support (SUP-014).
        Technical = "technical",
        /// Something of another publisher (SUP-011).
        ThirdParty = "third_party",
        /// The partner's own tenant (SUP-012).
        OwnTenant = "own_tenant",
        /// The partner's account in the program (SUP-015).
        Program = "program",
    }
}

words! {
    /// How much a request weighs: A, B and C of the rulebook.
    pub enum Severity {
        /// A.
        Critical = "critical",
        /// B.
        Moderate = "moderate",
        /// C.
        Minimal = "minimal",
    }
}

impl Severity {
    /// Within how many hours the operator answers first (SUP-010).
    #[must_use]
    pub const fn hours(self) -> i64 {
        match self {
            Self::Critical => 2,
            Self::Moderate => 4,
            Self::Minimal => 8,
        }
    }

    /// When a first answer is due to a request that has this severity from an instant on.
    #[must_use]
    pub fn due(self, from: Timestamp) -> Timestamp {
        from.plus_hours(self.hours())
    }
}

words! {
    /// How far a request is.
    pub enum RequestStatus {
        /// The operator works on it.
        Open = "open",
        /// The operator waits for the partner.
        AttentionNeeded = "attention_needed",
        /// It is done with.
        Closed = "closed",
    }
}

/// What requests are filed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its number.
    pub id: &'static str,
    /// What requests of it are about.
    pub about: TicketSubject,
    english: &'static str,
    japanese: &'static str,
}

impl Topic {
    /// The topic of a credit after fraud (SEC-018).
    pub const FRAUD_CREDIT: &'static str = "3607";
    /// The topic of a move of consumption to another partner (TRF-024).
    pub const MOVED_CONSUMPTION: &'static str = "3203";

    const fn new(
        id: &'static str,
        about: TicketSubject,
        english: &'static str,
        japanese: &'static str,
    ) -> Self {
        Self {
            id,
            about,
            english,
            japanese,
        }
    }

    /// The topic of a number.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        TOPICS.iter().find(|topic| topic.id == id)
    }

    /// The first topic of a subject.
    #[must_use]
    pub fn first(about: TicketSubject) -> Option<&'static Self> {
        TOPICS.iter().find(|topic| topic.about == about)
    }

    /// What it is called in a language, by two letters; English where it has no other name.
    #[must_use]
    pub fn name(&self, language: &str) -> &'static str {
        if language == "ja" {
            self.japanese
        } else {
            self.english
        }
    }
}

/// Every topic. A number that was given out stays what it was.
pub const TOPICS: &[Topic] = &[
    Topic::new(
        "3101",
        TicketSubject::Licences,
        "Orders and subscriptions",
        "注文とサブスクリプション",
    ),
    Topic::new(
        "3102",
        TicketSubject::Licences,
        "Licences of users",
        "ユーザーのライセンス",
    ),
    Topic::new(
        "3201",
        TicketSubject::Consumption,
        "Consumption and resources",
        "従量課金とリソース",
    ),
    Topic::new(
        "3202",
        TicketSubject::Consumption,
        "Quotas and limits",
        "クォータと上限",
    ),
    Topic::new(
        Topic::MOVED_CONSUMPTION,
        TicketSubject::Consumption,
        "Move of consumption",
        "従量課金の移行",
    ),
    Topic::new(
        "3301",
        TicketSubject::Technical,
        "A service does not do what it should",
        "サービスが想定どおりに動かない",
    ),
    Topic::new(
        "3302",
        TicketSubject::Technical,
        "Advice on a deployment",
        "導入についての助言",
    ),
    Topic::new(
        "3401",
        TicketSubject::ThirdParty,
        "A product of another publisher",
        "他の発行元の製品",
    ),
    Topic::new(
        "3501",
        TicketSubject::OwnTenant,
        "The partner's own tenant",
        "パートナー自身のテナント",
    ),
    Topic::new(
        "3601",
        TicketSubject::Program,
        "Bills and payments",
        "請求と支払い",
    ),
    Topic::new(
        "3602",
        TicketSubject::Program,
        "End a partnership",
        "パートナーシップの終了",
    ),
    Topic::new(
        "3603",
        TicketSubject::Program,
        "Delete a location",
        "拠点の削除",
    ),
    Topic::new(
        "3604",
        TicketSubject::Program,
        "Replace a lost administrator",
        "失われた管理者の交代",
    ),
    Topic::new(
        "3605",
        TicketSubject::Program,
        "Rename a verified partner",
        "検証済みのパートナーの名称変更",
    ),
    Topic::new(
        "3606",
        TicketSubject::Program,
        "Lift a suspension",
        "停止の解除",
    ),
    Topic::new(
        Topic::FRAUD_CREDIT,
        TicketSubject::Program,
        "Credit after fraud",
        "不正利用後のクレジット",
    ),
];

/// A request for support. Personal: its texts and its contact name people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRequest {
    /// Its id.
    pub id: Id<ServiceRequest>,
    /// The number by which partners know it.
    pub handle: String,
    /// Whose request it is.
    pub partner: Id<Account>,
    /// The customer it is about.
    pub customer: Option<Id<Tenant>>,
    /// The subscription it is about.
    pub subscription: Option<Id<Subscription>>,
    /// The item it is about.
    pub item: Option<Id<Item>>,
    /// The number of its topic.
    pub topic: String,
    /// What it is about.
    pub about: TicketSubject,
    /// In few words.
    pub title: String,
    /// In many.
    pub description: String,
    /// How much it weighs.
    pub severity: Severity,
    /// How far it is.
    pub status: RequestStatus,
    /// The language in which the partner wants to be answered.
    pub locale: String,
    /// Whom the operator asks.
    pub contact: Person,
    /// The name with which whoever opened it signs in; empty where nobody in particular did.
    pub opened_by: String,
    /// Who wrote last: a person of the partner, or nobody in particular of the operator.
    pub updated_by: Option<Person>,
    /// When it was opened.
    pub opened: Timestamp,
    /// When somebody wrote last.
    pub modified: Timestamp,
    /// When it was closed.
    pub closed: Option<Timestamp>,
    /// When a first answer is due (SUP-010).
    pub due: Timestamp,
    /// When the operator answered first.
    pub answered: Option<Timestamp>,
    /// Changes with every write.
    pub version: i64,
}

impl ServiceRequest {
    /// Whether the first answer came, or is by now, later than it was due. What was closed without one waits for none.
    #[must_use]
    pub fn is_late(&self, now: Timestamp) -> bool {
        match (self.answered, self.closed) {
            (Some(answered), _) => answered > self.due,
            (None, Some(closed)) => closed > self.due,
            (None, None) => now > self.due,
        }
    }
}

/// What somebody adds to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceNote {
    /// The request.
    pub request: Id<ServiceRequest>,
    /// Its place among the notes, from 1.
    pub position: i64,
    /// Who wrote it.
    pub author: String,
    /// The operator did.
    pub by_operator: bool,
    /// When.
    pub created: Timestamp,
    /// What it says.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_due_in_two_four_and_eight_hours() {
        let from: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
        let due = |severity: Severity| severity.due(from).to_string();
        assert_eq!(due(Severity::Critical), "2026-01-15T14:00:00Z");
        assert_eq!(due(Severity::Moderate), "2026-01-15T16:00:00Z");
        assert_eq!(due(Severity::Minimal), "2026-01-15T20:00:00Z");
    }

    #[test]
    fn every_subject_has_a_topic_and_every_topic_a_number_of_its_own() {
        for about in TicketSubject::ALL {
            assert!(Topic::first(*about).is_some(), "{about}");
        }
        let mut ids: Vec<&str> = TOPICS.iter().map(|topic| topic.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), TOPICS.len());
    }
}
