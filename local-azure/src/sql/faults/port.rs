//! Refusing connections: the port is closed for a while and opened again.

use std::sync::Arc;

use tokio::sync::watch;

use super::Faults;

/// What the port is to be, and what it is.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    wanted_open: Arc<watch::Sender<bool>>,
    is_open: Arc<watch::Sender<bool>>,
}

impl Default for Port {
    fn default() -> Self {
        Self { wanted_open: Arc::new(watch::Sender::new(true)), is_open: Arc::new(watch::Sender::new(true)) }
    }
}

impl Port {
    pub(super) fn open(&self) {
        self.wanted_open.send_replace(true);
    }

    /// Returns when the port is to be in this state.
    pub(crate) async fn is_wanted(&self, open: bool) {
        // The sender lives as long as this does.
        let _ = self.wanted_open.subscribe().wait_for(|wanted| *wanted == open).await.map(|_| ());
    }

    /// The port is now in this state.
    pub(crate) fn is_now(&self, open: bool) {
        self.is_open.send_replace(open);
    }

    async fn until(&self, open: bool) {
        let _ = self.is_open.subscribe().wait_for(|is_open| *is_open == open).await.map(|_| ());
    }
}

impl Faults {
    /// Closes the port: from when this returns, connections are refused until [`Faults::open_port`]. Those that are there
    /// stay. Nobody else gets the port meanwhile. On a server that has stopped it waits for ever.
    pub async fn close_port(&self) {
        self.port.wanted_open.send_replace(false);
        self.port.until(false).await;
    }

    /// Opens it again, and returns when it is open.
    pub async fn open_port(&self) {
        self.port.open();
        self.port.until(true).await;
    }
}
