//! The messages of Bulk (RFC 7644 §3.7): a request read into operations, results written into an answer. What an
//! operation does, and in which order, is the caller's.
//!
//! ```
//! use lockstep_scim::{bulk, Limits};
//!
//! let request = serde_json::json!({
//!     "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
//!     "failOnErrors": 1,
//!     "Operations": [
//!         {"method": "POST", "path": "/Users", "bulkId": "ada", "data": {"userName": "ada@example.com"}},
//!         {"method": "GET", "path": "/Users/1"},
//!     ],
//! });
//! let request = bulk::parse(request, &Limits::default())?;
//! assert_eq!(request.fail_on_errors, Some(1));
//! assert_eq!(request.operations[0].bulk_id.as_deref(), Some("ada"));
//! assert!(request.operations[1].fault.is_some(), "GET is no operation of Bulk");
//! # Ok::<(), lockstep_scim::Error>(())
//! ```

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::error::shown;
use crate::{Error, Limits, Object};

/// URN of the request (RFC 7644 §3.7).
pub const BULK_REQUEST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// URN of the answer (RFC 7644 §3.7).
pub const BULK_RESPONSE_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// The methods that an operation may have (RFC 7644 §3.7).
pub const METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

/// A request, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// After how many errors to stop; at least 1. `None`: never.
    pub fail_on_errors: Option<usize>,
    /// In the order of the request.
    pub operations: Vec<Operation>,
}

/// One operation, as it was asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Operation {
    /// In upper case; as sent where it is none of [`METHODS`].
    pub method: String,
    /// Below the base URL, with a slash in front.
    pub path: String,
    /// The client's name for what a creation makes.
    pub bulk_id: Option<String>,
    /// The version that the resource must have.
    pub version: Option<String>,
    /// The body.
    pub data: Option<Value>,
    /// Why it cannot be carried out, whatever there is.
    pub fault: Option<Error>,
}

/// What came of one operation (RFC 7644 §3.7.3).
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// Where the resource stands; none of a creation that failed.
    pub location: Option<String>,
    /// Its version now.
    pub version: Option<String>,
    /// HTTP status.
    pub status: u16,
    /// The body of an error.
    pub response: Option<Value>,
}

/// Reads a request (RFC 7644 §3.7). What makes it ambiguous as a whole is an error: a message of another kind, one
/// `bulkId` for two creations. What is wrong with one operation is that operation's fault alone. Above `limits.bulk_operations` it is 413.
pub fn parse(raw: Value, limits: &Limits) -> Result<Request, Error> {
    let Value::Object(raw) = raw else {
        return Err(Error::invalid_syntax("a bulk request must be a JSON object"));
    };
    let (mut schemas, mut operations, mut fail_on_errors) = (None, None, None);
    for (key, value) in raw {
        match key.to_ascii_lowercase().as_str() {
            "schemas" => schemas = Some(value),
            "operations" => operations = Some(value),
            "failonerrors" => fail_on_errors = Some(value),
            _ => {}
        }
    }
    let named = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(BULK_REQUEST_URN));
    if !schemas.as_ref().and_then(Value::as_array).is_some_and(|list| list.iter().any(named)) {
        return Err(Error::invalid_syntax(format!("schemas: must hold {BULK_REQUEST_URN}")));
    }
    let fail_on_errors = match fail_on_errors {
        None | Some(Value::Null) => None,
        Some(value) => match value.as_u64().map(usize::try_from) {
            // To accept no error and to stop at the first is the same.
            Some(Ok(count)) => Some(count.max(1)),
            _ => {
                return Err(Error::invalid_value(
                    "failOnErrors: must be a whole number that is not negative",
                ));
            }
        },
    };
    let operations = match operations {
        Some(Value::Array(operations)) if !operations.is_empty() => operations,
        _ => return Err(Error::invalid_syntax("Operations: must be an array with at least one operation")),
    };
    if operations.len() > limits.bulk_operations {
        return Err(Error::too_large(format!(
            "Operations: there are {}; the limit maxOperations is {}: send the rest in another request",
            operations.len(),
            limits.bulk_operations
        ))
        .over("bulk_operations"));
    }
    let mut bulk_ids = HashSet::new();
    let mut read = Vec::with_capacity(operations.len());
    for (index, operation) in operations.into_iter().enumerate() {
        let operation = read_operation(operation, index)?;
        let named = operation.bulk_id.as_ref().filter(|_| operation.method == "POST");
        if named.is_some_and(|bulk_id| !bulk_ids.insert(bulk_id.clone())) {
            return Err(Error::invalid_value(format!(
                "Operations[{index}].bulkId: another POST of this request has the same"
            )));
        }
        read.push(operation);
    }
    Ok(Request { fail_on_errors, operations: read })
}

fn read_operation(raw: Value, index: usize) -> Result<Operation, Error> {
    let Value::Object(raw) = raw else {
        return Err(Error::invalid_syntax(format!("Operations[{index}]: must be a JSON object")));
    };
    let mut operation = Operation::default();
    for (key, value) in raw {
        let name = key.to_ascii_lowercase();
        if name == "data" {
            operation.data = (!value.is_null()).then_some(value);
            continue;
        }
        let place = match name.as_str() {
            "method" | "path" | "bulkid" | "version" => &key,
            _ => continue,
        };
        let text = match value {
            Value::String(text) => text,
            Value::Null => continue,
            _ => return Err(Error::invalid_syntax(format!("Operations[{index}].{place}: must be a string"))),
        };
        match name.as_str() {
            "method" => operation.method = text,
            "path" => operation.path = text,
            "bulkid" => operation.bulk_id = Some(text).filter(|text| !text.is_empty()),
            _ => operation.version = Some(text),
        }
    }
    if METHODS.iter().any(|known| known.eq_ignore_ascii_case(&operation.method)) {
        operation.method.make_ascii_uppercase();
    }
    if !operation.path.is_empty() && !operation.path.starts_with('/') && !operation.path.contains("://") {
        operation.path.insert(0, '/');
    }
    operation.fault = fault(&operation);
    Ok(operation)
}

/// What is wrong with an operation by itself.
fn fault(operation: &Operation) -> Option<Error> {
    if operation.method.is_empty() {
        return Some(Error::invalid_syntax("method: is missing; it is POST, PUT, PATCH or DELETE"));
    }
    if !METHODS.contains(&operation.method.as_str()) {
        let method = shown(&operation.method);
        return Some(Error::invalid_syntax(format!("method: {method} is not POST, PUT, PATCH or DELETE")));
    }
    if operation.path.is_empty() {
        return Some(Error::invalid_syntax("path: is missing"));
    }
    if operation.method == "POST" && operation.bulk_id.is_none() {
        return Some(Error::invalid_syntax("bulkId: a POST must have one, by which its result is known"));
    }
    if operation.method != "DELETE" && operation.data.is_none() {
        return Some(Error::invalid_syntax(format!("data: a {} must have some", operation.method)));
    }
    None
}

/// The answer (RFC 7644 §3.7.3): a status is a string, and an error stands in `response`.
#[must_use]
pub fn render<'a>(outcomes: impl IntoIterator<Item = Outcome<'a>>) -> Value {
    let operations: Vec<Value> =
        outcomes.into_iter().map(|outcome| Value::Object(rendered(outcome))).collect();
    json!({ "schemas": [BULK_RESPONSE_URN], "Operations": operations })
}

fn rendered(outcome: Outcome<'_>) -> Object {
    let mut result = Object::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            result.insert(name.to_owned(), value);
        }
    };
    put("method", Some(Value::from(shown(&outcome.operation.method))));
    put("bulkId", outcome.operation.bulk_id.clone().map(Value::from));
    put("location", outcome.location.map(Value::from));
    put("version", outcome.version.map(Value::from));
    put("status", Some(Value::from(outcome.status.to_string())));
    put("response", outcome.response);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ScimType;

    fn request(operations: &Value) -> Value {
        json!({ "schemas": [BULK_REQUEST_URN], "Operations": operations })
    }

    fn refused(raw: Value) -> (u16, Option<ScimType>) {
        let error = parse(raw, &Limits::default()).unwrap_err();
        (error.status, error.scim_type)
    }

    // Shows: BULK-02, BULK-04
    #[test]
    fn what_is_ambiguous_as_a_whole_is_refused() {
        let post = |id: &str| json!({"method": "POST", "path": "/Users", "bulkId": id, "data": {}});
        let (syntax, value) = ((400, Some(ScimType::InvalidSyntax)), (400, Some(ScimType::InvalidValue)));
        let cases = [
            (json!([]), syntax),
            (json!({ "Operations": [post("a")] }), syntax),
            (
                json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [post("a")] }),
                syntax,
            ),
            (json!({ "schemas": [BULK_REQUEST_URN] }), syntax),
            (request(&json!([])), syntax),
            (request(&json!({})), syntax),
            (request(&json!(["POST"])), syntax),
            (request(&json!([{"method": 5, "path": "/Users"}])), syntax),
            (request(&json!([post("a"), post("a")])), value),
            (json!({ "schemas": [BULK_REQUEST_URN], "failOnErrors": -1, "Operations": [post("a")] }), value),
            (json!({ "schemas": [BULK_REQUEST_URN], "failOnErrors": "1", "Operations": [post("a")] }), value),
        ];
        for (raw, expected) in cases {
            assert_eq!(refused(raw.clone()), expected, "{raw}");
        }
    }

    // Shows: BULK-03, BULK-04, BULK-05, BULK-06
    #[test]
    fn what_is_wrong_with_one_operation_is_its_fault_alone() {
        let operations = json!([
            {"method": "GET", "path": "/Users/1"},
            {"path": "/Users/1"},
            {"method": "DELETE"},
            {"method": "PUT", "path": "/Users/1"},
            {"method": "POST", "path": "/Users", "data": {}},
            {"method": "POST", "path": "/Users", "bulkId": "", "data": {}},
            {"method": "patch", "path": "Users/1", "data": {}},
            {"method": "DELETE", "path": "/Users/1", "data": null, "version": "\"1\""},
        ]);
        let read = parse(request(&operations), &Limits::default()).unwrap().operations;
        let faults: Vec<bool> = read.iter().map(|operation| operation.fault.is_some()).collect();
        assert_eq!(faults, [true, true, true, true, true, true, false, false]);
        assert_eq!((read[6].method.as_str(), read[6].path.as_str()), ("PATCH", "/Users/1"));
        assert_eq!(read[7].version.as_deref(), Some("\"1\""));
    }

    // Shows: BULK-19
    #[test]
    fn more_operations_than_the_limit_are_413_and_the_limit_is_named() {
        let limits = Limits { bulk_operations: 2, ..Limits::default() };
        let operations = json!([{"method": "DELETE", "path": "/Users/1"}, {}, {}]);
        let error = parse(request(&operations), &limits).unwrap_err();
        assert_eq!(error.status, 413);
        assert!(error.detail.contains("maxOperations is 2"), "{}", error.detail);
    }

    #[test]
    fn to_accept_no_error_is_to_stop_at_the_first() {
        for (given, read) in
            [(json!(null), None), (json!(0), Some(1)), (json!(1), Some(1)), (json!(7), Some(7))]
        {
            let raw = json!({
                "schemas": [BULK_REQUEST_URN], "failOnErrors": given,
                "Operations": [{"method": "DELETE", "path": "/Users/1"}],
            });
            assert_eq!(parse(raw, &Limits::default()).unwrap().fail_on_errors, read);
        }
    }

    // Shows: BULK-12
    #[test]
    fn a_status_is_a_string_and_what_there_is_not_is_left_out() {
        let operation =
            Operation { method: "POST".into(), bulk_id: Some("a".into()), ..Operation::default() };
        let failed = Outcome {
            operation: &operation,
            location: None,
            version: None,
            status: 409,
            response: Some(Error::conflict("userName").to_json()),
        };
        assert_eq!(
            render([failed]),
            json!({
                "schemas": [BULK_RESPONSE_URN],
                "Operations": [{
                    "method": "POST", "bulkId": "a", "status": "409",
                    "response": Error::conflict("userName").to_json(),
                }],
            })
        );
    }
}
