//! The token that the provisioning service sends where the field "Secret Token" was left empty.
//!
//! What is known of it, with where it is written:
//! - It is a JWT that Entra ID issued; `iss` is `https://sts.windows.net/{tenant}/`, and `aud` the id of the template of
//!   the application, which is `8adf8e6e-67b2-4cf2-a259-e3dc5476c621` for every custom application:
//!   <https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-build-users-and-groups-endpoints>, "Handling
//!   endpoint authentication". So `aud` says nothing about which application it is, and `iss` all that is proved.
//! - Older applications get `00000002-0000-0000-c000-000000000000`, which is the audience of the old directory API too,
//!   and anybody in the tenant gets tokens for that: <https://github.com/jelhub/scimgateway/pull/21>.
//! - The caller is `Microsoft.Azure.SyncFabric`, `00000014-0000-0000-c000-000000000000`, as scimgateway configures it.
//! - `appid` (version 1) or `azp` (version 2) names the caller, `tid` the tenant, and `scp` is there only where a person
//!   stands behind: <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>.
//! - Keys are published by tenant, those of version 1 and 2 apart, and a key may name whose tokens it signs:
//!   <https://learn.microsoft.com/entra/identity-platform/access-tokens>, "Validate tokens".

use crate::issuer::{Issuer, TokenForm};

pub(crate) static ISSUER: Issuer = Issuer {
    name: "entra_id",
    title: "Microsoft Entra ID",
    forms: &[
        TokenForm {
            issuer: "https://sts.windows.net/{tenant}/",
            keys: "https://login.microsoftonline.com/{tenant}/discovery/keys",
        },
        TokenForm {
            issuer: "https://login.microsoftonline.com/{tenant}/v2.0",
            keys: "https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys",
        },
    ],
    algorithm: "RS256",
    is_id: is_guid,
    tenant_claim: "tid",
    application_claims: &["appid", "azp"],
    personal_claims: &["scp"],
    audience: "8adf8e6e-67b2-4cf2-a259-e3dc5476c621",
    common_audiences: &["00000002-0000-0000-c000-000000000000", "https://graph.windows.net"],
    source: "https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-build-users-and-groups-endpoints",
};

/// A GUID in lower case, as tokens write it.
fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "11111111-2222-3333-4444-555555555555";

    #[test]
    fn only_a_guid_becomes_a_part_of_a_url() {
        assert!(is_guid(TENANT) && is_guid(ISSUER.audience));
        for wrong in [
            "",
            "common",
            "contoso.example.com",
            "11111111-2222-3333-4444-55555555555",
            "../../11111111-2222-3333-4444-55",
            "11111111-2222-3333-4444-55555555555A",
            "11111111x2222-3333-4444-555555555555",
        ] {
            assert!(!is_guid(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_for_all_tenants_or_for_the_one_that_it_names() {
        assert!(ISSUER.may_use_key_of("https://login.microsoftonline.com/{tenantid}/v2.0", TENANT));
        assert!(ISSUER.may_use_key_of(&format!("https://sts.windows.net/{TENANT}/"), TENANT));
        let personal = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
        assert!(!ISSUER.may_use_key_of(personal, TENANT));
        assert!(!ISSUER.may_use_key_of("", TENANT));
    }
}
