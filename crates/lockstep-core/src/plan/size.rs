//! How large a resource may become. A request's body is bounded, but many requests could grow one resource, and every
//! later change reads it, tells it and holds it whole.

use lockstep_scim::{Error, Object};
use serde_json::Value;

use crate::limits::RESOURCE_BYTES_LIMIT;
use crate::view::Step;

/// Bytes that count for a value that is no text, and for each text beside its own.
const VALUE_BYTES: usize = 8;

/// 400 where a write would make a resource larger than any may be. One that is too large already may shrink.
pub(super) fn demand_size(doc: &Object, before: Option<&Object>) -> Result<(), Error> {
    let bytes = object_bytes(doc);
    if bytes <= RESOURCE_BYTES_LIMIT || before.is_some_and(|before| bytes <= object_bytes(before)) {
        return Ok(());
    }
    let mut error = Error::too_many(format!(
        "the resource would have {bytes} bytes; the limit resource_bytes is {RESOURCE_BYTES_LIMIT}: send fewer or \
         shorter values"
    ));
    error.limit = Some("resource_bytes");
    Err(error)
}

/// What the resources take that these steps leave.
pub(crate) fn bytes_of(steps: &[Step]) -> usize {
    let bytes = |step: &Step| match step {
        Step::User(_, Some(user)) => {
            let projected = user.projection.as_ref();
            object_bytes(&user.doc) + projected.map_or(0, |made| object_bytes(&made.attributes))
        }
        Step::Group(_, Some(group)) => object_bytes(&group.doc),
        Step::User(_, None)
        | Step::Group(_, None)
        | Step::Directory(_)
        | Step::Schemas(_)
        | Step::Mapping(_)
        | Step::Head(_)
        | Step::Token(_)
        | Step::Membership { .. }
        | Step::Receipt(_)
        | Step::Append(_) => 0,
    };
    steps.iter().map(bytes).sum()
}

fn object_bytes(object: &Object) -> usize {
    object.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

/// About what a value takes. As deep as the JSON was let in.
pub(crate) fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => VALUE_BYTES,
        Value::String(text) => VALUE_BYTES + text.len(),
        Value::Array(items) => items.iter().map(value_bytes).sum(),
        Value::Object(object) => object_bytes(object),
    }
}
