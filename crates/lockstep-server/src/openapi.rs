//! The API as it is described: each operation once, beside its handler, and the words for it. The server reads the same
//! description: a parameter or field that is not in it is refused, so that the two cannot differ. Must not know a store.

pub mod document;
pub(crate) mod reference;
pub mod vocabulary;

use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::limits::{PAGE_DEFAULT, PAGE_LIMIT};
use document::Components;
use vocabulary::PageOrder;

/// What a client may ask at one address by one method.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its name, which is also that of its example.
    pub id: &'static str,
    /// Under which it is listed.
    pub tag: Tag,
    /// What it does, in a line.
    pub summary: &'static str,
    /// What there is to know besides.
    pub about: &'static str,
    /// The parameters in the query and among the headers. Those in the path stand in the route.
    pub parameters: &'static [Parameter],
    /// Whether it answers a part of a list, and so takes `PAGING` besides.
    pub paged: bool,
    /// What is sent, if anything.
    pub body: Option<Body>,
    /// What is answered where all is well.
    pub answer: Answer,
    /// What is answered otherwise, besides what may happen everywhere.
    pub errors: &'static [u16],
}

/// What is sent with a request.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    /// Its media type.
    pub media_type: &'static str,
    pub(crate) schema: Schema,
    fields: fn() -> Vec<String>,
}

/// What is answered where all is well.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// What it is, in words.
    pub about: &'static str,
    pub(crate) content: Content,
}

/// What an answer holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    Nothing,
    Json(Schema),
    /// A part of a list of these; `with` are further fields beside it.
    List {
        of: Schema,
        with: &'static [(&'static str, Schema)],
    },
    /// Text of this media type.
    Text(&'static str),
}

/// Says where a schema stands, and puts it there.
pub(crate) type Schema = fn(&mut Components) -> Value;

/// A parameter in the query or among the headers.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Whether it is a header; else it stands in the query.
    pub is_header: bool,
    /// Whether it may be there many times.
    pub many: bool,
    /// What it is for.
    pub about: &'static str,
    pub(crate) schema: Schema,
}

/// The parameters that every list knows.
pub(crate) const PAGING: [Parameter; 4] = [
    LIMIT,
    text(
        "before",
        "The part that ends before the thing with this id: `list_metadata.before`. With `after`: what stands between the two.",
    ),
    text("after", "The part that begins behind the thing with this id: `list_metadata.after`."),
    of::<PageOrder>(
        "order",
        "`desc`: the newest first, as without it; `asc`: the oldest first; `normal`: as `desc`, with `before` and \
         `after` in each other's place.",
    ),
];

/// By what a request is known that is sent again.
pub(crate) const IDEMPOTENCY_KEY: Parameter = text(
    "Idempotency-Key",
    "A name for this request that was never used before. Whoever did not see the answer sends the request again with the \
     same name, within 24 hours: it is answered as the first time, and nothing is made twice. Another request with the \
     same name is refused (422).",
)
.header();

/// How many things are wanted.
pub(crate) const LIMIT: Parameter = number(
    "limit",
    "How many are wanted at most.",
    |_| json!({ "type": "integer", "minimum": 1, "maximum": PAGE_LIMIT, "default": PAGE_DEFAULT }),
);

/// A parameter that is a number with bounds.
pub(crate) const fn number(name: &'static str, about: &'static str, schema: Schema) -> Parameter {
    Parameter { name, is_header: false, many: false, about, schema }
}

/// A parameter that is a text.
pub(crate) const fn text(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, is_header: false, many: false, about, schema: |_| json!({ "type": "string" }) }
}

/// A parameter that is a time.
pub(crate) const fn time(name: &'static str, about: &'static str) -> Parameter {
    Parameter {
        name,
        is_header: false,
        many: false,
        about,
        schema: |_| json!({ "type": "string", "format": "date-time" }),
    }
}

/// A parameter that is one of the words of `T`, or has its form.
pub(crate) const fn of<T: ToSchema>(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, is_header: false, many: false, about, schema: document::reference::<T> }
}

impl Parameter {
    /// The same, many times.
    pub(crate) const fn many(self) -> Self {
        Self { many: true, ..self }
    }

    /// The same as a header.
    pub(crate) const fn header(self) -> Self {
        Self { is_header: true, ..self }
    }
}

impl Operation {
    /// An operation that takes nothing and answers nothing yet.
    pub(crate) const fn new(id: &'static str, tag: Tag, summary: &'static str) -> Self {
        let answer = Answer { status: 204, about: "Done.", content: Content::Nothing };
        Self { id, tag, summary, about: "", parameters: &[], paged: false, body: None, answer, errors: &[] }
    }

    /// With what there is to know besides: sentences, with code between backticks.
    pub(crate) const fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// With these parameters; [`Operation::list`] adds those of lists.
    pub(crate) const fn parameters(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    /// With a body as JSON. Its fields are those that [`crate::api::fields::Fields`] lets pass.
    pub(crate) const fn body<T: ToSchema>(self) -> Self {
        self.sent::<T>("application/json")
    }

    /// With a form as its body.
    pub(crate) const fn form<T: ToSchema>(self) -> Self {
        self.sent::<T>("application/x-www-form-urlencoded")
    }

    const fn sent<T: ToSchema>(self, media_type: &'static str) -> Self {
        let body = Body { media_type, schema: document::reference::<T>, fields: document::fields::<T> };
        Self { body: Some(body), ..self }
    }

    /// Answers JSON.
    pub(crate) const fn answers<T: ToSchema>(self, status: u16, about: &'static str) -> Self {
        let content = Content::Json(document::reference::<T>);
        Self { answer: Answer { status, about, content }, ..self }
    }

    /// Answers a part of a list, and takes `limit`, `before`, `after` and `order`.
    pub(crate) const fn list<T: ToSchema>(self, about: &'static str) -> Self {
        self.list_with::<T>(about, &[])
    }

    /// The same, with further fields beside the list.
    pub(crate) const fn list_with<T: ToSchema>(
        self,
        about: &'static str,
        with: &'static [(&'static str, Schema)],
    ) -> Self {
        Self { paged: true, ..self.all::<T>(about, with) }
    }

    /// Answers a list, with further fields beside it.
    pub(crate) const fn all<T: ToSchema>(
        self,
        about: &'static str,
        with: &'static [(&'static str, Schema)],
    ) -> Self {
        let content = Content::List { of: document::reference::<T>, with };
        Self { answer: Answer { status: 200, about, content }, ..self }
    }

    /// Answers without a body.
    pub(crate) const fn nothing(self, status: u16, about: &'static str) -> Self {
        Self { answer: Answer { status, about, content: Content::Nothing }, ..self }
    }

    /// Answers with a text.
    pub(crate) const fn shows(self, media_type: &'static str, about: &'static str) -> Self {
        Self { answer: Answer { status: 200, about, content: Content::Text(media_type) }, ..self }
    }

    /// May be answered with these statuses, besides those that may happen everywhere.
    pub(crate) const fn errors(self, errors: &'static [u16]) -> Self {
        Self { errors, ..self }
    }

    /// All parameters but those in the path.
    pub fn all_parameters(&self) -> impl Iterator<Item = &'static Parameter> {
        let paging: &[Parameter] = if self.paged { &PAGING } else { &[] };
        paging.iter().chain(self.parameters)
    }

    /// The names of the parameters in its query.
    pub(crate) fn query_names(&self) -> Vec<&'static str> {
        self.all_parameters()
            .filter(|parameter| !parameter.is_header)
            .map(|parameter| parameter.name)
            .collect()
    }

    /// The names of the fields of its body.
    pub(crate) fn field_names(&self) -> Vec<String> {
        self.body.map(|body| (body.fields)()).unwrap_or_default()
    }
}

/// What operations are about: the sections of the reference, in its order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Tag {
    /// The customers of the application.
    Organizations,
    /// Their domains.
    Domains,
    /// By what applications are known.
    ApiKeys,
    /// Their directories.
    Directories,
    /// How an IdP is known by a bearer token.
    Tokens,
    /// How an IdP is known otherwise.
    OAuthClients,
    /// What a directory's resources may hold besides.
    Schemas,
    /// Who an IdP told of.
    Users,
    /// Which groups.
    Groups,
    /// What applications read of users.
    Mapping,
    /// What changed.
    Events,
    /// What an IdP sent.
    Requests,
    /// Where OAuth clients get tokens.
    OAuth,
    /// What anybody may read.
    Server,
}

impl Tag {
    /// All of them, in their order.
    pub const ALL: [Self; 14] = [
        Self::Organizations,
        Self::Domains,
        Self::ApiKeys,
        Self::Directories,
        Self::Tokens,
        Self::OAuthClients,
        Self::Schemas,
        Self::Users,
        Self::Groups,
        Self::Mapping,
        Self::Events,
        Self::Requests,
        Self::OAuth,
        Self::Server,
    ];

    /// Its anchor in the reference.
    pub(crate) fn anchor(self) -> &'static str {
        match self {
            Self::Organizations => "organizations",
            Self::Domains => "domains",
            Self::ApiKeys => "api-keys",
            Self::Directories => "directories",
            Self::Tokens => "tokens",
            Self::OAuthClients => "oauth-clients",
            Self::Schemas => "schemas",
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Mapping => "mapping",
            Self::Events => "events",
            Self::Requests => "requests",
            Self::OAuth => "oauth",
            Self::Server => "server",
        }
    }

    /// Its name, and what there is to know of it.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Organizations => ("Organizations", "The customers of the application."),
            Self::Domains => (
                "Domains",
                "The domains of organizations. Whether one is an organization's the application says: no DNS is asked.",
            ),
            Self::ApiKeys => (
                "API keys",
                "By what applications are known to this server. A key makes, sees and reaches no key that may do more \
                 than itself.",
            ),
            Self::Directories => (
                "Directories",
                "A directory is the connection of one identity provider (IdP) to one organization: it has an endpoint and \
                 a bearer token that the IdP's administrator enters there.",
            ),
            Self::Tokens => (
                "Bearer tokens",
                "By what a directory's IdP is known. Several may live at once, so that one can be replaced without a \
                 pause.",
            ),
            Self::OAuthClients => {
                ("OAuth clients", "How an IdP may be known that does not hold a bearer token.")
            }
            Self::Schemas => (
                "Schemas",
                "The schemas that a directory has of its own, by which its users and groups are extended. Standard ones \
                 are not among them.",
            ),
            Self::Users => ("Users", "Who an IdP has told of."),
            Self::Groups => ("Groups", "The groups that an IdP has told of."),
            Self::Mapping => (
                "Attributes and roles",
                "What applications read of a directory's users besides the published fields: attributes by name, from any \
                 path of what the IdP sends, and roles by groups.",
            ),
            Self::Events => (
                "Events",
                "What changed, in the order in which it changed. Whoever keeps the id of the last event that was \
                 handled, and asks for what comes `after` it, sees every event once.",
            ),
            Self::Requests => (
                "Request records",
                "What a directory's IdP sent, what was made of it, and what it was answered.",
            ),
            Self::OAuth => ("OAuth", "Where OAuth clients of directories get tokens (RFC 6749 §4.4)."),
            Self::Server => ("The server", "What anybody may read. It says nothing of anybody's."),
        }
    }
}
