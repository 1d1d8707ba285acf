//! Takes comments out of JSON: the host reads its files with Newtonsoft.Json, which accepts them.

/// `text` with each `//` and `/* */` comment outside a string replaced by blanks, so that positions in error messages stay
/// right. A byte order mark at the start is dropped.
pub(crate) fn without_comments(text: &str) -> String {
    #[derive(PartialEq)]
    enum At {
        Code,
        Text { escaped: bool },
        Line,
        Block,
    }
    let mut at = At::Code;
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied();
        let kept = match at {
            At::Code if character == '"' => {
                at = At::Text { escaped: false };
                character
            }
            At::Code if character == '/' && next == Some('/') => {
                at = At::Line;
                ' '
            }
            At::Code if character == '/' && next == Some('*') => {
                characters.next();
                plain.push(' ');
                at = At::Block;
                ' '
            }
            At::Code => character,
            At::Text { escaped } => {
                at = match character {
                    _ if escaped => At::Text { escaped: false },
                    '\\' => At::Text { escaped: true },
                    '"' => At::Code,
                    _ => At::Text { escaped: false },
                };
                character
            }
            At::Line | At::Block if character == '\n' => {
                if at == At::Line {
                    at = At::Code;
                }
                character
            }
            At::Block if character == '*' && next == Some('/') => {
                characters.next();
                plain.push(' ');
                at = At::Code;
                ' '
            }
            At::Line | At::Block => ' ',
        };
        plain.push(kept);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::without_comments;

    #[test]
    fn comments_go_and_what_looks_like_one_inside_a_string_stays() {
        let text = "{ // \"a\"\n \"url\": \"http://x/*y*/\\\"//z\", /* b\n */ \"n\": 1 }";
        let plain = without_comments(text);
        assert_eq!(plain.lines().count(), text.lines().count());
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&plain).ok(),
            Some(serde_json::json!({ "url": "http://x/*y*/\"//z", "n": 1 }))
        );
    }
}
