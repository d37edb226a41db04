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
    /// What is wrong with which field or parameter. Only where it is one of them: published clients show the entries of
    /// a list that is there, also of an empty one, instead of the message, and make a 400 of another status.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Option<Vec<FieldError>>, nullable = false)]
    pub(crate) errors: &'a [FieldError],
}

/// What went wrong, as RFC 6749 §5.2 has it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OAuthErrorAnswer<'a> {
    /// A word for programs.
    pub(crate) error: &'a str,
    /// A sentence for people.
    pub(crate) error_description: &'a str,
}
