//! Opening TCP connections, to every address that a name has.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// How the attempt at one address went.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) address: SocketAddr,
    /// The stream, or what failed; `TimedOut` when nothing was heard within the bound.
    pub(crate) result: Result<TcpStream, io::ErrorKind>,
    pub(crate) time: Duration,
}

/// Tries all addresses at once, each for `bound` at the most; in the given order.
pub(crate) async fn connect(addresses: &[IpAddr], port: u16, bound: Duration) -> Vec<Attempt> {
    let one = |address: IpAddr| async move {
        let begun = Instant::now();
        let address = SocketAddr::new(address, port);
        let result = match timeout(bound, TcpStream::connect(address)).await {
            Ok(result) => result.map_err(|error| error.kind()),
            Err(_) => Err(io::ErrorKind::TimedOut),
        };
        Attempt { address, result, time: begun.elapsed() }
    };
    join_all(addresses.iter().map(|address| one(*address))).await
}
