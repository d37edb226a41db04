//! The configuration: file, environment and flags, read once at start. `config/reference.rs` tells every key, and tests
//! hold the two together.

pub(crate) mod reference;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use lockstep_server::outbound::AddressRange;
use lockstep_server::requests::Keeping;
use serde::Deserialize;

use crate::master_key::Source;
use crate::serve::ServeOptions;

/// How the server is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) database: String,
    /// The address as seen from outside, where it was said.
    pub(crate) public_url: Option<String>,
    pub(crate) tls: Option<Tls>,
    pub(crate) log: Log,
    /// An API key to accept from the first start on.
    pub(crate) api_key: Option<String>,
    /// Where the master key comes from.
    pub(crate) master_key: Source,
    /// How often each directory's IdP may ask, where that is bounded.
    pub(crate) scim_requests_per_second: Option<NonZeroU32>,
    /// Private or loopback ranges that the server's own requests may reach.
    pub(crate) allow_outbound: Vec<AddressRange>,
    /// What is recorded of requests, if anything.
    pub(crate) requests: Option<Keeping>,
}

/// The server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// How logs are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) json: bool,
    pub(crate) level: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_field_names, reason = "the fields are the keys of the file")]
struct File {
    listen: Option<SocketAddr>,
    database: Option<String>,
    public_url: Option<String>,
    behind_proxy: bool,
    allow_outbound: Vec<String>,
    api_key_file: Option<PathBuf>,
    master_key_file: Option<PathBuf>,
    scim_requests_per_second: Option<NonZeroU32>,
    requests: RequestsSection,
    tls: TlsSection,
    log: LogSection,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RequestsSection {
    enabled: Option<bool>,
    keep_days: Option<u32>,
    max_megabytes: Option<u32>,
    values: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TlsSection {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LogSection {
    format: Option<String>,
    level: Option<String>,
}

impl Config {
    /// Puts flags, environment and file together. `environment` answers for a variable's name.
    pub(crate) fn load(
        options: &ServeOptions,
        environment: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Self> {
        let file = match &options.config {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read the configuration file {}", path.display()))?;
                parse(&text).with_context(|| format!("the configuration file {} is wrong", path.display()))?
            }
            None => File::default(),
        };
        let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
        let listen = options.listen.or(file.listen).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8480)));
        let behind_proxy = options.behind_proxy || file.behind_proxy;
        let ranges = options.allow_outbound.iter().chain(&file.allow_outbound);
        let allow_outbound = ranges.map(|range| parse_range(range)).collect::<anyhow::Result<_>>()?;

        let certificate = variable("LOCKSTEP_TLS_CERTIFICATE").map(PathBuf::from).or(file.tls.certificate);
        let key = variable("LOCKSTEP_TLS_KEY").map(PathBuf::from).or(file.tls.key);
        let tls = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(Tls { certificate, key }),
            (None, None) => None,
            _ => bail!("tls.certificate and tls.key belong together: give both or neither"),
        };
        ensure!(
            tls.is_some() || behind_proxy || listen.ip().is_loopback(),
            "plain HTTP on {listen} would carry tokens in the clear: set tls.certificate and tls.key, listen on \
             127.0.0.1, or say --behind-proxy where a proxy ends TLS"
        );
        let public_url = options.public_url.clone().or(file.public_url);
        if let Some(url) = &public_url {
            let host = url.strip_prefix("https://").or(url.strip_prefix("http://"));
            ensure!(
                host.is_some_and(|host| !host.is_empty()
                    && !host.starts_with('/')
                    && !host.contains(['?', '#', ' '])),
                "the public URL `{url}` is not of the form https://host or https://host/path"
            );
        }
        let format = variable("LOCKSTEP_LOG_FORMAT").or(file.log.format).unwrap_or_else(|| "text".into());
        ensure!(format == "text" || format == "json", "log.format is `{format}`: it can be `text` or `json`");

        let key_file = variable("LOCKSTEP_API_KEY_FILE").map(PathBuf::from).or(file.api_key_file);
        let api_key = match (variable("LOCKSTEP_API_KEY"), key_file) {
            (Some(key), _) => Some(key),
            (None, Some(path)) => Some(read_secret(&path)?),
            (None, None) => None,
        };
        let key_file = variable("LOCKSTEP_MASTER_KEY_FILE").map(PathBuf::from).or(file.master_key_file);
        let master_key = Source::said(variable("LOCKSTEP_MASTER_KEY"), key_file);
        Ok(Self {
            listen,
            database: options
                .database
                .clone()
                .or(file.database)
                .unwrap_or_else(|| "sqlite://lockstep-data/lockstep.db".into()),
            public_url,
            tls,
            log: Log {
                json: format == "json",
                level: variable("LOCKSTEP_LOG").or(file.log.level).unwrap_or_else(|| "info".into()),
            },
            api_key,
            master_key,
            scim_requests_per_second: variable("LOCKSTEP_SCIM_REQUESTS_PER_SECOND")
                .map(|text| parse_rate(&text))
                .transpose()?
                .or(file.scim_requests_per_second),
            allow_outbound,
            requests: requests(&file.requests, variable)?,
        })
    }
}

/// What is recorded of requests.
fn requests(
    file: &RequestsSection,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<Option<Keeping>> {
    fn read<T: std::str::FromStr>(name: &str, text: Option<String>) -> anyhow::Result<Option<T>> {
        let wrong = |text: String| anyhow::anyhow!("requests.{name} cannot be `{text}`");
        text.map(|text| text.parse().map_err(|_| wrong(text))).transpose()
    }
    let enabled = read("enabled", variable("LOCKSTEP_REQUESTS_ENABLED"))?.or(file.enabled);
    let days: Option<u32> = read("keep_days", variable("LOCKSTEP_REQUESTS_KEEP_DAYS"))?.or(file.keep_days);
    let megabytes: Option<u32> =
        read("max_megabytes", variable("LOCKSTEP_REQUESTS_MAX_MEGABYTES"))?.or(file.max_megabytes);
    let values = variable("LOCKSTEP_REQUESTS_VALUES").or(file.values.clone());
    let default = Keeping::default();
    let keeping = Keeping {
        time: days.map_or(default.time, |days| Duration::from_hours(24 * u64::from(days))),
        bytes: megabytes.map_or(default.bytes, |megabytes| 1024 * 1024 * u64::from(megabytes)),
        masked: match values.as_deref() {
            None => default.masked,
            Some("shown") => false,
            Some("masked") => true,
            Some(other) => bail!("requests.values is `{other}`: it can be `shown` or `masked`"),
        },
    };
    ensure!(
        keeping.time > Duration::ZERO,
        "requests.keep_days must be 1 or more; to keep none, set requests.enabled to false"
    );
    ensure!(
        keeping.bytes > 0,
        "requests.max_megabytes must be 1 or more; to keep none, set requests.enabled to false"
    );
    Ok(Some(keeping).filter(|_| enabled.unwrap_or(true)))
}

fn parse(text: &str) -> anyhow::Result<File> {
    toml::from_str(text).map_err(|error| anyhow::anyhow!("{}", error.to_string().trim_end()))
}

fn parse_rate(text: &str) -> anyhow::Result<NonZeroU32> {
    let context = || format!("scim_requests_per_second is `{text}`: it must be a whole number from 1");
    text.parse().with_context(context)
}

fn read_secret(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the API key from {}", path.display()))?;
    Ok(text.trim().to_owned())
}

fn parse_range(range: &str) -> anyhow::Result<AddressRange> {
    AddressRange::parse(range)
        .with_context(|| format!("allow_outbound: `{range}` is no address range such as 10.0.0.0/8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(options: &ServeOptions, environment: &[(&str, &str)]) -> anyhow::Result<Config> {
        let variable = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Config::load(options, variable)
    }

    #[test]
    fn the_reference_is_what_is_used_where_nothing_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lockstep.toml");
        std::fs::write(&path, reference::file()).unwrap();
        let said = load(&ServeOptions { config: Some(path), ..Default::default() }, &[]).unwrap();
        assert_eq!(said, load(&ServeOptions::default(), &[]).unwrap());
    }

    #[test]
    fn a_key_that_is_not_known_is_an_error_that_names_it() {
        let error = parse("listne = \"127.0.0.1:1\"").unwrap_err().to_string();
        assert!(error.contains("listne"), "{error}");
        assert!(parse("[tls]\ncert = \"x\"").is_err());
    }

    #[test]
    fn requests_are_bounded_where_a_bound_is_set() {
        assert_eq!(load(&ServeOptions::default(), &[]).unwrap().scim_requests_per_second, None);
        let set = load(&ServeOptions::default(), &[("LOCKSTEP_SCIM_REQUESTS_PER_SECOND", "50")]).unwrap();
        assert_eq!(set.scim_requests_per_second, NonZeroU32::new(50));
        assert!(parse("scim_requests_per_second = 0").is_err());
    }

    #[test]
    fn what_is_recorded_of_requests_can_be_set() {
        let set = |environment: &[(&str, &str)]| load(&ServeOptions::default(), environment);
        assert_eq!(set(&[]).unwrap().requests, Some(Keeping::default()));
        assert_eq!(set(&[("LOCKSTEP_REQUESTS_ENABLED", "false")]).unwrap().requests, None);
        let said = [
            ("LOCKSTEP_REQUESTS_KEEP_DAYS", "2"),
            ("LOCKSTEP_REQUESTS_MAX_MEGABYTES", "3"),
            ("LOCKSTEP_REQUESTS_VALUES", "masked"),
        ];
        let wanted = Keeping { time: Duration::from_hours(48), bytes: 3 * 1024 * 1024, masked: true };
        assert_eq!(set(&said).unwrap().requests, Some(wanted));
        for wrong in [
            ("LOCKSTEP_REQUESTS_ENABLED", "perhaps"),
            ("LOCKSTEP_REQUESTS_KEEP_DAYS", "0"),
            ("LOCKSTEP_REQUESTS_MAX_MEGABYTES", "-1"),
            ("LOCKSTEP_REQUESTS_VALUES", "hidden"),
        ] {
            assert!(set(&[wrong]).is_err(), "{wrong:?}");
        }
    }

    // Shows: AUTH-01
    #[test]
    fn plain_http_leaves_the_machine_only_when_told_so() {
        let open = ServeOptions { listen: Some("0.0.0.0:8480".parse().unwrap()), ..Default::default() };
        assert!(load(&open, &[]).unwrap_err().to_string().contains("--behind-proxy"));
        assert!(load(&ServeOptions { behind_proxy: true, ..open }, &[]).is_ok());
        let open = ServeOptions { listen: Some("0.0.0.0:8480".parse().unwrap()), ..Default::default() };
        let tls = [("LOCKSTEP_TLS_CERTIFICATE", "c.pem"), ("LOCKSTEP_TLS_KEY", "k.pem")];
        assert!(load(&open, &tls).is_ok());
        assert!(load(&open, &tls[..1]).is_err());
    }

    #[test]
    fn wrong_values_are_refused_at_start() {
        for case in [
            ("LOCKSTEP_LOG_FORMAT", "xml"),
            ("LOCKSTEP_API_KEY_FILE", "/nowhere"),
            ("LOCKSTEP_SCIM_REQUESTS_PER_SECOND", "0"),
        ] {
            assert!(load(&ServeOptions::default(), &[case]).is_err(), "{case:?}");
        }
        let ranges = ServeOptions { allow_outbound: vec!["10.0.0.0/33".into()], ..Default::default() };
        assert!(load(&ranges, &[]).is_err());
        for url in ["scim.example.com", "https://", "https://a b"] {
            let options = ServeOptions { public_url: Some(url.into()), ..Default::default() };
            assert!(load(&options, &[]).is_err(), "{url}");
        }
    }
}
