//! If-Match and If-None-Match (RFC 7644 §3.14, RFC 9110 §13.1).

use http::{HeaderMap, header};
use lockstep_core::version::Precondition;

/// What a write demands. A weak tag is taken for the strong one that it was made of: clients got them from servers
/// that only had weak ones (`docs/decisions/0003-etags.md`).
pub(crate) fn of_write(headers: &HeaderMap) -> Precondition {
    let mut tags = Vec::new();
    for value in headers.get_all(header::IF_MATCH) {
        for tag in value.to_str().unwrap_or_default().split(',').map(str::trim) {
            if tag == "*" {
                return Precondition::Exists;
            }
            tags.push(strong(tag).to_owned());
        }
    }
    if tags.is_empty() { Precondition::None } else { Precondition::OneOf(tags) }
}

/// Whether the reader has this version already (weak comparison).
pub(crate) fn has_it_already(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || strong(known) == tag)
}

fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, http::HeaderValue::from_static(value))])
    }

    #[test]
    fn a_write_demands_what_if_match_says() {
        assert_eq!(of_write(&HeaderMap::new()), Precondition::None);
        assert_eq!(of_write(&headers(header::IF_MATCH, "*")), Precondition::Exists);
        let demanded = of_write(&headers(header::IF_MATCH, r#"W/"3", "5-a""#));
        assert_eq!(demanded, Precondition::OneOf(vec![r#""3""#.into(), r#""5-a""#.into()]));
        assert!(demanded.met_by(r#""3""#) && !demanded.met_by(r#""4""#));
    }

    #[test]
    fn a_reader_that_has_the_version_is_known() {
        assert!(has_it_already(&headers(header::IF_NONE_MATCH, r#""1", W/"2""#), r#""2""#));
        assert!(!has_it_already(&headers(header::IF_NONE_MATCH, r#""1""#), r#""2""#));
    }
}
