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

/// One column of many rows, as a list.
pub(super) struct Column<'a> {
    /// What the column holds.
    pub(super) kind: Kind,
    /// Its place in a row.
    pub(super) place: usize,
    /// The rows.
    pub(super) rows: &'a [Vec<Value>],
}

impl fmt::Debug for Column<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.rows.len(), self.kind.as_str())
    }
}

impl ToSql for Column<'_> {
    fn to_sql(&self, _ty: &Type, out: &mut BytesMut) -> Result<IsNull, Unreadable> {
        let element = type_of(self.kind);
        let count = i32::try_from(self.rows.len())?;
        let absent = Value::Null(self.kind);
        let nulls = self
            .rows
            .iter()
            .any(|row| matches!(row.get(self.place), Some(Value::Null(_)) | None));
        // One dimension, whether there are nulls, what the elements are, how many, numbered from one.
        out.extend_from_slice(&1_i32.to_be_bytes());
        out.extend_from_slice(&i32::from(nulls).to_be_bytes());
        out.extend_from_slice(&element.oid().to_be_bytes());
        out.extend_from_slice(&count.to_be_bytes());
        out.extend_from_slice(&1_i32.to_be_bytes());
        for row in self.rows {
            let at = out.len();
            out.extend_from_slice(&(-1_i32).to_be_bytes());
            if let IsNull::No =
                Param(row.get(self.place).unwrap_or(&absent)).to_sql(&element, out)?
            {
                let length = out.len().saturating_sub(at).saturating_sub(4);
                if let Some(head) = out.get_mut(at..at.saturating_add(4)) {
                    head.copy_from_slice(&i32::try_from(length)?.to_be_bytes());
                }
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), tokio_postgres::types::Kind::Array(_))
    }

    to_sql_checked!();
}
