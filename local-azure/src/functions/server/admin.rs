//! The admin endpoints. Like Core Tools' host, this one asks nobody for a key.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use super::http::BY_CALL;
use super::listing::invoke_url;
use crate::functions::app::{FunctionDefinition, HttpTrigger, ServiceTrigger, Trigger};
use crate::functions::envelope::{IncomingRequest, TriggerInput};
use crate::functions::host::HostParts;
use crate::functions::messages::Batch;
use crate::functions::settings::HttpMode;
use crate::functions::timers::TimerRunner;
use crate::functions::worker::WorkerState;

/// `GET /admin/functions`.
pub(super) async fn list(parts: web::Data<HostParts>) -> HttpResponse {
    let all: Vec<Value> = parts.functions.iter().map(|function| describe(function, &parts)).collect();
    HttpResponse::Ok().json(all)
}

/// `GET /admin/functions/{name}`.
pub(super) async fn show(name: web::Path<String>, parts: web::Data<HostParts>) -> HttpResponse {
    match parts.function(&name) {
        Some(function) => HttpResponse::Ok().json(describe(function, &parts)),
        None => HttpResponse::NotFound().finish(),
    }
}

/// `POST /admin/functions/{name}` with `{"input": "..."}`: 202 at once, and the function runs.
pub(super) async fn invoke(
    name: web::Path<String>,
    body: web::Bytes,
    parts: web::Data<HostParts>,
) -> HttpResponse {
    let Some(function) = parts.function(&name).cloned() else {
        return HttpResponse::NotFound().finish();
    };
    let given = read_input(&body).and_then(|input| Given::read(&function, input, &parts));
    let given = match given {
        Ok(given) => given,
        Err(problem) => {
            return HttpResponse::build(StatusCode::BAD_REQUEST).json(json!({ "message": problem }));
        }
    };
    let host = parts.into_inner();
    let runtime = host.runtime.clone();
    // Failures are in the log, and nobody waits for the outcome.
    runtime.spawn(async move { given.run(&host, &function).await });
    HttpResponse::Accepted().finish()
}

/// An input in the form of the function's trigger.
enum Given {
    Request(TriggerInput),
    Timer(Arc<TimerRunner>),
    Batch(ServiceTrigger, Batch),
}

impl Given {
    fn read(function: &FunctionDefinition, input: String, host: &HostParts) -> Result<Self, &'static str> {
        match &function.trigger {
            Trigger::Http(_) if host.http_mode(function) != HttpMode::Enveloped => {
                Err("this function gets whole HTTP requests: call it by its route")
            }
            Trigger::Http(http) => Ok(Self::Request(request_from(input, http, host))),
            Trigger::Timer(_) => match host.timers.get(&function.name) {
                Some(timer) => Ok(Self::Timer(Arc::clone(timer))),
                None => Err("this timer can't be run"),
            },
            Trigger::Service(trigger) => {
                Batch::read(trigger, input).map(|batch| Self::Batch(trigger.clone(), batch))
            }
        }
    }

    async fn run(&self, host: &HostParts, function: &FunctionDefinition) {
        match self {
            Self::Timer(timer) => {
                let input = timer.manual_input().await;
                let _failed = host.invoker.invoke_with_retries(function, &input, BY_CALL).await;
            }
            Self::Request(input) => {
                let _failed = host.invoker.invoke(function, input, BY_CALL, None).await;
            }
            Self::Batch(trigger, batch) => {
                host.deliveries.deliver(&host.invoker, function, trigger, batch, BY_CALL).await;
            }
        }
    }
}

/// `GET /admin/host/status`.
pub(super) async fn status(parts: web::Data<HostParts>) -> HttpResponse {
    let state = parts.invoker.worker.as_ref().map(|worker| worker.state().borrow().clone());
    let (state, errors) = match state {
        Some(WorkerState::Stopped(why)) => ("Error", vec![why]),
        Some(WorkerState::Starting) => ("Initialized", Vec::new()),
        Some(WorkerState::Ready(_) | WorkerState::Exited) | None => ("Running", Vec::new()),
    };
    let problems = parts.problems.iter().map(|problem| format!("{}: {}", problem.name, problem.message));
    HttpResponse::Ok().json(json!({
        "id": "local-azure",
        "state": state,
        "version": env!("CARGO_PKG_VERSION"),
        "versionDetails": concat!("local-azure ", env!("CARGO_PKG_VERSION")),
        "processUptime": u64::try_from(parts.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "errors": errors.into_iter().chain(problems).collect::<Vec<_>>(),
    }))
}

/// `/admin/host/ping`.
pub(super) async fn ping() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// A function as `FunctionMetadataExtensions.cs` describes it, without the addresses of file contents.
fn describe(function: &FunctionDefinition, parts: &HostParts) -> Value {
    let base = &parts.base_url;
    json!({
        "name": function.name,
        "href": format!("{base}/admin/functions/{}", function.name),
        "script_root_path_href": format!("{base}/admin/vfs/{}/", function.name),
        "config_href": format!("{base}/admin/vfs/{}/function.json", function.name),
        "invoke_url_template": function.http().map(|http| invoke_url(http, base)),
        "config": function.config,
        "language": "Custom",
        "isDisabled": function.disabled,
        "isDirect": false,
        "isProxy": false,
    })
}

/// `FunctionInvocation.cs` has one property, a string.
fn read_input(body: &[u8]) -> Result<String, &'static str> {
    const SHAPE: &str =
        "send {\"input\": \"text\"}: the input is a string, an object has to be JSON text inside it";
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(properties)) => match properties
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("input"))
            .map(|(_, value)| value)
        {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(_) => Err(SHAPE),
        },
        Ok(_) | Err(_) => Err(SHAPE),
    }
}

/// The request that stands for an input: the input is its body, the function's own address its URL.
fn request_from(input: String, http: &HttpTrigger, host: &HostParts) -> TriggerInput {
    TriggerInput::Http {
        request: IncomingRequest {
            method: http.methods.first().cloned().unwrap_or_else(|| "POST".to_owned()),
            url: invoke_url(http, &host.base_url),
            query: Vec::new(),
            headers: vec![
                ("Content-Type".to_owned(), vec!["application/json".to_owned()]),
                ("Content-Length".to_owned(), vec![input.len().to_string()]),
            ],
            body: input.into_bytes(),
            has_length: true,
        },
        route: Vec::new(),
    }
}
