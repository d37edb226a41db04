//! The query string of a request to the API. A parameter that nobody knows is refused: a filter that is misspelled
//! and ignored would answer with more than was asked for.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use lockstep_core::clock::Timestamp;

use crate::openapi::Operation;
use crate::problem::Problem;

/// The parameters, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    /// Reads what stands behind the question mark.
    pub(crate) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// 422 where there is a parameter besides those that are described.
    pub(crate) fn knows(&self, operation: &Operation) -> Result<(), Problem> {
        let known = operation.query_names();
        let Some((name, _)) = self.0.iter().find(|(name, _)| !known.contains(&base_name(name))) else {
            return Ok(());
        };
        let name: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let message = format!("the parameter `{name}` is not known here; known are: {known}");
        Err(Problem::invalid_field(&name, "unknown_parameter", message))
    }

    /// The value of a parameter that may be given once. Empty means absent.
    pub(crate) fn one(&self, wanted: &str) -> Result<Option<&str>, Problem> {
        let mut found = self.0.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        match (found.next(), found.next()) {
            (_, Some(_)) => {
                let message = format!("the parameter `{wanted}` is given more than once");
                Err(Problem::invalid_field(wanted, "repeated_parameter", message))
            }
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    /// The values of a parameter that may have many: repeated, with brackets behind its name, or with commas.
    pub(crate) fn many(&self, wanted: &str) -> Vec<&str> {
        let values = self.0.iter().filter(|(name, _)| base_name(name) == wanted);
        let each = values.flat_map(|(_, value)| value.split(','));
        each.map(str::trim).filter(|value| !value.is_empty()).collect()
    }

    /// A time.
    pub(crate) fn time(&self, wanted: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.one(wanted)? else { return Ok(None) };
        let message = || format!("`{wanted}` must be a time as in RFC 3339, such as 2026-01-31T12:00:00Z");
        Timestamp::parse(text)
            .map(Some)
            .ok_or_else(|| Problem::invalid_field(wanted, "invalid_timestamp", message()))
    }
}

/// `events` for `events`, `events[]` and `events[0]`.
fn base_name(name: &str) -> &str {
    match name.split_once('[') {
        Some((base, rest))
            if rest.strip_suffix(']').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) =>
        {
            base
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_in_all_styles_that_clients_use() {
        for text in
            ["e=a,b", "e=a&e=b", "e[]=a&e[]=b", "e%5B%5D=a&e%5B%5D=b", "e[0]=a&e[1]=b", "e=a%2Cb", "e=a,,b,"]
        {
            assert_eq!(Query::parse(text).many("e"), ["a", "b"], "{text}");
        }
    }

    #[test]
    fn an_unknown_parameter_is_named() {
        let refused =
            Query::parse("limit=1&organisation_id=x").knows(&crate::api::directories::LIST).unwrap_err();
        assert_eq!(refused.status().as_u16(), 422);
        assert_eq!(refused.errors[0].field, "organisation_id");
        assert!(refused.message.contains("organization_id"), "{}", refused.message);
    }

    #[test]
    fn a_single_parameter_is_given_once() {
        assert_eq!(Query::parse("a=1").one("a"), Ok(Some("1")));
        assert_eq!(Query::parse("a=").one("a"), Ok(None));
        assert!(Query::parse("a=1&a=2").one("a").is_err());
    }

    #[test]
    fn a_time_has_a_zone() {
        assert!(Query::parse("t=2026-01-31T12:00:00Z").time("t").is_ok_and(|time| time.is_some()));
        assert!(Query::parse("t=2026-01-31T12:00:00%2B02:00").time("t").is_ok_and(|time| time.is_some()));
        for wrong in ["t=2026-01-31T12:00:00", "t=yesterday", "t=1700000000"] {
            assert!(Query::parse(wrong).time("t").is_err(), "{wrong}");
        }
    }
}
