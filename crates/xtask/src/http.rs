//! The least HTTP client that can ask our own server on loopback: one request a connection, JSON in and out.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Status and body.
pub(crate) fn call(at: SocketAddr, method: &str, path: &str, key: &str, body: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&at, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {at}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .as_bytes(),
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    split(&answer)
}

/// Posts JSON and wants JSON and a status below 300.
pub(crate) fn create(at: SocketAddr, path: &str, key: &str, body: &Value) -> Result<Value> {
    let (status, text) = call(at, "POST", path, key, &body.to_string())?;
    anyhow::ensure!(status < 300, "POST {path} answered {status}: {text}");
    serde_json::from_str(&text).with_context(|| format!("POST {path} answered no JSON: {text}"))
}

fn split(answer: &str) -> Result<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer without an end of its head")?;
    let status = head.split(' ').nth(1).context("an answer without a status")?.parse()?;
    Ok((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_split_into_status_and_body() {
        let (status, body) = split("HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        assert_eq!((status, body.as_str()), (201, "{}"));
        assert!(split("HTTP/1.1 200 OK").is_err());
    }
}
