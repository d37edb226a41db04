//! The quirks, in the order of the contract files.

use crate::quirk::Quirk;

pub(super) static QUIRKS: &[Quirk] = &[];
