//! What there is below a directory's SCIM endpoint (RFC 7644 §3.2), on one screen.

use lockstep_core::id::{DirectoryNumber, GroupId, LocalId, UserId};
use lockstep_core::query::Kind;
use lockstep_core::scope::Access;

/// A discovery document (RFC 7644 §4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Document {
    ServiceProviderConfig,
    ResourceTypes,
    ResourceType(String),
    Schemas,
    Schema(String),
}

/// What a search is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Types {
    /// All resource types (RFC 7644 §3.4.2.1).
    All,
    /// One.
    One(Kind),
}

/// One thing that can be asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Endpoint {
    Discovery(Document),
    List(Types),
    Search(Types),
    Read(Kind, String),
    Create(Kind),
    Replace(Kind, String),
    Patch(Kind, String),
    Delete(Kind, String),
    /// Many writes (RFC 7644 §3.7).
    Bulk,
}

/// How each endpoint is called. `tests/it/authz.rs` has a case for each.
pub const TEMPLATES: [&str; 22] = [
    "GET /ServiceProviderConfig",
    "GET /ResourceTypes",
    "GET /ResourceTypes/{name}",
    "GET /Schemas",
    "GET /Schemas/{urn}",
    "GET /",
    "POST /.search",
    "GET /Users",
    "POST /Users",
    "POST /Users/.search",
    "GET /Users/{id}",
    "PUT /Users/{id}",
    "PATCH /Users/{id}",
    "DELETE /Users/{id}",
    "GET /Groups",
    "POST /Groups",
    "POST /Groups/.search",
    "GET /Groups/{id}",
    "PUT /Groups/{id}",
    "PATCH /Groups/{id}",
    "DELETE /Groups/{id}",
    "POST /Bulk",
];

/// Why nothing can be asked there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoEndpoint {
    /// 404.
    Nothing,
    /// 404; SCIM 1.1 had it there, and 2.0 has it here.
    Moved(&'static str),
    /// 405; these methods are known there.
    Method(&'static str),
    /// 501.
    NotImplemented(&'static str),
}

impl Endpoint {
    /// The endpoint that a method and a path name.
    pub(crate) fn find(method: &str, path: &str) -> Result<Self, NoEndpoint> {
        let parts: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        let kind = |name: &str| match name {
            _ if name.eq_ignore_ascii_case("Users") => Some(Kind::User),
            _ if name.eq_ignore_ascii_case("Groups") => Some(Kind::Group),
            _ => None,
        };
        match (method, parts.as_slice()) {
            // RFC 7644 §3.4.2.1.
            ("GET", [""]) => Ok(Self::List(Types::All)),
            ("GET", ["ServiceProviderConfig"]) => Ok(Self::Discovery(Document::ServiceProviderConfig)),
            ("GET", ["ResourceTypes"]) => Ok(Self::Discovery(Document::ResourceTypes)),
            ("GET", ["ResourceTypes", name]) => {
                Ok(Self::Discovery(Document::ResourceType((*name).to_owned())))
            }
            ("GET", ["Schemas"]) => Ok(Self::Discovery(Document::Schemas)),
            ("GET", ["Schemas", urn]) => Ok(Self::Discovery(Document::Schema((*urn).to_owned()))),
            (
                _,
                ["" | "ServiceProviderConfig" | "ResourceTypes" | "Schemas"]
                | ["ResourceTypes" | "Schemas", _],
            ) => Err(NoEndpoint::Method("GET, HEAD")),
            (_, ["ServiceProviderConfigs"]) => Err(NoEndpoint::Moved("/ServiceProviderConfig")),
            // RFC 7644 §3.11: an alias that needs a person behind the token.
            (_, ["Me", ..]) => {
                Err(NoEndpoint::NotImplemented("/Me is not supported: a bearer token is a machine's"))
            }
            ("POST", ["Bulk"]) => Ok(Self::Bulk),

            // RFC 7644 §3.4.3.
            ("POST", [".search"]) => Ok(Self::Search(Types::All)),
            (_, ["Bulk" | ".search"]) => Err(NoEndpoint::Method("POST")),
            (_, [name, ".search"]) => match (method, kind(name)) {
                ("POST", Some(kind)) => Ok(Self::Search(Types::One(kind))),
                (_, Some(_)) => Err(NoEndpoint::Method("POST")),
                (_, None) => Err(NoEndpoint::Nothing),
            },
            (_, [name]) => match (method, kind(name)) {
                ("GET", Some(kind)) => Ok(Self::List(Types::One(kind))),
                ("POST", Some(kind)) => Ok(Self::Create(kind)),
                (_, Some(_)) => Err(NoEndpoint::Method("GET, HEAD, POST")),
                (_, None) => Err(NoEndpoint::Nothing),
            },
            (_, [name, id]) if !id.is_empty() => match (method, kind(name)) {
                ("GET", Some(kind)) => Ok(Self::Read(kind, (*id).to_owned())),
                ("PUT", Some(kind)) => Ok(Self::Replace(kind, (*id).to_owned())),
                ("PATCH", Some(kind)) => Ok(Self::Patch(kind, (*id).to_owned())),
                ("DELETE", Some(kind)) => Ok(Self::Delete(kind, (*id).to_owned())),
                (_, Some(_)) => Err(NoEndpoint::Method("GET, HEAD, PUT, PATCH, DELETE")),
                (_, None) => Err(NoEndpoint::Nothing),
            },
            _ => Err(NoEndpoint::Nothing),
        }
    }

    /// What a token's scopes must allow; nothing for what everybody may ask, and for what asks about several kinds and
    /// leaves out those that the token does not see.
    pub(crate) fn needs(&self) -> Option<(Access, Kind)> {
        match self {
            // Each operation of a bulk is asked for itself.
            Self::Discovery(_) | Self::Bulk | Self::List(Types::All) | Self::Search(Types::All) => None,
            Self::List(Types::One(kind)) | Self::Search(Types::One(kind)) | Self::Read(kind, _) => {
                Some((Access::Read, *kind))
            }
            Self::Create(kind) | Self::Replace(kind, _) | Self::Patch(kind, _) => {
                Some((Access::Write, *kind))
            }
            Self::Delete(kind, _) => Some((Access::Delete, *kind)),
        }
    }

    /// Whether it is a command, of which it is known only when it was read whether it takes somebody's access away.
    pub(crate) fn changes(&self) -> bool {
        match self {
            Self::Create(_) | Self::Replace(..) | Self::Patch(..) | Self::Delete(..) | Self::Bulk => true,
            Self::Discovery(_) | Self::List(_) | Self::Search(_) | Self::Read(..) => false,
        }
    }

    /// The user or group that it names, if it can be one of this directory.
    pub(crate) fn resource(&self, directory: DirectoryNumber) -> Option<(Kind, LocalId)> {
        let (Self::Read(kind, id) | Self::Replace(kind, id) | Self::Patch(kind, id) | Self::Delete(kind, id)) =
            self
        else {
            return None;
        };
        let (number, local) = match kind {
            Kind::User => UserId::parse(id).map(|id| (id.directory, id.local)),
            Kind::Group => GroupId::parse(id).map(|id| (id.directory, id.local)),
        }?;
        (number == directory).then_some((*kind, local))
    }

    /// How it is called in logs: without ids.
    pub(crate) fn template(&self) -> String {
        let plural = |kind: Kind| match kind {
            Kind::User => "Users",
            Kind::Group => "Groups",
        };
        match self {
            Self::Discovery(Document::ServiceProviderConfig) => "GET /ServiceProviderConfig".into(),
            Self::Discovery(Document::ResourceTypes) => "GET /ResourceTypes".into(),
            Self::Discovery(Document::ResourceType(_)) => "GET /ResourceTypes/{name}".into(),
            Self::Discovery(Document::Schemas) => "GET /Schemas".into(),
            Self::Discovery(Document::Schema(_)) => "GET /Schemas/{urn}".into(),
            Self::List(Types::All) => "GET /".into(),
            Self::List(Types::One(kind)) => format!("GET /{}", plural(*kind)),
            Self::Search(Types::All) => "POST /.search".into(),
            Self::Search(Types::One(kind)) => format!("POST /{}/.search", plural(*kind)),
            Self::Create(kind) => format!("POST /{}", plural(*kind)),
            Self::Read(kind, _) => format!("GET /{}/{{id}}", plural(*kind)),
            Self::Replace(kind, _) => format!("PUT /{}/{{id}}", plural(*kind)),
            Self::Patch(kind, _) => format!("PATCH /{}/{{id}}", plural(*kind)),
            Self::Bulk => "POST /Bulk".into(),
            Self::Delete(kind, _) => format!("DELETE /{}/{{id}}", plural(*kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_one_meaning() {
        let cases = [
            ("GET", "/Users", "GET /Users"),
            ("POST", "/groups", "POST /Groups"),
            ("PATCH", "/Groups/x", "PATCH /Groups/{id}"),
            ("DELETE", "/Users/x", "DELETE /Users/{id}"),
            ("GET", "/Schemas/urn:x", "GET /Schemas/{urn}"),
            ("GET", "/", "GET /"),
            ("POST", "/.search", "POST /.search"),
            ("POST", "/users/.search", "POST /Users/.search"),
        ];
        for (method, path, template) in cases {
            let found = Endpoint::find(method, path).map(|endpoint| endpoint.template());
            assert_eq!(found.ok().as_deref(), Some(template), "{method} {path}");
        }
    }

    #[test]
    fn every_endpoint_is_listed_by_its_name() {
        let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
        let roots = ["", "/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/Users", "/Groups"];
        let mut found: Vec<String> = methods
            .iter()
            .flat_map(|method| {
                roots.iter().flat_map(move |root| {
                    ["", "/x", "/.search"].map(|path| (method, format!("{root}{path}")))
                })
            })
            .chain([(&"POST", "/Bulk".to_owned())])
            .filter_map(|(method, path)| Endpoint::find(method, &path).ok())
            .map(|endpoint| endpoint.template())
            .collect();
        found.sort_unstable();
        found.dedup();
        let mut listed = TEMPLATES.to_vec();
        listed.sort_unstable();
        assert_eq!(found, listed);
    }

    #[test]
    fn what_is_not_there_is_refused_with_its_status() {
        let cases = [
            ("GET", "/Devices/.search", 404),
            ("POST", "/Users/x/.search", 404),
            ("GET", "/Devices", 404),
            ("GET", "/Users/x/y", 404),
            ("GET", "/Users/", 404),
            ("GET", "/ServiceProviderConfig/x", 404),
            ("PUT", "/Users", 405),
            ("POST", "/Users/x", 405),
            ("POST", "/Schemas", 405),
            ("DELETE", "/ServiceProviderConfig", 405),
            ("GET", "/ServiceProviderConfigs", 404),
            ("GET", "/Me", 501),
            ("GET", "/Users/.search", 405),
            ("DELETE", "/Groups/.search", 405),
            ("PUT", "/.search", 405),
            ("POST", "/", 405),
            ("GET", "/Bulk", 405),
        ];
        for (method, path, status) in cases {
            let refused = match Endpoint::find(method, path) {
                Ok(_) => 200,
                Err(NoEndpoint::Nothing | NoEndpoint::Moved(_)) => 404,
                Err(NoEndpoint::Method(_)) => 405,
                Err(NoEndpoint::NotImplemented(_)) => 501,
            };
            assert_eq!(refused, status, "{method} {path}");
        }
    }
}
