//! The header Accept (RFC 9110, section 12.5.1): which of the offered formats a caller likes best.

use super::Format;

/// One media range of the header.
#[derive(Clone, Debug, PartialEq)]
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    /// In thousandths, 0 to 1000.
    quality: u16,
}

/// How a range names a format: the closest range decides over its quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Anything,
    Kind,
    Exact,
    WithParameters,
}

/// The format that the caller likes best; None when it takes none of them. Of those it likes equally, one that it names goes
/// before one that falls under `*/*`, and then the order of `offered` decides.
///
/// No header, or one without a readable range, takes anything.
pub(super) fn choose(accept: Option<&str>, offered: &[Format]) -> Option<Format> {
    let ranges: Vec<Range<'_>> = split(accept.unwrap_or_default(), ',').filter_map(Range::read).collect();
    if ranges.is_empty() {
        return offered.first().copied();
    }
    let mut best: Option<((u16, Closeness), Format)> = None;
    for &format in offered {
        let matching = ranges.iter().filter_map(|range| Some((range.names(format)?, range.quality)));
        let Some((closeness, quality)) = matching.max() else { continue };
        // The first of equals stays.
        if quality > 0 && best.is_none_or(|(rank, _)| (quality, closeness) > rank) {
            best = Some(((quality, closeness), format));
        }
    }
    best.map(|(_, format)| format)
}

impl<'a> Range<'a> {
    /// None for what is no media range; the others of the header still count.
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = split(text, ';').map(str::trim);
        let (kind, subtype) = match parts.next()? {
            // Java's HttpURLConnection writes it so.
            "*" => ("*", "*"),
            name => name.split_once('/')?,
        };
        if kind.is_empty() || subtype.is_empty() || (kind == "*" && subtype != "*") {
            return None;
        }
        let mut range = Self { kind, subtype, parameters: Vec::new(), quality: 1000 };
        for part in parts.filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (name.trim(), unquoted(value.trim()));
            if name.eq_ignore_ascii_case("q") {
                range.quality = quality(value)?;
                // What follows belonged to an extension of the header that nobody used.
                break;
            }
            range.parameters.push((name, value));
        }
        Some(range)
    }

    /// How close this range comes to `format`; None when it means something else.
    fn names(&self, format: Format) -> Option<Closeness> {
        let (kind, subtype) = format.media_type().split_once('/')?;
        if self.kind == "*" {
            return Some(Closeness::Anything);
        }
        if !self.kind.eq_ignore_ascii_case(kind) {
            return None;
        }
        if self.subtype == "*" {
            return Some(Closeness::Kind);
        }
        if !self.subtype.eq_ignore_ascii_case(subtype) {
            return None;
        }
        let mut closeness = Closeness::Exact;
        for (name, value) in &self.parameters {
            // Parameters that a type doesn't have, such as `odata.metadata`, are passed over.
            let given = match (name.to_ascii_lowercase().as_str(), format) {
                ("charset", _) => "utf-8",
                ("header", Format::Csv) => "present",
                _ => continue,
            };
            if !value.eq_ignore_ascii_case(given) {
                return None;
            }
            closeness = Closeness::WithParameters;
        }
        Some(closeness)
    }
}

/// The parts between separators that stand outside of quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut in_quotes, mut escaped) = (false, false);
    text.split(move |character: char| {
        let is_escaped = std::mem::take(&mut escaped);
        match character {
            '"' if !is_escaped => in_quotes = !in_quotes,
            '\\' if in_quotes && !is_escaped => escaped = true,
            _ => {}
        }
        character == separator && !in_quotes
    })
}

/// The text without the quotes round it. Nothing that we compare with needs an escape.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// `0.5` in thousandths; also `.5`, which some clients write. None for what is no number from 0 to 1 of three digits.
fn quality(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "1" if thousandths == 0 => Some(1000),
        "0" => Some(thousandths),
        "" if !fraction.is_empty() => Some(thousandths),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Format::{Csv, Json, NdJson};
    use super::*;

    fn chosen(accept: &str) -> Option<Format> {
        choose(Some(accept), &Format::ALL)
    }

    #[test]
    fn json_is_for_whoever_asks_for_nothing_else() {
        assert_eq!(choose(None, &Format::ALL), Some(Json));
        for accept in [
            "",
            " , ",
            "*/*",
            "*",
            "application/*",
            "application/json, text/plain, */*",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
            "application/json;odata.metadata=none",
            "Application/JSON; Charset=\"UTF-8\"",
            "application/json, text/csv",
            "nonsense",
        ] {
            assert_eq!(chosen(accept), Some(Json), "{accept}");
        }
    }

    #[test]
    fn the_highest_quality_wins_and_the_closest_range_says_which_it_is() {
        for (accept, format) in [
            ("text/csv", Csv),
            ("text/*", Csv),
            ("application/x-ndjson", NdJson),
            ("text/csv;q=0.5, application/x-ndjson;q=0.6", NdJson),
            ("application/json;q=0.9, text/csv", Csv),
            ("application/json;q=0.001, text/csv;q=0", Json),
            // JSON is refused by name, whatever `*/*` says.
            ("application/json;q=0, */*", NdJson),
            ("application/*;q=0, */*;q=0.1", Csv),
            ("*/*;q=1, application/json;q=0.2", NdJson),
            // Named goes before meant by the way.
            ("text/csv, */*", Csv),
            ("text/csv; header=present", Csv),
            ("text/csv;header=absent, application/x-ndjson;q=0.1", NdJson),
            ("text/csv;charset=utf-16, application/json;q=0.1", Json),
            // A comma and a semicolon in quotes separate nothing.
            ("application/json;a=\"b,text/csv;q=1\";q=0, application/x-ndjson", NdJson),
            ("application/json;q=high, text/csv;q=0.1", Csv),
        ] {
            assert_eq!(chosen(accept), Some(format), "{accept}");
        }
    }

    #[test]
    fn what_takes_none_of_them_gets_none() {
        for accept in
            ["text/html", "application/json;q=0", "*/*;q=0", "application/xml, image/*", "text/csv;q=0.000"]
        {
            assert_eq!(choose(Some(accept), &[Json]), None, "{accept}");
        }
        assert_eq!(chosen("text/plain"), None);
        assert_eq!(choose(Some("text/csv"), &[Json]), None);
    }

    #[test]
    fn a_quality_has_three_digits_and_is_one_at_the_most() {
        for (text, thousandths) in
            [("1", 1000), ("1.000", 1000), ("0", 0), ("0.5", 500), ("0.05", 50), (".2", 200)]
        {
            assert_eq!(quality(text), Some(thousandths), "{text}");
        }
        for text in ["", ".", "2", "1.001", "0.1234", "-1", "0.+5", "1e0"] {
            assert_eq!(quality(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_a_panic(accept in "\\PC{0,80}") {
            let _ = chosen(&accept);
        }

        #[test]
        fn the_order_of_ranges_of_different_types_means_nothing(
            qualities in prop::array::uniform3(0u16..=1000),
            swap in any::<bool>(),
        ) {
            let ranges = Format::ALL.iter().zip(qualities);
            let mut ranges: Vec<String> = ranges
                .map(|(format, quality)| format!("{};q={}.{:03}", format.media_type(), quality / 1000, quality % 1000))
                .collect();
            let before = chosen(&ranges.join(", "));
            ranges.reverse();
            if swap {
                ranges.swap(0, 1);
            }
            prop_assert_eq!(chosen(&ranges.join(",")), before);
            let most = qualities.iter().max().copied().unwrap_or_default();
            let expected = Format::ALL.into_iter().zip(qualities).find(|(_, quality)| *quality == most && most > 0);
            prop_assert_eq!(before, expected.map(|(format, _)| format));
        }
    }
}
