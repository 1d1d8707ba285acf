//! A validator of the JSON Schema keywords that the definitions' schema uses. One that it doesn't know is a panic, so that no part
//! of a schema is passed over. It is held against Python's jsonschema in tests/suite/openapi.

use regex::Regex;
use serde_json::Value as Json;

/// Whether the instance is valid; the paths and keywords that refuse it.
pub(super) fn errors(root: &Json, instance: &Json) -> Vec<String> {
    let mut errors = Vec::new();
    Validator { root }.check(root, instance, "", &mut errors);
    errors
}

struct Validator<'a> {
    root: &'a Json,
}

impl Validator<'_> {
    fn is_valid(&self, schema: &Json, instance: &Json) -> bool {
        let mut errors = Vec::new();
        self.check(schema, instance, "", &mut errors);
        errors.is_empty()
    }

    fn check(&self, schema: &Json, instance: &Json, path: &str, errors: &mut Vec<String>) {
        if let Json::Bool(allowed) = schema {
            if !allowed {
                errors.push(format!("{path}: nothing may stand here"));
            }
            return;
        }
        let keywords = schema.as_object().unwrap();
        for (keyword, value) in keywords {
            let fits = match keyword.as_str() {
                "$schema" | "title" | "description" | "default" | "examples" | "$defs" | "then" | "else"
                | "minContains" | "maxContains" => true,
                "$ref" => {
                    let pointer = value.as_str().unwrap().strip_prefix('#').unwrap();
                    self.check(self.root.pointer(pointer).unwrap(), instance, path, errors);
                    true
                }
                "type" => match value {
                    Json::Array(types) => types.iter().any(|kind| is_of(instance, kind)),
                    kind => is_of(instance, kind),
                },
                "const" => value == instance,
                "enum" => value.as_array().unwrap().contains(instance),
                "anyOf" => value.as_array().unwrap().iter().any(|schema| self.is_valid(schema, instance)),
                "oneOf" => {
                    value.as_array().unwrap().iter().filter(|schema| self.is_valid(schema, instance)).count()
                        == 1
                }
                "allOf" => {
                    value
                        .as_array()
                        .unwrap()
                        .iter()
                        .for_each(|schema| self.check(schema, instance, path, errors));
                    true
                }
                "not" => !self.is_valid(value, instance),
                "if" => {
                    let next = if self.is_valid(value, instance) { "then" } else { "else" };
                    if let Some(next) = keywords.get(next) {
                        self.check(next, instance, path, errors);
                    }
                    true
                }
                _ => self.check_parts(keywords, keyword, value, instance, path, errors),
            };
            if !fits {
                errors.push(format!("{path}: {keyword}"));
            }
        }
    }

    fn check_parts(
        &self,
        keywords: &serde_json::Map<String, Json>,
        keyword: &str,
        value: &Json,
        instance: &Json,
        path: &str,
        errors: &mut Vec<String>,
    ) -> bool {
        match (keyword, instance) {
            ("properties", Json::Object(object)) => {
                for (name, schema) in value.as_object().unwrap() {
                    if let Some(part) = object.get(name) {
                        self.check(schema, part, &format!("{path}/{name}"), errors);
                    }
                }
                true
            }
            ("additionalProperties", Json::Object(object)) => {
                let known = keywords.get("properties").and_then(Json::as_object);
                for (name, part) in
                    object.iter().filter(|(name, _)| !known.is_some_and(|known| known.contains_key(*name)))
                {
                    self.check(value, part, &format!("{path}/{name}"), errors);
                }
                true
            }
            ("propertyNames", Json::Object(object)) => {
                object.keys().all(|name| self.is_valid(value, &name.as_str().into()))
            }
            ("required", Json::Object(object)) => {
                value.as_array().unwrap().iter().all(|name| object.contains_key(name.as_str().unwrap()))
            }
            ("minProperties", Json::Object(object)) => object.len() as u64 >= value.as_u64().unwrap(),
            ("maxProperties", Json::Object(object)) => object.len() as u64 <= value.as_u64().unwrap(),
            ("items", Json::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.check(value, item, &format!("{path}/{index}"), errors);
                }
                true
            }
            ("contains", Json::Array(items)) => {
                let found = items.iter().filter(|item| self.is_valid(value, item)).count() as u64;
                let limit = |name: &str| keywords.get(name).and_then(Json::as_u64);
                (limit("minContains").unwrap_or(1)..=limit("maxContains").unwrap_or(u64::MAX))
                    .contains(&found)
            }
            ("minItems", Json::Array(items)) => items.len() as u64 >= value.as_u64().unwrap(),
            ("pattern", Json::String(text)) => pattern(value.as_str().unwrap()).is_match(text),
            ("minLength", Json::String(text)) => text.chars().count() as u64 >= value.as_u64().unwrap(),
            ("maxLength", Json::String(text)) => text.chars().count() as u64 <= value.as_u64().unwrap(),
            ("minimum", Json::Number(number)) => number.as_f64().unwrap() >= value.as_f64().unwrap(),
            ("maximum", Json::Number(number)) => number.as_f64().unwrap() <= value.as_f64().unwrap(),
            (
                "properties"
                | "additionalProperties"
                | "propertyNames"
                | "required"
                | "minProperties"
                | "maxProperties"
                | "items"
                | "contains"
                | "minItems"
                | "pattern"
                | "minLength"
                | "maxLength"
                | "minimum"
                | "maximum",
                _,
            ) => true,
            _ => panic!("the validator doesn't know {keyword}"),
        }
    }
}

/// The crate has no look-ahead; the one that is used says that the text doesn't begin with these.
fn pattern(text: &str) -> Regex {
    Regex::new(&text.replace("^(?![/~])", "^(?:[^/~]|$)")).unwrap()
}

fn is_of(instance: &Json, kind: &Json) -> bool {
    match kind.as_str().unwrap() {
        "null" => instance.is_null(),
        "boolean" => instance.is_boolean(),
        "integer" => instance.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => instance.is_number(),
        "string" => instance.is_string(),
        "array" => instance.is_array(),
        "object" => instance.is_object(),
        other => panic!("no such type: {other}"),
    }
}
