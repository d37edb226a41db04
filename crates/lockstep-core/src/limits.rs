//! The bounds on what one command may do at once. What one request may hold is bounded by `lockstep_scim::Limits`.

/// How many memberships one step ends, and so the most that the deletion of a group ends at once.
pub const STEP_LIMIT: usize = 1_000;
/// How often one PATCH may compare with each member of a group: each filter other than by `value` looks at all of
/// them, however many there are.
pub const MEMBER_COMPARISONS_LIMIT: usize = 8;
