//! Domains of organizations as they are sent and as they are kept: in lower case and in ASCII, so that one domain has one
//! form. Whether a domain is an organization's the application says: no DNS is asked here.

use lockstep_core::clock::Random;
use lockstep_core::clock::Timestamp;
use lockstep_core::id::DomainId;
use lockstep_core::model::{DomainState, Organization, OrganizationDomain};
use serde_json::Value;

use super::fields::{Fields, Given};
use crate::limits::{DOMAIN_BYTES_LIMIT, DOMAINS_LIMIT};

/// A domain that was named, and the state that it shall have, where that was said.
pub(super) type Named = (String, Option<DomainState>);

/// The one form of a domain (RFC 5890, RFC 1035); nothing for what is none. A single name, such as a host's, and a number
/// are none.
pub(crate) fn normalized(text: &str) -> Option<String> {
    // Each character takes four bytes at most in either form.
    if text.len() > 4 * DOMAIN_BYTES_LIMIT {
        return None;
    }
    let name = idna::domain_to_ascii_strict(text.trim()).ok()?;
    let (_, top) = name.rsplit_once('.')?;
    let fits = name.len() <= DOMAIN_BYTES_LIMIT && !top.bytes().all(|byte| byte.is_ascii_digit());
    fits.then_some(name)
}

impl Fields {
    /// A domain that must be there.
    pub(super) fn domain(&mut self, name: &str) -> String {
        let text = self.text(name, 4 * DOMAIN_BYTES_LIMIT);
        if text.is_empty() {
            return text;
        }
        normalized(&text).unwrap_or_else(|| {
            self.wrong(name, "invalid_domain", is_none(name));
            String::new()
        })
    }

    /// The domains that an organization shall have, all of them: `domain_data` with their states, or `domains` without.
    pub(super) fn domains(&mut self) -> Option<Vec<Named>> {
        let plain = self.optional_texts("domains", DOMAINS_LIMIT);
        let data = self.domain_data();
        let (field, named) = match (plain, data) {
            (Given::Value(_), Some(_)) => {
                let message = "`domains` and `domain_data` exclude each other; send `domain_data`";
                self.wrong("domains", "exclusive_fields", message.to_owned());
                return None;
            }
            (_, Some(data)) => ("domain_data", data),
            (Given::Value(names), None) => ("domains", names.into_iter().map(|name| (name, None)).collect()),
            (Given::Absent | Given::Null, None) => return None,
        };
        Some(self.as_kept(field, named))
    }

    fn as_kept(&mut self, field: &str, named: Vec<Named>) -> Vec<Named> {
        let mut kept: Vec<Named> = Vec::with_capacity(named.len());
        for (text, state) in named {
            match normalized(&text) {
                Some(name) if kept.iter().any(|(other, _)| *other == name) => {
                    self.wrong(field, "repeated_domain", format!("`{field}` names `{name}` twice"));
                }
                Some(name) => kept.push((name, state)),
                None => self.wrong(field, "invalid_domain", is_none(field)),
            }
        }
        kept
    }

    fn domain_data(&mut self) -> Option<Vec<Named>> {
        let given = self.raw("domain_data").filter(|given| !given.is_null())?;
        let read: Option<Vec<Named>> = given
            .as_array()
            .filter(|list| list.len() <= DOMAINS_LIMIT)
            .and_then(|list| list.iter().map(one).collect());
        if read.is_none() {
            let states = DomainState::ALL.map(DomainState::as_str).join("` or `");
            let message = format!(
                "`domain_data` must be a list of at most {DOMAINS_LIMIT} objects with a `domain` and a `state`, which is \
                 `{states}`"
            );
            self.wrong("domain_data", "invalid_domain_data", message);
        }
        read
    }
}

/// One of `domain_data`.
fn one(given: &Value) -> Option<Named> {
    let given =
        given.as_object().filter(|given| given.keys().all(|key| key == "domain" || key == "state"))?;
    let state = match given.get("state") {
        None | Some(Value::Null) => None,
        Some(state) => Some(DomainState::parse(state.as_str()?)?),
    };
    Some((given.get("domain")?.as_str()?.to_owned(), state))
}

fn is_none(field: &str) -> String {
    format!(
        "`{field}` must be a domain such as `example.com`, of at most {DOMAIN_BYTES_LIMIT} bytes in its ASCII form"
    )
}

/// Gives an organization these domains and no others; those that it has keep their ids, and their states where none is said.
pub(super) fn set(organization: &mut Organization, named: &[Named], now: Timestamp, random: &mut dyn Random) {
    let mut before = std::mem::take(&mut organization.domains);
    organization.domains = named
        .iter()
        .map(|(name, state)| match before.iter().position(|domain| domain.name == *name) {
            Some(position) => {
                let mut domain = before.swap_remove(position);
                if let Some(state) = state.filter(|state| *state != domain.state) {
                    domain.state = state;
                    domain.updated_at = now.max(domain.updated_at);
                }
                domain
            }
            None => new(name, state.unwrap_or(DomainState::Pending), now, random),
        })
        .collect();
    organization.domains.sort_by_key(|domain| domain.id);
}

/// A domain that nobody had before.
pub(super) fn new(
    name: &str,
    state: DomainState,
    now: Timestamp,
    random: &mut dyn Random,
) -> OrganizationDomain {
    OrganizationDomain {
        id: DomainId::draw(now, random),
        name: name.to_owned(),
        state,
        created_at: now,
        updated_at: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_one_form() {
        let long = format!("{}.example", "a".repeat(63));
        for (sent, kept) in [
            ("example.com", "example.com"),
            (" EXAMPLE.Com ", "example.com"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("bu\u{308}cher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("a。example", "a.example"),
            (&long, &long),
        ] {
            assert_eq!(normalized(sent).as_deref(), Some(kept), "{sent}");
        }
    }

    #[test]
    fn what_is_no_domain_has_no_form() {
        let label = format!("{}.example", "a".repeat(64));
        let long = format!("{}example", "a.".repeat(124));
        let huge = "ü".repeat(1 << 20);
        for wrong in [
            "",
            " ",
            ".",
            "localhost",
            "example.com.",
            ".example.com",
            "a..example",
            "-a.example",
            "a-.example",
            "a_b.example",
            "https://example.com",
            "example.com/a",
            "ada@example.com",
            "exa mple.com",
            "10.0.0.1",
            "[::1]",
            "a\u{0}.example",
            "xn--\u{fc}.example",
            "xn--a.example",
            "*.example.com",
            &label,
            &long,
            &huge,
        ] {
            assert_eq!(normalized(wrong), None, "{}", wrong.chars().take(80).collect::<String>());
        }
    }
}
