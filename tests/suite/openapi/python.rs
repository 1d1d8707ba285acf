//! Validators that are not ours: Python's `openapi-spec-validator` and `jsonschema`. Where they are not installed a test says so
//! and checks nothing; CI installs them (`.ci/python-packages`).

use std::process::Command;

use serde_json::{Value as Json, json};

/// Reads `{document, instances, definitions}`; prints the errors as an array. Exit code 3 = a package is missing.
const SCRIPT: &str = r#"
import json, sys, warnings
warnings.simplefilter("ignore")
try:
    import jsonschema
    from openapi_spec_validator import OpenAPIV31SpecValidator
except ImportError:
    sys.exit(3)
task = json.load(open(sys.argv[1]))
errors = []
Validator = jsonschema.Draft202012Validator
for document in task.get("documents", []):
    errors += ["document: " + str(e.message) + " at " + "/".join(map(str, e.absolute_path))
               for e in OpenAPIV31SpecValidator(document).iter_errors()]
for name, root, schema, instance in task.get("instances", []):
    whole = {"components": root.get("components", {}), "allOf": [schema]}
    errors += [name + ": " + e.message for e in
               Validator(whole, format_checker=Validator.FORMAT_CHECKER).iter_errors(instance)]
for schema in task.get("schemas", []):
    Validator.check_schema(schema)
for name, schema, instance, is_valid in task.get("verdicts", []):
    if Validator(schema).is_valid(instance) != is_valid:
        errors.append(name + (" is refused" if is_valid else " is taken"))
print(json.dumps(errors))
"#;

/// What is to be validated.
#[derive(Default)]
pub(super) struct Task {
    documents: Vec<Json>,
    instances: Vec<Json>,
    schemas: Vec<Json>,
    verdicts: Vec<Json>,
}

impl Task {
    /// An OpenAPI document.
    pub(super) fn document(mut self, document: &Json) -> Self {
        self.documents.push(document.clone());
        self
    }

    /// An instance of a schema of the document.
    pub(super) fn instance(&mut self, name: &str, document: &Json, schema: &Json, instance: &Json) {
        self.instances.push(json!([name, document, schema, instance]));
    }

    /// Whether a schema takes an instance; the schema itself must be one.
    pub(super) fn verdict(&mut self, name: &str, schema: &Json, instance: &Json, is_valid: bool) {
        if !self.schemas.contains(schema) {
            self.schemas.push(schema.clone());
        }
        self.verdicts.push(json!([name, schema, instance, is_valid]));
    }

    /// The errors that the validators find; None when they are not installed.
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    pub(super) fn errors(self) -> Option<Vec<String>> {
        let Self { documents, instances, schemas, verdicts } = self;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("task.json");
        let task = json!({ "documents": documents, "instances": instances, "schemas": schemas, "verdicts": verdicts });
        std::fs::write(&file, task.to_string()).unwrap();
        let output = match Command::new("python3").args(["-c", SCRIPT]).arg(&file).output() {
            Ok(output) => output,
            Err(error) => {
                eprintln!("skipped: python3 can't be started ({error})");
                return None;
            }
        };
        if output.status.code() == Some(3) {
            eprintln!("skipped: pip install openapi-spec-validator");
            return None;
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }
}
