//! The address on the worker: how .NET rewrites a path and a query on the way.

use reqwest::Url;

use crate::functions::envelope::IncomingRequest;

const UNRESERVED: &[u8] = b"-._~";
/// `RequestUtilities.cs`, `s_validPathChars`, without letters and digits. There is no percent sign among them.
const PLAIN_IN_A_PATH: &[u8] = b"!$&'()*+,-./:;=@_~";
/// What `Uri` leaves in a path as it is (RFC 3986, reserved and unreserved), without letters and digits.
const LEFT_BY_URI: &[u8] = b"!$&'()*+,-./:;=@_~[]";
/// What `UrlEncoder.Default` leaves in a query as it is, without letters and digits.
const PLAIN_IN_A_QUERY: &[u8] = b"!$()*,-.;@_~";

/// Where a proxied request goes: the query as it came; the path decoded by Kestrel and encoded again by YARP
/// (`RequestUtilities.cs`, `MakeDestinationAddress`). What was encoded without need comes out plain, and `%2F`, which
/// Kestrel leaves alone, comes out as `%252F` (dotnet/yarp issue 1419).
pub(super) fn proxied(port: u16, path: &str, query: Option<&str>) -> Result<Url, String> {
    let path = encoded(&decoded_by_kestrel(path), |byte| PLAIN_IN_A_PATH.contains(&byte));
    url(port, &path, query)
}

/// Where a forwarded request goes: the path decoded by Kestrel and read again as a `Uri`
/// (`DefaultHttpWorkerService.cs`, `GetPathValue`), in which a decoded question mark or hash ends it; the query put
/// together from its names, a repeated one's values joined with a comma (`QueryHelpers.AddQueryString` over
/// `GetQueryCollectionAsDictionary`).
pub(super) fn forwarded(port: u16, path: &str, query: Option<&str>) -> Result<Url, String> {
    let decoded = decoded_by_kestrel(path);
    let shown = decoded.split(['?', '#']).next().unwrap_or_default();
    let path = encoded_by_uri(shown);
    let pairs = IncomingRequest::parse_query(query.unwrap_or_default());
    let plain = |byte| PLAIN_IN_A_QUERY.contains(&byte);
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name, plain), encoded(value, plain)))
        .collect();
    url(port, &path, (!pairs.is_empty()).then(|| pairs.join("&")).as_deref())
}

fn url(port: u16, path: &str, query: Option<&str>) -> Result<Url, String> {
    // A hash would begin a fragment, which is never sent.
    let query = query.and_then(|query| query.split('#').next());
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Url::parse(&format!("http://127.0.0.1:{port}{path}{query}"))
        .map_err(|error| format!("the path can't be asked of the worker: {error}"))
}

/// The path as `HttpRequest.Path` holds it (`PathDecoder` of Kestrel): decoded but for `%2F` and for bytes that aren't
/// UTF-8, then without dot segments.
fn decoded_by_kestrel(path: &str) -> String {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let (bytes, escaped) = run_of_escapes(rest.get(before.len()..).unwrap_or_default());
        if escaped.is_empty() {
            decoded.push('%');
            rest = after;
            continue;
        }
        push_decoded(&mut decoded, &bytes, escaped);
        rest = rest.get(before.len().saturating_add(escaped.len())..).unwrap_or_default();
    }
    decoded.push_str(rest);
    without_dot_segments(&decoded)
}

/// The longest run of `%XX` at the start: its bytes and its text.
fn run_of_escapes(text: &str) -> (Vec<u8>, &str) {
    let bytes: Vec<u8> = text
        .as_bytes()
        .chunks_exact(3)
        .map_while(|chunk| match chunk {
            [b'%', high, low] => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        })
        .collect();
    let length = bytes.len().saturating_mul(3);
    (bytes, text.get(..length).unwrap_or_default())
}

fn push_decoded(decoded: &mut String, bytes: &[u8], escaped: &str) {
    let mut position = 0_usize;
    for piece in bytes.utf8_chunks() {
        for character in piece.valid().chars() {
            let length = character.len_utf8();
            if character == '/' {
                decoded.push_str(escape_at(escaped, position, length));
            } else {
                decoded.push(character);
            }
            position = position.saturating_add(length);
        }
        let invalid = piece.invalid().len();
        decoded.push_str(escape_at(escaped, position, invalid));
        position = position.saturating_add(invalid);
    }
}

/// The text of `count` escapes from number `position` on.
fn escape_at(escaped: &str, position: usize, count: usize) -> &str {
    let start = position.saturating_mul(3);
    escaped.get(start..start.saturating_add(count.saturating_mul(3))).unwrap_or_default()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// RFC 3986, section 5.2.4, on a path that starts with a slash.
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
    for (index, segment) in segments.iter().enumerate() {
        let is_last = index.saturating_add(1) == segments.len();
        match *segment {
            "." | ".." => {
                if *segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

/// Percent-encodes every byte that is neither a letter or digit nor `plain`.
fn encoded(text: &str, plain: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// What `new Uri(text).AbsolutePath` says: an escape is kept (one that wasn't needed is undone), any other percent sign is
/// encoded, a backslash is a slash.
fn encoded_by_uri(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(character) = rest.chars().next() {
        let (bytes, escaped) = run_of_escapes(rest.get(..3).unwrap_or_default());
        let length = match bytes.first() {
            Some(byte) if byte.is_ascii_alphanumeric() || UNRESERVED.contains(byte) => {
                text.push(char::from(*byte));
                escaped.len()
            }
            Some(_) => {
                text.push_str(escaped);
                escaped.len()
            }
            None => {
                let length = character.len_utf8();
                let one = rest.get(..length).unwrap_or_default();
                text.push_str(&if one == "\\" {
                    "/".to_owned()
                } else {
                    encoded(one, |byte| LEFT_BY_URI.contains(&byte))
                });
                length
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decoded_by_kestrel, forwarded, proxied};

    fn both(path: &str, query: Option<&str>) -> [Option<String>; 2] {
        [proxied(1, path, query), forwarded(1, path, query)]
            .map(|url| url.ok().map(|url| url.as_str().trim_start_matches("http://127.0.0.1:1").to_owned()))
    }

    #[test]
    fn an_encoded_path_is_decoded_and_encoded_again() {
        let cases = [
            ("/api/persons/5", "/api/persons/5", "/api/persons/5"),
            ("/J%C3%BCrgen%20M", "/J%C3%BCrgen%20M", "/J%C3%BCrgen%20M"),
            // Encoded without need.
            ("/%41pi/%7e", "/Api/~", "/Api/~"),
            // An encoded slash is encoded twice by YARP and kept by Uri.
            ("/a%2Fb/a%2fb", "/a%252Fb/a%252fb", "/a%2Fb/a%2fb"),
            // An encoded percent sign is read as an escape by Uri.
            ("/100%25", "/100%25", "/100%25"),
            ("/a%2520b", "/a%2520b", "/a%20b"),
            // Bytes that aren't UTF-8 stay escaped, so YARP encodes their percent signs.
            ("/a%FFb", "/a%25FFb", "/a%FFb"),
            ("/a/../b/%2e%2e/./c", "/c", "/c"),
            ("//a//b/", "//a//b/", "//a//b/"),
            // Decoded, these end the path for Uri.
            ("/a%3Fb", "/a%3Fb", "/a"),
            ("/a%23b", "/a%23b", "/a"),
            ("/50%", "/50%25", "/50%25"),
        ];
        for (path, by_proxy, by_forwarding) in cases {
            assert_eq!(
                both(path, None),
                [Some(by_proxy.to_owned()), Some(by_forwarding.to_owned())],
                "{path}"
            );
        }
    }

    #[test]
    fn a_proxied_query_stays_and_a_forwarded_one_is_put_together_again() {
        let cases = [
            ("a=1&a=2&A=3&b", "?a=1&a=2&A=3&b", "?a=1,2,3&b="),
            ("q=a+b%20c&x=%2F%27", "?q=a+b%20c&x=%2F%27", "?q=a%20b%20c&x=%2F%27"),
            ("", "?", ""),
            ("a=1#b", "?a=1", "?a=1"),
        ];
        for (query, by_proxy, by_forwarding) in cases {
            let expected = [Some(format!("/p{by_proxy}")), Some(format!("/p{by_forwarding}"))];
            assert_eq!(both("/p", Some(query)), expected, "{query}");
        }
    }

    proptest! {
        #[test]
        fn a_path_without_escapes_and_dots_is_decoded_to_itself(path in "(/[a-z0-9 %]{1,5}){1,4}") {
            prop_assume!(!path.contains('%'));
            prop_assert_eq!(decoded_by_kestrel(&path), path);
        }

        #[test]
        fn any_path_and_query_has_an_address_on_the_worker(path in "/\\PC{0,30}", query in "\\PC{0,30}") {
            for url in [proxied(1, &path, Some(&query)), forwarded(1, &path, Some(&query))] {
                let url = url.map_err(TestCaseError::fail)?;
                prop_assert_eq!((url.host_str(), url.port(), url.fragment()), (Some("127.0.0.1"), Some(1), None));
            }
        }

        #[test]
        fn the_url_keeps_what_was_encoded(path in "(/[!-~&&[^?#]]{0,6}){1,4}") {
            let Ok(url) = proxied(1, &path, None) else { return Ok(()) };
            prop_assert!(url.path().bytes().all(|byte| byte == b'%' || byte.is_ascii_alphanumeric() || super::PLAIN_IN_A_PATH.contains(&byte)));
            prop_assert_eq!(decoded_by_kestrel(&decoded_by_kestrel(&path).replace('%', "%25")), decoded_by_kestrel(&path));
        }
    }
}
