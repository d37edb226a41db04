#![doc = include_str!("../README.md")]
#![expect(clippy::expect_used, reason = "what a test expects and does not find must fail the test")]

mod answer;
mod app;
mod client;
pub mod described;
mod signer;

pub use answer::Answer;
pub use app::{CLOCK_START, TestApp};
pub use client::ScimClient;
pub use lockstep_store_sqlite::Sqlite;
pub use signer::Signer;
