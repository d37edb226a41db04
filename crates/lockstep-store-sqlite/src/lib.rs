#![doc = include_str!("../README.md")]

mod blocks;
mod clients;
mod codec;
mod directories;
mod entries;
mod error;
mod events;
mod file;
mod groups;
mod keys;
mod lane;
mod mappings;
mod migrate;
mod organizations;
mod place;
mod queue;
mod readers;
mod receipts;
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
