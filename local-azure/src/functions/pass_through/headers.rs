//! Which headers go on, in which form.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Never passed on by YARP, in either direction (`RequestUtilities.cs`, `_headersToExclude`).
const HOP_BY_HOP: [&str; 17] = [
    "connection",
    "transfer-encoding",
    "keep-alive",
    "upgrade",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-features",
    "proxy-instruction",
    "security-scheme",
    "alpn",
    "close",
    "http2-settings",
    "upgrade-insecure-requests",
    "te",
    "alt-svc",
];

/// Headers of .NET's `HttpContent`: they can't be set on a request without content, and forwarding sets only two of them on
/// one that has some (`RequestUtilities.cs` lists them as `_contentHeaders`).
const OF_THE_CONTENT: [&str; 11] = [
    "allow",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "expires",
    "last-modified",
];

/// Headers in their order, a name once per line that it came in. Names are lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::functions) struct PassedHeaders {
    lines: Vec<(String, Vec<u8>)>,
}

impl PassedHeaders {
    pub(in crate::functions) fn add(&mut self, name: &str, value: &[u8]) {
        self.lines.push((name.to_ascii_lowercase(), value.to_vec()));
    }

    /// Adds a header in place of all that have its name (lower case).
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.add(name, value.as_bytes());
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.lines.retain(|(known, _)| known != name);
    }

    pub(in crate::functions) fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.lines.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The first value of a name (lower case), if it is text.
    pub(in crate::functions) fn first(&self, name: &str) -> Option<&str> {
        let (_, value) = self.lines.iter().find(|(known, _)| known == name)?;
        std::str::from_utf8(value).ok()
    }

    pub(in crate::functions) fn content_length(&self) -> Option<u64> {
        self.first("content-length")?.trim().parse().ok()
    }

    /// `Transfer-Encoding: chunked`, or another coding that hides the length.
    pub(in crate::functions) fn hides_its_length(&self) -> bool {
        self.first("transfer-encoding").is_some()
    }

    /// All but the hop-by-hop ones.
    pub(super) fn end_to_end(&self) -> Self {
        let kept = self.lines.iter().filter(|(name, _)| !HOP_BY_HOP.contains(&name.as_str()));
        Self { lines: kept.cloned().collect() }
    }

    /// All but those that describe a body.
    pub(super) fn without_content(&self) -> Self {
        let kept = self.lines.iter().filter(|(name, _)| !OF_THE_CONTENT.contains(&name.as_str()));
        Self { lines: kept.cloned().collect() }
    }

    /// One line for each name, as .NET's `HttpClient` writes several values: joined with `, `, in a cookie with `; `, in
    /// a User-Agent with a blank.
    pub(super) fn joined(&self) -> Self {
        let mut joined = Self::default();
        for (name, value) in &self.lines {
            match joined.lines.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => {
                    let separator: &[u8] = match name.as_str() {
                        "cookie" => b"; ",
                        "user-agent" => b" ",
                        _ => b", ",
                    };
                    values.extend_from_slice(separator);
                    values.extend_from_slice(value);
                }
                None => joined.lines.push((name.clone(), value.clone())),
            }
        }
        joined
    }

    /// For the HTTP client.
    ///
    /// # Errors
    /// The name of the header that can't be sent.
    pub(super) fn to_map(&self) -> Result<HeaderMap, String> {
        let mut map = HeaderMap::with_capacity(self.lines.len());
        for (name, value) in &self.lines {
            let line = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_bytes(value).ok());
            let (name, value) = line.ok_or_else(|| format!("the header '{name}' can't be sent"))?;
            map.append(name, value);
        }
        Ok(map)
    }

    /// From the HTTP client.
    pub(super) fn from_map(map: &HeaderMap) -> Self {
        Self {
            lines: map
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PassedHeaders;

    fn headers(lines: &[(&str, &str)]) -> PassedHeaders {
        let mut headers = PassedHeaders::default();
        for (name, value) in lines {
            headers.add(name, value.as_bytes());
        }
        headers
    }

    #[test]
    fn several_values_become_one_line() {
        let given = headers(&[("X-A", "1"), ("cookie", "a=1"), ("x-a", "2"), ("Cookie", "b=2")]);
        assert_eq!(given.joined(), headers(&[("x-a", "1, 2"), ("cookie", "a=1; b=2")]));
    }

    #[test]
    fn hop_by_hop_headers_stay_behind() {
        let given = headers(&[("Connection", "close"), ("x-a", "1"), ("TE", "trailers"), ("Alt-Svc", "h3")]);
        assert_eq!(given.end_to_end(), headers(&[("x-a", "1")]));
    }
}
