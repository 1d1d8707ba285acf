//! The host's HTTP side: the functions' routes and the admin endpoints.

mod admin;
mod http;
mod listing;
mod pass_through;

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::{App, HttpServer, web};

use super::host::HostParts;
use crate::web_server::{WebServer, WebServerError};

pub(super) use listing::function_lines;

/// The largest request body (the host's `FUNCTIONS_REQUEST_BODY_SIZE_LIMIT` defaults to 100 MiB).
const MAX_BODY_BYTES: usize = 104_857_600;
/// actix threads; they only read requests and write answers, the invocations run on the caller's runtime.
const THREADS: usize = 2;

/// Serves on a listening socket.
pub(super) async fn serve(listener: TcpListener, parts: Arc<HostParts>) -> Result<WebServer, WebServerError> {
    WebServer::start("functions host", move || {
        let shared = web::Data::from(parts);
        HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(MAX_BODY_BYTES))
                .route("/admin/functions", web::get().to(admin::list))
                .route("/admin/functions/{name}", web::get().to(admin::show))
                .route("/admin/functions/{name}", web::post().to(admin::invoke))
                .route("/admin/host/status", web::get().to(admin::status))
                .route("/admin/host/ping", web::route().to(admin::ping))
                .default_service(web::to(http::handle))
        })
        .workers(THREADS)
        // Kestrel says nothing on a connection that has not asked yet.
        .client_request_timeout(std::time::Duration::ZERO)
        // A caller that closes its connection has left: a proxied request is dropped then.
        .h1_allow_half_closed(false)
        .disable_signals()
        .listen(listener)
        .map(HttpServer::run)
    })
    .await
}
