//! Running statements: each is a `const` text, prepared once a connection and kept. And paging, which is one
//! statement in two directions.

use rusqlite::{Connection, OptionalExtension, Params, Row};

use crate::error::{Error, Result};

/// A statement that lists by key, in both directions.
#[derive(Clone, Copy)]
pub(crate) struct Paged {
    pub(crate) ascending: &'static str,
    pub(crate) descending: &'static str,
}

impl Paged {
    pub(crate) fn towards(self, descending: bool) -> &'static str {
        if descending { self.descending } else { self.ascending }
    }
}

/// Makes a [`Paged`] of a statement up to its `ORDER BY`, the key, and what follows the direction.
macro_rules! paged {
    ($text:expr, $key:literal, $rest:literal) => {
        $crate::statement::Paged {
            ascending: concat!($text, " ORDER BY ", $key, " ASC ", $rest),
            descending: concat!($text, " ORDER BY ", $key, " DESC ", $rest),
        }
    };
}
pub(crate) use paged;

pub(crate) fn execute(connection: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}

/// The first row, if there is one.
pub(crate) fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row(params, |row| Ok(read(row))).optional()?;
    found.transpose()
}

/// All rows.
pub(crate) fn many<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// What is done between `BEGIN` and `COMMIT` of a reader sees one state.
pub(crate) fn consistently<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    execute(connection, "BEGIN", [])?;
    let found = read(connection);
    match execute(connection, "COMMIT", []) {
        Ok(_) => found,
        Err(error) => found.and(Err::<T, Error>(error)),
    }
}
