//! What the forms of texts promise.

use super::{is_base64, is_certificate, is_country};

/// The certificate of RFC 7643 §8.2, with its line breaks.
pub(crate) const CERTIFICATE: &str = "MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAwTjELMAkGA1UEBhMCVVMx
EzARBgNVBAgMCkNhbGlmb3JuaWExFDASBgNVBAoMC2V4YW1wbGUuY29tMRQwEgYD
VQQDDAtleGFtcGxlLmNvbTAeFw0xMTEwMjIwNjI0MzFaFw0xMjEwMDQwNjI0MzFa
MH8xCzAJBgNVBAYTAlVTMRMwEQYDVQQIDApDYWxpZm9ybmlhMRQwEgYDVQQKDAtl
eGFtcGxlLmNvbTEhMB8GA1UEAwwYTXMuIEJhcmJhcmEgSiBKZW5zZW4gSUlJMSIw
IAYJKoZIhvcNAQkBFhNiamVuc2VuQGV4YW1wbGUuY29tMIIBIjANBgkqhkiG9w0B
AQEFAAOCAQ8AMIIBCgKCAQEA7Kr+Dcds/JQ5GwejJFcBIP682X3xpjis56AK02bc
1FLgzdLI8auoR+cC9/Vrh5t66HkQIOdA4unHh0AaZ4xL5PhVbXIPMB5vAPKpzz5i
PSi8xO8SL7I7SDhcBVJhqVqr3HgllEG6UClDdHO7nkLuwXq8HcISKkbT5WFTVfFZ
zidPl8HZ7DhXkZIRtJwBweq4bvm3hM1Os7UQH05ZS6cVDgweKNwdLLrT51ikSQG3
DYrl+ft781UQRIqxgwqCfXEuDiinPh0kkvIi5jivVu1Z9QiwlYEdRbLJ4zJQBmDr
SGTMYn4lRc2HgHO4DqB/bnMVorHB0CC6AV1QoFK4GPe1LwIDAQABo3sweTAJBgNV
HRMEAjAAMCwGCWCGSAGG+EIBDQQfFh1PcGVuU1NMIEdlbmVyYXRlZCBDZXJ0aWZp
Y2F0ZTAdBgNVHQ4EFgQU8pD0U0vsZIsaA16lL8En8bx0F/gwHwYDVR0jBBgwFoAU
dGeKitcaF7gnzsNwDx708kqaVt0wDQYJKoZIhvcNAQEFBQADgYEAA81SsFnOdYJt
Ng5Tcq+/ByEDrBgnusx0jloUhByPMEVkoMZ3J7j1ZgI8rAbOkNngX8+pKfTiDz1R
C4+dx8oU6Za+4NJXUjlL5CvV6BEYb1+QAEJwitTVvxB/A67g42/vzgAtoRUeDov1
+GFiBZ+GNF/cAYKcMtGcrs2i97ZkJMo=";

// Shows: SCHEMA-07
#[test]
fn base64_may_leave_its_padding_out_and_is_not_base64url() {
    for (text, expected) in [
        ("", true),
        ("TQ==", true),
        ("TQ", true),
        ("TWE=", true),
        ("TWE", true),
        ("TWFu\r\nTWFu", true),
        ("ab+/", true),
        ("ab-_", false),
        ("T", false),
        ("TQ=", false),
        ("TWFu=", false),
        ("T=Q=", false),
        ("TQ===", false),
        ("é", false),
    ] {
        assert_eq!(is_base64(text), expected, "{text}");
    }
    assert!(is_base64(CERTIFICATE));
}

#[test]
fn one_certificate_is_one() {
    assert!(is_certificate(CERTIFICATE));
    let one = CERTIFICATE.replace('\n', "");
    assert!(is_certificate(one.trim_end_matches('=')));
    // A sequence of three certificates, small as they are: 30 05 is one with nothing in it but its outline.
    for text in [
        "",
        "TWFu",
        "-----BEGIN CERTIFICATE-----",
        one.trim_end_matches("JMo="),
        "MAYwADAAMAA=",
        "MAAwADAA",
        "MIA=",
        "MP//////",
        "MIT/////",
    ] {
        assert!(!is_certificate(text), "{text}");
    }
    // The outline: 30 06, then two empty sequences and an empty bit string, and one byte after it.
    assert!(is_certificate("MAYwADAAAwA="));
    assert!(!is_certificate("MAYwADAAAwAA"));
}

#[test]
fn a_country_has_two_letters() {
    for (text, expected) in
        [("SE", true), ("us", true), ("USA", false), ("S", false), ("é", false), ("S1", false)]
    {
        assert_eq!(is_country(text), expected, "{text}");
    }
}
