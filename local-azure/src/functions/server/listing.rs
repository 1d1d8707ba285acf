//! The list of functions and addresses, as Core Tools prints it.

use crate::functions::app::{FunctionDefinition, HttpTrigger, Trigger};

/// The lines of the list: `GetPerson: [GET] http://localhost:7071/api/persons/{id:int}`.
pub(in crate::functions) fn function_lines<'a>(
    functions: impl Iterator<Item = &'a FunctionDefinition>,
    base_url: &str,
) -> Vec<String> {
    let mut lines = vec!["Functions:".to_owned(), String::new()];
    for function in functions.filter(|function| !function.disabled) {
        let name = &function.name;
        lines.push(match &function.trigger {
            Trigger::Http(http) if http.methods.is_empty() => {
                format!("\t{name}:  {}", invoke_url(http, base_url))
            }
            Trigger::Http(http) => {
                format!("\t{name}: [{}] {}", http.methods.join(","), invoke_url(http, base_url))
            }
            Trigger::Timer(_) | Trigger::Service(_) => format!("\t{name}: {}", function.trigger_kind),
        });
        lines.push(String::new());
    }
    lines
}

/// Where an HTTP function is called.
pub(in crate::functions) fn invoke_url(http: &HttpTrigger, base_url: &str) -> String {
    format!("{base_url}/{}", http.route.text())
}
