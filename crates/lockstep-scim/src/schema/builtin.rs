//! The schemas of RFC 7643 §4 with the verified errata applied, written as a form.
//! Also corrected: references and binaries are case exact, `ims.type` has "other",
//! addresses have primary, and a manager's value is an id, so case exact.

use super::{Attribute, Mutability, Returned, Schema, Type, Uniqueness};

/// URN of the User schema (RFC 7643 §4.1).
pub const USER_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the Group schema (RFC 7643 §4.2).
pub const GROUP_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// URN of the enterprise extension of User (RFC 7643 §4.3).
pub const ENTERPRISE_USER_URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Steps of the form: each returns the attribute with one line filled in.
impl Attribute {
    fn about(mut self, description: &str) -> Self {
        description.clone_into(&mut self.description);
        self
    }

    fn many(mut self) -> Self {
        self.multi_valued = true;
        self
    }

    fn needed(mut self) -> Self {
        self.required = true;
        self
    }

    fn exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    fn with(mut self, mutability: Mutability) -> Self {
        self.mutability = mutability;
        self
    }

    fn returned(mut self, returned: Returned) -> Self {
        self.returned = returned;
        self
    }

    fn unique(mut self) -> Self {
        self.uniqueness = Uniqueness::Server;
        self
    }

    fn suggesting(mut self, values: &[&str]) -> Self {
        self.canonical_values = values.iter().map(|&value| value.to_owned()).collect();
        self
    }

    fn to(mut self, types: &[&str]) -> Self {
        self.reference_types = types.iter().map(|&kind| kind.to_owned()).collect();
        self
    }

    fn of(mut self, sub_attributes: Vec<Self>) -> Self {
        self.sub_attributes = sub_attributes;
        self
    }

    fn unpublished(mut self) -> Self {
        self.hidden = true;
        self
    }
}

fn text(name: &str, description: &str) -> Attribute {
    Attribute::new(name, Type::String).about(description)
}

fn complex(name: &str, description: &str, sub_attributes: Vec<Attribute>) -> Attribute {
    Attribute::new(name, Type::Complex).about(description).of(sub_attributes)
}

fn reference(name: &str, description: &str, types: &[&str]) -> Attribute {
    Attribute::new(name, Type::Reference).about(description).to(types)
}

fn primary() -> Attribute {
    Attribute::new("primary", Type::Boolean)
        .about("Whether this is the preferred value; at most one value of the attribute is.")
}

/// The default sub-attributes of a multi-valued attribute (RFC 7643 §2.4) around a given value.
fn plural(name: &str, description: &str, value: Attribute, types: &[&str]) -> Attribute {
    let kind = text("type", "What the value is for.").suggesting(types);
    let display = text("display", "A name for the value, for people.");
    complex(name, description, vec![value, display, kind, primary()]).many()
}

/// `schemas` and the common attributes (RFC 7643 §3, §3.1).
pub(super) fn common() -> Vec<Attribute> {
    let read_only = Mutability::ReadOnly;
    let mut schemas = reference("schemas", "URNs of the schemas this resource uses.", &["uri"])
        .many()
        .needed()
        .returned(Returned::Always);
    // Schema URNs compare without regard to case (RFC 7644 §3.10).
    schemas.case_exact = false;
    vec![
        schemas,
        text("id", "Identifier the server gave.").exact().with(read_only).returned(Returned::Always).unique(),
        text("externalId", "Identifier the client gave.").exact(),
        complex(
            "meta",
            "What the server knows about the resource.",
            vec![
                text("resourceType", "Name of the resource type.").exact().with(read_only),
                Attribute::new("created", Type::DateTime).about("When it was added.").with(read_only),
                Attribute::new("lastModified", Type::DateTime).about("When it last changed.").with(read_only),
                reference("location", "Its URL.", &["uri"]).with(read_only),
                text("version", "Its entity tag.").exact().with(read_only),
            ],
        )
        .with(read_only),
    ]
}

/// The User schema (RFC 7643 §4.1). `password` is understood and dropped, and not published.
pub fn user() -> Schema {
    let named = |name: &str, description: &str, types: &[&str]| {
        plural(name, description, text("value", "The value."), types)
    };
    let attributes = vec![
        text("userName", "Unique name of the user, often for signing in.").needed().unique(),
        complex(
            "name",
            "The parts of the user's name.",
            vec![
                text("formatted", "The whole name, ready to show."),
                text("familyName", "Family name."),
                text("givenName", "Given name."),
                text("middleName", "Middle names."),
                text("honorificPrefix", "Title before the name."),
                text("honorificSuffix", "Suffix after the name."),
            ],
        ),
        text("displayName", "The name to show."),
        text("nickName", "Casual name."),
        reference("profileUrl", "URL of a page about the user.", &["external"]),
        text("title", "Position, such as Vice President."),
        text("userType", "Relationship to the organization, such as Employee."),
        text("preferredLanguage", "Languages, as in the Accept-Language header."),
        text("locale", "Where to localize for, as a language tag."),
        text("timezone", "Time zone, by its IANA name."),
        Attribute::new("active", Type::Boolean).about("Whether the account may be used."),
        text("password", "Accepted and dropped.")
            .with(Mutability::WriteOnly)
            .returned(Returned::Never)
            .unpublished(),
        named("emails", "E-mail addresses.", &["work", "home", "other"]),
        named("phoneNumbers", "Phone numbers.", &["work", "home", "mobile", "fax", "pager", "other"]),
        named(
            "ims",
            "Instant messaging addresses.",
            &["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo", "other"],
        ),
        plural(
            "photos",
            "URLs of photos.",
            reference("value", "URL of the photo.", &["external"]),
            &["photo", "thumbnail"],
        ),
        complex(
            "addresses",
            "Postal addresses.",
            vec![
                text("formatted", "The whole address, ready to show."),
                text("streetAddress", "Street, house number and the like."),
                text("locality", "City."),
                text("region", "State or region."),
                text("postalCode", "Postal code."),
                text("country", "Country, as a two-letter code."),
                text("type", "What the address is for.").suggesting(&["work", "home", "other"]),
                primary(),
            ],
        )
        .many(),
        complex(
            "groups",
            "Groups the user is in, as the server knows them.",
            vec![
                text("value", "Identifier of the group.").exact().with(Mutability::ReadOnly),
                reference("$ref", "URL of the group.", &["User", "Group"]).with(Mutability::ReadOnly),
                text("display", "Name of the group.").with(Mutability::ReadOnly),
                text("type", "How the user is in it.")
                    .suggesting(&["direct", "indirect"])
                    .with(Mutability::ReadOnly),
            ],
        )
        .many()
        .with(Mutability::ReadOnly),
        named("entitlements", "Things the user is entitled to.", &[]),
        named("roles", "Roles the user has.", &[]),
        plural(
            "x509Certificates",
            "Certificates.",
            Attribute::new("value", Type::Binary).about("DER certificate in base64."),
            &[],
        ),
    ];
    Schema {
        id: USER_URN.to_owned(),
        name: "User".to_owned(),
        description: "User Account".to_owned(),
        attributes,
    }
}

/// The Group schema (RFC 7643 §4.2); displayName is required (erratum 5368).
pub fn group() -> Schema {
    let immutable = Mutability::Immutable;
    let attributes = vec![
        text("displayName", "Name of the group.").needed(),
        complex(
            "members",
            "Who is in the group.",
            vec![
                text("value", "Identifier of the member.").exact().with(immutable),
                reference("$ref", "URL of the member.", &["User", "Group"]).with(immutable),
                text("type", "What the member is.").suggesting(&["User", "Group"]).with(immutable),
                // Sent by many and no part of the RFC's schema: understood, not kept, not published.
                text("display", "Name of the member.").with(Mutability::ReadOnly).unpublished(),
            ],
        )
        .many(),
    ];
    Schema { id: GROUP_URN.to_owned(), name: "Group".to_owned(), description: "Group".to_owned(), attributes }
}

/// The enterprise extension of User (RFC 7643 §4.3).
pub fn enterprise_user() -> Schema {
    let attributes = vec![
        text("employeeNumber", "Number the organization gave the user."),
        text("costCenter", "Name of a cost center."),
        text("organization", "Name of an organization."),
        text("division", "Name of a division."),
        text("department", "Name of a department."),
        complex(
            "manager",
            "The user's manager.",
            vec![
                text("value", "Identifier of the manager's User.").exact(),
                reference("$ref", "URL of the manager's User.", &["User"]),
                text("displayName", "Name of the manager.").with(Mutability::ReadOnly),
            ],
        ),
    ];
    Schema {
        id: ENTERPRISE_USER_URN.to_owned(),
        name: "EnterpriseUser".to_owned(),
        description: "Enterprise User".to_owned(),
        attributes,
    }
}
