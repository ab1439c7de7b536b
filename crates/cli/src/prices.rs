//! `tierline prices`: what an item costs a partner, what it asks, and what stands in its providers' marketplaces.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};
use tierline_app::App;
use tierline_app::ask::ask;
use tierline_app::billing::{marketplace, price_books};
use tierline_app::names;
use tierline_domain::catalog::Term;
use tierline_domain::time::Date;

use crate::access::world_of;
use crate::{Printer, chain, fail};

/// Tell what an item costs a partner and what its price book makes of it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tierline prices preview suite --as reseller --world docs/guides/price-books.yaml\n  \
                        tierline prices market --as cedar"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// What one item would cost: a partner sees its own cost and price, the operator every tier.
    Preview(Preview),
    /// What a reseller's providers have opened to it.
    Market(Market),
}

#[derive(Debug, clap::Args)]
struct Preview {
    /// The item.
    item: String,
    /// Who asks: a partner, or `operator`.
    #[arg(long = "as")]
    who: String,
    /// The term; a year by default.
    #[arg(long)]
    term: Option<Term>,
    /// The customer.
    #[arg(long)]
    customer: Option<String>,
    /// The reseller that would buy from the provider.
    #[arg(long)]
    reseller: Option<String>,
    /// Through whom a reseller would buy; of the operator, whom it bills.
    #[arg(long)]
    provider: Option<String>,
    /// The day whose prices hold; today by default.
    #[arg(long)]
    day: Option<Date>,
    /// A world file; the built-in demo world without one.
    #[arg(long)]
    world: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Market {
    /// The reseller.
    #[arg(long = "as")]
    who: String,
    /// The customer that it is for.
    #[arg(long)]
    customer: Option<String>,
    /// A world file; the built-in demo world without one.
    #[arg(long)]
    world: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> ExitCode {
    let done = match args.what {
        What::Preview(args) => preview(args).await,
        What::Market(args) => market(args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => fail(problem),
    }
}

fn table(rows: &[[String; 5]]) {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 5] = std::array::from_fn(width);
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        Printer::line(format!("  {}", cells.join("  ").trim_end()));
    }
}

fn per_cent(margin: Option<price_books::Percent>) -> String {
    margin.map_or_else(String::new, |margin| format!("{margin} %"))
}

async fn preview(args: Preview) -> Result<(), String> {
    let app: App = world_of(args.world.as_deref()).await?;
    let today = app.clock().world_now().date();
    let wanted = price_books::Wanted {
        item: args.item,
        term: args.term,
        customer: args.customer,
        reseller: args.reseller,
        provider: args.provider,
        day: args.day,
    };
    let who = args.who;
    let read = app.read(ask(move |tx| {
        let (who, wanted) = (who.clone(), wanted.clone());
        Box::pin(async move {
            let caller = match who.as_str() {
                "operator" => None,
                name => Some(names::the_account(tx, name).await?),
            };
            price_books::preview(tx, caller.as_ref(), &wanted, today).await
        })
    }));
    let found = read.await.map_err(|error| chain(&error))?;
    if args.json {
        let value: Value = serde_json::to_value(&found).unwrap_or_default();
        Printer::line(serde_json::to_string_pretty(&value).unwrap_or_default());
        return Ok(());
    }
    Printer::line(format!(
        "{} for {} as of {}, per seat:\n",
        found.item, found.term, found.day
    ));
    let head = ["", "pays", "asks", "margin", ""].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(found.tiers.iter().map(|tier| {
        let margin = per_cent(tier.margin);
        [
            tier.partner.clone(),
            tier.cost.to_string(),
            tier.price.to_string(),
            margin,
            String::new(),
        ]
    }));
    table(&rows);
    if let Some(retail) = found.retail {
        let margin = per_cent(found.retail_margin);
        Printer::line(format!(
            "\n  Estimated retail price: {retail}; the operator's list leaves {margin} of it."
        ));
    }
    Ok(())
}

async fn market(args: Market) -> Result<(), String> {
    let app = world_of(args.world.as_deref()).await?;
    let today = app.clock().world_now().date();
    let (who, customer) = (args.who, args.customer);
    let read = app.read(ask(move |tx| {
        let (who, customer) = (who.clone(), customer.clone());
        Box::pin(async move {
            let reseller = names::the_account(tx, &who).await?;
            marketplace::browse(tx, &reseller, customer.as_deref(), today).await
        })
    }));
    let found = read.await.map_err(|error| chain(&error))?;
    if args.json {
        Printer::line(serde_json::to_string_pretty(&json!(found)).unwrap_or_default());
        return Ok(());
    }
    if found.is_empty() {
        Printer::line("Nothing is open.");
        return Ok(());
    }
    let mut rows = vec![["provider", "item", "cost", "price", "margin"].map(str::to_owned)];
    rows.extend(found.iter().map(|open| {
        let item = format!("{} {}", open.item, open.term);
        let margin = per_cent(open.margin);
        [
            open.provider.clone(),
            item,
            open.cost.to_string(),
            open.price.to_string(),
            margin,
        ]
    }));
    table(&rows);
    Ok(())
}
