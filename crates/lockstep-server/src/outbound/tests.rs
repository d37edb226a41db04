//! Where the server's own requests may go, tried on a server of the test's own.

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;

use super::*;

const LOOPBACK: &str = "127.0.0.0/8";

fn allowing(ranges: &[&str]) -> Outbound {
    Outbound::new(ranges.iter().map(|range| AddressRange::parse(range).unwrap()).collect())
}

/// A server on loopback; its port.
async fn serve() -> u16 {
    let router = Router::new()
        .route("/small", get(async || "small"))
        .route("/large", get(async || "x".repeat(100_000)))
        .route("/moved", get(async || Redirect::temporary("/small")))
        .route("/gone", get(async || http::StatusCode::GONE));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

#[tokio::test]
async fn what_is_allowed_is_read_within_its_bound() {
    let port = serve().await;
    let outbound = allowing(&[LOOPBACK]);
    let read = async |path: &str, limit| outbound.get(&format!("http://127.0.0.1:{port}{path}"), limit).await;
    assert_eq!(read("/small", 5).await, Ok(b"small".to_vec()));
    assert_eq!(read("/small", 4).await, Err(OutboundError::TooLarge(4)));
    assert_eq!(read("/large", 99_999).await, Err(OutboundError::TooLarge(99_999)));
    assert_eq!(read("/moved", 100).await, Err(OutboundError::Status(307)));
    assert_eq!(read("/gone", 100).await, Err(OutboundError::Status(410)));
    let named = outbound.get(&format!("http://localhost:{port}/small"), 5).await;
    assert_eq!(named, Ok(b"small".to_vec()));
}

#[tokio::test]
async fn the_network_around_the_server_is_not_reached_in_any_notation() {
    let port = serve().await;
    let strict = allowing(&[]);
    let hosts = [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.169.254",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fd00::1]",
        "[fe80::1]",
    ];
    for host in hosts {
        for scheme in ["http", "https"] {
            let found = strict.get(&format!("{scheme}://{host}:{port}/small"), 5).await;
            assert_eq!(found, Err(OutboundError::Refused), "{scheme}://{host}");
        }
    }
    // Allowed ranges allow nothing else.
    let other = allowing(&["10.0.0.0/8"]);
    let found = other.get(&format!("http://127.0.0.1:{port}/small"), 5).await;
    assert_eq!(found, Err(OutboundError::Refused));
}

#[tokio::test]
async fn plain_http_goes_only_where_it_was_allowed() {
    let found = allowing(&[LOOPBACK]).get("http://192.0.1.1/keys", 5).await;
    assert_eq!(found, Err(OutboundError::Refused));
    for url in ["ftp://example.com/", "file:///etc/passwd", "keys", "https://", ""] {
        assert_eq!(allowing(&[]).get(url, 5).await, Err(OutboundError::Url), "{url}");
    }
}

#[tokio::test]
async fn what_speaks_no_tls_is_not_trusted() {
    let port = serve().await;
    let found = allowing(&[LOOPBACK]).get(&format!("https://127.0.0.1:{port}/small"), 5).await;
    assert!(matches!(found, Err(OutboundError::Unreachable(_))), "{found:?}");
}

#[test]
fn public_addresses_are_told_from_special_ones() {
    for public in
        ["1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "198.20.0.1", "2606:4700::1", "2a00::1"]
    {
        assert!(is_public(public.parse().unwrap()), "{public}");
    }
    let special = [
        "0.1.2.3",
        "10.1.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.9.9.9",
        "169.254.1.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.19.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "64:ff9b::1",
        "2001::1",
        "2001:db8::1",
        "2002::1",
        "3fff::1",
        "4000::1",
        "fc00::1",
        "fe80::1",
        "ff02::1",
    ];
    for special in special {
        assert!(!is_public(special.parse().unwrap()), "{special}");
    }
}

#[test]
fn a_range_is_what_its_bits_say() {
    let cases = [
        ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("10.1.2.3/32", "10.1.2.3", true),
        ("10.1.2.3/32", "10.1.2.4", false),
        ("0.0.0.0/0", "203.0.113.7", true),
        ("0.0.0.0/0", "::1", false),
        ("fd00::/8", "fdff::1", true),
        ("fd00::/8", "fe00::1", false),
        ("::1/128", "::1", true),
        ("::/0", "fe80::1", true),
    ];
    for (range, address, expected) in cases {
        let range = AddressRange::parse(range).unwrap();
        assert_eq!(range.contains(address.parse().unwrap()), expected, "{range:?} {address}");
    }
    for wrong in ["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0/8", "x/8", "10.0.0.0/-1", ""] {
        assert_eq!(AddressRange::parse(wrong), None, "{wrong}");
    }
}
