//! The promises of a store as cases that every backend runs.
