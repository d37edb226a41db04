//! What may be sent: the fields of each body, with what they mean. The handlers read them one by one, and what does not
//! stand here is refused. What may be left out may also be null.

use std::collections::BTreeMap;

use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::openapi::vocabulary::{
    ClientAuthentication, Contract, DirectoryStateChange, DirectoryType, Domain, DomainState, ExternalId,
    MappedBy, MappedType, MetadataChange, Name, ResourceType, Scope, SettingsChange,
};

/// An organization to be made.
#[derive(ToSchema, Debug)]
pub struct NewOrganization {
    /// What it is called.
    pub name: Name,
    /// By what the application knows it. No two organizations have the same.
    pub external_id: Option<ExternalId>,
    /// What the application notes of it.
    pub metadata: Option<MetadataChange>,
    /// Its domains.
    pub domain_data: Option<Vec<DomainData>>,
    /// Its domains by name alone, each `pending`. Not with `domain_data`, which is to be preferred.
    pub domains: Option<Vec<Domain>>,
    /// Whether the application lets people of other domains in: kept for the application alone.
    #[schema(nullable = false)]
    pub allow_profiles_outside_organization: Option<bool>,
}

/// A domain that an organization shall have.
#[derive(ToSchema, Debug)]
pub struct DomainData {
    /// The domain.
    pub domain: Domain,
    /// `verified`, where the application knows that it is the organization's. Left out: as it is, at first `pending`.
    pub state: Option<DomainState>,
}

/// A domain to be added to an organization.
#[derive(ToSchema, Debug)]
pub struct NewOrganizationDomain {
    /// The domain.
    pub domain: Domain,
    /// The organization that shall have it.
    pub organization_id: String,
}

/// An API key to be made.
#[derive(ToSchema, Debug)]
pub struct NewApiKey {
    /// What it is called.
    pub name: Option<Name>,
    /// The organizations to which it is limited, at most 100. Left out: as the key that asks.
    pub organization_ids: Option<Vec<String>>,
    /// Whether it changes nothing. Left out: as the key that asks.
    #[schema(nullable = false)]
    pub read_only: Option<bool>,
    /// From when on it is refused: a time still to come. Left out: as the key that asks; null: it has no end.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// A credential to be put in another one's place.
#[derive(ToSchema, Debug)]
pub struct Rotation {
    /// For how many seconds the old one is still accepted; 0: it is refused at once.
    #[schema(minimum = 0, maximum = 2_592_000)]
    pub overlap_seconds: u64,
    /// From when on the new one is refused: a time still to come. Left out: after as long a life as the old one's; null: it
    /// has no end.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// What to change of an organization. What is left out stays.
#[derive(ToSchema, Debug)]
pub struct OrganizationChange {
    /// What it is called.
    pub name: Option<Name>,
    /// By what the application knows it; null: by nothing any more.
    pub external_id: Option<ExternalId>,
    /// What the application notes of it; null takes all of it away.
    pub metadata: Option<MetadataChange>,
    /// All the domains that it shall have: those that are not named are taken away.
    pub domain_data: Option<Vec<DomainData>>,
    /// The same by name alone, each with the state that it has. Not with `domain_data`, which is to be preferred.
    pub domains: Option<Vec<Domain>>,
    /// Whether the application lets people of other domains in: kept for the application alone.
    #[schema(nullable = false)]
    pub allow_profiles_outside_organization: Option<bool>,
    /// Under which id a payment service knows it; null: under none.
    pub stripe_customer_id: Option<Name>,
}

/// A directory to be made.
#[derive(ToSchema, Debug)]
pub struct NewDirectory {
    /// The organization whose directory it is.
    pub organization_id: String,
    /// What it is called.
    pub name: Name,
    /// Of which type it is: which IdP.
    pub r#type: DirectoryType,
    /// The contract to which its IdP is held, where several suit the type. Left out: the type's own.
    pub contract: Option<Contract>,
}

/// What to change of a directory. What is left out stays.
#[derive(ToSchema, Debug)]
pub struct DirectoryChange {
    /// What it is called.
    pub name: Option<Name>,
    /// `unlinked` pauses it, so that its IdP gets 403 and nothing changes; `linked` lets it serve again.
    pub state: Option<DirectoryStateChange>,
    /// Settings to switch.
    #[schema(nullable = false)]
    pub settings: Option<SettingsChange>,
    /// The contract to which its IdP is held from now on, which settles what is suggested.
    pub contract: Option<Contract>,
    /// The header in which its IdP sends the bearer token besides `Authorization`, such as `X-Api-Key`; null: none.
    pub credential_header: Option<Name>,
}

/// A bearer token to be made.
#[derive(ToSchema, Debug)]
pub struct NewDirectoryToken {
    /// What it is called.
    pub name: Option<Name>,
    /// What its holder may do; left out: everything.
    pub scopes: Option<Vec<Scope>>,
    /// From when on it is refused: a time still to come. Left out: it has no end.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// An OAuth client to be made.
#[derive(ToSchema, Debug)]
pub struct NewDirectoryOAuthClient {
    /// What it is called.
    pub name: Option<Name>,
    /// How it proves who it is.
    pub authentication: ClientAuthentication,
    /// What it may do; left out: everything.
    pub scopes: Option<Vec<Scope>>,
    /// With `private_key_jwt`: its public keys, a JSON Web Key Set (RFC 7517 §5).
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<serde_json::Value>,
    /// With an issuer: the tenant there whose tokens are trusted.
    pub tenant_id: Option<Name>,
    /// With an issuer: for whom the tokens must be made. Left out: the issuer's own for SCIM.
    pub audience: Option<Name>,
    /// With an issuer: which application must have got them.
    pub application_id: Option<Name>,
}

/// A schema to be defined.
#[derive(ToSchema, Debug)]
pub struct NewDirectorySchema {
    /// What it extends.
    pub resource_type: ResourceType,
    /// Whether each such resource must have values under it; left out: no.
    #[schema(nullable = false)]
    pub required: Option<bool>,
    /// The schema as SCIM shows it at `/Schemas` (RFC 7643 §7).
    #[schema(value_type = Object)]
    pub schema: serde_json::Value,
}

/// The next version of a schema.
#[derive(ToSchema, Debug)]
pub struct DirectorySchemaChange {
    /// What it extends. It stays as it is, and may be left out.
    pub resource_type: Option<ResourceType>,
    /// Whether each such resource must have values under it; left out: as it is.
    #[schema(nullable = false)]
    pub required: Option<bool>,
    /// The schema as SCIM shows it at `/Schemas` (RFC 7643 §7), with the same `id`.
    #[schema(value_type = Object)]
    pub schema: serde_json::Value,
}

/// A mapping of attributes.
#[derive(ToSchema, Debug)]
pub struct NewAttributeMapping {
    /// The attributes, by their names in `custom_attributes`; null takes away what a wider scope maps.
    pub attributes: BTreeMap<String, NewMappedAttributeOrNone>,
}

/// A mapping of attributes to be tried.
#[derive(ToSchema, Debug)]
pub struct AttributeMappingPreview {
    /// The attributes, by their names in `custom_attributes`; null takes away what a wider scope maps.
    pub attributes: BTreeMap<String, NewMappedAttributeOrNone>,
    /// Whether they would be mapped for the directory, as where this is left out, or for its organization.
    pub mapped_by: Option<MappedBy>,
}

/// An attribute to be mapped, or null.
#[derive(Debug)]
pub struct NewMappedAttributeOrNone(pub Option<NewMappedAttribute>);

impl PartialSchema for NewMappedAttributeOrNone {
    fn schema() -> RefOr<Schema> {
        let null = ObjectBuilder::new().schema_type(Type::Null);
        let mapped = Ref::from_schema_name(NewMappedAttribute::name());
        let about = "An attribute to be mapped, or null.";
        RefOr::T(Schema::OneOf(OneOfBuilder::new().item(mapped).item(null).description(Some(about)).build()))
    }
}

impl ToSchema for NewMappedAttributeOrNone {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((NewMappedAttribute::name().into_owned(), NewMappedAttribute::schema()));
        NewMappedAttribute::schemas(schemas);
    }
}

/// An attribute to be mapped.
#[derive(ToSchema, Debug)]
pub struct NewMappedAttribute {
    /// The SCIM path from which it is read: `[urn:]attribute[filter].part`.
    pub path: String,
    /// What its value is made into; left out: `string`.
    pub r#type: Option<MappedType>,
    /// Whether a user without it is told as incomplete; left out: no.
    pub required: Option<bool>,
}

/// A mapping of roles.
#[derive(ToSchema, Debug)]
pub struct NewRoleMapping {
    /// The roles, the one with the highest priority first.
    pub roles: Vec<NewMappedRole>,
    /// The role of those who have no other; null: none.
    pub default_role: Option<String>,
    /// Whether a user has all roles that fit, or only the one with the highest priority, as where this is left out.
    #[schema(nullable = false)]
    pub multiple_roles: Option<bool>,
}

/// A role to be mapped.
#[derive(ToSchema, Debug)]
pub struct NewMappedRole {
    /// Its name in the application.
    pub slug: String,
    /// The groups whose members have it.
    pub group_ids: Vec<String>,
}

/// A request for a token (RFC 6749 §4.4.2). Other parameters are passed over, as RFC 6749 §3.2 wants it.
#[derive(ToSchema, Debug)]
pub struct TokenRequest {
    /// What is asked for: `client_credentials`.
    #[schema(pattern = "^client_credentials$")]
    pub grant_type: String,
    /// What the token shall be good for: scopes of the client, with blanks between them. Left out: all that it may do.
    #[schema(nullable = false)]
    pub scope: Option<String>,
    /// The client's id: it may be said besides, and must then be the one that is proved.
    #[schema(nullable = false)]
    pub client_id: Option<String>,
    /// With `client_assertion`: of which type it is (RFC 7523 §2.2).
    #[schema(nullable = false)]
    pub client_assertion_type: Option<String>,
    /// The JSON Web Token that the client signed.
    #[schema(nullable = false)]
    pub client_assertion: Option<String>,
}
