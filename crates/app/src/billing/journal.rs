//! The ledger as a plain-text journal, in the form that double-entry tools read: every posting a transaction of two movements in
//! one party's books.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::fmt::Write as _;

use tierline_domain::billing::{Party, Posting};
use tierline_domain::money::Money;
use tierline_domain::partner::{Account, Tenant};
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use crate::error::AppError;
use crate::names::by_id;

/// Postings of one page.
const PAGE: i64 = 2_000;

/// Where a page ends.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    source: Uuid,
    after: i64,
}

/// A page of the journal, and where the next one begins; nothing after the last.
#[derive(Clone, Debug)]
pub struct Page {
    /// Transactions, as text.
    pub text: String,
    /// The next page.
    pub next: Option<Place>,
}

/// The next page of the whole ledger, source by source in the order in which each wrote.
///
/// # Errors
/// When the store fails.
pub async fn page(tx: &mut Tx<'_>, from: Option<Place>) -> Result<Page, AppError> {
    let mut page = Page {
        text: String::new(),
        next: None,
    };
    let sources = tx
        .fetch_all::<(Uuid,)>(tables::billing::SOURCES, &[])
        .await?;
    let begin = from.map_or_else(Uuid::nil, |place| place.source);
    let mut after = from.map_or(0, |place| place.after);
    let mut names = BTreeMap::new();
    for (source,) in sources.into_iter().filter(|(source,)| *source >= begin) {
        let key = [Value::Id(source), Value::Int(after), Value::Int(PAGE)];
        let postings = tx
            .scan::<Posting>(tables::postings::OF_SOURCE, &key)
            .await?;
        for posting in &postings {
            for party in [posting.party, posting.counterparty] {
                if let Slot::Vacant(new) = names.entry(party) {
                    new.insert(name(tx, party).await?);
                }
            }
            write(&mut page.text, posting, &names);
            after = posting.position;
        }
        if i64::try_from(postings.len()).unwrap_or(PAGE) == PAGE {
            page.next = Some(Place { source, after });
            return Ok(page);
        }
        after = 0;
    }
    Ok(page)
}

async fn name(tx: &mut Tx<'_>, party: Party) -> Result<String, AppError> {
    Ok(match party {
        Party::Operator => crate::actor::OPERATOR.to_owned(),
        Party::Account(id) => by_id::<Account, _>(tx, id).await?.handle,
        Party::Customer(id) => by_id::<Tenant, _>(tx, id).await?.handle,
    })
}

fn write(text: &mut String, posting: &Posting, names: &BTreeMap<Party, String>) {
    let of = |party| names.get(&party).map_or("?", String::as_str);
    let (party, other) = (of(posting.party), of(posting.counterparty));
    let amount = posting.amount();
    let given = Money {
        minor: amount.minor.saturating_neg(),
        ..amount
    };
    // Writing to a text never fails.
    let _ = writeln!(
        text,
        "{} * {} {}  ; with {other}\n    {party}:{}  {amount}\n    {party}:{}  {given}\n",
        posting.day, posting.cause, posting.event, posting.debit, posting.credit
    );
}
