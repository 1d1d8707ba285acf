//! Writes fields of CSV (RFC 4180): separated by commas, quoted where they must be.
//!
//! A NULL is an empty field and an empty text is `""`. Values are data and written as they are: a text that begins with `=`,
//! which a spreadsheet may take for a formula, stays what it is in the database.

use crate::database::Cell;
use crate::functions::json_text::write_cell;
use crate::functions::plan::Numbers;

/// Ends each line, the last one too.
pub(in crate::functions) const LINE_END: &str = "\r\n";

/// Writes a value in the form that it has in JSON, without the quotes of JSON.
pub(in crate::functions) fn write_field(csv: &mut String, cell: Cell<'_>) {
    match cell {
        Cell::Text(text) => write_text(csv, text),
        other => {
            let begin = csv.len();
            write_cell(csv, other, Numbers::Exact);
            match csv.get(begin..).unwrap_or_default() {
                "null" => csv.truncate(begin),
                // A value without bytes is no NULL either.
                "\"\"" => {}
                // Only texts have something in them that needs an escape or quotes.
                quoted if quoted.starts_with('"') => {
                    csv.pop();
                    csv.remove(begin);
                }
                _ => {}
            }
        }
    }
}

/// Writes a text, in quotes where a reader could take it for something else: for the end of the field or of the line, for NULL, or for
/// a text without the blanks at its ends.
pub(in crate::functions) fn write_text(csv: &mut String, text: &str) {
    let is_special = |character: char| matches!(character, ',' | '"' | '\r' | '\n');
    let is_blank = |character: Option<char>| character.is_none_or(char::is_whitespace);
    if !is_blank(text.chars().next()) && !is_blank(text.chars().next_back()) && !text.contains(is_special) {
        csv.push_str(text);
        return;
    }
    csv.push('"');
    for (number, part) in text.split('"').enumerate() {
        if number > 0 {
            csv.push_str("\"\"");
        }
        csv.push_str(part);
    }
    csv.push('"');
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;

    use super::*;
    use crate::invocation::Decimal;

    fn written(cell: Cell<'_>) -> String {
        let mut csv = String::new();
        write_field(&mut csv, cell);
        csv
    }

    #[test]
    fn a_null_is_nothing_and_an_empty_text_is_two_quotes() {
        assert_eq!(written(Cell::Null), "");
        assert_eq!(written(Cell::Text("")), "\"\"");
    }

    #[test]
    fn texts_are_quoted_only_where_they_must_be() {
        for (text, field) in [
            ("plain text", "plain text"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("\"", "\"\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            (" blank", "\" blank\""),
            ("blank\t", "\"blank\t\""),
            ("null", "null"),
            ("=1+1", "=1+1"),
            ("Tromsø", "Tromsø"),
        ] {
            assert_eq!(written(Cell::Text(text)), field);
        }
    }

    #[test]
    fn other_values_have_the_forms_of_json_without_its_quotes() {
        let date = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap_or_default();
        for (cell, field) in [
            (Cell::Bit(true), "true"),
            (Cell::BigInt(9_007_199_254_740_993), "9007199254740993"),
            (Cell::Decimal(Decimal { unscaled: -5, scale: 4 }), "-0.0005"),
            (Cell::Date(date), "2026-01-31"),
            (Cell::Binary(b"\x01\x02"), "AQI="),
            (Cell::Binary(b""), "\"\""),
        ] {
            assert_eq!(written(cell), field);
        }
    }

    /// Reads one line as RFC 4180 says, apart from the writer.
    fn read(line: &str) -> Vec<Option<String>> {
        let mut fields = Vec::new();
        let mut rest = line;
        loop {
            let (field, after) = match rest.strip_prefix('"') {
                None => {
                    let end = rest.find(',').unwrap_or(rest.len());
                    let (field, after) = rest.split_at(end);
                    ((!field.is_empty()).then(|| field.to_owned()), after)
                }
                Some(mut quoted) => {
                    let mut field = String::new();
                    loop {
                        let (part, after) = quoted.split_once('"').unwrap_or((quoted, ""));
                        field.push_str(part);
                        match after.strip_prefix('"') {
                            Some(more) => {
                                field.push('"');
                                quoted = more;
                            }
                            None => break (Some(field), after),
                        }
                    }
                }
            };
            fields.push(field);
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => return fields,
            }
        }
    }

    proptest! {
        #[test]
        fn any_texts_and_nulls_read_back_the_same(
            texts in prop::collection::vec(prop::option::of("(\\PC|[\r\n\t\",]){0,12}"), 1..6),
        ) {
            let mut line = String::new();
            for (number, text) in texts.iter().enumerate() {
                if number > 0 {
                    line.push(',');
                }
                write_field(&mut line, text.as_deref().map_or(Cell::Null, Cell::Text));
            }
            prop_assert_eq!(read(&line), texts);
        }
    }
}
