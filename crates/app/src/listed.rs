//! Where customers stand in their partners' lists and in the operator's: written with the rows that it follows from.

use tierline_domain::address::folded;
use tierline_domain::customer::{Customer, Relationship};
use tierline_domain::id::Id;
use tierline_domain::partner::{Organization, Tenant};
use tierline_store::tables::listed::is_known;
use tierline_store::tables::{Contact, Known, Listed, relationships};
use tierline_store::{Tx, Value};

use crate::error::AppError;
use crate::names::by_id;

/// Writes a relationship, and where its customer stands in the partner's list.
///
/// # Errors
/// When the store fails.
pub(crate) async fn relationship(tx: &mut Tx<'_>, tie: &Relationship) -> Result<(), AppError> {
    tx.put(tie).await?;
    let tenant: Tenant = by_id(tx, tie.customer).await?;
    let folded = if is_known(tie.state) {
        company(tx, &tenant).await?
    } else {
        folded(&tenant.handle)
    };
    let listed = Listed {
        partner: tie.partner,
        customer: tie.customer,
        folded,
    };
    Ok(tx.put(&listed).await?)
}

/// Writes what makes a tenant a customer, and where it stands in the operator's list. Its own record of its name, where it
/// has one, is written before.
///
/// # Errors
/// When the store fails.
pub(crate) async fn customer(tx: &mut Tx<'_>, customer: &Customer) -> Result<(), AppError> {
    tx.put(customer).await?;
    let tenant: Tenant = by_id(tx, customer.tenant).await?;
    let known = Known {
        customer: tenant.id,
        folded: company(tx, &tenant).await?,
    };
    Ok(tx.put(&known).await?)
}

/// Where a customer stands once its name has changed.
///
/// # Errors
/// When the store fails.
pub(crate) async fn renamed(tx: &mut Tx<'_>, customer: Id<Tenant>) -> Result<(), AppError> {
    let tenant: Tenant = by_id(tx, customer).await?;
    let name = company(tx, &tenant).await?;
    let key = [Value::Id(customer.uuid())];
    if tx.get::<Known>(&key).await?.is_some() {
        let known = Known {
            customer,
            folded: name.clone(),
        };
        tx.put(&known).await?;
    }
    for tie in tx
        .find::<Relationship>(relationships::BY_CUSTOMER, &key)
        .await?
    {
        if is_known(tie.state) {
            let listed = Listed {
                partner: tie.partner,
                customer,
                folded: name.clone(),
            };
            tx.put(&listed).await?;
        }
    }
    Ok(())
}

/// The name of its company, folded: its own record of it, or its organization's.
async fn company(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<String, AppError> {
    let contact = tx.get::<Contact>(&[Value::Id(tenant.id.uuid())]).await?;
    if let Some(contact) = contact {
        return Ok(contact.folded);
    }
    let organization: Organization = by_id(tx, tenant.organization).await?;
    Ok(folded(&organization.name))
}
