//! OpenAPI 3.1 of the HTTP functions, from their definitions and what the server said of their commands.
//!
//! Facts: OpenAPI Specification 3.1.1 (spec.openapis.org/oas/v3.1.1); schemas are JSON Schema 2020-12.

mod body;
mod columns;
mod ecma;
mod merge;
mod parameters;
mod paths;
mod problems;
mod responses;
mod security;
mod values;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use self::paths::Paths;
use super::catalogue::Catalogue;
use super::description::FILE;
use super::plan::Function;
use super::route::{PathForm, RouteTemplate, TemplateError};
use super::trigger::{HttpTrigger, Trigger};
use crate::database::DescribedColumn;

/// The version of OpenAPI that is written; 3.1.1 changed words alone, and tools look for 3.1.
const OPENAPI: &str = "3.1.0";

/// Every method that a path can have ("Path Item Object"); a function without `methods` takes them all.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// What a document says of the app as a whole.
#[derive(Clone, Copy, Debug)]
pub struct OpenApiOptions<'a> {
    /// `info.title`
    pub title: &'a str,
    /// `info.version`: that of the interface.
    pub version: &'a str,
    /// The URL that paths follow, without a slash at its end; None = the address that the document comes from.
    pub server: Option<&'a str>,
    /// The route prefix of `host.json`.
    pub route_prefix: &'a str,
    /// Whether the worker itself reads callers' bodies: in forwarding and proxying mode.
    pub reads_bodies: bool,
}

impl OpenApiOptions<'_> {
    /// The title when nobody gives another.
    pub const TITLE: &'static str = "SQL functions";
    /// The version when nobody gives another.
    pub const VERSION: &'static str = "1.0.0";
}

/// An OpenAPI document.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenApi {
    /// The document.
    pub document: Json,
    /// What of the functions can't stand in it, as sentences.
    pub omissions: Vec<String>,
}

/// Describes the HTTP functions of `catalogue` whose definitions are valid. Columns are those of the stored descriptions,
/// where there are any.
///
/// # Errors
/// When the route prefix is no template, which is a mistake of `host.json`.
pub fn openapi(catalogue: &Catalogue, options: &OpenApiOptions<'_>) -> Result<OpenApi, TemplateError> {
    let prefix = RouteTemplate::parse(options.route_prefix)?;
    let mut writer = Writer {
        options,
        paths: Paths::default(),
        written: Map::new(),
        schemes: BTreeSet::new(),
        operation_ids: BTreeSet::new(),
        omissions: Vec::new(),
    };
    for function in catalogue.valid() {
        if let Trigger::Http(http) = &function.trigger {
            writer.add(function, http, &prefix);
        }
    }
    Ok(writer.finish())
}

struct Writer<'a> {
    options: &'a OpenApiOptions<'a>,
    paths: Paths,
    /// The path items.
    written: Map<String, Json>,
    /// The security schemes that operations name.
    schemes: BTreeSet<&'static str>,
    operation_ids: BTreeSet<String>,
    omissions: Vec<String>,
}

impl Writer<'_> {
    fn add(&mut self, function: &Function, http: &HttpTrigger, prefix: &RouteTemplate) {
        let name = &function.name;
        let route = match http.route.under(prefix) {
            Ok(route) => route,
            Err(error) => {
                self.omissions.push(format!("{name}: its route below the prefix {error}"));
                return;
            }
        };
        let columns = stored_columns(function).unwrap_or_else(|sentence| {
            self.omissions.push(sentence);
            None
        });
        let methods: Vec<&str> = match http.methods.as_slice() {
            [] => METHODS.to_vec(),
            methods => METHODS.into_iter().filter(|method| methods.iter().any(|own| own == method)).collect(),
        };
        let forms = route.forms();
        let forms: Vec<&PathForm> =
            forms.iter().filter(|form| parameters::suffices(function.plan(), form)).collect();
        let parameters = forms.first().map(|form| names(form)).unwrap_or_default();
        for form in forms {
            let path = self.paths.of_form(form);
            for method in &methods {
                let item = self.written.entry(path.text.as_str()).or_insert_with(|| json!({}));
                if let Some(other) = item.get(*method) {
                    let other = other.get("operationId").and_then(Json::as_str).unwrap_or_default();
                    self.omissions.push(format!(
                        "{name}: {} {} is described as that of {other}: the host tells the two apart by what is in the \
                         path, which OpenAPI has no word for",
                        method.to_uppercase(),
                        path.text
                    ));
                    continue;
                }
                let suffix = (methods.len() > 1).then_some(*method);
                let own = names(form);
                let left_out = parameters.iter().filter(|name| !own.contains(name)).map(String::as_str);
                let left_out: Vec<&str> = left_out.collect();
                let id = self.operation_id(name, &left_out, suffix);
                let operation = self.operation(function, http, form, &path.names, columns, id, method);
                if let Some(Json::Object(item)) = self.written.get_mut(&path.text) {
                    item.insert((*method).to_owned(), operation);
                }
            }
        }
    }

    /// The function's name, with what tells its operations apart where it has several.
    fn operation_id(&mut self, name: &str, left_out: &[&str], method: Option<&str>) -> String {
        let mut id = name.to_owned();
        if !left_out.is_empty() {
            id = format!("{id}_without_{}", left_out.join("_"));
        }
        if let Some(method) = method {
            id = format!("{id}_{method}");
        }
        // Another function may be called just that.
        while !self.operation_ids.insert(id.clone()) {
            id.push('_');
        }
        id
    }

    #[expect(clippy::too_many_arguments, reason = "what an operation is made of")]
    fn operation(
        &mut self,
        function: &Function,
        http: &HttpTrigger,
        form: &PathForm,
        names: &[String],
        columns: Option<&[DescribedColumn]>,
        id: String,
        method: &str,
    ) -> Json {
        let plan = function.plan();
        let mut operation = Map::new();
        operation.insert("operationId".to_owned(), id.into());
        let unlisted: Vec<&str> =
            plan.map(|plan| parameters::unlisted_headers(plan).collect()).unwrap_or_default();
        if !unlisted.is_empty() {
            let note = format!("The function reads the header {} too.", unlisted.join(", "));
            operation.insert("description".to_owned(), note.into());
        }
        let parameters = parameters::of_operation(plan, form, names);
        if !parameters.is_empty() {
            operation.insert("parameters".to_owned(), parameters.into());
        }
        // RFC 9110, section 9.3.8: a TRACE has no content.
        if let Some(body) = plan.and_then(body::of_function).filter(|_| method != "trace") {
            operation.insert("requestBody".to_owned(), body);
        }
        let mut responses = responses::of_function(function, http.auth_level, columns, self.options);
        if method == "head" {
            responses.values_mut().filter_map(Json::as_object_mut).for_each(|response| {
                response.shift_remove("content");
            });
        }
        operation.insert("responses".to_owned(), Json::Object(responses));
        operation
            .insert("security".to_owned(), security::of_function(plan, http.auth_level, &mut self.schemes));
        Json::Object(operation)
    }

    fn finish(self) -> OpenApi {
        let Self { options, written, schemes, omissions, .. } = self;
        let mut document = json!({
            "openapi": OPENAPI,
            "info": { "title": options.title, "version": options.version },
        });
        if let Some(server) = options.server {
            document["servers"] = json!([{ "url": server }]);
        }
        document["paths"] = Json::Object(written);
        document["components"] = json!({ "schemas": { "Problem": problems::schema() } });
        if !schemes.is_empty() {
            document["components"]["securitySchemes"] = security::schemes(&schemes);
        }
        OpenApi { document, omissions }
    }
}

fn names(form: &PathForm) -> Vec<String> {
    form.parameters().map(|parameter| parameter.name.clone()).collect()
}

/// The columns that the server described, where a description of this very command is stored.
///
/// # Errors
/// A sentence when the description is that of another command.
fn stored_columns(function: &Function) -> Result<Option<&[DescribedColumn]>, String> {
    let Some((plan, stored)) = function.plan().and_then(|plan| Some((plan, plan.description()?))) else {
        return Ok(None);
    };
    if stored.is_of(plan) {
        return Ok(Some(&stored.columns));
    }
    Err(format!(
        "{}/{FILE} is of another command than there is now, so the columns are left out: write it again with \
         `azsql-worker check --live --write-schema`",
        function.name
    ))
}
