//! Runs an actix server from any tokio runtime: on a thread of its own, stopped through a handle.

use std::thread::JoinHandle;

use actix_web::dev::{Server, ServerHandle};
use tokio::sync::oneshot;

/// The server could not be run.
#[derive(Debug, thiserror::Error)]
pub enum WebServerError {
    /// The thread or the listening socket was refused by the system.
    #[error("the {name} could not be started: {source}")]
    Start {
        /// Which server.
        name: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The thread ended before it served.
    #[error("the {name} ended while it was being started")]
    Ended {
        /// Which server.
        name: &'static str,
    },
}

/// A server on a thread of its own. Dropping it stops it without waiting.
pub(crate) struct WebServer {
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl WebServer {
    /// Runs what `build` makes. actix' arbiters need a `System`, which can't live inside the caller's runtime.
    pub(crate) async fn start(
        name: &'static str,
        build: impl FnOnce() -> std::io::Result<Server> + Send + 'static,
    ) -> Result<Self, WebServerError> {
        let (report, started) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(name.replace(' ', "-"))
            .spawn(move || {
                actix_web::rt::System::new().block_on(async move {
                    match build() {
                        Ok(server) => {
                            // The receiver is gone only if the starter was dropped; then nobody wants the server.
                            if report.send(Ok(server.handle())).is_ok() {
                                let _ended = server.await;
                            }
                        }
                        Err(error) => drop(report.send(Err(error))),
                    }
                });
            })
            .map_err(|source| WebServerError::Start { name, source })?;
        match started.await {
            Ok(Ok(handle)) => Ok(Self { handle, thread: Some(thread) }),
            Ok(Err(source)) => Err(WebServerError::Start { name, source }),
            Err(_) => Err(WebServerError::Ended { name }),
        }
    }

    /// Stops the server, cutting off requests under way, and waits until its thread has ended.
    pub(crate) async fn shut_down(&mut self) {
        self.handle.stop(false).await;
        if let Some(thread) = self.thread.take() {
            let _joined = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        // The command is sent when `stop` is called; the future only waits for the answer.
        drop(self.handle.stop(false));
    }
}
