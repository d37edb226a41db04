//! The program as a user meets it: a real process, killed, stopped, and started on what it cannot use.

mod crash;
mod process;
mod start;
