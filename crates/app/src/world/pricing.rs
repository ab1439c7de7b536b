//! Prices of a world: lines of the operator's lists, exchange rates, entries of price books.

use super::{Fields, named_id};
use tierline_domain::billing::{FxRate, PriceMethod, PriceRule};
use tierline_domain::money::{Currency, Money};
use tierline_domain::price_list::ListPrice;
use tierline_domain::time::{Date, Timestamp};
use tierline_store::Tx;

use crate::billing::price_books::Percent;
use crate::error::AppError;
use crate::names;

pub(super) async fn list_price(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let mut item = names::the_item(tx, &f.must::<String>("item")?).await?;
    let amount: Money = f.must("amount")?;
    let row = ListPrice {
        item: item.id,
        market: f.must("market")?,
        currency: amount.currency,
        term: f.must("term")?,
        from_day: f.must("from")?,
        until_day: f.get("until")?,
        unit_minor: amount.minor,
        retail_minor: f.get::<Money>("retail")?.map(|retail| retail.minor),
    };
    tx.put(&row).await?;
    if item.listed_from.is_none_or(|from| from > row.from_day) {
        item.listed_from = Some(row.from_day);
        tx.put(&item).await?;
    }
    Ok(())
}

pub(super) async fn fx_rate(tx: &mut Tx<'_>, f: &Fields<'_>) -> Result<(), AppError> {
    let currency: Currency = f.must("currency")?;
    let month: Date = f.must("month")?;
    Ok(tx
        .put(&FxRate {
            currency,
            month: month.first_of_month(),
            mantissa: f.must("mantissa")?,
            scale: f.must("scale")?,
        })
        .await?)
}

pub(super) async fn price_rule(
    tx: &mut Tx<'_>,
    f: &Fields<'_>,
    today: Timestamp,
) -> Result<(), AppError> {
    let owner = names::the_account(tx, &f.must::<String>("owner")?).await?;
    let buyer = match f.text("buyer")? {
        Some(name) => Some(names::the_account(tx, &name).await?.id),
        None => None,
    };
    let customer = match f.text("customer")? {
        Some(name) => Some(names::the_tenant(tx, &name).await?.id),
        None => None,
    };
    let item = match f.text("item")? {
        Some(name) => Some(names::the_item(tx, &name).await?.id),
        None => None,
    };
    let fixed: Option<Money> = f.get("fixed")?;
    let (method, rate) = match (f.get::<Percent>("margin")?, f.get::<Percent>("markup")?) {
        (Some(margin), None) if fixed.is_none() => (PriceMethod::Margin, Some(margin)),
        (None, Some(markup)) if fixed.is_none() => (PriceMethod::Markup, Some(markup)),
        (None, None) if fixed.is_some() => (PriceMethod::Fixed, None),
        _ => {
            let text = "is one of margin, markup and fixed";
            return Err(AppError::invalid("price_rule.method", text));
        }
    };
    let from_day = f.get("from")?.unwrap_or_else(|| today.date());
    let name = serde_json::to_string(f.map).unwrap_or_default();
    Ok(tx
        .put(&PriceRule {
            id: named_id("price rule", &name),
            owner: owner.id,
            buyer,
            customer,
            item,
            segment: f.get("segment")?,
            term: f.get("term")?,
            method,
            rate_bp: rate.map_or(0, Percent::basis_points),
            fixed,
            open: f.get("open")?.unwrap_or(false),
            from_day,
            until_day: f.get("until")?,
            recorded: Timestamp::start_of(from_day).min(today),
        })
        .await?)
}
