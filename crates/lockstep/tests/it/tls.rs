//! TLS as it is met on the wire.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::{Certificate, Client, tls};

use crate::process::{API_KEY, Process};

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
