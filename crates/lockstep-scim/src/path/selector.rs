//! What stands at a path in a resource: for whoever reads single values out of resources. Knows no PATCH.

use serde_json::Value;

use super::Path;
use crate::error::shown;
use crate::filter::{Elements, check_value_filter, entry, is_present, member};
use crate::schema::{Attribute, Definition, Returned, Type};
use crate::{Error, Object};

/// A path bound to a resource type, so that it can be read of many resources. It borrows nothing.
///
/// ```
/// use lockstep_scim::path::{Path, Selector};
/// use lockstep_scim::{Definition, Limits};
/// use serde_json::json;
///
/// let path = Path::parse(r#"emails[type eq "work"].value"#, &Limits::default())?;
/// let selector = Selector::new(&path, &Definition::user())?;
/// let user = json!({"emails": [{"type": "home", "value": "a@example.com"}, {"type": "work", "value": "b@example.com"}]});
/// let found = selector.select(user.as_object().unwrap());
/// assert_eq!(found.values, [&json!("b@example.com")]);
/// # Ok::<(), lockstep_scim::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Selector {
    holder: Option<String>,
    attribute: String,
    /// The whole path as the name of an extension, where it can be one.
    whole: Option<String>,
    elements: Option<Elements>,
    sub: Option<String>,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Selected<'a> {
    /// The values, in the order in which they stand there; none that is null or empty.
    pub values: Vec<&'a Value>,
    /// Which of them is the primary one, or a part of it: the first such.
    pub primary: Option<usize>,
    /// Whether the attribute, or its part, has a list of them.
    pub is_list: bool,
}

impl<'a> Selected<'a> {
    /// The values, the primary one first.
    pub fn by_preference(&self) -> impl Iterator<Item = &'a Value> + '_ {
        let primary = self.primary.and_then(|index| self.values.get(index));
        primary.into_iter().chain(&self.values).copied()
    }
}

impl Selector {
    /// Binds a path. 400 invalidPath where the type has no such attribute, or keeps nothing that anybody writes there;
    /// 400 invalidFilter where the filter makes no sense for it. A filter may also be put to an attribute with one value.
    pub fn new(path: &Path, definition: &Definition) -> Result<Self, Error> {
        let whole = path.urn_alone();
        let named = whole.as_ref().filter(|urn| {
            definition.extension(urn).is_some()
                || path.attribute.is_empty() && definition.is_open_extension(urn)
        });
        if let Some(urn) = named {
            let (holder, attribute) = (None, urn.clone());
            return Ok(Self { holder, attribute, whole: None, elements: None, sub: None });
        }
        let found = definition.resolve(path.urn.as_deref(), &path.attribute, None);
        let found = found.ok_or_else(|| unknown(path, definition))?;
        let attribute = found.attribute;
        if attribute.is_read_only() || attribute.is_dropped() || attribute.returned == Returned::Never {
            return Err(Error::invalid_path(format!(
                "{}: nothing that is sent there is kept",
                shown(found.name)
            )));
        }
        let sub = match &path.sub {
            None => None,
            Some(sub) => Some(attribute.sub(sub).map_or_else(
                || Err(unknown_sub(attribute, sub)),
                |found| Ok(if found.name.is_empty() { sub.clone() } else { found.name.clone() }),
            )?),
        };
        let elements = match &path.filter {
            None => None,
            Some(filter) => {
                let several = Attribute { multi_valued: true, ..attribute.clone() };
                check_value_filter(filter, &several, found.name)?;
                Some(Elements::new(filter, attribute))
            }
        };
        let holder = found.extension.map(str::to_owned);
        let whole = whole.filter(|_| attribute.kind == Type::Any);
        Ok(Self { holder, attribute: found.name.to_owned(), whole, elements, sub })
    }

    /// What stands there in a resource that has canonical names.
    #[must_use]
    pub fn select<'a>(&self, object: &'a Object) -> Selected<'a> {
        let Some(value) = self.value(object) else { return Selected::default() };
        let is_list = value.is_array();
        let elements: &[Value] = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let asked =
            |element: &&Value| self.elements.as_ref().is_none_or(|elements| elements.matches(element));
        let mut selected = Selected { is_list, ..Selected::default() };
        for element in elements.iter().filter(asked) {
            let before = selected.values.len();
            match &self.sub {
                None => selected.values.push(element),
                Some(sub) => match member(element, sub) {
                    Some(Value::Array(items)) => {
                        selected.is_list = true;
                        selected.values.extend(items);
                    }
                    part => selected.values.extend(part),
                },
            }
            retain_present(&mut selected.values, before);
            if selected.values.len() > before && is_primary(element) {
                selected.primary.get_or_insert(before);
            }
        }
        selected
    }

    /// The attribute's value, before filter and sub-attribute.
    fn value<'a>(&self, object: &'a Object) -> Option<&'a Value> {
        let found = match &self.holder {
            None => entry(object, &self.attribute),
            Some(urn) => {
                entry(object, urn).and_then(Value::as_object).and_then(|held| entry(held, &self.attribute))
            }
        };
        found.or_else(|| entry(object, self.whole.as_ref()?)).filter(|value| !value.is_null())
    }
}

/// Drops what is null or empty behind the first `kept`.
fn retain_present(values: &mut Vec<&Value>, kept: usize) {
    let mut index = 0;
    values.retain(|value| {
        index += 1;
        index <= kept || is_present(value)
    });
}

fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

fn unknown(path: &Path, definition: &Definition) -> Error {
    let mut name = path.clone();
    (name.filter, name.sub) = (None, None);
    let name = shown(&name.to_string());
    let declared = match &path.urn {
        None => Some(&definition.schema),
        Some(urn) if definition.is_base(urn) => Some(&definition.schema),
        Some(urn) => definition.extension(urn),
    };
    let Some(schema) = declared else {
        return Error::invalid_path(format!("{name}: nothing is kept of an extension that is called so"));
    };
    let known =
        schema.attributes.iter().filter(|one| one.is_written() && !one.hidden).map(|one| one.name.as_str());
    let known: Vec<&str> = known.collect();
    let hint = if path.urn.is_none() { "; an attribute of an extension has its URN in front" } else { "" };
    Error::invalid_path(format!("{name}: there is no such attribute; there are: {}{hint}", known.join(", ")))
}

fn unknown_sub(attribute: &Attribute, sub: &str) -> Error {
    let known: Vec<&str> = attribute.sub_attributes.iter().map(|one| one.name.as_str()).collect();
    let name = shown(&format!("{}.{sub}", attribute.name));
    if known.is_empty() {
        return Error::invalid_path(format!("{name}: `{}` is simple and has no parts", attribute.name));
    }
    Error::invalid_path(format!("{name}: there is no such part; there are: {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Path, Selector};
    use crate::{Definition, Limits};

    fn selected(path: &str, user: &Value) -> Result<(Vec<Value>, bool), String> {
        let path = Path::parse(path, &Limits::default()).map_err(|error| error.detail)?;
        let definition = Definition::user().with_open_extensions();
        let selector = Selector::new(&path, &definition).map_err(|error| error.detail)?;
        let found = selector.select(user.as_object().unwrap());
        Ok((found.values.into_iter().cloned().collect(), found.is_list))
    }

    #[test]
    fn every_kind_of_path_reads_what_stands_there() {
        const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let user = json!({
            "userName": "ada", "title": "", "name": { "givenName": "Ada", "middleName": null },
            "emails": [
                { "type": "home", "value": "h@example.com" },
                { "type": "WORK", "value": "w@example.com", "primary": true },
                { "type": "work" },
            ],
            ENTERPRISE: { "department": "Sales", "manager": { "value": "boss@example.com" } },
            "urn:acme:2.0:User": { "Badge": 7, "tags": ["a", "b", ""], "desks": [{ "floor": 1 }, { "floor": 2 }],
                "car": { "seats": [1, null, 2] } },
            "urn:acme:1.0": { "shoe": "43" },
        });
        let department = format!("{}:department", ENTERPRISE.to_uppercase());
        let boss = format!("{ENTERPRISE}:manager[value co \"@\"].value");
        let no_boss = format!("{ENTERPRISE}:manager[value co \"#\"].value");
        for (path, expected, is_list) in [
            ("username", json!(["ada"]), false),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName", json!(["ada"]), false),
            ("title", json!([]), false),
            ("nickName", json!([]), false),
            ("name.GIVENNAME", json!(["Ada"]), false),
            ("name.middleName", json!([]), false),
            ("emails.value", json!(["h@example.com", "w@example.com"]), true),
            ("emails[type eq \"work\"].value", json!(["w@example.com"]), true),
            ("emails[not (type eq \"work\")].value", json!(["h@example.com"]), true),
            (department.as_str(), json!(["Sales"]), false),
            (boss.as_str(), json!(["boss@example.com"]), false),
            (no_boss.as_str(), json!([]), false),
            ("urn:acme:2.0:User:badge", json!([7]), false),
            ("urn:acme:2.0:User:tags", json!(["a", "b"]), true),
            ("urn:acme:2.0:User:tags[value eq \"B\"]", json!(["b"]), true),
            ("urn:acme:2.0:User:desks[floor gt 1].floor", json!([2]), true),
            ("urn:acme:2.0:User:none.sub", json!([]), false),
            ("urn:acme:1.0:shoe", json!(["43"]), false),
            ("urn:acme:1.0", json!([{ "shoe": "43" }]), false),
            ("urn:acme:2.0:User:car.seats", json!([1, 2]), true),
            ("urn:nobody:User:x", json!([]), false),
        ] {
            let expected = expected.as_array().cloned().unwrap();
            assert_eq!(selected(path, &user), Ok((expected, is_list)), "{path}");
        }
    }

    #[test]
    fn a_path_that_can_never_have_a_value_is_refused_with_what_there_is() {
        for (path, says) in [
            ("dept", "dept: there is no such attribute; there are: userName"),
            ("meta.created", "nothing that is sent there is kept"),
            ("groups", "nothing that is sent there is kept"),
            ("password", "nothing that is sent there is kept"),
            ("name.first", "name.first: there is no such part; there are: formatted, familyName"),
            ("userName.x", "`userName` is simple"),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:dept", "there are: employeeNumber"),
            ("emails[kind eq \"work\"].value", "emails.kind: no such attribute"),
            ("emails[type eq work]", "path, column 16: expected a value"),
            ("urn:ietf:params:scim:schemas:core:2.0:Group:x", "nothing is kept of an extension"),
        ] {
            let error = selected(path, &json!({})).unwrap_err();
            assert!(error.contains(says), "{path}: {error}");
        }
    }
}
