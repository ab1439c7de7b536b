use tierline_domain::id::Id;
use tierline_domain::partner::Organization;
use tierline_domain::subscription::Subscription;

use super::*;
use crate::tables::organizations::{BY_HANDLE, BY_NAME};
use crate::tables::{Counter, Due};

pub(in crate::engine) fn organization(number: u128, handle: &str, name: &str) -> Organization {
    Organization {
        id: Id::from_uuid(uuid::Uuid::from_u128(number)),
        handle: handle.to_owned(),
        name: name.to_owned(),
        headquarters: Some("DE".parse().unwrap()),
        membership: tierline_domain::partner::MembershipState::Active,
    }
}

fn text(text: &str) -> Vec<Value> {
    vec![Value::Text(text.to_owned())]
}

fn listed(memo: &Memo, statement: Statement, params: &[Value]) -> Option<Vec<Organization>> {
    let rows = memo.answer::<Organization, Arc<Organization>>(statement, params)?;
    Some(rows.iter().map(|row| Organization::clone(row)).collect())
}

fn keep(memo: &mut Memo, statement: Statement, params: &[Value], rows: &[&Organization]) {
    let rows = rows.iter().map(|row| Arc::new(Organization::clone(row)));
    memo.keep(statement, params, &rows.collect());
}

/// The row of a key; none there, or nothing known, as it is said.
fn single(memo: &Memo, key: &[Value]) -> Result<Organization, &'static str> {
    match memo.row::<Organization>(key) {
        Look::Known(row) => row.map(Arc::unwrap_or_clone).ok_or("none"),
        Look::Unknown => Err("unknown"),
    }
}

fn write(memo: &mut Memo, row: &Organization, is_new: bool) {
    memo.wrote(row, &row.values(), row.key(), is_new);
}

#[test]
fn rows_are_kept_until_the_data_changes() {
    let mut memo = Memo::default();
    let one = organization(1, "a", "A");
    memo.begin(1);
    assert_eq!(listed(&memo, BY_HANDLE, &text("a")), None);
    keep(&mut memo, BY_HANDLE, &text("a"), &[&one]);
    memo.begin(1);
    assert_eq!(
        listed(&memo, BY_HANDLE, &text("a")),
        Some(vec![one.clone()])
    );
    assert_eq!(single(&memo, &one.key()), Ok(one.clone()));
    assert_eq!(listed(&memo, BY_HANDLE, &text("b")), None);
    memo.begin(2);
    assert_eq!(listed(&memo, BY_HANDLE, &text("a")), None);
}

#[test]
fn what_is_written_takes_the_place_of_what_was_read() {
    let mut memo = Memo::default();
    memo.begin(1);
    let (one, other) = (organization(1, "a", "A"), organization(2, "b", "A"));
    memo.keep_row::<Organization>(&one.key(), None);
    keep(&mut memo, BY_HANDLE, &text("a"), &[]);
    keep(&mut memo, BY_HANDLE, &text("b"), &[&other]);
    write(&mut memo, &one, true);
    assert_eq!(single(&memo, &one.key()), Ok(one.clone()));
    assert_eq!(listed(&memo, BY_HANDLE, &text("a")), None);
    assert_eq!(
        listed(&memo, BY_HANDLE, &text("b")),
        Some(vec![other.clone()])
    );

    // A row that moves from one answer to another spoils both, and no third.
    keep(&mut memo, BY_HANDLE, &text("a"), &[&one]);
    keep(&mut memo, BY_HANDLE, &text("c"), &[]);
    keep(&mut memo, BY_HANDLE, &text("d"), &[]);
    write(&mut memo, &organization(1, "c", "A"), false);
    assert_eq!(listed(&memo, BY_HANDLE, &text("a")), None);
    assert_eq!(listed(&memo, BY_HANDLE, &text("c")), None);
    assert_eq!(listed(&memo, BY_HANDLE, &text("d")), Some(Vec::new()));

    keep(&mut memo, BY_NAME, &text("A"), &[&one, &other]);
    memo.removed::<Organization>(&other.key());
    assert_eq!(listed(&memo, BY_NAME, &text("A")), None);
    assert_eq!(single(&memo, &other.key()), Err("none"));

    keep(&mut memo, BY_NAME, &text("A"), &[&one]);
    memo.disturbed("WITH x AS (SELECT 1) UPDATE organizations SET name = $1");
    assert_eq!(listed(&memo, BY_NAME, &text("A")), None);
}

#[test]
fn a_transaction_that_goes_back_takes_its_writes_along() {
    let mut memo = Memo::default();
    memo.begin(1);
    let one = organization(1, "a", "A");
    write(&mut memo, &one, true);
    let mark = memo.mark();
    write(&mut memo, &organization(1, "b", "B"), false);
    memo.back_to(mark);
    assert_eq!(
        single(&memo, &one.key()),
        Err("unknown"),
        "it is read again"
    );
    write(&mut memo, &one, false);
    memo.back_to(memo.mark());
    assert_eq!(single(&memo, &one.key()), Ok(one));
}

const COUNT: Statement = Statement::new(
    "COUNT",
    "SELECT COUNT(*) FROM organizations WHERE name = $1",
);
const ACTIVE: Statement = Statement::new(
    "ACTIVE",
    "SELECT COUNT(*) FROM organizations WHERE name = $1 AND membership = 'active'",
);

impl Sums<Organization> for (i64,) {
    fn with(sums: &[Self], _: &Organization) -> Option<Vec<Self>> {
        let [(count,)] = sums else {
            return None;
        };
        Some(vec![(count + 1,)])
    }
}

fn count(memo: &Memo, statement: Statement, name: &str) -> Option<i64> {
    let sums = memo.answer::<Organization, (i64,)>(statement, &text(name))?;
    Some(sums.iter().map(|(count,)| count).sum())
}

#[test]
fn a_new_row_is_counted_in_and_whatever_else_changes_is_asked_again() {
    let mut memo = Memo::default();
    memo.begin(1);
    let counted = |memo: &mut Memo| {
        for (statement, name) in [(COUNT, "A"), (COUNT, "B"), (ACTIVE, "A")] {
            let one: Arc<[(i64,)]> = [(1,)].into();
            memo.keep_sums::<Organization, _>(statement, &text(name), &one);
        }
    };
    counted(&mut memo);
    write(&mut memo, &organization(7, "a", "A"), true);
    assert_eq!(count(&memo, COUNT, "A"), Some(2));
    assert_eq!(count(&memo, COUNT, "B"), Some(1));
    assert_eq!(
        count(&memo, ACTIVE, "A"),
        None,
        "it asks for more than a name"
    );

    let mark = memo.mark();
    write(&mut memo, &organization(8, "b", "A"), true);
    assert_eq!(count(&memo, COUNT, "A"), Some(3));
    memo.back_to(mark);
    assert_eq!(count(&memo, COUNT, "A"), None, "it was undone");

    counted(&mut memo);
    write(&mut memo, &organization(7, "a", "A"), true);
    write(&mut memo, &organization(7, "a", "B"), false);
    assert_eq!(count(&memo, COUNT, "A"), None, "it moved");
    assert_eq!(count(&memo, COUNT, "B"), None);
}

#[test]
fn of_what_somebody_else_wrote_only_that_is_forgotten() {
    let mut memo = Memo::default();
    memo.begin(1);
    let (one, other) = (organization(1, "a", "A"), organization(2, "b", "B"));
    keep(&mut memo, BY_NAME, &text("A"), &[&one]);
    keep(&mut memo, BY_NAME, &text("B"), &[&other]);
    keep(&mut memo, BY_HANDLE, &text("b"), &[&other]);
    let column = Organization::columns()
        .iter()
        .position(|name| *name == "name");
    let touch = Touch {
        table: Organization::NAME,
        row: Some(TouchedRow {
            key: one.key(),
            column: column.unwrap(),
            values: text("A"),
        }),
    };
    memo.forget(&touch);
    assert_eq!(single(&memo, &one.key()), Err("unknown"));
    assert_eq!(listed(&memo, BY_NAME, &text("A")), None);
    assert_eq!(single(&memo, &other.key()), Ok(other.clone()));
    assert_eq!(
        listed(&memo, BY_NAME, &text("B")),
        Some(vec![other.clone()])
    );
    assert_eq!(
        listed(&memo, BY_HANDLE, &text("b")),
        None,
        "it may have had that handle"
    );
    memo.forget(&Touch::of(Organization::NAME));
    assert_eq!(single(&memo, &other.key()), Err("unknown"));
}

/// Where it is not known what a row was, any row of its table may have changed.
#[test]
fn a_touch_says_whose_row_it_is_where_that_is_known() {
    let is: Vec<Value> = (0..37).map(Value::Int).collect();
    let was: Vec<Value> = (100..137).map(Value::Int).collect();
    let touched = |old| Touch::row::<Subscription>(&is[..1], &old, &is).row;
    assert_eq!(touched(Old::Unknown), None);
    // The fourth column is the customer.
    assert_eq!(touched(Old::Absent).unwrap().values, [Value::Int(3)]);
    let both = [Value::Int(3), Value::Int(103)];
    assert_eq!(touched(Old::Known(was)).unwrap().values, both);
    let any = Touch::row::<Organization>(&[], &Old::Absent, &is);
    assert_eq!(any.row, None, "they are not told apart");
}

/// What it is found by is what it was found by.
#[test]
fn a_touch_of_a_row_that_its_key_tells_apart_needs_no_row_before() {
    let (name, value) = ("orders".to_owned(), 7);
    let counter = Counter { name, value };
    let touch = Touch::row::<Counter>(&counter.key(), &Old::Unknown, &counter.values());
    let mut memo = Memo::default();
    memo.begin(1);
    let other = Counter {
        name: "invoices".to_owned(),
        value: 3,
    };
    for row in [&counter, &other] {
        memo.keep_row(&row.key(), Some(&Arc::new(row.clone())));
    }
    memo.forget(&touch);
    let is_known = |row: &Counter| matches!(memo.row::<Counter>(&row.key()), Look::Known(Some(_)));
    assert!(!is_known(&counter));
    assert!(is_known(&other));
}

#[test]
fn it_does_not_grow_without_end() {
    let mut memo = Memo::default();
    memo.begin(1);
    let size = |memo: &Memo| -> usize {
        let kept = memo.tables.values();
        kept.map(|kept| {
            let answers = kept.answers.values();
            kept.rows.len() + answers.map(|answers| answers.rows.len()).sum::<usize>()
        })
        .sum()
    };
    let counter = Counter {
        name: "orders".to_owned(),
        value: 1,
    };
    memo.keep_row(&counter.key(), Some(&Arc::new(counter.clone())));
    for number in 0..20_000 {
        let row = organization(number, &number.to_string(), "A");
        keep(&mut memo, BY_HANDLE, &text(&row.handle), &[&row]);
        write(&mut memo, &organization(number + 1_000_000, "z", "Z"), true);
        assert!(size(&memo) <= KEPT_MAX + 2);
    }
    let is_known = matches!(memo.row::<Counter>(&counter.key()), Look::Known(Some(_)));
    assert!(
        is_known,
        "what is asked of few rows is not what is forgotten"
    );
}

/// What a transaction writes would go to the server and come back if the same transaction pushed it out.
#[test]
fn a_transaction_keeps_what_it_writes() {
    let mut memo = Memo::default();
    for number in 0..4_096 {
        memo.begin(1);
        let row = organization(number, &number.to_string(), "A");
        write(&mut memo, &row, true);
        let other = organization(number + 1_000_000, "z", "Z");
        write(&mut memo, &other, true);
        assert_eq!(single(&memo, &row.key()), Ok(row));
        assert_eq!(single(&memo, &other.key()), Ok(other));
    }
}

/// What is written once and not looked at again is not kept; that it was written is known all the same.
#[test]
fn rows_that_nobody_looks_at_again_are_not_kept() {
    let mut memo = Memo::default();
    memo.begin(1);
    let due = Due {
        id: uuid::Uuid::from_u128(1),
        due: "2026-01-15T12:00:00Z".parse().unwrap(),
        kind: "renewal".to_owned(),
        subject: "a subscription".to_owned(),
        done: None,
        problem: None,
    };
    memo.keep_row::<Due>(&due.key(), None);
    memo.wrote(&due, &due.values(), due.key(), true);
    assert!(matches!(memo.row::<Due>(&due.key()), Look::Unknown));
    assert_eq!(memo.written(), [Touch::of(Due::NAME)]);
    assert_eq!(memo.kept, 1, "of that there was none");
}

/// A row with a file in it is not kept, and neither is what it was before.
#[test]
fn what_is_heavy_is_read_again() {
    let mut memo = Memo::default();
    let light = organization(1, "a", "one");
    memo.wrote(&light, &light.values(), light.key(), true);
    assert_eq!(single(&memo, &light.key()), Ok(light));
    let heavy = organization(1, "a", &"one".repeat(HEAVY));
    memo.wrote(&heavy, &heavy.values(), heavy.key(), false);
    assert_eq!(single(&memo, &heavy.key()), Err("unknown"));
}
