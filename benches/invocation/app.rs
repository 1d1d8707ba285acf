//! The app that is called: one function.

use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

use super::request::BINDING;

/// The function's name.
pub(crate) const FUNCTION: &str = "Order";

/// Its path at the host.
pub(crate) const PATH: &str = "/api/orders";

/// A script root with host.json and a function that takes a value of everything: two headers, and five properties of
/// the body.
pub(crate) fn script_root() -> TempDir {
    let parameters = [
        ("@caller", "header.X-MS-CLIENT-PRINCIPAL-NAME", "nvarchar(100)"),
        ("@agent", "header.user-agent", "varchar(200)"),
        ("@id", "body.id", "int"),
        ("@name", "body.customer.name", "nvarchar(100)"),
        ("@balance", "body.balance", "decimal(18, 2)"),
        ("@since", "body.since", "date"),
        ("@lines", "body.lines", "nvarchar(max)"),
    ];
    let columns = parameters.map(|(name, _, _)| name).join(", ");
    let parameters: Map<String, Json> = parameters
        .into_iter()
        .map(|(name, from, sql_type)| (name.to_owned(), json!({ "from": from, "type": sql_type })))
        .collect();
    let definition = json!({
        "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": BINDING, "route": "orders" },
            { "type": "http", "direction": "out", "name": "res" },
        ],
        "sql": { "commandText": format!("SELECT {columns}"), "result": "rows", "parameters": parameters },
    });
    let root = tempfile::tempdir().expect("a folder");
    std::fs::write(root.path().join("host.json"), r#"{ "version": "2.0" }"#).expect("a file");
    let folder = root.path().join(FUNCTION);
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("function.json"), definition.to_string()).expect("a file");
    root
}
