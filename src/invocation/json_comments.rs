//! JSON with comments, as the Functions host reads `host.json` and `function.json`.

/// The text with `// ...` and `/* ... */` outside of strings turned into blanks, so that a position in it is the same as
/// before.
#[must_use]
pub(crate) fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, is_comment) = match first {
            '"' => (string_length(rest), false),
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), true),
            '/' if rest.starts_with("/*") => (rest.find("*/").map_or(rest.len(), |end| end + 2), true),
            other => (other.len_utf8(), false),
        };
        let (part, after) = rest.split_at(length);
        if is_comment {
            plain.extend(part.chars().map(|c| if c == '\n' { c } else { ' ' }));
        } else {
            plain.push_str(part);
        }
        rest = after;
    }
    plain
}

/// The length of the string literal that the text begins with, both quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn comments_become_blanks_and_strings_stay() {
        let text = "{ // one\n \"a\": \"/* // \\\" */\", /* two\n */ \"b\": 1 }";
        let expected = "{       \n \"a\": \"/* // \\\" */\",       \n    \"b\": 1 }";
        assert_eq!(without_comments(text), expected);
    }

    proptest! {
        #[test]
        fn json_without_comments_is_left_as_it_is(text in "[a-z \\\\\"]{0,20}") {
            let json = serde_json::json!({ "key": text }).to_string();
            prop_assert_eq!(without_comments(&json), json);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in any::<String>()) {
            prop_assert_eq!(without_comments(&text).chars().count(), text.chars().count());
        }
    }
}
