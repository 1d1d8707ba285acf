//! The example strings of docs/connection-strings.md can be used as they stand.

use super::{login, parse};

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/connection-strings.md"));

#[test]
fn the_examples_of_the_documentation_can_be_used() {
    let fenced = PAGE.split("```").skip(1).step_by(2);
    let examples = fenced.filter_map(|block| block.strip_prefix("text\n"));
    let strings: Vec<&str> = examples.flat_map(str::lines).filter(|line| !line.trim().is_empty()).collect();
    assert!(strings.len() > 5, "the page has lost its examples");
    for text in strings {
        let parsed = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(parsed.warnings, [], "{text}");
        assert_eq!(parsed.settings.host, "shop.database.windows.net", "{text}");
        assert!(!login(&parsed.settings).is_empty());
    }
}

#[test]
fn every_authentication_of_the_documentation_is_known() {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `Active"));
    let names: Vec<String> =
        rows.filter_map(|row| Some(format!("Active{}", row.split_once('`')?.0))).collect();
    assert!(names.len() > 8, "{names:?}");
    for name in names {
        let password = if name.ends_with("ServicePrincipal") { ";Password=x" } else { "" };
        let certificate = if name.ends_with("Certificate") { ";clientCertificate=/c" } else { "" };
        let text = format!("Server=h;Authentication={name}{password}{certificate}");
        assert!(parse(&text).is_ok(), "{text}");
    }
}
