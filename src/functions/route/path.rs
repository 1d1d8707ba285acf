//! A request's path as the host saw it: cut at its slashes, percent-decoded.

/// A path in segments, for [`super::RouteTemplate::matches`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPath {
    segments: Vec<String>,
    trailing_slash: bool,
}

impl RequestPath {
    /// Reads a raw path such as `/api/persons/J%C3%BCrgen`; None when it doesn't begin with a slash.
    ///
    /// A triplet such as `%20` is decoded unless its octet may stand in a path as it is: the host decodes what the caller
    /// sent (all but `%2F`) and encodes only what needs it when it passes the request on, so a `%41` that arrives here
    /// is the text `%41` there, which the caller wrote as `%2541` (aspnetcore `PathString.ToUriComponent`, YARP
    /// `RequestUtilities.MakeDestinationAddress`). Octets that are no UTF-8 stay encoded too, as in Kestrel.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let path = raw.strip_prefix('/')?;
        let (path, trailing_slash) = match path.strip_suffix('/') {
            Some(path) => (path, true),
            None => (path, false),
        };
        let segments = if path.is_empty() && !trailing_slash {
            Vec::new()
        } else {
            path.split('/').map(decode).collect()
        };
        Some(Self { segments, trailing_slash })
    }

    pub(super) fn segments(&self) -> &[String] {
        &self.segments
    }

    /// What a catch-all at this segment takes, slashes and all; None when nothing is left.
    pub(super) fn rest(&self, from: usize) -> Option<String> {
        let rest = self.segments.get(from..).filter(|rest| !rest.is_empty())?;
        let mut text = rest.join("/");
        if self.trailing_slash {
            text.push('/');
        }
        Some(text)
    }
}

/// Octets that a path holds without encoding (RFC 3986 `pchar`), and the slash.
fn needs_no_encoding(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&octet)
}

fn decode(segment: &str) -> String {
    let mut text = String::with_capacity(segment.len());
    let mut rest = segment;
    while let Some(at) = rest.find('%') {
        let (plain, encoded) = rest.split_at(at);
        text.push_str(plain);
        let mut octets = Vec::new();
        let mut after = encoded;
        while let Some(octet) = triplet(after).filter(|octet| !needs_no_encoding(*octet)) {
            octets.push(octet);
            after = after.get(3..).unwrap_or_default();
        }
        if octets.is_empty() {
            text.push('%');
            after = encoded.get(1..).unwrap_or_default();
        }
        push_octets(&mut text, &octets);
        rest = after;
    }
    text.push_str(rest);
    text
}

fn push_octets(text: &mut String, octets: &[u8]) {
    for chunk in octets.utf8_chunks() {
        text.push_str(chunk.valid());
        for octet in chunk.invalid() {
            text.push_str(&format!("%{octet:02X}"));
        }
    }
}

fn triplet(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('%')?.get(..2).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    fn segments(raw: &str) -> Vec<String> {
        RequestPath::parse(raw).unwrap().segments
    }

    #[test]
    fn a_path_is_cut_at_its_slashes_and_one_trailing_slash_is_no_segment() {
        assert_eq!(segments("/"), [""; 0]);
        assert_eq!(segments("/a/b"), ["a", "b"]);
        assert_eq!(segments("/a/b/"), ["a", "b"]);
        assert_eq!(segments("//a"), ["", "a"]);
        assert_eq!(segments("//"), [""]);
        assert_eq!(segments("/a//"), ["a", ""]);
        assert_eq!(RequestPath::parse("*"), None);
        assert_eq!(RequestPath::parse(""), None);
    }

    #[test]
    fn what_the_host_encoded_is_decoded_and_nothing_else() {
        assert_eq!(segments("/J%C3%BCrgen%20M"), ["Jürgen M"]);
        assert_eq!(segments("/a%2Fb"), ["a%2Fb"]);
        assert_eq!(segments("/a%252Fb"), ["a%2Fb"]);
        assert_eq!(segments("/%54imer"), ["%54imer"]);
        assert_eq!(segments("/%FFx%C3%A5"), ["%FFxå"]);
        assert_eq!(segments("/50%/%2/%zz"), ["50%", "%2", "%zz"]);
    }

    #[test]
    fn a_catch_all_takes_the_rest_with_its_slashes() {
        let path = RequestPath::parse("/a/b%20c//d/").unwrap();
        assert_eq!(path.rest(1).unwrap(), "b c//d/");
        assert_eq!(path.rest(4), None);
    }

    proptest! {
        #[test]
        fn a_text_that_the_host_encoded_comes_back(text in "[^/]{1,20}") {
            let encode = |octet: u8| {
                if needs_no_encoding(octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") }
            };
            let raw: String = text.bytes().map(encode).collect();
            prop_assert_eq!(segments(&format!("/{raw}")), [text]);
        }

        #[test]
        fn any_text_is_read_without_a_panic(raw in "\\PC{0,40}") {
            let _ = RequestPath::parse(&raw);
        }
    }
}
