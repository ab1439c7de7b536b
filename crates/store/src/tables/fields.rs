//! How the domain's own types are kept in columns.

use std::collections::BTreeMap;

use tierline_domain::address::Person;
use tierline_domain::admin::{
    AdminAction, AdminState, AssignmentState, DirectoryRole, Mfa, Progress, UserAccount,
};
use tierline_domain::billing::{
    Basis, Cause, InvoiceDocument, InvoiceKind, InvoiceState, LedgerAccount, Party, PaymentMethod,
    PriceMethod, RunState,
};
use tierline_domain::catalog::{Frequency, Generation, ItemKind, Offered, Publisher, Term};
use tierline_domain::customer::{
    AcceptedBy, Acquired, ConditionalAccess, CustomerState, Delegation, Qualification,
    RelationshipState, Segment,
};
use tierline_domain::decimal::Decimal;
use tierline_domain::export::{ExportKind, ExportState};
use tierline_domain::fraud::{FraudKind, FraudReason, FraudStatus, FraudStep, Level};
use tierline_domain::listing::{About, NotSoldIn, PromotionTerms, Shelf, Texts};
use tierline_domain::money::{Currency, Money};
use tierline_domain::notice::NoticeTopic;
use tierline_domain::order::{
    CartState, DocumentKind, GroupOrder, Line, OrderLine, OrderState, RequestState, RoleDeclared,
};
use tierline_domain::partner::{
    AccountState, AgreementState, Cloud, Environment, LocationKind, LocationState, MembershipState,
    PartnerType, PartnershipState, Requirement, ResellerEnrolment, SupportPlan, TenantType,
};
use tierline_domain::place::Country;
use tierline_domain::subscription::{
    Batch, ChargeKind, NextTerm, OverageService, ResourceRoleName, SubscriptionState, TransferKind,
    TransferLine, TransferState, UpgradedLine,
};
use tierline_domain::support::{RequestStatus, Severity, TicketSubject};
use tierline_domain::usage::{AccessEffect, Earning};
use tierline_domain::vetting::{CheckStatus, EducationSegment, ProfileKind, Special, Vetting};

use crate::value::{BadValue, Field, Kind, Seen, Value};

/// Words, codes and amounts: kept as the text they print as.
macro_rules! as_text {
    ($($type:ty),+ $(,)?) => {$(
        impl Field for $type {
            const KIND: Kind = Kind::Text;
            fn to_value(&self) -> Value {
                Value::Text(self.to_string())
            }
            fn from_value(value: Seen<'_>) -> Result<Self, BadValue> {
                let text = value.text()?;
                text.parse().map_err(|_| BadValue::new(stringify!($type), text))
            }
        }
    )+};
}

/// Structures that are never queried: kept as JSON.
macro_rules! as_json {
    ($($type:ty),+ $(,)?) => {$(
        impl Field for $type {
            const KIND: Kind = Kind::Json;
            fn to_value(&self) -> Value {
                crate::value::to_json(self)
            }
            fn from_value(value: Seen<'_>) -> Result<Self, BadValue> {
                crate::value::from_json(value)
            }
        }
    )+};
}

as_text!(
    AcceptedBy,
    AccessEffect,
    AccountState,
    Acquired,
    AdminAction,
    AdminState,
    AgreementState,
    AssignmentState,
    Basis,
    CartState,
    ChargeKind,
    Cause,
    CheckStatus,
    Cloud,
    ConditionalAccess,
    Country,
    Currency,
    CustomerState,
    Decimal,
    Delegation,
    DirectoryRole,
    EducationSegment,
    ExportKind,
    ExportState,
    DocumentKind,
    Earning,
    Environment,
    FraudKind,
    FraudReason,
    FraudStatus,
    Frequency,
    Generation,
    InvoiceDocument,
    InvoiceKind,
    InvoiceState,
    ItemKind,
    LedgerAccount,
    Level,
    LocationKind,
    LocationState,
    MembershipState,
    Mfa,
    Money,
    NoticeTopic,
    OrderState,
    OverageService,
    PartnerType,
    PartnershipState,
    Party,
    PaymentMethod,
    PriceMethod,
    ProfileKind,
    Progress,
    Publisher,
    Qualification,
    RelationshipState,
    RequestState,
    RequestStatus,
    Requirement,
    ResellerEnrolment,
    ResourceRoleName,
    RoleDeclared,
    RunState,
    Segment,
    Severity,
    Special,
    Shelf,
    SubscriptionState,
    SupportPlan,
    TenantType,
    Term,
    TicketSubject,
    TransferKind,
    TransferState,
    UserAccount,
    Vetting,
);

as_json!(
    About,
    BTreeMap<String, String>,
    Line,
    NextTerm,
    Person,
    PromotionTerms,
    Texts,
    Vec<Batch>,
    Vec<Country>,
    Vec<FraudStep>,
    Vec<GroupOrder>,
    Vec<Line>,
    Vec<Offered>,
    Vec<OrderLine>,
    Vec<String>,
    Vec<TransferLine>,
    Vec<UpgradedLine>
);

impl Field for NotSoldIn {
    const KIND: Kind = Kind::Text;
    fn to_value(&self) -> Value {
        Value::Text(self.0.clone())
    }
    fn from_value(value: Seen<'_>) -> Result<Self, BadValue> {
        String::from_value(value).map(Self)
    }
}
