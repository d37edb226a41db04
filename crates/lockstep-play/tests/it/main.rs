//! The contracts against the real server in process.

#![expect(clippy::expect_used, reason = "a test that finds nothing where something must be has failed")]

mod check;
mod contracts;
mod needed;
mod recognized;
mod rules;
mod stories;
