//! Puts schemas together that one value must keep to.

use serde_json::{Map, Value as Json};

/// Keywords that say something of strings alone.
const OF_STRINGS: [&str; 5] = ["minLength", "maxLength", "pattern", "contentEncoding", "format"];

/// One schema for a value that keeps to all of these. Where their types differ, the value's text must be one of each, so the
/// type that isn't `string` says most.
pub(super) fn all_of(schemas: impl IntoIterator<Item = Map<String, Json>>) -> Map<String, Json> {
    schemas.into_iter().reduce(both).unwrap_or_default()
}

fn both(mut one: Map<String, Json>, mut other: Map<String, Json>) -> Map<String, Json> {
    let is_text = |schema: &Map<String, Json>| schema.get("type").is_some_and(|kind| kind == "string");
    for (text, narrow) in [(is_text(&one), !is_text(&other)), (is_text(&other), !is_text(&one))] {
        if text && narrow {
            let schema = if is_text(&one) { &mut one } else { &mut other };
            OF_STRINGS.iter().for_each(|key| drop(schema.shift_remove(*key)));
            schema.shift_remove("type");
            break;
        }
    }
    for (key, value) in other {
        let Some(own) = one.get(&key) else {
            one.insert(key, value);
            continue;
        };
        if *own == value {
            continue;
        }
        let kept = match key.as_str() {
            "minimum" | "minLength" => Some(greater(own, &value, true)),
            "maximum" | "maxLength" => Some(greater(own, &value, false)),
            "description" => Some(
                format!("{} {}", own.as_str().unwrap_or_default(), value.as_str().unwrap_or_default()).into(),
            ),
            "type" => (value == "integer").then_some(value),
            "format" => (value == "int32").then_some(value),
            "enum" => {
                let others = value.as_array().cloned().unwrap_or_default();
                let own = own.as_array().cloned().unwrap_or_default();
                Some(own.into_iter().filter(|value| others.contains(value)).collect())
            }
            "pattern" => {
                let more = one.entry("allOf").or_insert_with(|| Json::Array(Vec::new()));
                if let Json::Array(more) = more {
                    more.push(Json::Object(Map::from_iter([(key.clone(), value)])));
                }
                None
            }
            _ => None,
        };
        if let Some(kept) = kept {
            one.insert(key, kept);
        }
    }
    one
}

/// The greater or the smaller of two numbers.
fn greater(one: &Json, other: &Json, greater: bool) -> Json {
    let number = |json: &Json| json.as_f64().unwrap_or_default();
    if (number(one) < number(other)) == greater { other.clone() } else { one.clone() }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, reason = "a test may panic")]

    use serde_json::json;

    use super::*;

    fn merged(one: Json, other: Json) -> Json {
        let (Json::Object(one), Json::Object(other)) = (one, other) else { panic!("not objects") };
        let (there, back) = (all_of([one.clone(), other.clone()]), all_of([other, one]));
        assert_eq!(there.get("type"), back.get("type"));
        Json::Object(there)
    }

    #[test]
    fn the_narrower_limit_counts() {
        assert_eq!(
            merged(
                json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": 9 }),
                json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": 10 })
            ),
            json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": 9 })
        );
        assert_eq!(
            merged(
                json!({ "type": "string", "enum": ["a", "b"] }),
                json!({ "type": "string", "enum": ["b", "c"] })
            ),
            json!({ "type": "string", "enum": ["b"] })
        );
    }

    #[test]
    fn a_text_that_is_a_number_too_is_a_number() {
        assert_eq!(
            merged(
                json!({ "type": "string", "maxLength": 5 }),
                json!({ "type": "integer", "format": "int32" })
            ),
            json!({ "type": "integer", "format": "int32" })
        );
    }

    #[test]
    fn two_patterns_are_both_kept() {
        assert_eq!(
            merged(json!({ "type": "string", "pattern": "a" }), json!({ "type": "string", "pattern": "b" })),
            json!({ "type": "string", "pattern": "a", "allOf": [{ "pattern": "b" }] })
        );
    }
}
