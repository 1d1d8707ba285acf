//! `GET /{tenant}/v2.0/.well-known/openid-configuration`: where libraries look for the other addresses.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::state::State;
use crate::recorded::RecordedRequest;

/// Answers a library. The document has what sign-ins need; there are no identity tokens here and so no keys for them.
pub(super) async fn configuration(
    http: HttpRequest,
    tenant: web::Path<String>,
    state: web::Data<State>,
) -> HttpResponse {
    state.records.add(RecordedRequest::new(&http, std::iter::empty()));
    let known = match state.tenant_of_user(&tenant) {
        Ok(known) => known,
        Err(error) => return error.reply(),
    };
    let base = &state.url;
    HttpResponse::Ok().json(json!({
        "issuer": format!("{base}/{known}/v2.0"),
        "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/{tenant}/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/devicecode"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_modes_supported": ["query"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
    }))
}
