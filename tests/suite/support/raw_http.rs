//! Requests written by hand, for targets and bodies that no client library would send.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A server that takes longer hangs.
const BOUND: Duration = Duration::from_secs(30);

/// What came back.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    /// Status line and headers.
    pub(crate) head: String,
    /// All that follows.
    pub(crate) body: String,
    /// The same as bytes.
    bytes: Vec<u8>,
}

/// A body without its chunks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// It has its end.
    Whole(String),
    /// The connection was closed before.
    BrokenOff(Vec<u8>),
}

impl RawAnswer {
    /// Whether the body comes in chunks.
    pub(crate) fn is_chunked(&self) -> bool {
        self.head.to_ascii_lowercase().contains("\r\ntransfer-encoding: chunked")
    }

    /// The body of an answer in chunks (RFC 9112, section 7.1).
    #[track_caller]
    pub(crate) fn without_chunks(&self) -> Body {
        assert!(self.is_chunked(), "{}", self.head);
        let mut body = Vec::new();
        let mut rest = self.bytes.as_slice();
        loop {
            let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else {
                return Body::BrokenOff(body);
            };
            let size = std::str::from_utf8(&rest[..end]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap_or_else(|error| panic!("{error}: {size:?}"));
            rest = &rest[end + 2..];
            if size == 0 {
                assert_eq!(rest, b"\r\n", "something follows the last chunk");
                return Body::Whole(String::from_utf8(body).unwrap());
            }
            body.extend_from_slice(&rest[..size.min(rest.len())]);
            match rest.get(size..) {
                Some(after) if after.starts_with(b"\r\n") => rest = &after[2..],
                _ => return Body::BrokenOff(body),
            }
        }
    }
}

/// Sends a request with a body whose length is told, and reads until the server closes.
pub(crate) async fn send(
    port: u16,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> RawAnswer {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
    read(&mut stream).await
}

/// Reads an answer until the server closes.
pub(crate) async fn read(stream: &mut TcpStream) -> RawAnswer {
    let mut bytes = Vec::new();
    // A reset after the answer takes none of it away.
    let _reset =
        timeout(BOUND, stream.read_to_end(&mut bytes)).await.expect("the server neither answers nor closes");
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    RawAnswer {
        status: status.unwrap_or_else(|| panic!("{head}")),
        head: head.to_owned(),
        body: body.to_owned(),
        bytes: bytes[head.len().min(bytes.len())..].get(4..).unwrap_or_default().to_vec(),
    }
}
