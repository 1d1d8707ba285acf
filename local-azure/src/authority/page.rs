//! The pages that a browser sees.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::entra_error::EntraError;

/// Asks for the code that a device shows.
pub(super) fn ask_for_code() -> HttpResponse {
    let form = "<form method=\"get\"><label>The code that your device shows: \
                <input name=\"otc\" autofocus></label> <button>Sign in</button></form>";
    page(StatusCode::OK, form)
}

/// Says that the user signed in, or refused to.
pub(super) fn done() -> HttpResponse {
    page(StatusCode::OK, "<p>You may close this window and go back to your device.</p>")
}

/// Says what is wrong where there is nobody to send the browser back to.
pub(super) fn error(error: &EntraError) -> HttpResponse {
    page(
        error.status(),
        &format!(
            "<p>Sorry, but we're having trouble signing you in.</p><p>{}</p>",
            escape(&error.description())
        ),
    )
}

fn page(status: StatusCode, body: &str) -> HttpResponse {
    HttpResponse::build(status).content_type("text/html; charset=utf-8").body(format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><title>local-azure: sign in</title></head><body>{body}</body></html>\n"
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
