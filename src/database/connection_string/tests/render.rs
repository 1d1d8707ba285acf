//! Writes settings in each grammar, by its specification and not by the reader: the other half of the laws.

/// A grammar's way to write one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quote {
    /// As it is, where the grammar allows it; else quoted.
    WhereNeeded,
    /// `'..'`, or `{..}` where the grammar has no quotes.
    Always,
    /// `".."`, or `{..}` where the grammar has no quotes.
    Double,
}

/// ADO.NET: quoted when it begins with a quote or `=`, has `;`, control characters or blanks at an end.
pub(super) fn ado_net(pairs: &[(&str, &str)], quote: Quote) -> String {
    let value = |value: &str| {
        let needed = value.is_empty()
            || value.starts_with(['\'', '"', '='])
            || value.contains(|c: char| c == ';' || c.is_control())
            || value.trim() != value;
        match quote {
            Quote::WhereNeeded if !needed => value.to_owned(),
            Quote::WhereNeeded | Quote::Always => format!("'{}'", value.replace('\'', "''")),
            Quote::Double => format!("\"{}\"", value.replace('"', "\"\"")),
        }
    };
    let parts = pairs.iter().map(|(keyword, text)| format!("{}={}", keyword.replace('=', "=="), value(text)));
    parts.collect::<Vec<_>>().join(";")
}

/// ODBC: in braces when it begins with one, has `;`, or blanks at an end.
pub(super) fn odbc(pairs: &[(&str, &str)], quote: Quote) -> String {
    let parts = pairs
        .iter()
        .map(|(keyword, text)| format!("{keyword}={}", braced(text, quote, text.starts_with('{'))));
    parts.collect::<Vec<_>>().join(";")
}

/// JDBC: in braces when it has one, has `;`, or blanks at an end.
pub(super) fn jdbc(authority: &str, pairs: &[(&str, &str)], quote: Quote) -> String {
    let parts =
        pairs.iter().map(|(keyword, text)| format!(";{keyword}={}", braced(text, quote, text.contains('{'))));
    format!("jdbc:sqlserver://{authority}{}", parts.collect::<String>())
}

fn braced(value: &str, quote: Quote, has_brace: bool) -> String {
    let needed = has_brace || value.contains(';') || value.trim_matches(|c| c <= ' ') != value;
    if needed || quote != Quote::WhereNeeded {
        format!("{{{}}}", value.replace('}', "}}"))
    } else {
        value.to_owned()
    }
}
