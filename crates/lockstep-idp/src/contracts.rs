//! The one list of IdPs: a file each. An IdP's name stands below here and nowhere above.

mod auth0;
mod authentik;
mod canaille;
mod cloudflare;
mod cyberark;
mod entra;
mod generic;
mod google;
mod ibm;
mod interop;
mod jumpcloud;
mod keycloak;
mod okta;
mod oneidentity;
mod onelogin;
mod oracle;
mod pingfederate;
mod pingone;
mod rauthy;
mod rippling;
mod sailpoint;
mod ssosync;
mod strict;
mod wso2;

use crate::advice::Advice;
use crate::issuer::Issuer;
use crate::provider::Provider;

pub(crate) use generic::UNWRITTEN;

/// Every IdP that has a contract of its own.
pub static PROVIDERS: &[&Provider] = &[
    &okta::OKTA,
    &entra::ENTRA,
    &google::GOOGLE,
    &onelogin::ONELOGIN,
    &jumpcloud::JUMPCLOUD,
    &pingone::PINGONE,
    &pingfederate::PINGFEDERATE,
    &cyberark::CYBERARK,
    &rippling::RIPPLING,
    &sailpoint::SAILPOINT,
    &keycloak::KEYCLOAK,
    &authentik::AUTHENTIK,
    &rauthy::RAUTHY,
    &canaille::CANAILLE,
    &auth0::AUTH0,
    &oracle::ORACLE,
    &ibm::IBM,
    &oneidentity::ONEIDENTITY,
    &ssosync::SSOSYNC,
    &wso2::WSO2,
    &cloudflare::CLOUDFLARE,
    &generic::GENERIC,
    &strict::STRICT,
    &interop::INTEROP,
];

/// Every IdP whose own tokens can be accepted.
pub static ISSUERS: &[&Issuer] = &[&entra::ISSUER];

/// What holds for whoever has no contract of its own.
pub(crate) static GENERIC: &Provider = &generic::GENERIC;

/// Readings of the RFCs that somebody must have wanted, and no IdP's.
pub(crate) static PROFILES: &[&Provider] = &[&strict::STRICT, &interop::INTEROP];

/// What the others are measured against.
pub(crate) static STRICT: &Provider = &strict::STRICT;

/// What is to be changed in this IdP, and in no other.
pub(crate) fn advice_of(provider: &Provider) -> &'static [Advice] {
    match provider.slug {
        "okta" => okta::ADVICE,
        "entra" => entra::ADVICE,
        _ => &[],
    }
}
