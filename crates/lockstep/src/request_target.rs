//! Request targets that no URL may have. Some IdPs' tools send quotes in a query as they are (GENERIC-PATH-05), and the
//! HTTP library refuses them before anybody is asked: here they are percent-encoded on the way in. Follows the framing
//! of HTTP/1.1 (RFC 9112) just far enough to know where request lines are, changes nothing else, and steps aside for
//! good where anything is unusual.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much of a header's line is looked at: longer ones are none of those that frame a body.
const HEADER_BYTES: usize = 64;

/// Where in the stream the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Method,
    Target,
    Version,
    Header,
    Body {
        left: u64,
    },
    ChunkSize {
        size: u64,
        in_extension: bool,
    },
    Chunk {
        left: u64,
    },
    ChunkEnd,
    Trailer {
        empty: bool,
    },
    /// Not followed any more.
    Aside,
}

/// Follows the bytes of one connection.
#[derive(Debug)]
struct Encoder {
    place: Place,
    line: Vec<u8>,
    length: Option<u64>,
    chunked: bool,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { place: Place::Method, line: Vec::new(), length: None, chunked: false }
    }
}

impl Encoder {
    fn encode(&mut self, input: &[u8], out: &mut Vec<u8>) {
        for &byte in input {
            if self.place == Place::Target && must_be_encoded(byte) {
                out.extend_from_slice(format!("%{byte:02X}").as_bytes());
            } else {
                out.push(byte);
            }
            self.place = self.next(byte);
        }
    }

    #[expect(clippy::match_same_arms, reason = "each place says for itself what follows it")]
    fn next(&mut self, byte: u8) -> Place {
        match (self.place, byte) {
            (Place::Aside, _) => Place::Aside,
            (Place::Method, b' ') if self.line == b"PRI" => Place::Aside,
            (Place::Method, b' ') => self.begin_line(Place::Target),
            (Place::Method, b'A'..=b'Z') if self.line.len() < HEADER_BYTES => {
                self.line.push(byte);
                Place::Method
            }
            (Place::Method, b'\r' | b'\n') if self.line.is_empty() => Place::Method,
            (Place::Method, _) => Place::Aside,
            (Place::Target, b' ') => Place::Version,
            (Place::Target | Place::Version, b'\n') => self.begin_line(Place::Header),
            (Place::Target | Place::Version, _) => self.place,
            (Place::Header, b'\n') => self.end_header(),
            (Place::Header, _) => {
                if self.line.len() < HEADER_BYTES {
                    self.line.push(byte);
                }
                Place::Header
            }
            (Place::Body { left }, _) if left > 1 => Place::Body { left: left - 1 },
            (Place::Body { .. }, _) => self.begin_request(),
            (Place::ChunkSize { size: 0, .. }, b'\n') => Place::Trailer { empty: true },
            (Place::ChunkSize { size, .. }, b'\n') => Place::Chunk { left: size },
            (Place::ChunkSize { size, in_extension }, _) => chunk_size(size, in_extension, byte),
            (Place::Chunk { left }, _) if left > 1 => Place::Chunk { left: left - 1 },
            (Place::Chunk { .. }, _) => Place::ChunkEnd,
            (Place::ChunkEnd, b'\r') => Place::ChunkEnd,
            (Place::ChunkEnd, b'\n') => Place::ChunkSize { size: 0, in_extension: false },
            (Place::ChunkEnd, _) => Place::Aside,
            (Place::Trailer { empty: true }, b'\n') => self.begin_request(),
            (Place::Trailer { empty }, b'\r') => Place::Trailer { empty },
            (Place::Trailer { .. }, byte) => Place::Trailer { empty: byte == b'\n' },
        }
    }

    fn begin_line(&mut self, place: Place) -> Place {
        self.line.clear();
        place
    }

    fn begin_request(&mut self) -> Place {
        *self = Self::default();
        self.place
    }

    /// What a header's line means for where the next request begins.
    fn end_header(&mut self) -> Place {
        let line = String::from_utf8_lossy(&self.line).trim_end().to_ascii_lowercase();
        self.line.clear();
        if line.is_empty() {
            return match (self.chunked, self.length) {
                // Both, or a length of nothing that can be: whoever reads this decides, and we do not guess.
                (true, Some(_)) => Place::Aside,
                (true, None) => Place::ChunkSize { size: 0, in_extension: false },
                (false, Some(left)) if left > 0 => Place::Body { left },
                (false, _) => self.begin_request(),
            };
        }
        let Some((name, value)) = line.split_once(':') else { return Place::Aside };
        match (name, value.trim()) {
            ("content-length", value) => match (value.parse(), self.length) {
                (Ok(length), None) => self.length = Some(length),
                _ => return Place::Aside,
            },
            ("transfer-encoding", "chunked") => self.chunked = true,
            ("transfer-encoding" | "upgrade", _) => return Place::Aside,
            _ => {}
        }
        Place::Header
    }
}

fn chunk_size(size: u64, in_extension: bool, byte: u8) -> Place {
    match (char::from(byte).to_digit(16), byte) {
        (Some(digit), _) if !in_extension => match size.checked_mul(16) {
            Some(size) => Place::ChunkSize { size: size + u64::from(digit), in_extension },
            None => Place::Aside,
        },
        (_, b'\r') => Place::ChunkSize { size, in_extension },
        (_, b';') => Place::ChunkSize { size, in_extension: true },
        _ if in_extension => Place::ChunkSize { size, in_extension },
        _ => Place::Aside,
    }
}

/// What RFC 3986 lets no URI have, the blank and line ends aside: they end the target.
fn must_be_encoded(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

/// A connection whose request targets are encoded as they come in.
#[derive(Debug)]
pub(crate) struct Encoded<I> {
    inner: I,
    encoder: Encoder,
    ready: Vec<u8>,
    taken: usize,
}

impl<I> Encoded<I> {
    fn new(inner: I) -> Self {
        Self { inner, encoder: Encoder::default(), ready: Vec::new(), taken: 0 }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Encoded<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.taken == this.ready.len() {
            if this.encoder.place == Place::Aside {
                return Pin::new(&mut this.inner).poll_read(cx, buf);
            }
            let mut bytes = [0; 4096];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut read))?;
            this.ready.clear();
            this.taken = 0;
            this.encoder.encode(read.filled(), &mut this.ready);
        }
        let left = this.ready.get(this.taken..).unwrap_or_default();
        let now = left.get(..left.len().min(buf.remaining())).unwrap_or_default();
        buf.put_slice(now);
        this.taken += now.len();
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Encoded<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

/// Accepts connections as `A` does and encodes their request targets.
#[derive(Clone, Debug)]
pub(crate) struct Encoding<A>(pub(crate) A);

impl<A, I, S> Accept<I, S> for Encoding<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = Encoded<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepting = self.0.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepting.await?;
            Ok((Encoded::new(stream), service))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the pieces in which it arrives, the same comes out.
    #[track_caller]
    fn becomes(input: &str, expected: &str) {
        for piece in [1, 2, 3, 7, 64, input.len()] {
            let (mut encoder, mut out) = (Encoder::default(), Vec::new());
            for part in input.as_bytes().chunks(piece) {
                encoder.encode(part, &mut out);
            }
            assert_eq!(String::from_utf8(out).unwrap(), expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn quotes_in_a_target_are_encoded_and_nothing_else_is_touched() {
        becomes(
            "GET /Users?filter=userName+eq+\"a%40b\" HTTP/1.1\r\nX: \"q\"\r\n\r\n",
            "GET /Users?filter=userName+eq+%22a%40b%22 HTTP/1.1\r\nX: \"q\"\r\n\r\n",
        );
    }

    #[test]
    fn bodies_are_never_touched_and_what_follows_them_is_found() {
        let body = "GET /\"x\" HTTP/1.1\r\n\r\n";
        let post = format!("POST /a HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        becomes(
            &format!("{post}GET /\"y\" HTTP/1.1\r\n\r\n"),
            &format!("{post}GET /%22y%22 HTTP/1.1\r\n\r\n"),
        );
        let chunks = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                      7;x=\"1\"\r\nGET /\"x\r\n0\r\nTrailer: \"t\"\r\n\r\n";
        becomes(
            &format!("{chunks}GET /\"y\" HTTP/1.1\r\n\r\n"),
            &format!("{chunks}GET /%22y%22 HTTP/1.1\r\n\r\n"),
        );
    }

    #[test]
    fn where_anything_is_unusual_nothing_is_touched_any_more() {
        for input in [
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET /\"x\" HTTP/1.1\r\n\r\n",
            "POST /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nGET /\"x\" HTTP/1.1\r\n\r\n",
            "POST /a HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nGET /\"x\" H\r\n\r\n",
            "POST /a HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\nGET /\"x\" HTTP/1.1\r\n\r\n",
            "GET /a HTTP/1.1\r\nno colon\r\n\r\nGET /\"x\" HTTP/1.1\r\n\r\n",
            "get /\"x\" HTTP/1.1\r\n\r\n",
        ] {
            becomes(input, input);
        }
    }
}
