//! What a connection runs over, and the socket under it: faults end that without a word of TLS.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;

use super::handshake::HandshakeStream;
use crate::sql::faults::{CutBy, Gate};

/// How long the rest of what a client sends is thrown away before the socket closes; closing at once would reset
/// the connection and could take the last error with it.
const LINGER: Duration = Duration::from_secs(1);
/// How often something that hangs looks whether it goes on.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A connection, with TLS or without.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// The socket under it.
    fn socket(&mut self) -> &mut TcpStream;
}

impl Stream for HandshakeStream {
    fn socket(&mut self) -> &mut TcpStream {
        self.bare()
    }
}

impl Stream for TlsStream<HandshakeStream> {
    fn socket(&mut self) -> &mut TcpStream {
        self.get_mut().0.bare()
    }
}

/// Says that nothing follows, and waits a little for the client to hear it.
pub(super) async fn linger<S: AsyncRead + AsyncWrite + Unpin + ?Sized>(stream: &mut S) {
    let _ = timeout(LINGER, async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(u64::MAX), &mut tokio::io::sink()).await
    })
    .await;
}

/// Says that nothing follows; gives up on a client that doesn't take it.
pub(super) async fn shut_down<W: AsyncWrite + Unpin>(writer: &mut W) {
    let _ = timeout(LINGER, writer.shutdown()).await;
}

/// Ends a connection as a fault does. A client from which nothing is unread gets what `by` says and no more.
pub(super) async fn cut(socket: &mut TcpStream, by: CutBy) {
    match by {
        // The reset follows when the socket is dropped.
        CutBy::Reset => drop(socket.set_zero_linger()),
        CutBy::Fin => {
            let _ = socket.shutdown().await;
            // Closing a socket with something unread resets the connection.
            let mut unread = [0; 4096];
            while matches!(socket.try_read(&mut unread), Ok(count) if count > 0) {}
        }
    }
}

/// Waits at a gate. False when the client left first.
pub(super) async fn wait_at(gate: &Gate, socket: &TcpStream) -> bool {
    tokio::select! {
        () = opens(gate) => true,
        () = client_leaves(socket) => false,
    }
}

/// Returns when the gate opens.
pub(super) async fn opens(gate: &Gate) {
    while !gate.is_open() {
        sleep(LOOK_AGAIN).await;
    }
}

/// Returns when the client has closed. What it sent before hides that.
async fn client_leaves(socket: &TcpStream) {
    let mut first = [0; 1];
    if !matches!(socket.peek(&mut first).await, Ok(0) | Err(_)) {
        std::future::pending::<()>().await;
    }
}

/// Throws away what comes until the client closes.
pub(super) async fn swallow(socket: &mut TcpStream) {
    // Whichever way it ends.
    let _ = tokio::io::copy(socket, &mut tokio::io::sink()).await;
}
