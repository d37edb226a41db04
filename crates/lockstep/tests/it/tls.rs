//! TLS as it is met on the wire.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Certificate, Client, tls};

use crate::process::{API_KEY, Process, program};

fn client(root: &Certificate, version: tls::Version) -> Client {
    let builder = Client::builder().no_proxy().tls_certs_only([root.clone()]);
    builder.tls_version_min(version).tls_version_max(version).build().unwrap()
}

// Shows: AUTH-01
#[tokio::test]
async fn tls_12_and_13_are_spoken_and_plain_http_on_that_port_is_refused_and_not_redirected() {
    let folder = tempfile::tempdir().unwrap();
    let made =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let server = Process::start_with_tls(&folder.path().join("lockstep.db"), &certificate, &key);
    assert!(server.url.starts_with("https://"), "{}", server.url);

    let root = Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let organizations = format!("{}/organizations", server.url);
    for version in [tls::Version::TLS_1_2, tls::Version::TLS_1_3] {
        let answer = client(&root, version).get(&organizations).bearer_auth(API_KEY).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{version:?}");
    }
    let stranger = Client::builder().no_proxy().build().unwrap();
    assert!(
        stranger.get(&organizations).send().await.is_err(),
        "who does not know the certificate does not talk"
    );

    let mut plain = TcpStream::connect(server.url.strip_prefix("https://").unwrap()).unwrap();
    plain.write_all(b"GET /organizations HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // The connection ends, with an alert of TLS or without a word.
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&answer));
    assert!(server.stop().success());
}

/// A certificate of a private authority for 127.0.0.1, its key, and the authority's own certificate, each in a file.
fn of_a_private_authority(folder: &Path) -> [PathBuf; 3] {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let asked = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = asked.signed_by(&key, &authority).unwrap();
    [
        ("certificate.pem", certificate.pem()),
        ("key.pem", key.serialize_pem()),
        ("authority.pem", authority.pem()),
    ]
    .map(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    })
}

#[test]
fn the_command_line_trusts_a_private_authority_that_it_is_told_of_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key, authority] = of_a_private_authority(folder.path());
    let server = Process::start_with_tls(&folder.path().join("lockstep.db"), &certificate, &key);
    let run = |words: &[&str], trusted: Option<&Path>| {
        let mut command = program();
        command.args(words).env("LOCKSTEP_URL", &server.url).env("LOCKSTEP_API_KEY", API_KEY);
        command.env_remove("SSL_CERT_DIR").env_remove("SSL_CERT_FILE");
        command.envs(trusted.map(|file| ("SSL_CERT_FILE", file)));
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, out, err) = run(&["org", "create", "Example", "--json"], Some(&authority));
    assert_eq!(code, Some(0), "{out}{err}");
    let (code, listed, err) = run(&["org", "list", "--json"], Some(&authority));
    assert_eq!((code, &listed), (Some(0), &out), "{err}");
    let (code, out, err) = run(&["org", "list"], None);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("certificate") && err.contains("SSL_CERT_FILE"), "{err}");
    assert!(server.stop().success());
}
