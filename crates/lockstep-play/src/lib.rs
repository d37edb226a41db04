#![doc = include_str!("../README.md")]
// The front page. Must not know: a server's inside, a database, how a terminal is painted.

pub mod check;
pub mod company;
pub mod contract;
mod embedded;
pub mod fact;
pub mod idp;
pub mod limits;
pub mod need;
pub mod parse;
pub mod run;
pub mod speech;
pub mod story;
pub mod target;

pub use contract::{Contract, Expectation, Given, Step};
pub use embedded::{contracts, files, story};
pub use parse::{ParseError, parse};
pub use run::{Played, Progress, Runner, StepResult, Verdict};
pub use target::{Anonymous, HttpTarget, Target, basic};
