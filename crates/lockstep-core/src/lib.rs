#![doc = include_str!("../README.md")]

pub mod batch;
pub mod clock;
pub mod command;
pub mod event;
pub mod id;
pub mod limits;
pub mod model;
pub mod plan;
pub mod query;
pub mod replay;
pub mod rules;
pub mod scope;
pub mod settings;
pub mod verify;
pub mod version;
pub mod view;
