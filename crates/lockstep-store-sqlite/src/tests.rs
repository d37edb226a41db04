//! Promises that are only SQLite's.
