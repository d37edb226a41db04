//! The bounds on what one command may do at once. What one request may hold is bounded by `lockstep_scim::Limits`.

/// How many memberships one step ends, and so the most that the deletion of a group ends at once.
pub const STEP_LIMIT: usize = 1_000;
/// How much the operations of one step of a bulk request may weigh, by `Command::weight`, before it ends; whatever they
/// tell, it ends with [`STEP_LIMIT`] events.
pub const BULK_STEP_WEIGHT_LIMIT: usize = 5 * STEP_LIMIT;
/// Bytes of the texts and names of a user or group, its members not counted (400 tooMany). Many small requests must not
/// grow what every later one has to read, tell and hold.
pub const RESOURCE_BYTES_LIMIT: usize = 1024 * 1024;
/// Bytes of the resources that one step of a bulk request leaves, before it ends: each of its events holds one whole.
pub const BULK_STEP_BYTES_LIMIT: usize = 16 * RESOURCE_BYTES_LIMIT;
/// How often one PATCH may compare with each member of a group (400 tooMany): each filter other than by `value` looks at
/// all of them, however many there are.
pub const MEMBER_COMPARISONS_LIMIT: usize = 8;
/// Bytes of the name of the header in which an IdP sends its bearer token.
pub const CREDENTIAL_HEADER_BYTES_LIMIT: usize = 64;
/// How many resources one step looks at to make them follow a change of schemas.
pub const SWEEP_STEP_LIMIT: usize = 200;
/// Schemas that a directory may have of its own (409).
pub const SCHEMAS_LIMIT: usize = 32;
/// Bytes of all of them, written as JSON (409).
pub const SCHEMAS_BYTES_LIMIT: usize = 256 * 1024;
/// For how many minutes after it was made a directory takes another contract by itself though there is somebody in it.
pub const FIRST_MINUTES: i64 = 10;
/// Removed schemas whose URNs are remembered as removed; beyond, the oldest is forgotten.
pub const RETIRED_SCHEMAS_LIMIT: usize = 256;
/// How many attributes a note names.
pub const NAMES_SHOWN_LIMIT: usize = 20;
/// Attributes that an organization, or a directory, may map.
pub const MAPPED_ATTRIBUTES_LIMIT: usize = 100;
/// Bytes of the name of a mapped attribute, and of a role's slug.
pub const MAPPED_NAME_BYTES_LIMIT: usize = 64;
/// Bytes of the path of a mapped attribute.
pub const MAPPED_PATH_BYTES_LIMIT: usize = 512;
/// Comparisons in the filter of such a path: each is made with every value, of every user that is written.
pub const MAPPED_PATH_TERMS_LIMIT: usize = 8;
/// Bytes that the mapped attributes of one user take: several may be of the same values. What is beyond is left out.
pub const PROJECTION_BYTES_LIMIT: usize = 256 * 1024;
/// Roles of a directory's mapping.
pub const MAPPED_ROLES_LIMIT: usize = 100;
/// Groups that give a role, of all the roles of a directory's mapping.
pub const MAPPED_ROLE_GROUPS_LIMIT: usize = 1_000;
/// Paths that a look at what users hold tells of.
pub const SEEN_PATHS_LIMIT: usize = 500;
/// Values that it shows of each for example.
pub const SEEN_EXAMPLES_LIMIT: usize = 5;
/// Characters of each.
pub const SEEN_TEXT_CHARS_LIMIT: usize = 100;
