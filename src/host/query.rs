//! A query string as the host reads it (aspnetcore, `QueryFeature.ParseNullableQueryInternal`).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Reads `city=Oslo&city=Bergen&flag` without its question mark. Names have no case; several values of one are joined
/// with `,`, as the host's `Query` has them. The function key `code` is left out.
pub(super) fn read(query: &str) -> BTreeMap<String, String> {
    // By the name in lower case: the name as it was spelt first, and its values.
    let mut found: BTreeMap<String, (String, String)> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        match found.entry(name.to_lowercase()) {
            Entry::Occupied(mut known) => {
                let (_, values) = known.get_mut();
                values.push(',');
                values.push_str(&value);
            }
            Entry::Vacant(new) => {
                new.insert((name, value));
            }
        }
    }
    found.remove("code");
    found.into_values().collect()
}

/// `+` is a blank; a triplet is an octet of UTF-8. What is neither stays as it is, octets that are no UTF-8 become U+FFFD.
fn decode(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let (octet, after) = match (first, tail) {
            (b'+', _) => (b' ', tail),
            (b'%', [high, low, after @ ..]) => match (hexadecimal(*high), hexadecimal(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, after),
                _ => (b'%', tail),
            },
            (other, _) => (*other, tail),
        };
        octets.push(octet);
        rest = after;
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(query: &str) -> Vec<(String, String)> {
        read(query).into_iter().collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn repeated_names_are_joined_whatever_their_case() {
        assert_eq!(pairs("city=Oslo&x=1&City=Bergen"), [pair("city", "Oslo,Bergen"), pair("x", "1")]);
    }

    #[test]
    fn values_are_decoded() {
        assert_eq!(
            pairs("a=Troms%C3%B8+by&b%20c=%26%3D&d=50%&e=%zz"),
            [pair("a", "Tromsø by"), pair("b c", "&="), pair("d", "50%"), pair("e", "%zz"),]
        );
    }

    #[test]
    fn a_name_alone_has_an_empty_value_and_nothing_is_no_pair() {
        assert_eq!(pairs("flag&&a=&=x"), [pair("", "x"), pair("a", ""), pair("flag", "")]);
        assert_eq!(pairs(""), []);
    }

    #[test]
    fn the_function_key_is_left_out() {
        assert_eq!(pairs("code=CANARY&Code=CANARY&c%6fde=CANARY&a=1"), [pair("a", "1")]);
    }

    proptest! {
        #[test]
        fn any_value_survives_its_encoding(value in "\\PC{0,20}") {
            let encoded: String = value.bytes().map(|octet| format!("%{octet:02X}")).collect();
            prop_assert_eq!(pairs(&format!("a={encoded}")), [pair("a", &value)]);
        }

        #[test]
        fn any_text_is_read_without_a_panic(query in "\\PC{0,60}") {
            let _ = read(&query);
        }
    }
}
