//! How requests reach a function in forwarding and proxying mode, told from its bindings alone.
//!
//! A definition that this worker refuses may be good enough for the host, which then passes requests on to its route. So
//! this is read apart from everything else, and as generously as the host reads.

use serde_json::Value as Json;

use crate::functions::route::RouteTemplate;

/// The way in forwarding and proxying mode.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::functions) enum ForwardedRoute {
    /// Requests come to this route as the caller sent them.
    Known {
        /// In lower case; empty = all.
        methods: Vec<String>,
        /// Without the route prefix.
        route: RouteTemplate,
    },
    /// None: the function gets envelopes, or the host can't load it.
    #[default]
    None,
    /// The definition can't be read, so it may be any.
    Unknown,
}

impl ForwardedRoute {
    /// Reads the bindings of the function. The host forwards only to a function with one `httpTrigger`, one `http` output
    /// and nothing else (azure-functions-host, `FunctionMetadataExtensions.IsHttpInAndOutFunction`).
    pub(super) fn read(function: &str, definition: &Json) -> Self {
        let Some(Json::Array(bindings)) = get(definition, "bindings") else { return Self::None };
        let [one, other] = bindings.as_slice() else { return Self::None };
        let trigger = match (kind(one).as_str(), kind(other).as_str()) {
            ("httptrigger", "http") if is_output(other) && !is_output(one) => one,
            ("http", "httptrigger") if is_output(one) && !is_output(other) => other,
            _ => return Self::None,
        };
        let route = match get(trigger, "route") {
            None | Some(Json::Null) => RouteTemplate::parse(function),
            Some(Json::String(route)) if route.is_empty() => RouteTemplate::parse(function),
            Some(Json::String(route)) => RouteTemplate::parse(route),
            Some(_) => return Self::Unknown,
        };
        let Ok(route) = route else { return Self::Unknown };
        let methods = get(trigger, "methods").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let methods = methods.iter().filter_map(Json::as_str).map(str::to_ascii_lowercase).collect();
        Self::Known { methods, route }
    }
}

/// The host's reader has no regard to case.
fn get<'a>(json: &'a Json, key: &str) -> Option<&'a Json> {
    json.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

fn kind(binding: &Json) -> String {
    get(binding, "type").and_then(Json::as_str).unwrap_or_default().to_ascii_lowercase()
}

fn is_output(binding: &Json) -> bool {
    get(binding, "direction")
        .and_then(Json::as_str)
        .is_some_and(|direction| direction.eq_ignore_ascii_case("out"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(bindings: &Json) -> ForwardedRoute {
        ForwardedRoute::read("Name", &json!({ "bindings": bindings }))
    }

    #[test]
    fn one_http_trigger_and_one_http_output_are_forwarded_and_nothing_else() {
        let trigger = json!({ "Type": "HttpTrigger", "name": "req", "route": "a/{b}", "methods": ["Get"] });
        let output = json!({ "type": "http", "direction": "OUT", "name": "res" });
        let queue = json!({ "type": "queue", "direction": "out", "name": "q" });
        let known = read(&json!([output, trigger]));
        assert!(
            matches!(&known, ForwardedRoute::Known { methods, route } if methods == &["get"] && route.text() == "a/{b}"),
            "{known:?}"
        );
        assert_eq!(read(&json!([trigger, output, queue])), ForwardedRoute::None);
        assert_eq!(read(&json!([trigger, queue])), ForwardedRoute::None);
        assert_eq!(read(&json!([{ "type": "timerTrigger", "name": "t" }])), ForwardedRoute::None);
        assert_eq!(read(&json!("x")), ForwardedRoute::None);
    }

    #[test]
    fn a_route_that_can_not_be_read_may_be_any() {
        let output = json!({ "type": "http", "direction": "out", "name": "res" });
        for route in [json!(5), json!("{x:foo}"), json!("{")] {
            let trigger = json!({ "type": "httpTrigger", "name": "req", "route": route });
            assert_eq!(read(&json!([trigger, output])), ForwardedRoute::Unknown, "{route}");
        }
        let without = json!({ "type": "httpTrigger", "name": "req" });
        assert!(
            matches!(read(&json!([without, output])), ForwardedRoute::Known { route, .. } if route.text() == "Name")
        );
    }
}
