//! Secrets as text and as digests.

use super::*;

#[test]
fn a_secret_is_base64url_without_padding() {
    assert_eq!(secret_text("x_", [0; 32]), format!("x_{}", "A".repeat(43)));
    assert_eq!(secret_text("", [0xff; 32]), format!("{}8", "_".repeat(42)));
    let mut bytes = [0; 32];
    bytes[..3].copy_from_slice(b"Man");
    assert!(secret_text("", bytes).starts_with("TWFu"));
}

#[test]
fn the_same_seed_gives_the_same_secrets() {
    let (one, two) = (SeededSecrets::from_seed(7), SeededSecrets::from_seed(7));
    assert_eq!(one.draw(), two.draw());
    assert_ne!(one.draw(), one.draw());
}

#[test]
fn the_system_gives_other_secrets_each_time() {
    let secrets = SystemSecrets::default();
    assert_ne!(secrets.draw(), secrets.draw());
    assert_ne!(secrets.random().next_u64(), secrets.random().next_u64());
}

#[test]
fn a_digest_is_sha_256() {
    let digest = digest_of("abc");
    assert_eq!(digest[..4], [0xba, 0x78, 0x16, 0xbf]);
}
