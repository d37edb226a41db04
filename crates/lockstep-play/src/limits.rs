//! Bounds of what is taken from servers that are not ours.

/// The body of one answer. A list of a thousand users with many attributes is a few megabytes.
pub const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;
