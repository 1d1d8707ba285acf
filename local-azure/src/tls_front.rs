//! TLS in front of a plain server on loopback: ends the encryption and passes the bytes on.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// How long a client may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A running front; dropping it closes its connections.
#[derive(Debug)]
pub(crate) struct TlsFront {
    task: JoinHandle<()>,
}

impl TlsFront {
    /// Serves `listener` on the current tokio runtime, each connection with one of its own to `behind`.
    pub(crate) fn start(listener: TcpListener, tls: Arc<ServerConfig>, behind: SocketAddr) -> Self {
        Self { task: tokio::spawn(accept(listener, TlsAcceptor::from(tls), behind)) }
    }

    /// Closes its port and its connections, and waits until that is done.
    pub(crate) async fn shut_down(&mut self) {
        self.task.abort();
        // The error only says that it was ended here.
        let _ended = (&mut self.task).await;
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, behind: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    let acceptor = acceptor.clone();
                    connections.spawn(async move {
                        if let Err(error) = pass_on(client, acceptor, behind).await {
                            tracing::debug!(%error, "a TLS connection ended early");
                        }
                    });
                }
                Err(error) => {
                    // Out of file descriptors, mostly: wait for some to come back.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn pass_on(client: TcpStream, acceptor: TlsAcceptor, behind: SocketAddr) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = tokio::time::timeout(HANDSHAKE, acceptor.accept(client)).await??;
    let mut server = TcpStream::connect(behind).await?;
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
