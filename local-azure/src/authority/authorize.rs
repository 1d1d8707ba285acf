//! `GET /{tenant}/oauth2/v2.0/authorize`: the user signs in at once, and the browser is sent back with a code.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use reqwest::Url;

use super::application::{Application, AuthorityUser};
use super::entra_error::EntraError;
use super::form::Form;
use super::page;
use super::scope::Scope;
use super::sign_ins::{IssuedCode, SignIn};
use super::state::State;
use crate::recorded::RecordedRequest;

/// How long an authorization code is good, in seconds: about ten minutes, says Microsoft's documentation.
const CODE_LIFETIME: i64 = 600;

/// The values of `prompt`.
const PROMPTS: [&str; 5] = ["login", "none", "consent", "select_account", "create"];

/// How long a SHA-256 digest is in base64url.
const CHALLENGE_LENGTH: usize = 43;

/// Answers a browser.
pub(super) async fn authorize(
    http: HttpRequest,
    tenant: web::Path<String>,
    state: web::Data<State>,
) -> HttpResponse {
    let form = Form::of_query(&http);
    state.records.add(RecordedRequest::new(&http, std::iter::empty()));
    let back = match way_back(&state, &tenant, &form) {
        Ok(back) => back,
        // Whoever made this request need not be the one who owns the redirect.
        Err(error) => return page::error(&error),
    };
    let mut url = back.url;
    let answer = code(&state, &back.tenant_id, back.application, &back.redirect_uri, &form);
    {
        let mut query = url.query_pairs_mut();
        match answer {
            Ok(code) => {
                query.append_pair("code", &code);
            }
            Err(error) => {
                query.append_pair("error", error.name());
                query.append_pair("error_description", &error.description());
            }
        }
        if let Some(text) = form.get("state") {
            query.append_pair("state", text);
        }
        query.append_pair("session_state", &uuid::Uuid::new_v4().to_string());
    }
    HttpResponse::Found().insert_header((LOCATION, url.as_str())).finish()
}

/// Where the browser goes afterwards, and for whom.
struct WayBack<'a> {
    application: &'a Application,
    tenant_id: String,
    redirect_uri: String,
    url: Url,
}

fn way_back<'a>(state: &'a State, tenant: &str, form: &Form) -> Result<WayBack<'a>, EntraError> {
    form.refuse_repetition()?;
    let tenant_id = state.tenant_of_user(tenant)?.to_owned();
    let application = state.application(form.require("client_id")?)?;
    let redirect_uri = form.require("redirect_uri")?.to_owned();
    let url = Url::parse(&redirect_uri).map_err(|_| EntraError::RedirectNotRegistered)?;
    let registered = |known: &String| Url::parse(known).is_ok_and(|known| is_same_redirect(&known, &url));
    if !application.redirect_uris.iter().any(registered) {
        return Err(EntraError::RedirectNotRegistered);
    }
    Ok(WayBack { application, tenant_id, redirect_uri, url })
}

/// The same address; a loopback address may have any port, since a program at a desk takes a free one (RFC 8252, section
/// 7.3).
fn is_same_redirect(registered: &Url, asked: &Url) -> bool {
    let is_loopback = matches!(registered.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    registered.scheme() == asked.scheme()
        && registered.host_str() == asked.host_str()
        && (is_loopback || registered.port_or_known_default() == asked.port_or_known_default())
        && registered.path() == asked.path()
        && registered.query() == asked.query()
        && asked.fragment().is_none()
}

fn code(
    state: &State,
    tenant_id: &str,
    application: &Application,
    redirect_uri: &str,
    form: &Form,
) -> Result<String, EntraError> {
    if form.require("response_type")? != "code" {
        return Err(EntraError::ResponseType);
    }
    if form.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(EntraError::ResponseMode);
    }
    if form.get("prompt").is_some_and(|prompt| !PROMPTS.contains(&prompt)) {
        return Err(EntraError::Prompt);
    }
    let scope = Scope::of_user(form.require("scope")?)?;
    let challenge = form.get("code_challenge").ok_or(EntraError::ProofKeyMissing)?;
    let is_digest = challenge.len() == CHALLENGE_LENGTH
        && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if form.get("code_challenge_method") != Some("S256") || !is_digest {
        return Err(EntraError::ProofKeyFormat);
    }
    let user = user(state, form)?;
    if state.users.denies() {
        return Err(EntraError::Declined);
    }
    let sign_in = SignIn { client_id: application.client_id.clone(), tenant_id: tenant_id.to_owned(), user };
    Ok(state.users.add_code(IssuedCode {
        sign_in,
        scope,
        redirect_uri: redirect_uri.to_owned(),
        challenge: challenge.to_owned(),
        expires_at: state.now().saturating_add(CODE_LIFETIME),
        redeemed: false,
    }))
}

fn user(state: &State, form: &Form) -> Result<AuthorityUser, EntraError> {
    match form.get("login_hint") {
        None => state.home_user().ok_or(EntraError::UnknownUser),
        Some(hint) => {
            let named = |user: &&AuthorityUser| user.principal_name.eq_ignore_ascii_case(hint);
            state.options.users.iter().find(named).cloned().ok_or(EntraError::UnknownUser)
        }
    }
}
