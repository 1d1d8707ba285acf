//! Laws of JSON: what is written can be read back, by our reader and by serde_json's.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::document::{Document, Form, Level, Member, Shape};
use super::find::{Wanted, is_json};
use super::modify::modify;
use super::open::{WithColumn, rows};
use super::path::Path;
use super::reader::{Reader, decoded};
use super::write::put_string;
use crate::sql::types::{Length, SqlType, Value};

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_text_in_quotes_is_read_back(text in any::<String>()) {
        let mut out = String::new();
        put_string(&text, &mut out);
        prop_assert_eq!(&decoded(&out), &text);
        prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }

    #[test]
    fn what_serde_json_writes_is_json(value in json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert!(is_json(&text, Wanted::Value));
    }

    #[test]
    fn any_text_is_read_without_panic_and_as_serde_json_judges_it(text in "[\\[\\]{}\",:0-9a-z\\\\ .eE+-]{0,24}") {
        let ours = is_json(&text, Wanted::Value);
        prop_assert_eq!(ours, serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{}", text);
        let _ = Path::parse(&text).and_then(|path| modify(&text, &path, Some("1")));
    }

    #[test]
    fn openjson_of_for_json_gives_the_rows_back(
        table in prop::collection::vec((any::<Option<i64>>(), any::<Option<String>>()), 0..8),
        nulls in any::<bool>(),
    ) {
        let members = ["n/1", "s.x"].iter().enumerate().map(|(column, name)| Member::Value { name: (*name).to_owned(), column });
        let shape = Shape {
            levels: vec![Level { name: String::new(), members: members.collect(), columns: Vec::new() }],
            root: None,
            nulls,
            brackets: true,
        };
        let forms = [SqlType::BigInt, SqlType::NVarChar(Length::Max)]
            .map(|sql_type| Form { sql_type, json: false });
        let mut document = Document::new(shape, forms.to_vec());
        let mut text = String::new();
        for (number, string) in &table {
            let row = [
                number.map_or(Value::Null, Value::Integer),
                string.clone().map_or(Value::Null, Value::Text),
            ];
            document.row(&row, &mut text).unwrap();
        }
        document.end(&mut text);
        prop_assert_eq!(document.has_rows(), !table.is_empty());
        if table.is_empty() {
            prop_assert_eq!(text, "");
            return Ok(());
        }
        let columns = ["$.\"n/1\"", "$.\"s.x\""].map(|path| WithColumn { path: path.to_owned(), json: false });
        let read = rows(&text, None, Some(&columns)).unwrap();
        let expected: Vec<Vec<Option<String>>> =
            table.into_iter().map(|(number, string)| vec![number.map(|number| number.to_string()), string]).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn a_member_that_is_set_is_found(value in json(), name in any::<String>()) {
        let mut quoted = String::new();
        put_string(&name, &mut quoted);
        let path = Path::parse(&format!("$.{quoted}")).unwrap();
        let set = modify("{\"other\":1}", &path, Some(&value.to_string())).unwrap();
        prop_assert!(is_json(&set, Wanted::Object), "{}", set);
        let found = super::find::find(&set, &path).unwrap().unwrap();
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(found.text).unwrap(), value);
        prop_assert!(Reader::new(&set).value().is_ok());
    }
}
