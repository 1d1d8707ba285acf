//! What a job of Azure Pipelines asks for its federated assertion: `POST {SYSTEM_OIDCREQUESTURI}`.

use actix_web::http::header::{AUTHORIZATION, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::json;

use super::form::Form;
use super::state::State;
use crate::identity::reply::{self, Replies};
use crate::recorded::RecordedRequest;

/// The path of the endpoint; the real one is longer and names the job.
pub(super) const PATH: &str = "/oidc";

/// The API versions that are served.
const API_VERSIONS: [&str; 2] = ["7.1", "7.1-preview.1"];

#[derive(Serialize)]
struct AssertionReply {
    #[serde(rename = "oidcToken")]
    oidc_token: String,
}

/// Answers a job.
pub(super) async fn assertion(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let query = Form::of_query(&http);
    state.records.add(RecordedRequest::new(&http, std::iter::empty()));
    let Some(pipeline) = &state.options.pipeline else {
        return error(404, "There is no pipeline here: give the authority one in its options.");
    };
    let presented = http.headers().get(AUTHORIZATION).map(|value| value.as_bytes()).unwrap_or_default();
    let expected = format!("Bearer {}", pipeline.system_access_token.expose_secret());
    if verify_slices_are_equal(presented, expected.as_bytes()).is_err() {
        let suppressed = http
            .headers()
            .get("x-tfs-fedauthredirect")
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"suppress"));
        // A browser would be helped by it; that's what Azure DevOps takes everybody for.
        return if suppressed {
            error(401, "The system access token is missing or wrong.")
        } else {
            HttpResponse::Found()
                .insert_header((LOCATION, format!("{}/_signin", state.url)))
                .content_type("text/html; charset=utf-8")
                .body("<html><head><title>Object moved</title></head></html>")
        };
    }
    if !query.get("api-version").is_some_and(|version| API_VERSIONS.contains(&version)) {
        return error(400, "The api-version is missing or is not supported: use 7.1.");
    }
    if query.get("serviceConnectionId") != Some(pipeline.service_connection_id.as_str()) {
        return error(404, "No service connection of this id may be used by this job.");
    }
    let succeed = |_| Ok(AssertionReply { oidc_token: pipeline.assertion.expose_secret().to_owned() });
    let refuse = |status: actix_web::http::StatusCode| error(status.as_u16(), "The service is in trouble.");
    reply::send(&state.pipeline_faults, &pipeline.service_connection_id, Replies { succeed, refuse }).await
}

/// The error shape of Azure DevOps, with the headers that its support asks for.
fn error(status: u16, message: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status)
        .unwrap_or(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status)
        .insert_header(("x-vss-e2eid", uuid::Uuid::new_v4().to_string()))
        .insert_header(("x-msedge-ref", "Ref A: local-azure"))
        .json(json!({ "$id": "1", "innerException": null, "message": message, "errorCode": 0 }))
}
