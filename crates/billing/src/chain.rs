//! The chain of sales that a charge runs through (TXN-103, BIL-001, BIL-002).

use tierline_domain::billing::Party;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};

/// A sale between two neighbouring tiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who sells and is owed.
    pub seller: Party,
    /// Who buys and owes.
    pub buyer: Party,
}

/// The sales between the operator and the customer, from the top: the operator sells to the partner that it bills, that one to
/// the reseller of record where there is one, the last of them to the customer.
pub fn edges(
    seller: Id<Account>,
    reseller: Option<Id<Account>>,
    customer: Id<Tenant>,
) -> impl Iterator<Item = Edge> {
    let seller = Party::Account(seller);
    let middle = reseller.map(Party::Account).filter(|one| *one != seller);
    let last = middle.unwrap_or(seller);
    let edge = |seller, buyer| Edge { seller, buyer };
    let between = middle.map(|reseller| edge(seller, reseller));
    std::iter::once(edge(Party::Operator, seller))
        .chain(between)
        .chain(std::iter::once(edge(last, Party::Customer(customer))))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn two_tiers_have_three_sales_and_one_tier_two() {
        let (provider, reseller) = (Id::from_uuid(Uuid::from_u128(1)), Uuid::from_u128(2));
        let (reseller, customer) = (Id::from_uuid(reseller), Id::from_uuid(Uuid::from_u128(3)));
        let two: Vec<Edge> = edges(provider, Some(reseller), customer).collect();
        let buyers = two.iter().map(|edge| edge.buyer);
        assert!(buyers.eq([
            Party::Account(provider),
            Party::Account(reseller),
            Party::Customer(customer)
        ]));
        let below = two.iter().skip(1);
        assert!(
            two.iter()
                .zip(below)
                .all(|(above, below)| above.buyer == below.seller)
        );
        assert_eq!(edges(provider, None, customer).count(), 2);
        assert_eq!(edges(provider, Some(provider), customer).count(), 2);
    }
}
