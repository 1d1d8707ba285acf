//! The body of a request: what of it a function takes, as a schema for each content type.

use serde_json::{Map, Value as Json, json};

use super::merge::all_of;
use super::values::{Carrier, nullable, schema};
use crate::functions::plan::{Plan, PlannedParameter};
use crate::functions::source::Source;
use crate::invocation::SqlType;

/// The body that a function takes; None when it takes nothing of it.
pub(super) fn of_function(plan: &Plan) -> Option<Json> {
    let mut whole: Vec<&PlannedParameter> = Vec::new();
    let mut root = Property::default();
    for value in plan.values() {
        match &value.source {
            Source::Body => whole.push(value),
            Source::BodyProperty(names) => root.add(names, value),
            _ => {}
        }
    }
    let mut content = Map::new();
    if !root.below.is_empty() {
        let mut schema = root.schema();
        // Without it there are no properties.
        schema.insert("type".to_owned(), "object".into());
        content.insert("application/json".to_owned(), json!({ "schema": schema }));
    }
    if !whole.is_empty() {
        of_whole(&whole, &mut content);
    }
    if content.is_empty() {
        return None;
    }
    let required = root.is_required() || whole.iter().any(|value| value.required);
    Some(json!({ "required": required, "content": content }))
}

/// The whole body: text in UTF-8 for text types; for binary ones the bytes, or base64 in a text.
fn of_whole(whole: &[&PlannedParameter], content: &mut Map<String, Json>) {
    let text = all_of(whole.iter().map(|value| schema(value, Carrier::Text)));
    if whole.iter().all(|value| value.scalar_type().is_some_and(SqlType::is_binary)) {
        content.insert("application/octet-stream".to_owned(), json!({}));
    } else {
        // Any JSON is a text; rows are some of it.
        let tables = whole.iter().filter(|value| value.table().is_some());
        let rows = all_of(tables.map(|value| schema(value, Carrier::Json)));
        let body = if rows.is_empty() { json!({}) } else { json!({ "schema": rows }) };
        content.entry("application/json").or_insert(body);
    }
    content.insert("text/plain".to_owned(), json!({ "schema": text }));
}

/// A property of a JSON body with what parameters take of it.
#[derive(Default)]
struct Property<'a> {
    own: Vec<&'a PlannedParameter>,
    below: Vec<(&'a str, Property<'a>)>,
}

impl<'a> Property<'a> {
    fn add(&mut self, names: &'a [String], value: &'a PlannedParameter) {
        let Some((first, rest)) = names.split_first() else {
            self.own.push(value);
            return;
        };
        match self.below.iter_mut().find(|(name, _)| name == first) {
            Some((_, property)) => property.add(rest, value),
            None => {
                let mut property = Property::default();
                property.add(rest, value);
                self.below.push((first, property));
            }
        }
    }

    /// Whether a request without it is refused.
    fn is_required(&self) -> bool {
        self.own.iter().any(|value| value.required)
            || self.below.iter().any(|(_, property)| property.is_required())
    }

    fn schema(&self) -> Map<String, Json> {
        let mut merged = all_of(self.own.iter().map(|value| schema(value, Carrier::Json)));
        if !self.below.is_empty() {
            merged.insert("type".to_owned(), "object".into());
            let properties = self.below.iter().map(|(name, below)| ((*name).to_owned(), below.schema()));
            let properties: Map<String, Json> =
                properties.map(|(name, schema)| (name, Json::Object(schema))).collect();
            merged.insert("properties".to_owned(), Json::Object(properties));
            let required: Vec<&str> =
                self.below.iter().filter(|(_, below)| below.is_required()).map(|(name, _)| *name).collect();
            if !required.is_empty() {
                merged.insert("required".to_owned(), required.into());
            }
        }
        if !self.is_required() {
            nullable(&mut merged);
        }
        merged
    }
}
