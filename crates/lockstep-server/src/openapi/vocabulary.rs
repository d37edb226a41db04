//! The words and forms that fields and parameters share, each made of the list that the code itself goes by. Nothing
//! here is ever made: they are names for schemas.

use lockstep_core::event::EventType;
use lockstep_core::mapping::AttributeType;
use lockstep_core::model::DomainState as KnownDomainState;
use lockstep_core::query::Kind;
use lockstep_core::scope::Scope as KnownScope;
use lockstep_core::settings::Setting;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::api::events::never_made::NEVER_MADE;
use crate::limits::{
    DOMAIN_BYTES_LIMIT, EXTERNAL_ID_BYTES_LIMIT, METADATA_ENTRIES_LIMIT, METADATA_VALUE_BYTES_LIMIT,
    NAME_BYTES_LIMIT,
};
use crate::oauth::metadata::AUTHENTICATION_METHODS;

/// A name for a schema that is made by code.
macro_rules! schemas {
    ($($(#[doc = $about:literal])* $name:ident = $schema:expr;)*) => {$(
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let about = [$($about.trim()),*].join(" ");
                RefOr::T(Schema::Object($schema.description(Some(about)).build()))
            }
        }

        impl ToSchema for $name {}
    )*};
}

schemas! {
    /// A name: 1 to 256 bytes, not only blanks, without control characters.
    Name = text(NAME_BYTES_LIMIT);
    /// By what an application knows an organization: 1 to 256 bytes, not only blanks, without control characters.
    ExternalId = text(EXTERNAL_ID_BYTES_LIMIT);
    /// A domain such as `example.com`, in any letter case and also as people write it; at most 253 bytes in ASCII.
    Domain = text(4 * DOMAIN_BYTES_LIMIT);
    /// `verified`: the application has said that the domain is the organization's. `pending`: nobody has.
    DomainState = words(KnownDomainState::ALL.into_iter().map(KnownDomainState::as_str));
    /// What an application notes of an organization: at most 50 texts of at most 600 bytes, by name.
    Metadata = map(text_or_empty(METADATA_VALUE_BYTES_LIMIT));
    /// What to change of the metadata: texts by name; null takes an entry away, and what is not named stays.
    MetadataChange = map(text_or_empty(METADATA_VALUE_BYTES_LIMIT).schema_type(nullable(Type::String)));
    /// The type of a directory, by the names that applications know.
    DirectoryType = words(lockstep_idp::directory_types());
    /// The contract to which an IdP is held: a page of `/idp`.
    Contract = words(lockstep_idp::PROVIDERS.iter().map(|provider| provider.slug));
    /// Who chose a contract: whoever made the directory, what the IdP's first requests showed, or the operator since.
    ChosenBy = words(["creation", "detection", "operator"]);
    /// `linked`: the directory serves its IdP. `unlinked`: it is paused, and its IdP gets 403. `deleting`: it is gone.
    DirectoryState = words(["linked", "unlinked", "deleting"]);
    /// Which state a directory is to have.
    DirectoryStateChange = words(["linked", "unlinked"]);
    /// A setting of a directory.
    SettingName = words(Setting::ALL.into_iter().map(Setting::as_str));
    /// The settings of a directory, each switched on or off.
    Settings = settings(ObjectBuilder::new().schema_type(Type::Boolean), true);
    /// Settings to switch on or off; null leaves one to the contract again, and what is not named stays.
    SettingsChange = settings(ObjectBuilder::new().schema_type(nullable(Type::Boolean)), false);
    /// What the holder of a token may do: `read` and nothing else, only `users`, only `groups`, anything but delete
    /// (`no-delete`). Without any: everything.
    Scope = words(KnownScope::ALL.into_iter().map(KnownScope::as_str));
    /// How an OAuth client proves who it is: by a secret, by a key, or by the token of an issuer that is trusted.
    ClientAuthentication =
        words(AUTHENTICATION_METHODS.into_iter().chain(lockstep_idp::ISSUERS.iter().map(|issuer| issuer.name)));
    /// What a schema extends.
    ResourceType = words([Kind::User, Kind::Group].map(Kind::as_str));
    /// What the value of an attribute is made into.
    MappedType = words(AttributeType::ALL.map(AttributeType::as_str));
    /// For what an attribute is mapped.
    MappedBy = words(["directory", "organization"]);
    /// What happened.
    EventName = words(EventType::ALL.into_iter().map(EventType::as_str));
    /// A kind of event that may be asked for. Those of `EventName` are made here; asking for another finds nothing.
    AskedEvent = words(EventType::ALL.into_iter().map(EventType::as_str).chain(NEVER_MADE.iter().copied()));
    /// In which order a list is told.
    PageOrder = words(["asc", "desc", "normal"]);
    /// In which order events are told.
    EventOrder = words(["asc", "desc"]);
    /// True or false.
    Truth = words(["true", "false"]);
    /// A status of HTTP, or a class of them such as `4xx`.
    StatusOrClass = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^([1-5][0-9]{2}|[1-5]xx)$"));
}

fn text(bytes_limit: usize) -> ObjectBuilder {
    text_or_empty(bytes_limit).min_length(Some(1))
}

/// A text of so many bytes has no more characters.
fn text_or_empty(bytes_limit: usize) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).max_length(Some(bytes_limit))
}

fn nullable(kind: Type) -> SchemaType {
    SchemaType::Array(vec![kind, Type::Null])
}

fn words(words: impl IntoIterator<Item = &'static str>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))
}

fn map(values: ObjectBuilder) -> ObjectBuilder {
    let values = AdditionalProperties::RefOr(RefOr::T(Schema::Object(values.build())));
    ObjectBuilder::new().additional_properties(Some(values)).max_properties(Some(METADATA_ENTRIES_LIMIT))
}

fn settings(value: ObjectBuilder, all: bool) -> ObjectBuilder {
    let value = value.build();
    let none = AdditionalProperties::FreeForm(false);
    let object = ObjectBuilder::new().additional_properties(Some(none));
    Setting::ALL.into_iter().map(Setting::as_str).fold(object, |object, name| {
        let object = object.property(name, value.clone());
        if all { object.required(name) } else { object }
    })
}
