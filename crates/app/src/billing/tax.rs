//! Tax on invoice totals (BIL-026, BIL-027): a port, and the adapter that reads the operator's table of rates.

use tierline_domain::billing::{Party, TaxExemption, TaxRate};
use tierline_domain::money::{Money, Rounding};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::place::Country;
use tierline_domain::time::Date;
use tierline_store::{Tx, Value, tables};

use crate::error::AppError;
use crate::names::by_id;

/// What tax is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Taxed {
    /// Who is billed: its own data decide, never those of whoever is behind it.
    pub recipient: Party,
    /// The total before tax.
    pub net: Money,
    /// The day of the invoice.
    pub day: Date,
}

/// Whoever says how much tax an invoice bears. It is asked inside the transaction that issues the invoice, so an adapter reads
/// what the operator keeps in the database and calls nobody.
pub trait TaxPort {
    /// The tax on a total.
    ///
    /// # Errors
    /// When the store fails or the amount overflows.
    fn tax(
        &self,
        tx: &mut Tx<'_>,
        taxed: Taxed,
    ) -> impl Future<Output = Result<Money, AppError>> + Send;
}

/// The operator's own table of rates by country and date. A country without a rate bears no tax.
#[derive(Clone, Copy, Debug, Default)]
pub struct RateTable;

impl TaxPort for RateTable {
    async fn tax(&self, tx: &mut Tx<'_>, taxed: Taxed) -> Result<Money, AppError> {
        let none = Money::zero(taxed.net.currency);
        let Some(country) = country(tx, taxed).await? else {
            return Ok(none);
        };
        let key = [Value::Text(country.to_string()), Value::Day(taxed.day)];
        let rates = tx
            .find::<TaxRate>(tables::tax_rates::IN_FORCE, &key)
            .await?;
        match rates.first() {
            Some(rate) => Ok(taxed.net.share(
                rate.rate_bp,
                tierline_billing::book::WHOLE_BP,
                Rounding::HalfUp,
            )?),
            None => Ok(none),
        }
    }
}

/// Where the billed party is; nowhere when it is exempt.
async fn country(tx: &mut Tx<'_>, taxed: Taxed) -> Result<Option<Country>, AppError> {
    match taxed.recipient {
        Party::Operator => Ok(None),
        Party::Customer(id) => Ok(Some(by_id::<Tenant, _>(tx, id).await?.country)),
        Party::Account(id) => {
            let key = [Value::Id(id.uuid())];
            let exempt = tx
                .find::<TaxExemption>(tables::tax_exemptions::BY_PARTNER, &key)
                .await?
                .iter()
                .any(|one| {
                    one.from_day <= taxed.day
                        && one.until_day.is_none_or(|until| taxed.day <= until)
                });
            if exempt {
                return Ok(None);
            }
            Ok(Some(by_id::<Account, _>(tx, id).await?.country))
        }
    }
}
