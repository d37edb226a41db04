//! A userName that the IdP did not give: taken from an e-mail address, and marked so in the user itself.

use lockstep_scim::schema::{Attribute, Mutability, Schema, Type};
use lockstep_scim::{Definition, Error, Object};
use serde_json::{Value, json};

/// The extension that says what of a user was derived.
pub const DERIVED_URN: &str = "urn:ietf:params:scim:schemas:extension:lockstep:2.0:User";
const MARK: &str = "userNameDerived";

/// The User resource type in which a userName can be left out.
pub(crate) fn with_derived_name(mut user: Definition) -> Definition {
    for attribute in user.schema.attributes.iter_mut().filter(|attribute| attribute.name == "userName") {
        attribute.required = false;
    }
    let mark = Attribute {
        mutability: Mutability::ReadOnly,
        description: "Whether userName was taken from the primary e-mail address, and follows it.".into(),
        ..Attribute::new(MARK, Type::Boolean)
    };
    let schema = Schema {
        id: DERIVED_URN.into(),
        name: "Derived".into(),
        description: "What of the user the server derived.".into(),
        attributes: vec![mark],
    };
    user.with_extension(schema, false)
}

/// Whether the user's name was derived.
#[must_use]
pub fn is_derived(doc: &Object) -> bool {
    doc.get(DERIVED_URN).and_then(|derived| derived.get(MARK)) == Some(&Value::Bool(true))
}

/// Gives a user that becomes `doc` the name that it shall have, and says whether it was taken from its address. What the
/// request named stays as it was named; a derived name follows the address.
pub(crate) fn settle_user_name(
    doc: &mut Object,
    before: Option<&Object>,
    named: bool,
) -> Result<bool, Error> {
    let was_derived = before.is_some_and(is_derived);
    let address = address(doc);
    // An empty name is none.
    if doc.get("userName").and_then(Value::as_str).is_some_and(|name| name.trim().is_empty()) {
        doc.remove("userName");
    }
    let follows = match (named, doc.get("userName").and_then(Value::as_str)) {
        // To say again what was derived gives no name.
        (true, Some(name)) => was_derived && address.as_deref() == Some(name),
        (true, None) => true,
        (false, _) => before.is_none() || was_derived,
    };
    doc.remove(DERIVED_URN);
    if !follows {
        if let Some(given) = before.and_then(|before| before.get("userName")) {
            doc.entry("userName").or_insert_with(|| given.clone());
        }
        return Ok(false);
    }
    let kept = || before.filter(|_| was_derived && !named)?.get("userName")?.as_str().map(str::to_owned);
    let name = address.or_else(kept).ok_or_else(|| {
        Error::invalid_value("userName: there is none, and no e-mail address from which it could be taken")
    })?;
    doc.insert("userName".into(), Value::String(name));
    doc.insert(DERIVED_URN.into(), json!({ MARK: true }));
    Ok(true)
}

/// The address of the primary e-mail; where nobody said which it is, of the first.
fn address(doc: &Object) -> Option<String> {
    let emails = doc.get("emails")?.as_array()?;
    let primary = emails.iter().find(|email| email.get("primary") == Some(&Value::Bool(true)));
    let value = primary.or(emails.first())?.get("value")?.as_str()?;
    // What stands around an address is no part of it, and would make two names of one.
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Gives `doc` the name of `before` back, and what was said of it.
pub(crate) fn keep_user_name(doc: &mut Object, before: &Object) {
    doc.remove(DERIVED_URN);
    for name in ["userName", DERIVED_URN] {
        if let Some(kept) = before.get(name) {
            doc.insert(name.into(), kept.clone());
        }
    }
}
