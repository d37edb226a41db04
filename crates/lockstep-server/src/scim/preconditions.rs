//! If-Match and If-None-Match (RFC 7644 §3.14, RFC 9110 §13.1).

use http::{HeaderMap, HeaderName, header};
use lockstep_core::version::Precondition;

/// What a write demands. A weak tag is taken for the strong one that it was made of: clients got them from servers
/// that only had weak ones (`docs/decisions/0003-etags.md`).
pub(crate) fn of_write(headers: &HeaderMap) -> Precondition {
    let wanted = tags(headers, &header::IF_MATCH);
    if wanted.iter().any(|tag| tag == "*") {
        return Precondition::Exists;
    }
    if !wanted.is_empty() {
        return Precondition::OneOf(wanted);
    }
    match tags(headers, &header::IF_NONE_MATCH) {
        known if known.is_empty() => Precondition::None,
        known => Precondition::NoneOf(known),
    }
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|tag| strong(tag.trim()).to_owned()).collect()
}

/// Whether the reader has this version already (weak comparison).
pub(crate) fn has_it_already(headers: &HeaderMap, tag: &str) -> bool {
    tags(headers, &header::IF_NONE_MATCH).iter().any(|known| known == "*" || known == tag)
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
        let demanded = of_write(&headers(header::IF_NONE_MATCH, "*"));
        assert!(!demanded.met_by(r#""3""#), "a resource that exists has a version");
    }

    #[test]
    fn a_reader_that_has_the_version_is_known() {
        assert!(has_it_already(&headers(header::IF_NONE_MATCH, r#""1", W/"2""#), r#""2""#));
        assert!(!has_it_already(&headers(header::IF_NONE_MATCH, r#""1""#), r#""2""#));
    }
}
