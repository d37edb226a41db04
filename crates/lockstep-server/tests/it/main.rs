//! The server in process, by what applications and IdPs see of it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test does not find must fail it")]

mod api_keys;
mod attributes;
mod authz;
mod catalogue;
mod directories;
mod events;
mod groups;
mod log;
mod mappings;
mod oauth;
mod openapi;
mod organizations;
mod pages;
mod protocol;
mod published;
mod recognition;
mod requests;
mod retries;
mod sdk;
mod surface;
mod tokens;
mod users;
mod work;
