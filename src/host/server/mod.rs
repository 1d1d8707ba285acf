//! The HTTP server that the Functions host calls.
//!
//! It listens before anything else is built, because a user waits behind a cold start, and answers the host's
//! readiness probe at once; invocations wait until the worker is built.

mod answers;
mod bodies;
mod handler;
mod life;
mod outside;
mod streamed;

use std::any::Any;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer, web};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use self::bodies::BodyMemory;
use self::handler::Server;
use self::life::Life;
use super::worker::Worker;

/// The host's client (.NET's `SocketsHttpHandler`) keeps idle connections for a minute by default; a longer time of ours
/// means that it never posts on a connection that we are closing.
const KEEP_ALIVE: Duration = Duration::from_secs(180);

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// How long what is cut off may take to tell its caller.
const CUT_OFF: Duration = Duration::from_secs(3);

/// How long the commands of what was cut off have to tell the server so. They do it behind their handlers, which don't wait
/// for them.
const CANCELLING: Duration = Duration::from_secs(1);

/// How long the last answers may take from the handler to the socket's other end, which is on this machine.
const FLUSH: Duration = Duration::from_millis(300);

/// A caller's connection that takes no byte of an answer for so long is closed: as long as the host's proxy waits for one
/// (azure-functions-host, `DefaultHttpProxyService.cs`). Until then an answer that streams waits in a few chunks; its command has ended
/// at its deadline.
const UNREAD: Duration = Duration::from_secs(240);

/// The worker once it is built.
pub type WorkerReady = watch::Receiver<Option<Arc<Worker>>>;

/// What the server is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerOptions {
    /// Threads that read requests and write answers.
    pub threads: usize,
    /// What all request bodies in flight may take together, in bytes.
    pub body_memory: usize,
    /// How long what runs may go on after the stop.
    pub shutdown: Duration,
}

/// Opens the port on 127.0.0.1, which is what the host calls. The port may be in its last minute from a process that
/// crashed: the host starts the next one on the same.
///
/// # Errors
/// When another process listens there.
pub fn listen(port: u16) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Serves until `stop` completes, then lets what runs end within the bound and cuts off the rest. Each thread calls `ready`
/// once for the worker that it hands its invocations to.
///
/// # Errors
/// When the server can't be started, or stops by itself.
pub async fn serve(
    listener: TcpListener,
    options: ServerOptions,
    ready: impl Fn() -> WorkerReady + Clone + Send + 'static,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let life = Life::default();
    let bodies = BodyMemory::new(options.body_memory);
    let of_threads = life.clone();
    let server = HttpServer::new(move || {
        let server = Server { ready: ready(), bodies: Arc::clone(&bodies), life: of_threads.clone() };
        App::new().app_data(web::Data::new(server)).default_service(web::to(handler::handle))
    })
    .workers(options.threads)
    .keep_alive(KEEP_ALIVE)
    // The host's client opens connections that it needs only later. actix would answer those with 408 after five seconds,
    // and an answer that nobody asked for breaks the request that is being sent just then.
    .client_request_timeout(Duration::ZERO)
    // A caller that hangs up ends its command, whether with RST or FIN.
    .h1_allow_half_closed(false)
    .on_connect(|connection, _| close_when_unread(connection))
    // actix would turn SIGTERM into a return, and that into exit code 0, after which the host starts us no more.
    .disable_signals()
    // The server's own wait for connections never ends before ours for what runs on them.
    .shutdown_timeout(
        options.shutdown.saturating_add(CUT_OFF + CANCELLING + FLUSH).as_secs().saturating_add(1),
    )
    .listen(listener)?
    .run();
    let handle = server.handle();
    let mut server = pin!(server);
    tokio::select! {
        result = &mut server => return result,
        () = stop => {}
    }
    let running = life.stop();
    tracing::info!(running, "stopping");
    // It closes the listener at once; connections that are idle stay open until the process ends.
    let _closed = handle.stop(true);
    let end = async {
        if timeout(options.shutdown, life.idle()).await.is_err() {
            tracing::warn!("cutting off what still runs");
            life.cut_off();
            let _in_time = timeout(CUT_OFF, life.idle()).await;
            sleep(CANCELLING).await;
        }
        sleep(FLUSH).await;
    };
    // The server is through when its connections are closed, before the commands behind them are.
    let failure = async {
        match server.await {
            Ok(()) => std::future::pending().await,
            Err(error) => error,
        }
    };
    tokio::select! {
        error = failure => Err(error),
        () = end => Ok(()),
    }
}

/// Lets the system close a connection whose other end takes nothing (tcp(7), `TCP_USER_TIMEOUT`): actix looks at an answer's body
/// only when there is room for more of it.
fn close_when_unread(connection: &dyn Any) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<tokio::net::TcpStream>() {
        // Without it such a connection lives as long as its other end.
        let _kept_open = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(UNREAD));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection, UNREAD);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[tokio::test]
    async fn the_system_closes_a_connection_whose_other_end_takes_nothing() {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();

        close_when_unread(&stream);

        assert_eq!(socket2::SockRef::from(&stream).tcp_user_timeout().unwrap(), Some(UNREAD));
    }
}
