//! What a command whose result FOR JSON makes answers when there is no row.
//!
//! The server sends no text at all then, and its documentation says no more (Microsoft Learn, "Format query results as
//! JSON with FOR JSON"). What stands here has the form that the same command gives of one row and more.

use super::procedure_name::unquoted;
use super::scanner::{Kind, Token};
use crate::functions::json_text::write_string;

/// The name of the element that ROOT without a name puts round the rows (Microsoft Learn, "Add a root node to JSON output").
const DEFAULT_ROOT: &str = "root";

/// The JSON text for no row: `[]`; with WITHOUT_ARRAY_WRAPPER `null`, with ROOT an object round the empty array. The outermost FOR
/// JSON counts, and of several the last one.
pub(super) fn without_rows(tokens: &[Token<'_>]) -> String {
    let mut depth = 0_usize;
    let mut outermost: Option<(usize, usize)> = None;
    for (at, token) in tokens.iter().enumerate() {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
        } else if token.is_word("FOR")
            && tokens.get(at + 1).is_some_and(|next| next.is_word("JSON"))
            && outermost.is_none_or(|(_, before)| depth <= before)
        {
            outermost = Some((at + 2, depth));
        }
    }
    let options = outermost.and_then(|(at, _)| tokens.get(at..)).unwrap_or_default();
    of_options(options)
}

/// What follows FOR JSON: `PATH, ROOT('orders'), INCLUDE_NULL_VALUES`.
fn of_options(options: &[Token<'_>]) -> String {
    for (at, option) in options.iter().enumerate() {
        let after = |offset: usize| options.get(at + offset);
        if option.is_word("WITHOUT_ARRAY_WRAPPER") {
            return "null".to_owned();
        }
        if option.is_word("ROOT") {
            let name = if after(1).is_some_and(|next| next.is_symbol("(")) {
                // `N'orders'` is a word and a text.
                [after(2), after(3)]
                    .into_iter()
                    .flatten()
                    .find(|token| token.kind == Kind::Text)
                    .map(unquoted)
            } else {
                None
            };
            let mut json = "{".to_owned();
            write_string(&mut json, name.as_deref().unwrap_or(DEFAULT_ROOT));
            json.push_str(":[]}");
            return json;
        }
        let belongs = option.is_any_word(&["AUTO", "PATH", "INCLUDE_NULL_VALUES"]) || option.is_symbol(",");
        if !belongs {
            break;
        }
    }
    "[]".to_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::scanner::scan;
    use super::*;

    #[test]
    fn no_row_has_the_form_that_rows_would_have() {
        for (text, json) in [
            ("SELECT a FROM t FOR JSON PATH", "[]"),
            ("SELECT a FROM t FOR JSON PATH, WITHOUT_ARRAY_WRAPPER;", "null"),
            ("select a from t for json auto, include_null_values, without_array_wrapper", "null"),
            ("SELECT a FROM t FOR JSON PATH, ROOT('or\"ders'), INCLUDE_NULL_VALUES", r#"{"or\"ders":[]}"#),
            ("SELECT a FROM t FOR JSON PATH, ROOT(N'it''s')", r#"{"it's":[]}"#),
            ("SELECT a FROM t FOR JSON AUTO, ROOT;", r#"{"root":[]}"#),
            ("SELECT (SELECT a FROM t FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS j", "null"),
            (
                "SELECT a, (SELECT b FROM u FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS b FROM t FOR JSON PATH",
                "[]",
            ),
            (
                "SELECT JSON_QUERY((SELECT b FROM u FOR JSON PATH)) AS b FROM t FOR JSON PATH, WITHOUT_ARRAY_WRAPPER",
                "null",
            ),
            (
                "SELECT a FROM t FOR JSON PATH, ROOT('x'); SET @y = (SELECT b FROM u FOR JSON PATH, WITHOUT_ARRAY_WRAPPER)",
                r#"{"x":[]}"#,
            ),
            ("EXEC dbo.OrdersAsJson @id", "[]"),
            ("SELECT 'FOR JSON PATH, WITHOUT_ARRAY_WRAPPER' AS a", "[]"),
            ("SELECT 1 FOR JSON PATH; SELECT ROOT FROM t", "[]"),
        ] {
            assert_eq!(without_rows(&scan(text).unwrap()), json, "{text}");
        }
    }
}
