//! Arbitrary route templates against arbitrary paths.
//!
//! Input: a template, a second one, a path and a method, in lines. Laws: what matches names only parameters of its
//! template and could be reached at the host; a route that covers another matches whatever the other matches; a table
//! of both finds one of those that match, or says that it can't tell which; a template that claims to take no text of a
//! caller's choice takes none that the host would rewrite.

#![no_main]

use azsql_worker::functions::route::{Found, RequestPath, Route, RouteTable, RouteTemplate};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|text: &str| -> Corpus {
    let mut lines = text.splitn(4, '\n');
    let (Some(first), Some(second), Some(path)) = (lines.next(), lines.next(), lines.next()) else {
        return Corpus::Reject;
    };
    let method = lines.next().unwrap_or("GET");
    let routes: Vec<Route> = [("First", first), ("Second", second)]
        .into_iter()
        .filter_map(|(function, template)| route(function, template))
        .collect();
    let raw = format!("/{path}");
    let fitting: Vec<&Route> = routes.iter().filter(|route| fits(route, &raw)).collect();
    for (one, other) in [(0, 1), (1, 0)] {
        if let (Some(one), Some(other)) = (routes.get(one), routes.get(other)) {
            let wider = one.covers(other) && fits(other, &raw);
            assert!(!wider || fits(one, &raw), "{} covers {} but not {raw}", one.template, other.template);
        }
    }

    let table = RouteTable::new(routes.clone());
    let reached = table.may_reach(method, &raw);
    match table.find(method, &raw) {
        Found::Nothing => assert!(fitting.is_empty(), "{raw} fits {} and was not found", fitting[0].template),
        Found::Match(found) => {
            assert!(reached.is_some(), "{raw} is found, but could not be reached");
            assert!(
                fitting.iter().any(|route| route.function == *found.function),
                "{raw}: {}",
                found.function
            );
        }
        Found::Ambiguous { by_name, by_precedence } => {
            // Both fit, or .NET may see one of them otherwise than we do.
            assert_ne!(by_name, by_precedence);
            assert_eq!(routes.len(), 2, "{raw}");
            // Which is asked for the names of functions only.
            let name = raw.bytes().skip(1).all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            assert!(reached.is_some() || !name, "{raw} may be meant for two, but could not be reached");
        }
    }
    Corpus::Keep
});

fn route(function: &str, template: &str) -> Option<Route> {
    let template = RouteTemplate::parse(template).ok()?;
    assert_eq!(RouteTemplate::parse(template.text()).as_ref(), Ok(&template));
    Some(Route { function: function.into(), methods: Vec::new(), template })
}

/// Whether the path fits the route's template; its values are looked at as well.
fn fits(route: &Route, raw: &str) -> bool {
    let path = RequestPath::parse(raw).expect("it begins with a slash");
    let Some(values) = route.template.matches(&path) else { return false };
    let parameters = route.template.parameters();
    for (name, _) in &values {
        assert!(parameters.iter().any(|parameter| parameter.name == *name), "{}: {name}", route.template);
    }
    for parameter in parameters.iter().filter(|parameter| !parameter.optional) {
        assert!(values.iter().any(|(name, _)| *name == parameter.name), "{}: {parameter:?}", route.template);
    }
    // What the template itself says is its author's choice.
    if !route.template.takes_any_text() && !route.template.text().contains(['.', '\\', '%']) {
        assert!(!path_is_rewritten(raw), "{} takes {raw}", route.template);
    }
    true
}

/// Whether `System.Uri`, which gets the path decoded, makes another path of it.
fn path_is_rewritten(raw: &str) -> bool {
    let segments = raw.split('?').next().unwrap_or_default().split('/').map(decode);
    segments
        .into_iter()
        .any(|segment| segment.contains(['/', '\\']) || matches!(decode(&segment).as_str(), "." | ".."))
}

/// Percent-decoded once.
fn decode(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut decoded = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let byte = piece.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if let Some(byte) = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            decoded.push(byte);
            decoded.extend_from_slice(&piece.as_bytes()[2..]);
        } else {
            decoded.push(b'%');
            decoded.extend_from_slice(piece.as_bytes());
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
