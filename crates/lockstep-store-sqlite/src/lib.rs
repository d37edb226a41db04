#![doc = include_str!("../README.md")]

mod blocks;
mod clients;
mod codec;
mod directories;
mod error;
mod events;
mod file;
mod groups;
mod lane;
mod mappings;
mod migrate;
mod place;
mod queue;
mod readers;
mod requests;
mod snapshot;
mod statement;
mod store;
#[cfg(test)]
mod tests;
mod times;
mod tokens;
mod users;
mod waiting;
mod work;

pub use place::{Place, make_single};
pub use requests::SqliteRequests;
pub use snapshot::{Copied, LogEnd, Snapshot, Standing};
pub use store::{Options, Sqlite};
