//! Personal data in a URL (RFC 7644 §7.5.2): where the directory's operator wants it so, a GET whose filter names an
//! attribute that holds some is refused, and told to use POST `.search`.

use lockstep_core::query::Kind;
use lockstep_core::settings::Setting;
use lockstep_scim::filter::{self, AttrPath, Filter};
use lockstep_scim::{Error, Limits};

use super::endpoint::Types;
use crate::auth::ScimCaller;

/// The attributes of RFC 7643 §4.1 and §4.3 that say who somebody is or how to reach them. Of a group none does.
const PERSONAL: [&str; 14] = [
    "userName",
    "externalId",
    "name",
    "displayName",
    "nickName",
    "profileUrl",
    "emails",
    "phoneNumbers",
    "ims",
    "photos",
    "addresses",
    "x509Certificates",
    "employeeNumber",
    "manager",
];

/// 403 `sensitive` where the filter of a GET names personal data and the directory does not want that.
pub(super) fn refuse(
    caller: &ScimCaller,
    types: Types,
    filter: Option<&str>,
    limits: &Limits,
) -> Result<(), Error> {
    let asked =
        types != Types::One(Kind::Group) && caller.terms.settings.has(Setting::RefuseSensitiveFilters);
    let Some(text) = filter.filter(|_| asked) else { return Ok(()) };
    match personal(&filter::parse(text, limits)?) {
        None => Ok(()),
        Some(attribute) => Err(Error::sensitive(format!(
            "filter: `{attribute}` is personal data, and this directory takes none in a URL; send the filter in the \
             body of POST .search"
        ))),
    }
}

/// The first personal attribute that a filter names.
fn personal(filter: &Filter) -> Option<&'static str> {
    let named = |path: &AttrPath| {
        PERSONAL.into_iter().find(|attribute| path.attribute.eq_ignore_ascii_case(attribute))
    };
    match filter {
        Filter::Attr { path, .. } | Filter::Present(path) | Filter::ValuePath { attr: path, .. } => {
            named(path)
        }
        Filter::And(parts) | Filter::Or(parts) => parts.iter().find_map(personal),
        Filter::Not(inner) => personal(inner),
    }
}
