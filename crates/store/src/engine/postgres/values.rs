//! Values on their way to PostgreSQL and back, in its binary form.

use std::fmt;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::value::{BadValue, Kind, Seen, Value};

pub(super) const fn list_of(kind: Kind) -> Type {
    match kind {
        Kind::Id => Type::UUID_ARRAY,
        Kind::Text => Type::TEXT_ARRAY,
        Kind::Int => Type::INT8_ARRAY,
        Kind::Bool => Type::BOOL_ARRAY,
        Kind::Instant => Type::TIMESTAMPTZ_ARRAY,
        Kind::Day => Type::DATE_ARRAY,
        Kind::Json => Type::JSONB_ARRAY,
        Kind::Bytes => Type::BYTEA_ARRAY,
    }
}

pub(super) const fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Id => Type::UUID,
        Kind::Text => Type::TEXT,
        Kind::Int => Type::INT8,
        Kind::Bool => Type::BOOL,
        Kind::Instant => Type::TIMESTAMPTZ,
        Kind::Day => Type::DATE,
        Kind::Json => Type::JSONB,
        Kind::Bytes => Type::BYTEA,
    }
}

fn kind_of(ty: &Type) -> Option<Kind> {
    match *ty {
        Type::UUID => Some(Kind::Id),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN => Some(Kind::Text),
        Type::INT8 | Type::INT4 | Type::INT2 => Some(Kind::Int),
        Type::BOOL => Some(Kind::Bool),
        Type::TIMESTAMPTZ => Some(Kind::Instant),
        Type::DATE => Some(Kind::Day),
        Type::JSONB | Type::JSON => Some(Kind::Json),
        Type::BYTEA => Some(Kind::Bytes),
        _ => None,
    }
}

/// PostgreSQL counts from 2000-01-01, we from 1970-01-01.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const EPOCH_DAY: jiff::civil::Date = jiff::civil::date(2000, 1, 1);

type Unreadable = Box<dyn std::error::Error + Sync + Send>;

/// A value on its way into a parameter. Drivers log parameters: it never shows what it is.
pub(super) struct Param<'a>(pub(super) &'a Value);

impl fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind().as_str())
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, _ty: &Type, out: &mut BytesMut) -> Result<IsNull, Unreadable> {
        match self.0 {
            Value::Null(_) => return Ok(IsNull::Yes),
            Value::Id(id) => out.extend_from_slice(id.as_bytes()),
            Value::Text(text) => out.extend_from_slice(text.as_bytes()),
            Value::Int(number) => out.extend_from_slice(&number.to_be_bytes()),
            Value::Bool(yes) => out.extend_from_slice(&[u8::from(*yes)]),
            Value::Instant(at) => {
                let micros = at.as_micros().saturating_sub(EPOCH_MICROS);
                out.extend_from_slice(&micros.to_be_bytes());
            }
            Value::Day(day) => out.extend_from_slice(&(*day - EPOCH_DAY).get_days().to_be_bytes()),
            Value::Json(text) => {
                // The version of the binary form of `jsonb`.
                out.extend_from_slice(&[1]);
                out.extend_from_slice(text.as_bytes());
            }
            Value::Bytes(bytes) => out.extend_from_slice(bytes),
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        kind_of(ty).is_some()
    }

    to_sql_checked!();
}

/// A value out of a column.
struct Fetched<'a>(Seen<'a>);

impl<'a> FromSql<'a> for Fetched<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Unreadable> {
        let text = || std::str::from_utf8(raw);
        Ok(Self(match *ty {
            Type::UUID => Seen::Id(uuid::Uuid::from_slice(raw)?),
            Type::INT8 => Seen::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Seen::Int(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Seen::Int(i16::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Seen::Bool(raw != [0]),
            Type::TIMESTAMPTZ => Seen::Instant(instant(i64::from_be_bytes(raw.try_into()?))?),
            Type::DATE => Seen::Day(day(i32::from_be_bytes(raw.try_into()?))?),
            Type::JSONB => {
                let json = raw.strip_prefix(&[1]).ok_or("an unknown form of jsonb")?;
                Seen::Json(std::str::from_utf8(json)?)
            }
            Type::JSON => Seen::Json(text()?),
            Type::BYTEA => Seen::Bytes(raw),
            _ => Seen::Text(text()?),
        }))
    }

    fn accepts(ty: &Type) -> bool {
        kind_of(ty).is_some()
    }
}

fn instant(micros: i64) -> Result<tierline_domain::time::Timestamp, Unreadable> {
    let micros = micros.checked_add(EPOCH_MICROS).ok_or("no instant")?;
    Ok(tierline_domain::time::Timestamp::from_micros(micros)?)
}

fn day(days: i32) -> Result<jiff::civil::Date, Unreadable> {
    Ok(EPOCH_DAY.checked_add(jiff::Span::new().try_days(days)?)?)
}

/// A column of a row, in which this kind of value is expected.
pub(in crate::engine) fn seen(
    row: &tokio_postgres::Row,
    index: usize,
    kind: Kind,
) -> Result<Seen<'_>, BadValue> {
    match row.try_get::<_, Option<Fetched<'_>>>(index) {
        Ok(Some(Fetched(value))) => Ok(value),
        Ok(None) => Ok(Seen::Null),
        Err(error) => Err(BadValue::new(kind.as_str(), &error.to_string())),
    }
}

/// One parameter of many questions, as a list.
pub(super) struct Column<'a> {
    /// What the parameter is.
    pub(super) kind: Kind,
    /// Its place among those of a question.
    pub(super) place: usize,
    /// The parameters of each question.
    pub(super) questions: &'a [&'a [Value]],
}

impl fmt::Debug for Column<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.questions.len(), self.kind.as_str())
    }
}

impl ToSql for Column<'_> {
    fn to_sql(&self, _ty: &Type, out: &mut BytesMut) -> Result<IsNull, Unreadable> {
        let element = type_of(self.kind);
        let absent = Value::Null(self.kind);
        let values = self
            .questions
            .iter()
            .map(|params| params.get(self.place).unwrap_or(&absent));
        let nulls = values.clone().any(|value| matches!(value, Value::Null(_)));
        list(out, &element, self.questions.len(), nulls)?;
        for value in values {
            sized(out, |out| Param(value).to_sql(&element, out))?;
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), tokio_postgres::types::Kind::Array(_))
    }

    to_sql_checked!();
}

/// A column of a table: its type, and where its value stands in the rows that are written, where it does.
pub(super) type Placed = (Type, Option<usize>);

/// Many rows of a table, as one list of the table's own type.
pub(super) struct Rows<'a> {
    /// All columns of the table, in its order.
    pub(super) columns: &'a [Placed],
    /// The rows.
    pub(super) rows: &'a [Vec<Value>],
}

impl fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows", self.rows.len())
    }
}

impl ToSql for Rows<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Unreadable> {
        let tokio_postgres::types::Kind::Array(row) = ty.kind() else {
            return Err("no list".into());
        };
        list(out, row, self.rows.len(), false)?;
        let count = i32::try_from(self.columns.len())?;
        for values in self.rows {
            sized(out, |out| {
                out.extend_from_slice(&count.to_be_bytes());
                for (ty, place) in self.columns {
                    out.extend_from_slice(&ty.oid().to_be_bytes());
                    let value = place.and_then(|place| values.get(place));
                    sized(out, |out| match value {
                        Some(value) => Param(value).to_sql(ty, out),
                        None => Ok(IsNull::Yes),
                    })?;
                }
                Ok(IsNull::No)
            })?;
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), tokio_postgres::types::Kind::Array(_))
    }

    to_sql_checked!();
}

/// The head of a list: one dimension, whether there are nulls, what the elements are, how many, numbered from one.
fn list(out: &mut BytesMut, element: &Type, len: usize, nulls: bool) -> Result<(), Unreadable> {
    out.extend_from_slice(&1_i32.to_be_bytes());
    out.extend_from_slice(&i32::from(nulls).to_be_bytes());
    out.extend_from_slice(&element.oid().to_be_bytes());
    out.extend_from_slice(&i32::try_from(len)?.to_be_bytes());
    out.extend_from_slice(&1_i32.to_be_bytes());
    Ok(())
}

/// What is written, behind its length; a length of -1 says that there is nothing.
fn sized(
    out: &mut BytesMut,
    write: impl FnOnce(&mut BytesMut) -> Result<IsNull, Unreadable>,
) -> Result<(), Unreadable> {
    let at = out.len();
    out.extend_from_slice(&(-1_i32).to_be_bytes());
    if let IsNull::No = write(out)? {
        let length = out.len().saturating_sub(at).saturating_sub(4);
        if let Some(head) = out.get_mut(at..at.saturating_add(4)) {
            head.copy_from_slice(&i32::try_from(length)?.to_be_bytes());
        }
    }
    Ok(())
}
