//! Laws of the settings' readers, for any text.

use std::time::Duration;

use proptest::prelude::*;

use super::{AppSettings, format_time_span, parse_time_span, without_comments};

proptest! {
    #[test]
    fn a_span_survives_writing_and_reading(seconds in 0_u64..100_000_000, ticks in 0_u32..10_000_000) {
        let span = Duration::new(seconds, ticks * 100);
        prop_assert_eq!(parse_time_span(&format_time_span(span)), Some(span));
    }

    #[test]
    fn reading_a_span_never_panics(text in "[0-9.: -]{0,30}") {
        let _span = parse_time_span(&text);
    }

    #[test]
    fn json_without_comments_stays_as_it_is(text in "\\PC{0,40}") {
        let json = serde_json::json!({ "key": text, "list": [text] }).to_string();
        prop_assert_eq!(without_comments(&json), json);
    }

    #[test]
    fn text_without_percent_signs_is_not_expanded(text in "[^%]{0,40}") {
        prop_assert_eq!(AppSettings::default().expand(&text), Ok(text.clone()));
        prop_assert_eq!(AppSettings::default().expand_known(&format!("{text}%NONE%")), format!("{text}%NONE%"));
    }
}
