//! The contracts against the real server in process.

mod contracts;
mod needed;
