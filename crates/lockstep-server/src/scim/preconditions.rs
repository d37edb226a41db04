//! If-Match and If-None-Match (RFC 7644 §3.14, RFC 9110 §13.1).

use http::{HeaderMap, HeaderName, header};
use lockstep_core::version::Precondition;

/// What a request demands of the version that it finds: of one that is to be written both headers, of one that is read
/// the first (RFC 9110 §13.2.2). A weak tag is taken for the strong one that it was made of: clients got them from
/// servers that only had weak ones (`docs/decisions/0003-etags.md`).
pub(crate) fn of_write(headers: &HeaderMap) -> Precondition {
    let known = tags(headers, &header::IF_NONE_MATCH);
    match wanted(headers) {
        demanded if known.is_empty() => demanded,
        // Both are asked, and both must hold.
        Precondition::OneOf(tags) => {
            let allowed = Precondition::NoneOf(known);
            Precondition::OneOf(tags.into_iter().filter(|tag| allowed.met_by(tag)).collect())
        }
        Precondition::None | Precondition::Exists | Precondition::NoneOf(_) => Precondition::NoneOf(known),
    }
}

/// What a read comes to before anything is rendered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    /// The resource is shown.
    Shown,
    /// 304: the reader has this version already (weak comparison).
    HasItAlready,
    /// 412: the reader asked for another version.
    IsAnother,
}

/// What the reader of a resource with version `tag` gets.
pub(crate) fn of_read(headers: &HeaderMap, tag: &str) -> Reading {
    if !wanted(headers).met_by(tag) {
        return Reading::IsAnother;
    }
    let known = tags(headers, &header::IF_NONE_MATCH);
    if Precondition::NoneOf(known).met_by(tag) { Reading::Shown } else { Reading::HasItAlready }
}

fn wanted(headers: &HeaderMap) -> Precondition {
    let wanted = tags(headers, &header::IF_MATCH);
    if wanted.iter().any(|tag| tag == "*") {
        return Precondition::Exists;
    }
    if wanted.is_empty() { Precondition::None } else { Precondition::OneOf(wanted) }
}

/// What an operation of Bulk demands (RFC 7644 §3.7: its `version` is its `If-Match`).
pub(crate) fn of_operation(version: Option<&str>) -> Precondition {
    match version.map(str::trim) {
        None | Some("") => Precondition::None,
        Some("*") => Precondition::Exists,
        Some(tag) => Precondition::OneOf(vec![strong(tag).to_owned()]),
    }
}

/// The tags of a header. What is no text is a tag that nothing has: to leave it out would be to demand nothing.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    values
        .flat_map(|value| value.split(',').map(|tag| strong(tag.trim()).to_owned()).collect::<Vec<_>>())
        .collect()
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
    fn both_headers_of_a_write_must_hold() {
        let both = |wanted, known| {
            let mut both = headers(header::IF_MATCH, wanted);
            both.extend(headers(header::IF_NONE_MATCH, known));
            of_write(&both)
        };
        assert!(both(r#""3""#, r#""4""#).met_by(r#""3""#));
        assert!(!both(r#""3""#, r#""3""#).met_by(r#""3""#));
        assert!(!both(r#""3""#, "*").met_by(r#""3""#));
        assert!(!both("*", r#""3""#).met_by(r#""3""#) && both("*", r#""3""#).met_by(r#""4""#));
    }

    #[test]
    fn a_tag_that_is_no_text_is_never_met() {
        let value = http::HeaderValue::from_bytes(b"\"\xe9\"").unwrap();
        let demanded = of_write(&HeaderMap::from_iter([(header::IF_MATCH, value)]));
        assert!(!demanded.met_by(r#""3""#), "{demanded:?}");
    }

    #[test]
    fn a_reader_gets_what_its_headers_leave() {
        let read = |name, value| of_read(&headers(name, value), r#""2""#);
        assert_eq!(of_read(&HeaderMap::new(), r#""2""#), Reading::Shown);
        assert_eq!(read(header::IF_NONE_MATCH, r#""1", W/"2""#), Reading::HasItAlready);
        assert_eq!(read(header::IF_NONE_MATCH, "*"), Reading::HasItAlready);
        assert_eq!(read(header::IF_NONE_MATCH, r#""1""#), Reading::Shown);
        assert_eq!(read(header::IF_MATCH, r#""1""#), Reading::IsAnother);
        assert_eq!(read(header::IF_MATCH, r#"W/"2""#), Reading::Shown);
        // RFC 9110 §13.2.2: If-Match comes first.
        let mut both = headers(header::IF_MATCH, r#""1""#);
        both.extend(headers(header::IF_NONE_MATCH, r#""2""#));
        assert_eq!(of_read(&both, r#""2""#), Reading::IsAnother);
    }
}
