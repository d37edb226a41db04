//! How an IdP speaks: which calls it makes in which situation, and in which form. Data: the player speaks by it, the
//! pages tell it. Must not know any IdP.

/// How an IdP speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dialect {
    /// How its `User-Agent` begins; `None` where it is not known, empty where it sends none.
    pub user_agent: Option<&'static str>,
    /// The `Content-Type` of its bodies.
    pub content_type: &'static str,
    /// Its `Accept`; `None` where it is not known or none is sent.
    pub accept: Option<&'static str>,
    /// What the button "test connection" sends, in order: method, path and query below the SCIM endpoint. `{random}`
    /// stands for a name that nobody has.
    pub connection_test: &'static [&'static str],
    /// How a user is looked up before it is made or changed.
    pub find_user: Find,
    /// How a group is.
    pub find_group: Find,
    /// How changes of a user are written.
    pub update_user: Update,
    /// How a leaver is.
    pub deactivate: Deactivate,
    /// Whether and when users are deleted.
    pub delete_user: Removal,
    /// How groups are pushed; `None` where they are not.
    pub groups: Option<GroupPush>,
    /// `externalId` is sent for users.
    pub user_external_id: bool,
    /// Operations and booleans as it spells them.
    pub spelling: Spelling,
    /// It reads a resource back after it wrote.
    pub reads_back: bool,
    /// How many it asks for in one page of a list; `None`: it names no count.
    pub page: Option<u32>,
    /// How many requests it has under way at once, as far as known; 1: one after the other.
    pub parallel: u32,
    /// What a full cycle is, and how often: in words.
    pub full_cycle: &'static str,
    /// What an incremental cycle is, and how often: in words.
    pub incremental_cycle: &'static str,
    /// It keeps the ids that it was given. Where not, it looks up before each change.
    pub keeps_ids: bool,
    /// Other ways in which it speaks, where its administrator or the kind of its app decides: short name and how.
    pub variants: &'static [(&'static str, &'static Dialect)],
}

/// How something is looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Find {
    /// It is not.
    Never,
    /// By `attribute eq "…"`, in this order until one is found.
    By(&'static [&'static str]),
    /// By reading every page.
    List,
}

/// How changed attributes are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Update {
    /// PUT of the whole resource.
    Put,
    /// PATCH with one `replace` without path that holds the whole resource.
    PatchWhole,
    /// PATCH with one `replace` without path that holds what changed.
    PatchChanged,
    /// PATCH with an operation by path for each attribute that changed.
    PatchPaths,
}

/// How a leaver is deactivated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deactivate {
    /// PUT of the whole user with `active` false.
    Put,
    /// PATCH with a `replace` without path: `{"active": false}`.
    PatchWithoutPath,
    /// PATCH with a `replace` of the path `active`.
    PatchPath,
    /// DELETE: there is no deactivation.
    Delete,
}

/// Whether and when a user is deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removal {
    /// Never: a leaver stays, inactive.
    Never,
    /// At once, with or without a deactivation before.
    AtOnce,
    /// So many days after the deactivation.
    AfterDays(u32),
}

/// How groups are pushed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupPush {
    /// `externalId` is sent.
    pub external_id: bool,
    /// The POST has the members.
    pub created_with_members: bool,
    /// How somebody joins.
    pub add: MemberWrite,
    /// How somebody leaves.
    pub remove: MemberWrite,
    /// How the name is changed.
    pub rename: Update,
    /// A group that goes is deleted.
    pub deletes: bool,
    /// A group that is a member of another is sent as its member.
    pub nested: bool,
    /// A group is looked up and read back with `excludedAttributes=members`.
    pub reads_without_members: bool,
}

/// How memberships are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemberWrite {
    /// PATCH, one operation for all, with up to so many values in it: `{"op": "add", "path": "members", "value": […]}`.
    Values(u32),
    /// PATCH, one operation for each with the value in the path: `members[value eq "…"]`; up to so many in one request.
    Filters(u32),
    /// PATCH, one operation for each with a list of one; up to so many in one request.
    OneEach(u32),
    /// PATCH with a `replace` of all members.
    ReplaceAll,
    /// PUT of the whole group.
    Put,
}

/// How operations and booleans are spelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spelling {
    /// `replace`, `true`.
    Plain,
    /// `Replace`, `true`.
    CapitalOperations,
    /// `Replace`, `"True"`.
    CapitalText,
    /// `replace`, `"true"`.
    BooleanText,
}

impl Dialect {
    /// A client that does what RFC 7644 suggests and nothing else.
    pub const PLAIN: Self = Self {
        user_agent: None,
        content_type: "application/scim+json",
        accept: Some("application/scim+json"),
        connection_test: &["GET /Users?count=1"],
        find_user: Find::By(&["userName"]),
        find_group: Find::By(&["displayName"]),
        update_user: Update::PatchPaths,
        deactivate: Deactivate::PatchPath,
        delete_user: Removal::AtOnce,
        groups: Some(GroupPush {
            external_id: false,
            created_with_members: true,
            add: MemberWrite::Values(100),
            remove: MemberWrite::Filters(100),
            rename: Update::PatchPaths,
            deletes: true,
            nested: true,
            reads_without_members: false,
        }),
        user_external_id: true,
        spelling: Spelling::Plain,
        reads_back: false,
        page: Some(100),
        parallel: 1,
        full_cycle: "",
        incremental_cycle: "",
        keeps_ids: true,
        variants: &[],
    };
}
