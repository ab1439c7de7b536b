//! The catalogue's words on the wire: ids, views, segments, variables.

use tierline_domain::catalog::{Frequency, Item, Publisher};
use tierline_domain::customer::Segment;
use tierline_domain::listing::{LimitOf, Precondition, Shelf, Variable};
use tierline_domain::money::Currency;

/// The wire's identifier of an item: `product:sku:availability`, or a GUID in the traditional generation.
#[must_use]
pub fn item_id(item: &Item) -> String {
    item.catalogue_id.clone()
}

/// The shelves of a target view; none for a view that there is not.
#[must_use]
pub fn shelves(view: &str) -> Option<&'static [Shelf]> {
    const VIEWS: &[(&str, &[Shelf])] = &[
        (
            "azure",
            &[
                Shelf::Consumption,
                Shelf::ReservedMachines,
                Shelf::ReservedSql,
                Shelf::ReservedDocuments,
                Shelf::SavingsPlan,
            ],
        ),
        (
            "azurereservations",
            &[
                Shelf::ReservedMachines,
                Shelf::ReservedSql,
                Shelf::ReservedDocuments,
            ],
        ),
        ("azurereservationsvm", &[Shelf::ReservedMachines]),
        // As one page spells it.
        ("azureazurereservationsvm", &[Shelf::ReservedMachines]),
        ("azurereservationssql", &[Shelf::ReservedSql]),
        ("azurereservationscosmosdb", &[Shelf::ReservedDocuments]),
        ("microsoftazure", &[Shelf::Consumption]),
        ("savingsplan", &[Shelf::SavingsPlan]),
        ("azuresavingsplan", &[Shelf::SavingsPlan]),
        (
            "onlineservices",
            &[Shelf::OnlineServices, Shelf::Marketplace],
        ),
        (
            "software",
            &[
                Shelf::SoftwareSubscription,
                Shelf::PerpetualSoftware,
                Shelf::LinuxSubscription,
            ],
        ),
        ("softwaresubscriptions", &[Shelf::SoftwareSubscription]),
        ("softwareperpetual", &[Shelf::PerpetualSoftware]),
        ("softwaresuselinux", &[Shelf::LinuxSubscription]),
    ];
    let wanted = view.to_lowercase();
    VIEWS
        .iter()
        .find(|(name, _)| *name == wanted)
        .map(|(_, shelves)| *shelves)
}

/// The type of a product, and the finer one where a shelf has one of its own.
#[must_use]
pub const fn product_type(shelf: Shelf) -> (&'static str, Option<&'static str>) {
    match shelf {
        Shelf::OnlineServices => ("OnlineServicesNCE", None),
        Shelf::Marketplace => ("OnlineServicesNCE", Some("SaaS")),
        Shelf::Consumption => ("Azure", Some("Azure")),
        Shelf::ReservedMachines => ("Azure", Some("VirtualMachines")),
        Shelf::ReservedSql => ("Azure", Some("SqlDatabases")),
        Shelf::ReservedDocuments => ("Azure", Some("CosmosDb")),
        Shelf::SavingsPlan => ("Azure", Some("SavingsPlan")),
        Shelf::SoftwareSubscription | Shelf::PerpetualSoftware => ("Software", None),
        Shelf::LinuxSubscription => ("Software", Some("SUSELinux")),
    }
}

/// What must be there before a purchase from a shelf, where an item says nothing else.
#[must_use]
pub const fn usual_preconditions(shelf: Shelf) -> &'static [Precondition] {
    if shelf.is_reservation() {
        &[
            Precondition::SubscriptionRegistration,
            Precondition::InventoryCheck,
        ]
    } else {
        &[Precondition::CustomerAgreement]
    }
}

/// What a look at the inventory of a shelf is told, where an item says nothing else.
#[must_use]
pub const fn usual_inventory_variables(shelf: Shelf) -> &'static [Variable] {
    if shelf.is_reservation() {
        &[Variable::Customer, Variable::Subscription]
    } else {
        &[]
    }
}

/// What the provisioning of a shelf is told, where an item says nothing else.
#[must_use]
pub const fn usual_provisioning_variables(shelf: Shelf) -> &'static [Variable] {
    if shelf.is_reservation() {
        &[Variable::Scope, Variable::Subscription]
    } else {
        &[]
    }
}

/// A precondition's word.
#[must_use]
pub const fn precondition(precondition: Precondition) -> &'static str {
    match precondition {
        Precondition::CustomerAgreement => "MicrosoftCustomerAgreement",
        Precondition::CloudAgreement => "MicrosoftCloudAgreement",
        Precondition::SubscriptionRegistration => "AzureSubscriptionRegistration",
        Precondition::InventoryCheck => "InventoryCheck",
    }
}

/// A variable's word where the inventory is asked.
#[must_use]
pub const fn inventory_variable(variable: Variable) -> &'static str {
    match variable {
        Variable::Customer => "CustomerId",
        Variable::Subscription => "AzureSubscriptionId",
        Variable::DataRegion => "ArmRegionName",
        Variable::Scope => "Scope",
        Variable::Duration => "Duration",
    }
}

/// A variable's word where something is provisioned.
#[must_use]
pub const fn provisioning_variable(variable: Variable) -> &'static str {
    match variable {
        Variable::Subscription => "SubscriptionId",
        other => inventory_variable(other),
    }
}

/// A segment's word.
#[must_use]
pub const fn segment(segment: Segment) -> &'static str {
    match segment {
        Segment::Commercial => "commercial",
        Segment::Education => "education",
        Segment::Nonprofit => "nonprofit",
        Segment::GovernmentCommunityCloud => "government",
    }
}

/// The segment of a word, in any case.
#[must_use]
pub fn segment_of(word: &str) -> Option<Segment> {
    let word = word.to_lowercase();
    Segment::ALL
        .iter()
        .copied()
        .find(|each| segment(*each) == word)
}

/// A billing cycle as terms and promotions spell it.
#[must_use]
pub const fn cycle(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::Monthly => "Monthly",
        Frequency::Annual => "Annual",
        Frequency::Triennial => "Triennial",
        Frequency::OneTime => "OneTime",
        Frequency::None => "None",
    }
}

/// What a limit counts.
#[must_use]
pub const fn limit_of(limit: LimitOf) -> &'static str {
    match limit {
        LimitOf::None => "None",
        LimitOf::Concurrent => "Concurrent",
        LimitOf::Lifetime => "LifeTime",
    }
}

/// Published by the operator itself.
#[must_use]
pub fn is_own(publisher: Publisher) -> bool {
    publisher == Publisher::Operator
}

/// The sign of a currency; its code where it has none of its own.
#[must_use]
pub fn symbol(currency: Currency) -> String {
    let sign = match currency.as_str() {
        "USD" | "AUD" | "CAD" | "NZD" | "SGD" | "HKD" | "MXN" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "JPY" | "CNY" => "¥",
        "INR" => "₹",
        "KRW" => "₩",
        "BRL" => "R$",
        "CHF" => "CHF",
        "SEK" | "NOK" | "DKK" => "kr",
        other => other,
    };
    sign.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_read_in_any_case() {
        assert_eq!(
            shelves("AzureReservationsVM"),
            Some(&[Shelf::ReservedMachines][..])
        );
        assert_eq!(shelves("ONLINESERVICES").map(<[Shelf]>::len), Some(2));
        assert_eq!(shelves("Everything"), None);
    }

    /// Every shelf is in some view, and no view has more shelves than a search takes.
    #[test]
    fn every_shelf_is_seen() {
        let views = ["Azure", "OnlineServices", "Software"].map(|view| shelves(view).unwrap());
        assert!(
            views
                .iter()
                .all(|view| view.len() <= tierline_app::catalogue::SHELVES_MAX)
        );
        let seen = views.concat();
        assert!(Shelf::ALL.iter().all(|shelf| seen.contains(shelf)));
    }

    #[test]
    fn segments_have_one_word_each() {
        for each in Segment::ALL {
            assert_eq!(segment_of(&segment(*each).to_uppercase()), Some(*each));
        }
    }
}
