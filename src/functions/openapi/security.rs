//! What a caller must show: the host's keys, and a token where the function asks who calls.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use crate::functions::plan::Plan;
use crate::functions::source::Source;
use crate::functions::trigger::AuthLevel;

/// The header and the query parameter in which the host takes a key, whichever it is (Microsoft Learn, "Work with access keys in
/// Azure Functions").
const HEADER: &str = "x-functions-key";
const QUERY: &str = "code";

const TOKEN: &str = "token";

/// The security requirements of a function: one of them must be met. The names of their schemes go to `schemes`.
pub(super) fn of_function(
    plan: Option<&Plan>,
    auth: AuthLevel,
    schemes: &mut BTreeSet<&'static str>,
) -> Json {
    let keys: &[&[&'static str]] = match auth {
        AuthLevel::Anonymous | AuthLevel::User => &[&[]],
        AuthLevel::Function => &[&["functionKey"], &["functionKeyInQuery"]],
        AuthLevel::Admin => &[&["masterKey"], &["masterKeyInQuery"]],
        AuthLevel::System => &[&["systemKey"], &["systemKeyInQuery"]],
    };
    let principals = || {
        let values = plan.into_iter().flat_map(Plan::values);
        values.filter(|value| matches!(value.source, Source::Principal(_)))
    };
    let wants_token = principals().any(|value| value.required);
    let takes_token = principals().next().is_some();
    let mut requirements = Vec::new();
    for with_token in [false, true] {
        if (with_token && !takes_token) || (!with_token && wants_token) {
            continue;
        }
        for key in keys {
            let named: Vec<&'static str> = key.iter().copied().chain(with_token.then_some(TOKEN)).collect();
            schemes.extend(named.iter().copied());
            let requirement: Map<String, Json> =
                named.into_iter().map(|name| (name.to_owned(), json!([]))).collect();
            requirements.push(Json::Object(requirement));
        }
    }
    match requirements.as_slice() {
        // Nothing is asked for.
        [Json::Object(only)] if only.is_empty() => json!([]),
        _ => Json::Array(requirements),
    }
}

/// These schemes.
pub(super) fn schemes(names: &BTreeSet<&'static str>) -> Json {
    let scheme = |name: &str| {
        if name == TOKEN {
            return json!({
                "type": "http",
                "scheme": "bearer",
                "description": "A token that App Service authentication takes.",
            });
        }
        let key = match name.split("Key").next().unwrap_or_default() {
            "master" => "The master key of the Function App.",
            "system" => "A system key of the Function App, or its master key.",
            _ => "A key of the function or of the Function App.",
        };
        let (place, parameter) =
            if name.ends_with("InQuery") { ("query", QUERY) } else { ("header", HEADER) };
        json!({ "type": "apiKey", "in": place, "name": parameter, "description": key })
    };
    names.iter().map(|name| ((*name).to_owned(), scheme(name))).collect::<Map<_, _>>().into()
}
