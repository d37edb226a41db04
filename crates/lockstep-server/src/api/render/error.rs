//! A failure, as the API publishes it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::FieldError;

/// What went wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorAnswer<'a> {
    /// A sentence for people: what is wrong, and how to mend it.
    pub(crate) message: &'a str,
    /// A word for programs, which stays as it is.
    pub(crate) code: &'a str,
    /// What is wrong with which field or parameter: empty where it is none of them. Left out of a 422 that is about no
    /// field and of statuses for which published clients have no class (403, 405, 5xx, ...): there one of them shows the
    /// entries instead of the message, and makes a 400 of another status.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<FieldError>>, nullable = false)]
    pub(crate) errors: Option<&'a [FieldError]>,
}

/// What went wrong, as RFC 6749 §5.2 has it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OAuthErrorAnswer<'a> {
    /// A word for programs.
    pub(crate) error: &'a str,
    /// A sentence for people.
    pub(crate) error_description: &'a str,
}
