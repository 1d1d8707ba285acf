//! HTTP requests written byte by byte, for what no client library would send.

use std::fmt;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// A worker that takes longer hangs.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How a request says how long its body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// `Content-Length`.
    Length,
    /// `Transfer-Encoding: chunked`, as the host sends it, in pieces of this many bytes.
    Chunked(usize),
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// The target of the request line.
    pub(super) target: String,
    /// Besides `Host`, `Connection` and those of the framing.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) framing: Framing,
}

/// What came back.
pub(super) struct Response {
    pub(super) status: u16,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {:?} {}", self.status, self.headers, String::from_utf8_lossy(&self.body))
    }
}

impl Response {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

impl Request {
    /// Sends it on a connection of its own and reads the answer to its end.
    pub(super) fn send(&self, port: u16) -> Result<Response, String> {
        let mut stream =
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(|error| format!("connect: {error}"))?;
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        // The answer may come, and the connection end, before all of the request was read.
        let written = stream.write_all(&self.bytes());
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        parse(&answer, &self.method)
            .ok_or_else(|| format!("{written:?}, {read:?}, {:?}", String::from_utf8_lossy(&answer)))
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head =
            format!("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match self.framing {
            Framing::Length => {
                head.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
                [head.as_bytes(), &self.body].concat()
            }
            Framing::Chunked(size) => {
                let mut bytes = (head + "Transfer-Encoding: chunked\r\n\r\n").into_bytes();
                for chunk in self.body.chunks(size.max(1)) {
                    bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
                    bytes.extend(chunk);
                    bytes.extend(b"\r\n");
                }
                bytes.extend(b"0\r\n\r\n");
                bytes
            }
        }
    }
}

/// The final answer in these bytes; None when there is none, or its body is shorter than it says.
fn parse(bytes: &[u8], method: &str) -> Option<Response> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, rest) = (std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 4..]);
    let mut lines = head.split("\r\n");
    let status: u16 = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    if status < 200 {
        return parse(rest, method);
    }
    let headers: Vec<(String, String)> = lines
        .map(|line| {
            line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        })
        .collect::<Option<_>>()?;
    let mut response = Response { status, headers, body: Vec::new() };
    if method == "HEAD" || status == 204 {
        return rest.is_empty().then_some(response);
    }
    if response.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        response.body = dechunk(rest)?;
    } else {
        let length: usize = response.header("content-length")?.parse().ok()?;
        response.body = (rest.len() == length).then(|| rest.to_vec())?;
    }
    Some(response)
}

fn dechunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).ok()?.trim(), 16).ok()?;
        bytes = &bytes[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend(bytes.get(..size)?);
        bytes = bytes.get(size + 2..)?;
    }
}
