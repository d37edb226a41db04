//! How values of the domain stand in columns. Engine differences live here and nowhere else.

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{DirectoryNumber, LocalId};
use lockstep_core::written::Written;
use lockstep_scim::Object;
use lockstep_store::{StoreError, Walk};
use rusqlite::Row;
use serde_json::Value;

use crate::error::{Error, Result};

/// The number of an event, or a count.
pub(crate) fn int(value: u64) -> Result<i64> {
    i64::try_from(value)
        .map_err(|_| Error::Store(StoreError::Fault(format!("{value} is too great to be stored"))))
}

/// An id of 64 bits as SQLite's signed number in the same order: the upper bit turned, so that 0 is the lowest.
/// (Ids begin with their time, and from 2039 on that reaches the upper bit.)
pub(crate) fn id(value: LocalId) -> i64 {
    (value.0 ^ (1 << 63)).cast_signed()
}

/// Ids as a JSON array, for `json_each`.
pub(crate) fn id_list(ids: impl IntoIterator<Item = LocalId>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|local| id(local).to_string()).collect();
    format!("[{}]", ids.join(","))
}

pub(crate) fn number(value: DirectoryNumber) -> i64 {
    i64::from(value.0)
}

/// 128 bits, the highest first: sorts as the number does.
pub(crate) fn wide(value: u128) -> [u8; 16] {
    value.to_be_bytes()
}

pub(crate) fn wide_as_hex(value: u128) -> String {
    format!("{value:032x}")
}

pub(crate) fn doc(value: &Object) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Store(StoreError::Fault(error.to_string())))
}

/// `id > ? AND id < ?` of a walk along ids. Invariant: neither the lowest nor the highest id is ever given out.
pub(crate) fn bounds(walk: &Walk<LocalId>) -> (i64, i64) {
    (walk.above.map_or(i64::MIN, id), walk.below.map_or(i64::MAX, id))
}

/// `id > ? AND id < ?` of a walk along wide ids: where there is no end, less or greater than all of 16 bytes.
pub(crate) fn wide_bounds(above: Option<u128>, below: Option<u128>) -> (Vec<u8>, Vec<u8>) {
    (
        above.map_or_else(Vec::new, |id| wide(id).to_vec()),
        below.map_or_else(|| vec![0xff; 17], |id| wide(id).to_vec()),
    )
}

/// `LIMIT ?`.
pub(crate) fn limit(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn uint(row: &Row<'_>, column: usize) -> Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| Error::Content(format!("column {column} holds a negative number")))
}

pub(crate) fn optional_uint(row: &Row<'_>, column: usize) -> Result<Option<u64>> {
    match row.get::<_, Option<i64>>(column)? {
        None => Ok(None),
        Some(_) => uint(row, column).map(Some),
    }
}

pub(crate) fn local_id(row: &Row<'_>, column: usize) -> Result<LocalId> {
    Ok(LocalId(row.get::<_, i64>(column)?.cast_unsigned() ^ (1 << 63)))
}

pub(crate) fn optional_local_id(row: &Row<'_>, column: usize) -> Result<Option<LocalId>> {
    match row.get::<_, Option<i64>>(column)? {
        None => Ok(None),
        Some(_) => local_id(row, column).map(Some),
    }
}

pub(crate) fn timestamp(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    Ok(Timestamp(row.get(column)?))
}

pub(crate) fn directory_number(row: &Row<'_>, column: usize) -> Result<DirectoryNumber> {
    let value = uint(row, column)?;
    u32::try_from(value)
        .map(DirectoryNumber)
        .map_err(|_| Error::Content(format!("column {column} holds no directory's number")))
}

pub(crate) fn optional_timestamp(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

pub(crate) fn read_wide(row: &Row<'_>, column: usize) -> Result<u128> {
    Ok(u128::from_be_bytes(row.get(column)?))
}

/// A JSON object as it is written.
pub(crate) fn read_written(row: &Row<'_>, column: usize) -> Result<Written> {
    let text = row.get_ref(column)?.as_str().map_err(|error| Error::Content(error.to_string()))?;
    Written::parse(text).map_err(|why| Error::Content(format!("column {column} holds no JSON object: {why}")))
}

pub(crate) fn read_doc(row: &Row<'_>, column: usize) -> Result<Object> {
    let text = row.get_ref(column)?.as_str().map_err(|error| Error::Content(error.to_string()))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Error::Content(format!("column {column} holds no JSON object"))),
    }
}
