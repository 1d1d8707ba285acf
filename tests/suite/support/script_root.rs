//! Script roots made for a test: host.json and a folder for each function.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

/// The sample functions of this project.
pub(crate) fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("function-definitions")
}

/// Its host.json.
pub(crate) fn sample_host_json() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("host.json")
}

/// A host.json that sets nothing but the worker, whose place the desk's own takes.
pub(crate) const HOST_JSON: &str = r#"{
  "version": "2.0",
  "customHandler": { "description": { "defaultExecutablePath": "azsql-worker", "arguments": ["serve"] } }
}"#;

/// A function in the making.
#[derive(Clone, Debug)]
pub(crate) struct FunctionFolder {
    name: String,
    function_json: String,
    command: String,
}

impl FunctionFolder {
    /// An HTTP function: `sql` is its section without the command, which is `command`.
    pub(crate) fn http(name: &str, method: &str, route: &str, sql: Json, command: &str) -> Self {
        let bindings = json!([
            { "type": "httpTrigger", "direction": "in", "name": "req", "methods": [method], "route": route },
            { "type": "http", "direction": "out", "name": "res" },
        ]);
        Self::on(name, &bindings, sql, command)
    }

    /// An HTTP function that calls a procedure: `sql` is its section without the command.
    pub(crate) fn procedure(name: &str, method: &str, route: &str, mut sql: Json, procedure: &str) -> Self {
        let bindings = json!([
            { "type": "httpTrigger", "direction": "in", "name": "req", "methods": [method], "route": route },
            { "type": "http", "direction": "out", "name": "res" },
        ]);
        sql["commandType"] = "StoredProcedure".into();
        sql["commandText"] = procedure.into();
        Self::raw(name, &json!({ "bindings": bindings, "sql": sql }).to_string())
    }

    /// A timer function.
    pub(crate) fn timer(name: &str, schedule: &str, sql: Json, command: &str) -> Self {
        let bindings = json!([
            { "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": schedule },
        ]);
        Self::on(name, &bindings, sql, command)
    }

    /// A function on any bindings.
    pub(crate) fn on(name: &str, bindings: &Json, mut sql: Json, command: &str) -> Self {
        sql["commandFile"] = "query.sql".into();
        let function_json = json!({ "bindings": bindings, "sql": sql }).to_string();
        Self { name: name.to_owned(), function_json, command: command.to_owned() }
    }

    /// The same with this key at the top level of its function.json.
    pub(crate) fn with(mut self, key: &str, value: Json) -> Self {
        let mut function: Json = serde_json::from_str(&self.function_json).unwrap();
        function[key] = value;
        self.function_json = function.to_string();
        self
    }

    /// A folder with this text as its function.json.
    pub(crate) fn raw(name: &str, function_json: &str) -> Self {
        Self {
            name: name.to_owned(),
            function_json: function_json.to_owned(),
            command: "SELECT 1 AS one".to_owned(),
        }
    }

    /// Writes it below a script root.
    pub(crate) fn write(&self, script_root: &Path) {
        let folder = script_root.join(&self.name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("function.json"), &self.function_json).unwrap();
        fs::write(folder.join("query.sql"), &self.command).unwrap();
    }
}

/// Copies the sample functions below a script root.
pub(crate) fn copy_samples(script_root: &Path) {
    for entry in fs::read_dir(samples()).unwrap() {
        let source = entry.unwrap().path();
        let target = script_root.join(source.file_name().unwrap());
        fs::create_dir_all(&target).unwrap();
        for file in fs::read_dir(source).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), target.join(file.file_name())).unwrap();
        }
    }
}
