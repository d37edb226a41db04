//! Requests that the server makes itself, kept away from the network around it: no private or loopback address unless
//! the operator allows it, no redirect, no proxy, a bounded answer in bounded time.
//!
//! A name is checked by the addresses to which it resolves at the moment of connecting, and an address that stands in
//! the URL itself, in whatever notation, by what it is: a resolver never sees that one.

use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url, redirect};

use crate::limits::{OUTBOUND_CONNECT_WAIT, OUTBOUND_WAIT};

/// A range of addresses in CIDR notation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AddressRange {
    address: IpAddr,
    bits: u8,
}

impl AddressRange {
    /// Reads a range such as `10.0.0.0/8` or `fd00::/8`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let (address, bits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
        (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(Self { address, bits })
    }

    /// Whether the address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = u32::from(self.bits);
        match (self.address, address) {
            (IpAddr::V4(range), IpAddr::V4(address)) => {
                (u32::from(range) ^ u32::from(address)).checked_shr(32 - bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(range), IpAddr::V6(address)) => {
                (u128::from(range) ^ u128::from(address)).checked_shr(128 - bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Why a request got no answer. Names no address within: whoever asked learns only that it did not work.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OutboundError {
    /// This server makes no requests.
    #[error("this server makes no requests of its own")]
    Off,
    /// The URL cannot be asked.
    #[error("the URL is not of the form https://host/path")]
    Url,
    /// The address is not one that may be reached.
    #[error("the address is private or otherwise not to be reached: `allow_outbound` can allow it")]
    Refused,
    /// The answer was not 200.
    #[error("the answer's status was {0}")]
    Status(u16),
    /// The answer was larger than asked for.
    #[error("the answer had more than {0} bytes")]
    TooLarge(usize),
    /// No connection, no TLS, or no answer in time.
    #[error("it could not be reached: {0}")]
    Unreachable(String),
}

/// The server's HTTP client.
#[derive(Debug)]
pub struct Outbound {
    allowed: Vec<AddressRange>,
    /// Over TLS, to all that may be reached. Built when it is first needed: it reads the system's roots of trust.
    secure: OnceLock<Result<Client, String>>,
    /// Without TLS, only to what was allowed by name.
    plain: OnceLock<Result<Client, String>>,
}

impl Outbound {
    /// A client that besides public addresses reaches these ranges, there also without TLS.
    #[must_use]
    pub fn new(allowed: Vec<AddressRange>) -> Self {
        Self { allowed, secure: OnceLock::new(), plain: OnceLock::new() }
    }

    /// What is at this URL, where the answer is 200 and has at most `bytes_limit` bytes.
    pub async fn get(&self, url: &str, bytes_limit: usize) -> Result<Vec<u8>, OutboundError> {
        let url = Url::parse(url).map_err(|_| OutboundError::Url)?;
        let (slot, guard) = match url.scheme() {
            "https" => (&self.secure, Guard { allowed: self.allowed.clone(), public: true }),
            "http" => (&self.plain, Guard { allowed: self.allowed.clone(), public: false }),
            _ => return Err(OutboundError::Url),
        };
        let host = url.host_str().ok_or(OutboundError::Url)?;
        if let Ok(address) = host.trim_matches(['[', ']']).parse()
            && !guard.permits(address)
        {
            return Err(OutboundError::Refused);
        }
        let client = slot.get_or_init(|| client(guard)).as_ref();
        let client = client.map_err(|why| OutboundError::Unreachable(why.clone()))?;
        let mut answer = client.get(url).send().await.map_err(|error| unreachable(&error))?;
        if answer.status() != http::StatusCode::OK {
            return Err(OutboundError::Status(answer.status().as_u16()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| unreachable(&error))? {
            if bytes.len() + chunk.len() > bytes_limit {
                return Err(OutboundError::TooLarge(bytes_limit));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

fn client(guard: Guard) -> Result<Client, String> {
    Client::builder()
        .dns_resolver(guard)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(OUTBOUND_CONNECT_WAIT)
        .timeout(OUTBOUND_WAIT)
        .user_agent("lockstep")
        .build()
        .map_err(|error| error.to_string())
}

fn unreachable(error: &reqwest::Error) -> OutboundError {
    let mut cause = error.source();
    while let Some(deeper) = cause {
        if deeper.is::<NotPermitted>() {
            return OutboundError::Refused;
        }
        cause = deeper.source();
    }
    let what = match error {
        _ if error.is_timeout() => "no answer in time",
        _ if error.is_connect() => "no connection, or no TLS that can be trusted",
        _ => "the connection broke",
    };
    OutboundError::Unreachable(what.to_owned())
}

/// Which addresses a client may connect to.
#[derive(Clone, Debug)]
struct Guard {
    allowed: Vec<AddressRange>,
    /// Whether every public address may be reached.
    public: bool,
}

impl Guard {
    fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        (self.public && is_public(address)) || self.allowed.iter().any(|range| range.contains(address))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no address of this name may be reached")]
struct NotPermitted;

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> = found.filter(|address| guard.permits(address.ip())).collect();
            if permitted.is_empty() {
                return Err(NotPermitted.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the public internet: what the registries of special addresses (RFC 6890, and those
/// after it) list does not.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Only 2000::/3 is given out; in it, what leads to another address (6to4, Teredo) or is for documents is not meant.
    let special = match address.segments() {
        [0x2001, second, ..] => second < 0x0200 || second == 0x0db8,
        [0x2002, ..] => true,
        [0x3fff, second, ..] => second < 0x1000,
        _ => false,
    };
    address.segments().first().is_some_and(|first| (0x2000..0x4000).contains(first)) && !special
}

#[cfg(test)]
mod tests;
