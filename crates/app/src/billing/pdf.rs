//! Invoices, credit notes and receipts as they are sent: a plain struct in, a PDF out.

use serde::{Deserialize, Serialize};
use tierline_domain::money::Money;
use tierline_domain::time::Date;

use super::paper::{HEIGHT, Ink, Page, Style, WIDTH, bind, fitted, width, wrapped};
use crate::error::AppError;

/// A party as it stands on paper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Its name.
    pub name: String,
    /// What else is printed of it, line by line.
    pub lines: Vec<String>,
}

/// One line of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is for.
    pub title: String,
    /// Its kind, its days and the like.
    pub detail: String,
    /// How many; absent where several quantities are summed.
    pub quantity: Option<i64>,
    /// Price of one seat for a whole term; absent where there is no single one.
    pub unit: Option<Money>,
    /// What it comes to.
    pub amount: Money,
}

/// The lines of one customer, or of whatever a document is grouped by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The customer.
    pub title: String,
    /// Its domain.
    pub detail: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Their sum.
    pub total: Money,
}

/// A document, with all its texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What it is, such as `Invoice`.
    pub title: String,
    /// Its number.
    pub number: String,
    /// Who is owed.
    pub issuer: Address,
    /// Who owes.
    pub recipient: Address,
    /// Who sends it on the issuer's behalf (BIL-002).
    pub agent: Option<Address>,
    /// Dates and numbers, each with its label.
    pub facts: Vec<(String, String)>,
    /// What is to be paid, in large letters: label, amount, and until when.
    pub headline: (String, Money, String),
    /// Lines.
    pub groups: Vec<Group>,
    /// Sums, the last of them in bold.
    pub totals: Vec<(String, Money)>,
    /// What else is to be said, one paragraph each.
    pub notes: Vec<String>,
}

const NIGHT: Ink = Ink(24, 44, 78);
const TEXT: Ink = Ink(34, 40, 49);
const QUIET: Ink = Ink(104, 113, 126);
const RULE: Ink = Ink(214, 219, 226);
const TINT: Ink = Ink(243, 246, 250);
const WHITE: Ink = Ink(255, 255, 255);
const PALE: Ink = Ink(190, 203, 224);

const fn set(size: i16, ink: Ink) -> Style {
    Style {
        size,
        is_bold: false,
        ink,
    }
}

const fn bold(size: i16, ink: Ink) -> Style {
    Style {
        size,
        is_bold: true,
        ink,
    }
}

/// Left margin, in tenths of a point.
const LEFT: i16 = 510;
/// Right margin.
const RIGHT: i16 = WIDTH - 510;
/// Where a page's content ends, above its foot.
const BOTTOM: i16 = HEIGHT - 720;
/// How far the letters of a note reach below its line, from one line of it to the next, and from one note to the next besides.
const NOTE_DEPTH: i16 = 30;
const NOTE_LINE: i16 = 125;
const NOTE_GAP: i16 = 60;
/// Notes that are longer than this are not kept with the sums.
const NOTES_TOGETHER: i16 = 2_000;
/// Right edges of the columns of numbers.
const QUANTITY: i16 = 3780;
const UNIT: i16 = 4640;

/// A day as it is printed: `31 January 2026`.
#[must_use]
pub fn day(day: Date) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let month = usize::try_from(day.month()).unwrap_or(1).saturating_sub(1);
    let month = MONTHS.get(month).copied().unwrap_or_default();
    format!("{} {month} {}", day.day(), day.year())
}

/// An amount without its currency: `1,234.56`, and a minus as wide as a plus where it is given back.
#[must_use]
pub fn amount(money: Money) -> String {
    let text = money.to_string();
    let number = text
        .split_once(' ')
        .map_or(text.as_str(), |(_, number)| number);
    let (sign, number) = number
        .strip_prefix('-')
        .map_or(("", number), |rest| ("−", rest));
    let (whole, part) = number
        .split_once('.')
        .map_or((number, String::new()), |(whole, part)| {
            (whole, format!(".{part}"))
        });
    format!("{sign}{}{part}", thousands(whole))
}

fn thousands(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(index);
        if index > 0 && left.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A document as PDF; the same document is the same bytes.
///
/// # Errors
/// When it cannot be written.
pub fn write(document: &Document) -> Result<Vec<u8>, AppError> {
    let mut layout = Layout {
        document,
        pages: Vec::new(),
        page: Page::default(),
        y: 0,
    };
    layout.head();
    layout.parties();
    layout.headline();
    layout.table();
    layout.totals();
    layout.notes();
    let title = format!("{} {}", document.title, document.number);
    bind(&title, &layout.finish())
}

struct Layout<'a> {
    document: &'a Document,
    pages: Vec<Page>,
    page: Page,
    /// How far down the page is written.
    y: i16,
}

impl Layout<'_> {
    fn currency(&self) -> String {
        self.document.headline.1.currency.to_string()
    }

    fn down(&mut self, by: i16) {
        self.y = self.y.saturating_add(by);
    }

    /// Begins another page where a height does not fit on this one; tells whether it did.
    fn room(&mut self, height: i16) -> bool {
        if self.y.saturating_add(height) <= BOTTOM {
            return false;
        }
        self.pages.push(std::mem::take(&mut self.page));
        self.page.tint(0, 0, WIDTH, 60, NIGHT);
        let title = format!("{} {}", self.document.title, self.document.number);
        self.page.text(LEFT, 420, bold(100, NIGHT), &title);
        let issuer = fitted(&self.document.issuer.name, set(80, QUIET), 2600);
        self.page.text_to(RIGHT, 420, set(80, QUIET), &issuer);
        self.y = 560;
        true
    }

    /// The title, and whose paper it is.
    fn head(&mut self) {
        self.page.tint(0, 0, WIDTH, 60, NIGHT);
        self.page
            .text(LEFT, 770, bold(260, NIGHT), &self.document.title);
        self.page
            .text(LEFT, 960, set(105, QUIET), &self.document.number);
        let (name, lines) = {
            let issuer = &self.document.issuer;
            (issuer.name.clone(), issuer.lines.clone())
        };
        let style = bold(110, TEXT);
        self.page
            .text_to(RIGHT, 660, style, &fitted(&name, style, 2700));
        let mut y = 810;
        for line in lines.iter().take(5) {
            let style = set(82, QUIET);
            self.page
                .text_to(RIGHT, y, style, &fitted(line, style, 2700));
            y = y.saturating_add(125);
        }
        self.y = y.max(1080).saturating_add(130);
    }

    /// Who owes, and the dates.
    fn parties(&mut self) {
        let top = self.y;
        self.page.tint(LEFT, top, RIGHT - LEFT, 6, RULE);
        let mut y = top.saturating_add(230);
        self.page.text(LEFT, y, set(75, QUIET), "BILLED TO");
        y = y.saturating_add(160);
        let style = bold(110, TEXT);
        let name = fitted(&self.document.recipient.name, style, 2400);
        self.page.text(LEFT, y, style, &name);
        for line in self.document.recipient.lines.iter().take(6) {
            y = y.saturating_add(130);
            let style = set(85, TEXT);
            self.page.text(LEFT, y, style, &fitted(line, style, 2400));
        }
        let mut other = top.saturating_add(230);
        for (label, value) in &self.document.facts {
            self.page.text(3180, other, set(85, QUIET), label);
            let style = set(85, TEXT);
            self.page
                .text_to(RIGHT, other, style, &fitted(value, style, 1500));
            other = other.saturating_add(150);
        }
        self.y = y.max(other.saturating_sub(150)).saturating_add(210);
        if let Some(agent) = &self.document.agent {
            let text = format!(
                "Sent by {} on behalf of {}, who is the seller. Payment to {} settles this document.",
                agent.name, self.document.issuer.name, agent.name
            );
            let style = set(85, TEXT);
            let lines = wrapped(&text, style, RIGHT - LEFT - 300);
            let count = i16::try_from(lines.len()).unwrap_or(1);
            let height = count.saturating_mul(130).saturating_add(130);
            self.page.tint(LEFT, self.y, RIGHT - LEFT, height, TINT);
            self.page.tint(LEFT, self.y, 25, height, NIGHT);
            let mut y = self.y.saturating_add(165);
            for line in lines {
                self.page.text(LEFT + 150, y, style, &line);
                y = y.saturating_add(130);
            }
            self.down(height);
            self.down(130);
        }
    }

    /// What is to be paid.
    fn headline(&mut self) {
        let (label, money, until) = &self.document.headline;
        let (top, height) = (self.y, 520);
        self.page.tint(LEFT, top, RIGHT - LEFT, height, NIGHT);
        let (left, right) = (LEFT + 180, RIGHT - 180);
        let y = top.saturating_add(215);
        self.page.text(left, y, set(85, PALE), label);
        self.page
            .text(left, top.saturating_add(385), set(95, WHITE), until);
        let style = bold(220, WHITE);
        let figure = format!("{} {}", money.currency, amount(*money));
        self.page
            .text_to(right, top.saturating_add(335), style, &figure);
        self.y = top.saturating_add(height).saturating_add(330);
    }

    fn columns(&mut self) {
        let style = set(75, QUIET);
        let (y, currency) = (self.y, self.currency());
        self.page.text(LEFT, y, style, "DESCRIPTION");
        self.page.text_to(QUANTITY, y, style, "QUANTITY");
        self.page.text_to(UNIT, y, style, "PRICE");
        self.page
            .text_to(RIGHT, y, style, &format!("AMOUNT, {currency}"));
        self.page
            .tint(LEFT, y.saturating_add(70), RIGHT - LEFT, 10, NIGHT);
        self.down(80);
    }

    fn table(&mut self) {
        let document = self.document;
        if document.groups.is_empty() {
            return;
        }
        self.columns();
        for group in &document.groups {
            // A heading does not stand alone at a page's end.
            if self.room(260 + 290) {
                self.columns();
            }
            self.group(group);
            for line in &group.lines {
                if self.room(290) {
                    self.columns();
                }
                self.line(line);
            }
        }
    }

    fn group(&mut self, group: &Group) {
        let y = self.y;
        self.page.tint(LEFT, y, RIGHT - LEFT, 240, TINT);
        let (style, quiet) = (bold(90, NIGHT), set(80, QUIET));
        let title = fitted(&group.title, style, 2700);
        let base = y.saturating_add(155);
        self.page.text(LEFT + 80, base, style, &title);
        let x = (LEFT + 80 + 90).saturating_add(width(&title, style));
        let room = (RIGHT - 900).saturating_sub(x);
        self.page
            .text(x, base, quiet, &fitted(&group.detail, quiet, room));
        self.page
            .text_to(RIGHT - 80, base, style, &amount(group.total));
        self.down(240);
    }

    fn line(&mut self, line: &Line) {
        let (style, quiet) = (set(88, TEXT), set(76, QUIET));
        let y = self.y.saturating_add(135);
        let left = LEFT + 80;
        let title = fitted(&line.title, style, 2500);
        self.page.text(left, y, style, &title);
        let detail = fitted(&line.detail, quiet, 4700);
        self.page.text(left, y.saturating_add(110), quiet, &detail);
        if let Some(quantity) = line.quantity {
            let minus = quantity.to_string().replace('-', "−");
            self.page.text_to(QUANTITY, y, style, &minus);
        }
        if let Some(unit) = line.unit {
            self.page.text_to(UNIT, y, style, &amount(unit));
        }
        self.page
            .text_to(RIGHT - 80, y, style, &amount(line.amount));
        self.down(290);
        self.page
            .tint(LEFT, self.y.saturating_sub(5), RIGHT - LEFT, 4, RULE);
    }

    fn totals(&mut self) {
        let totals = &self.document.totals;
        let count = i16::try_from(totals.len()).unwrap_or(1);
        // No page holds a note alone: where the notes do not fit, the sums stand beside them on the next.
        let sums = count.saturating_mul(180).saturating_add(250);
        self.room(sums.saturating_add(self.notes_height()));
        self.down(210);
        let left = 3180;
        for (index, (label, money)) in totals.iter().enumerate() {
            let is_last = index.saturating_add(1) == totals.len();
            let style = if is_last {
                self.page
                    .tint(left, self.y.saturating_sub(130), RIGHT - left, 10, NIGHT);
                self.down(40);
                bold(110, NIGHT)
            } else {
                set(90, TEXT)
            };
            self.page.text(left, self.y, style, label);
            let figure = format!("{} {}", money.currency, amount(*money));
            self.page.text_to(RIGHT - 80, self.y, style, &figure);
            self.down(180);
        }
    }

    fn notes(&mut self) {
        let notes = &self.document.notes;
        self.down(150);
        for note in notes {
            let style = set(80, QUIET);
            for line in wrapped(note, style, RIGHT - LEFT) {
                self.room(NOTE_DEPTH);
                self.page.text(LEFT, self.y, style, &line);
                self.down(NOTE_LINE);
            }
            self.down(NOTE_GAP);
        }
    }

    /// How far the notes reach below the sums.
    fn notes_height(&self) -> i16 {
        let lines = |note: &String| wrapped(note, set(80, QUIET), RIGHT - LEFT).len();
        let heights = self.document.notes.iter().map(|note| {
            let lines = i16::try_from(lines(note)).unwrap_or(i16::MAX);
            lines.saturating_mul(NOTE_LINE).saturating_add(NOTE_GAP)
        });
        heights.fold(0, i16::saturating_add).min(NOTES_TOGETHER)
    }

    /// The pages, each with its foot.
    fn finish(mut self) -> Vec<Page> {
        self.pages.push(self.page);
        let count = self.pages.len();
        let issuer = &self.document.issuer.name;
        let style = set(72, QUIET);
        let text = fitted(
            &format!(
                "{issuer} · {} {}",
                self.document.title, self.document.number
            ),
            style,
            3500,
        );
        for (index, page) in self.pages.iter_mut().enumerate() {
            page.tint(LEFT, HEIGHT - 520, RIGHT - LEFT, 4, RULE);
            page.text(LEFT, HEIGHT - 380, style, &text);
            let number = format!("Page {} of {count}", index.saturating_add(1));
            page.text_to(RIGHT, HEIGHT - 380, style, &number);
        }
        self.pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, "EUR".parse().unwrap())
    }

    fn address(name: &str) -> Address {
        Address {
            name: name.to_owned(),
            lines: vec![
                "Am Kai 12".to_owned(),
                "20457 Hamburg".to_owned(),
                "DE".to_owned(),
                "PartnerID 5120044".to_owned(),
            ],
        }
    }

    /// As many customers as are asked for, one of them with a name that the bold cut cannot set.
    pub(super) fn sample(customers: i64) -> Document {
        let line = |title: &str, detail: &str, quantity, unit, amount| Line {
            title: title.to_owned(),
            detail: detail.to_owned(),
            quantity: Some(quantity),
            unit: Some(eur(unit)),
            amount: eur(amount),
        };
        let group = |index: i64| Group {
            title: if index == 1 {
                "株式会社さくら製作所".to_owned()
            } else {
                format!("Weserblick Logistik GmbH {index}")
            },
            detail: "weserblick.example".to_owned(),
            lines: vec![
                line(
                    "Desk Premium",
                    "cycleCharge · 15 November 2026 – 14 December 2026 · yearly term, billed monthly",
                    25,
                    26_400,
                    55_000,
                ),
                line(
                    "Calling add-on",
                    "removeQuantity · 20 November 2026 – 14 December 2026",
                    -3,
                    9_600,
                    -2_000,
                ),
            ],
            total: eur(53_000),
        };
        Document {
            title: "Invoice".to_owned(),
            number: "G000024130".to_owned(),
            issuer: address("Alpenrand Distribution GmbH"),
            recipient: address("Dolomit Beratung GmbH"),
            agent: Some(address("Alpenrand Distribution GmbH")),
            facts: [
                ("Invoice number", "G000024130"),
                ("Issued", "1 December 2026"),
                ("Billing period", "1 – 30 November 2026"),
                ("Terms", "60 days net"),
            ]
            .map(|(label, value)| (label.to_owned(), value.to_owned()))
            .to_vec(),
            headline: (
                "Amount due".to_owned(),
                eur(1_234_567),
                "by 30 January 2027".to_owned(),
            ),
            groups: (0..customers).map(group).collect(),
            totals: vec![
                ("Net".to_owned(), eur(1_037_451)),
                ("Tax, 19 %".to_owned(), eur(197_116)),
                ("Total".to_owned(), eur(1_234_567)),
            ],
            notes: vec![
                "Tax is computed on the total of the invoice, not on its lines.".to_owned(),
                "Please give the invoice number with your payment.".to_owned(),
            ],
        }
    }

    #[test]
    fn the_same_document_is_the_same_bytes() {
        let (first, again) = (write(&sample(3)).unwrap(), write(&sample(3)).unwrap());
        assert!(first.starts_with(b"%PDF-1."));
        assert_eq!(first, again);
        assert_ne!(first, write(&sample(4)).unwrap());
        assert!(first.len() < 200_000, "{}", first.len());
    }

    #[test]
    fn amounts_and_days_are_printed_as_they_are_read() {
        assert_eq!(amount(eur(123_456_789)), "1,234,567.89");
        assert_eq!(amount(eur(-5)), "−0.05");
        let yen = Money::new(1000, "JPY".parse().unwrap());
        assert_eq!(amount(yen), "1,000");
        assert_eq!(day("2026-01-31".parse().unwrap()), "31 January 2026");
    }

    #[test]
    fn a_text_is_cut_or_broken_where_it_does_not_fit() {
        let style = set(100, TEXT);
        let name = "An organization with a name that is longer than a column";
        let cut = fitted(name, style, 1000);
        assert!(cut.ends_with('…') && width(&cut, style) <= 1000, "{cut}");
        let lines = wrapped(name, style, 1000);
        assert!(lines.len() > 2);
        assert!(lines.iter().all(|line| width(line, style) <= 1000));
        assert_eq!(lines.join(" "), name);
        // A letter that the font has not takes the room of what stands for it.
        assert_eq!(width("\u{10FFFF}", style), width("?", style));
    }
}
