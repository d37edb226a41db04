//! How the server is reached, by whom, and whom it may reach.

use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use lockstep_core::clock::Timestamp;
use lockstep_server::outbound::AddressRange;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::config::{Config, Tls};
use crate::doctor::certificate::not_after;
use crate::doctor::finding::Finding;

/// How long a server may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// With how many days left a certificate should have been renewed.
const CERTIFICATE_DAYS_ADVISED: i64 = 21;
const DAY_MICROS: i64 = 86_400_000_000;

/// What stands at the address to listen on.
pub(crate) struct Listening {
    pub(crate) finding: Finding,
    /// Whether a server of ours answers there.
    pub(crate) answers: bool,
}

/// Whether the address is free, or a server answers there.
pub(crate) async fn listening(config: &Config) -> Listening {
    let listen = config.listen;
    let bound = TcpListener::bind(listen).map(drop);
    let told = |finding| Listening { finding, answers: false };
    match bound {
        Ok(()) => told(Finding::ok("listen", format!("{listen} is free; no server answers there"))),
        Err(error) if error.kind() == ErrorKind::AddrInUse => answering(listen, config.tls.is_some()).await,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => told(
            Finding::problem("listen", format!("this user may not listen on {listen}"))
                .mend("take a port above 1023, or give the program CAP_NET_BIND_SERVICE"),
        ),
        Err(error) => told(
            Finding::problem("listen", format!("{listen} cannot be listened on: {error}"))
                .mend("set `listen` to an address of this machine, such as 127.0.0.1:8480"),
        ),
    }
}

/// Who answers where something listens already.
async fn answering(listen: SocketAddr, is_tls: bool) -> Listening {
    let address = if listen.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listen.port())
    } else {
        listen
    };
    let url = format!("{}://{address}/health/ready", if is_tls { "https" } else { "http" });
    // Its certificate is for the public name, and is looked at by itself.
    let answer = ask(&url, true).await;
    let finding = match &answer {
        Ok(200) => Finding::ok("listen", format!("a server answers on {listen} and is ready")),
        Ok(503) => Finding::problem("listen", format!("a server answers on {listen} and is not ready"))
            .mend("its log says why; the findings below may, too"),
        Ok(status) => {
            Finding::problem("listen", format!("something else listens on {listen}: it answers {status}"))
                .mend("end it, or set `listen` to another port")
        }
        Err(error) => {
            Finding::problem("listen", format!("something listens on {listen} and does not answer: {error}"))
                .mend("end it, or set `listen` to another port")
        }
    };
    Listening { finding, answers: matches!(answer, Ok(200 | 503)) }
}

/// The status with which a URL answers.
async fn ask(url: &str, any_certificate: bool) -> Result<u16, String> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(ANSWER_WAIT)
        .redirect(reqwest::redirect::Policy::none())
        .tls_danger_accept_invalid_certs(any_certificate)
        .no_proxy()
        .build()
        .map_err(|error| error.to_string())?;
    let answer = client.get(url).send().await;
    answer.map(|answer| answer.status().as_u16()).map_err(|error| {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        cause.to_string()
    })
}

/// Whether the address that IdPs are given can be theirs.
pub(crate) async fn public_url(config: &Config, is_served: bool) -> Vec<Finding> {
    let Some(url) = &config.public_url else {
        return vec![unsaid(config.listen)];
    };
    let mut findings = said(url);
    if is_served {
        let url = format!("{}/health/live", url.trim_end_matches('/'));
        findings.push(reached(&url, ask(&url, false).await));
    }
    findings
}

fn unsaid(listen: SocketAddr) -> Finding {
    let says = format!("not set: SCIM endpoints are told as below {listen}");
    if listen.ip().is_loopback() || listen.ip().is_unspecified() {
        return Finding::warning("public URL", format!("{says}, where no IdP finds them"))
            .mend("set `public_url` to the https:// address under which IdPs reach this server");
    }
    Finding::ok("public URL", says)
}

fn said(url: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let host = url.split("://").nth(1).unwrap_or_default();
    let host = host.split(['/', ':']).next().unwrap_or_default();
    let is_local = host == "localhost" || host.starts_with("127.") || host.starts_with('[');
    if url.starts_with("http://") && !is_local {
        findings.push(
            Finding::warning(
                "public URL",
                format!("{url} is not https: IdPs send tokens and people's data in the clear, or refuse it"),
            )
            .mend("let a proxy or [tls] speak TLS, and begin it with https://"),
        );
    }
    if url.ends_with('/') {
        findings.push(
            Finding::warning(
                "public URL",
                format!("{url} ends in a slash, which is left out of what is made of it"),
            )
            .mend("write it without"),
        );
    }
    if findings.is_empty() {
        findings.push(Finding::ok("public URL", url.to_owned()));
    }
    findings
}

fn reached(url: &str, answer: Result<u16, String>) -> Finding {
    let mend = "look at DNS, the proxy and the firewall; from inside a network its own outer address may be out of reach";
    match answer {
        Ok(200) => Finding::ok("reachable", format!("{url} answers")),
        Ok(status) => {
            Finding::warning("reachable", format!("{url} answers {status} instead of 200")).mend(mend)
        }
        Err(error) => {
            Finding::warning("reachable", format!("{url} does not answer here: {error}")).mend(mend)
        }
    }
}

/// Whether the certificate and its key can be used, and for how long.
pub(crate) async fn tls(config: &Config, now: Timestamp) -> Vec<Finding> {
    let Some(files) = &config.tls else {
        let why = if config.listen.ip().is_loopback() {
            "plain HTTP, on this machine only"
        } else {
            "plain HTTP: a proxy is said to end TLS"
        };
        return vec![Finding::ok("TLS", why.into())];
    };
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    if let Err(error) = RustlsConfig::from_pem_file(&files.certificate, &files.key).await {
        let (certificate, key) = (files.certificate.display(), files.key.display());
        return vec![
            Finding::problem("TLS", format!("{certificate} and {key} cannot be used together: {error}"))
                .mend("both must be PEM files that this user can read, and the key that of the first certificate"),
        ];
    }
    let mut findings = vec![lasting(files, now)];
    if fs::metadata(&files.key).is_ok_and(|found| found.permissions().mode() & 0o007 != 0) {
        findings.push(
            Finding::problem("TLS", format!("everybody on this machine may read {}", files.key.display()))
                .mend(format!("chmod 600 {}", files.key.display())),
        );
    }
    findings
}

fn lasting(files: &Tls, now: Timestamp) -> Finding {
    let shown = files.certificate.display();
    let first = CertificateDer::from_pem_file(&files.certificate).ok();
    let Some(end) = first.as_deref().and_then(not_after) else {
        return Finding::warning("TLS", format!("{shown} does not say until when it is good"))
            .mend("look at it");
    };
    let days = (end.0 - now.0).div_euclid(DAY_MICROS);
    let renew = "renew it, and send the server SIGHUP: it reads both files again";
    if end <= now {
        return Finding::problem("TLS", format!("{shown} ended on {end}")).mend(renew);
    }
    let says = format!("{shown} fits its key and is good for {days} days");
    if days < CERTIFICATE_DAYS_ADVISED {
        Finding::warning("TLS", says).mend(renew)
    } else {
        Finding::ok("TLS", says)
    }
}

/// Whether the server's own requests reach more than they should.
pub(crate) fn outbound(ranges: &[AddressRange]) -> Vec<Finding> {
    if ranges.is_empty() {
        return vec![Finding::ok("outbound", "public addresses only".into())];
    }
    let contains = |address: &str| {
        address.parse().is_ok_and(|address: IpAddr| ranges.iter().any(|range| range.contains(address)))
    };
    let mut findings = Vec::new();
    if contains("169.254.169.254") || contains("fd00:ec2::254") {
        findings.push(
            Finding::problem(
                "outbound",
                "allow_outbound holds the address at which a cloud gives a machine its secrets".into(),
            )
            .mend("name the ranges that are needed, without 169.254.169.254 and fd00:ec2::254"),
        );
    }
    if contains("192.0.2.1") || contains("8.8.8.8") || contains("2001:4860:4860::8888") {
        findings.push(
            Finding::warning(
                "outbound",
                "allow_outbound holds public addresses: these are reached without TLS too".into(),
            )
            .mend("name private ranges only: public addresses need not be named"),
        );
    }
    if findings.is_empty() {
        findings
            .push(Finding::ok("outbound", format!("public addresses, and {} private ranges", ranges.len())));
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::path::Path;

    use super::*;
    use crate::doctor::finding::Level;
    use crate::serve::ServeOptions;

    fn config(listen: SocketAddr) -> Config {
        let options = ServeOptions { listen: Some(listen), behind_proxy: true, ..ServeOptions::default() };
        Config::load(&options, |_| None).unwrap()
    }

    /// Answers each request with this status.
    fn answers(status: u16) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let _ = connection.read(&mut [0; 1024]);
                let _ = write!(
                    connection,
                    "HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
            }
        });
        address
    }

    #[tokio::test]
    async fn an_address_is_free_ours_or_another_programs() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let found = listening(&config(free)).await;
        assert!(found.finding.level == Level::Ok && !found.answers);
        for (status, level, is_ours) in
            [(200, Level::Ok, true), (503, Level::Problem, true), (404, Level::Problem, false)]
        {
            let found = listening(&config(answers(status))).await;
            assert_eq!((found.finding.level, found.answers), (level, is_ours), "{status}");
        }
        // An address for documentation, of no machine.
        let found = listening(&config("192.0.2.1:8480".parse().unwrap())).await;
        assert_eq!(found.finding.level, Level::Problem);
    }

    #[tokio::test]
    async fn a_public_url_is_https_ends_in_no_slash_and_answers() {
        let level = |url: &str| said(url)[0].level;
        assert_eq!(level("https://scim.example.com"), Level::Ok);
        assert_eq!(level("http://localhost:8480"), Level::Ok);
        assert_eq!(level("http://scim.example.com"), Level::Warning);
        assert_eq!(level("https://scim.example.com/"), Level::Warning);
        assert_eq!(said("http://scim.example.com/").len(), 2);
        assert_eq!(unsaid("127.0.0.1:1".parse().unwrap()).level, Level::Warning);
        assert_eq!(unsaid("192.0.2.1:1".parse().unwrap()).level, Level::Ok);
        for (status, wanted) in [(200, Level::Ok), (502, Level::Warning)] {
            let mut config = config("127.0.0.1:0".parse().unwrap());
            config.public_url = Some(format!("http://{}/", answers(status)));
            assert_eq!(public_url(&config, true).await.last().unwrap().level, wanted);
            assert_eq!(public_url(&config, false).await.len(), 1);
        }
        assert_eq!(reached("https://x", Err("no".into())).level, Level::Warning);
    }

    fn certificate(folder: &Path, name: &str, year: i32) -> Tls {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut asked = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
        asked.not_after = rcgen::date_time_ymd(year, 1, 1);
        let files =
            Tls { certificate: folder.join(format!("{name}.crt")), key: folder.join(format!("{name}.key")) };
        fs::write(&files.certificate, asked.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
        files
    }

    #[tokio::test]
    async fn a_certificate_fits_its_key_lasts_and_is_not_for_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let files = certificate(folder.path(), "one", 2030);
        let mut config = config("127.0.0.1:0".parse().unwrap());
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let now = at("2026-11-22T00:00:00Z");
        assert_eq!(tls(&config, now).await[0].level, Level::Ok);
        config.tls = Some(files.clone());
        for (now, level) in [
            (now, Level::Ok),
            (at("2029-12-20T00:00:00Z"), Level::Warning),
            (at("2030-01-01T00:00:00Z"), Level::Problem),
        ] {
            assert_eq!(tls(&config, now).await[0].level, level, "{now}");
        }
        fs::set_permissions(&files.key, fs::Permissions::from_mode(0o604)).unwrap();
        assert_eq!(tls(&config, now).await[1].level, Level::Problem);
        let other = certificate(folder.path(), "two", 2030);
        config.tls = Some(Tls { key: other.key, ..files.clone() });
        assert!(tls(&config, now).await[0].says.contains("cannot be used together"));
        config.tls = Some(Tls { key: folder.path().join("nowhere"), ..files });
        assert_eq!(tls(&config, now).await[0].level, Level::Problem);
    }

    #[test]
    fn ranges_that_reach_too_far_are_told() {
        let levels = |ranges: &[&str]| {
            let ranges: Vec<AddressRange> =
                ranges.iter().map(|range| AddressRange::parse(range).unwrap()).collect();
            outbound(&ranges).iter().map(|finding| finding.level).collect::<Vec<_>>()
        };
        assert_eq!(levels(&[]), [Level::Ok]);
        assert_eq!(levels(&["10.0.0.0/8", "fd12::/16"]), [Level::Ok]);
        assert_eq!(levels(&["169.254.0.0/16"]), [Level::Problem]);
        assert_eq!(levels(&["8.0.0.0/8"]), [Level::Warning]);
        assert_eq!(levels(&["0.0.0.0/0"]), [Level::Problem, Level::Warning]);
        assert_eq!(levels(&["::/0"]), [Level::Problem, Level::Warning]);
    }
}
