#![doc = include_str!("../README.md")]

pub mod api;
pub mod auth;
mod base64url;
pub mod body;
mod catalog;
pub mod keys;
pub mod limits;
pub mod oauth;
mod once;
pub mod openapi;
pub mod outbound;
mod pages;
mod path;
pub mod problem;
mod rate;
mod recognition;
pub mod requests;
pub mod routes;
mod scans;
pub mod scim;
pub mod state;
mod telemetry;
pub mod trail;
pub mod worker;
