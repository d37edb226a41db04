//! The program as a user meets it: a real process, killed, stopped, and started on what it cannot use.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod backup;
mod command_line;
mod crash;
mod dev;
mod doctor;
mod guide;
mod keys;
mod operate;
mod pipe;
mod process;
mod race;
mod requests;
mod start;
mod tail;
mod tls;
