//! The package's `host.json`: the user's own, with our worker as its custom handler.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::Mode;
use crate::host::host_json::{self, HttpMode};

/// The worker's file in a package.
pub(super) const PROGRAM: &str = "azsql-worker";

const FORWARDING: &str = "enableForwardingHttpRequest";
const PROXYING: &str = "enableProxyingHttpRequest";

/// The text of the package's `host.json` and the mode that it sets. Without a wish the mode stays as it is.
pub(super) fn for_package(script_root: &Path, wish: Option<Mode>) -> Result<(String, HttpMode), String> {
    // Variables are the Function App's; the package is made of the file alone.
    let written = host_json::read(script_root, &|_| None).map_err(|error| error.to_string())?.http_mode;
    let mut json = host_json::json(script_root).map_err(|error| error.to_string())?;
    let mode = match wish {
        None => written,
        Some(Mode::Envelope) => HttpMode::Enveloped,
        Some(Mode::Proxying) => HttpMode::Proxying,
    };
    set(&mut json, mode).ok_or_else(|| "host.json: must be an object {...}".to_owned())?;
    Ok((format!("{json:#}\n"), mode))
}

/// Sets worker and mode; None when the file is no object.
fn set(json: &mut Json, mode: HttpMode) -> Option<()> {
    let handler = object(json.as_object_mut()?, "customHandler")?;
    let description = object(handler, "description")?;
    for (name, value) in [("defaultExecutablePath", json!(PROGRAM)), ("arguments", json!(["serve"]))] {
        let name = spelling(description, name);
        description.insert(name, value);
    }
    handler.retain(|key, _| !key.eq_ignore_ascii_case(FORWARDING) && !key.eq_ignore_ascii_case(PROXYING));
    match mode {
        HttpMode::Enveloped => None,
        HttpMode::Forwarding => handler.insert(FORWARDING.to_owned(), Json::Bool(true)),
        HttpMode::Proxying => handler.insert(PROXYING.to_owned(), Json::Bool(true)),
    };
    Some(())
}

/// The object below a key, made if there is none.
fn object<'a>(members: &'a mut Map<String, Json>, name: &str) -> Option<&'a mut Map<String, Json>> {
    let value = members.entry(spelling(members, name)).or_insert(Json::Null);
    if !value.is_object() {
        *value = Json::Object(Map::new());
    }
    value.as_object_mut()
}

/// A key as the file spells it: the host finds it in any case.
fn spelling(members: &Map<String, Json>, name: &str) -> String {
    members.keys().find(|key| key.eq_ignore_ascii_case(name)).map_or_else(|| name.to_owned(), Clone::clone)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn packaged(mut json: Json, mode: HttpMode) -> Json {
        set(&mut json, mode).unwrap();
        json
    }

    #[test]
    fn the_worker_is_set_and_everything_else_stays_in_its_order() {
        let own = json!({ "version": "2.0", "logging": { "a": 1 },
            "CustomHandler": { "Description": { "workingDirectory": "x", "defaultExecutablePath": "target/debug/w" },
                               "initializationTimeout": "00:00:10" },
            "mine": true });
        let expected = r#"{"version":"2.0","logging":{"a":1},"CustomHandler":{"Description":{"workingDirectory":"x","defaultExecutablePath":"azsql-worker","arguments":["serve"]},"initializationTimeout":"00:00:10"},"mine":true}"#;
        assert_eq!(packaged(own, HttpMode::Enveloped).to_string(), expected);
    }

    #[test]
    fn there_is_never_more_than_one_switch() {
        let both = json!({ "customHandler": { "enableForwardingHttpRequest": true, "EnableProxyingHttpRequest": "true" } });
        for (mode, switches) in [
            (HttpMode::Enveloped, vec![]),
            (HttpMode::Forwarding, vec![FORWARDING]),
            (HttpMode::Proxying, vec![PROXYING]),
        ] {
            let json = packaged(both.clone(), mode);
            let keys = json["customHandler"].as_object().unwrap().keys();
            assert_eq!(keys.filter(|key| *key != "description").collect::<Vec<_>>(), switches);
        }
    }

    #[test]
    fn a_file_without_a_custom_handler_gets_one() {
        let json = packaged(json!({ "version": "2.0" }), HttpMode::Proxying);
        assert_eq!(json["customHandler"]["description"]["arguments"], json!(["serve"]));
        assert_eq!(json["customHandler"][PROXYING], true);
    }
}
