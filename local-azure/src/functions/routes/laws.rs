//! Laws of route templates, for any text.

use proptest::prelude::*;

use super::RouteTemplate;

proptest! {
    #[test]
    fn reading_a_template_never_panics(text in "[a-z{}:*?=(),./0-9\\\\ä]{0,40}", path in "\\PC{0,40}") {
        if let Ok(template) = RouteTemplate::parse(&text) {
            let _values = template.matches(&path);
        }
    }

    #[test]
    fn a_percent_encoded_value_comes_back_unless_it_holds_a_slash(value in "[^/]{1,20}") {
        let encoded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let values = RouteTemplate::parse("a/{x}").ok().and_then(|template| template.matches(&format!("/a/{encoded}")));
        prop_assert_eq!(values, Some(vec![("x".to_owned(), Some(value))]));
    }

    #[test]
    fn an_int_is_what_fits_32_bits(number: i64) {
        let matches = RouteTemplate::parse("{x:int}").ok().and_then(|template| template.matches(&format!("/{number}"))).is_some();
        prop_assert_eq!(matches, i32::try_from(number).is_ok());
    }
}
