//! What stands before each opening of a connection to one database.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use super::shared::SharedHealth;
use super::state::{Outcome, Outlook, Ticket, Why};
use crate::database::connection_string::ConnectionSettings;
use crate::database::faults::{Fault, FaultClass};

/// "Cannot open database": a name that is wrong far more often than a database that is about to be there.
const CANNOT_OPEN_DATABASE: u32 = 4060;

/// The server and the database of a gate, as their names are compared: without case.
type Server = (String, u16);

/// Whether it is the read-only copy, which fails by itself.
type ReadOnly = bool;

/// The healths of all servers and databases that a worker connects to.
#[derive(Debug, Default)]
pub(in crate::database) struct Gates {
    servers: Mutex<HashMap<Server, Arc<SharedHealth>>>,
    databases: Mutex<HashMap<(Server, String, ReadOnly), Arc<SharedHealth>>>,
}

impl Gates {
    /// The gate of a connection string. Those of one server share its health, those of one database that one's too.
    pub(in crate::database) fn gate(&self, settings: &ConnectionSettings) -> Gate {
        let server = (settings.host.to_ascii_lowercase(), settings.port);
        let database = settings.database.as_deref().unwrap_or_default();
        let name = format!("{},{}", server.0, server.1);
        let whole = format!("{name}/{database}{}", if settings.read_only { " (read-only)" } else { "" });
        let copy = (server.clone(), database.to_lowercase(), settings.read_only);
        let mut databases = self.databases.lock().unwrap_or_else(PoisonError::into_inner);
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = |name| Arc::new(SharedHealth::new(name));
        Gate {
            database: Arc::clone(databases.entry(copy).or_insert_with(|| shared(whole))),
            server: Arc::clone(servers.entry(server).or_insert_with(|| shared(name))),
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(in crate::database) struct Gate {
    server: Arc<SharedHealth>,
    database: Arc<SharedHealth>,
}

/// Why no connection is opened.
#[derive(Clone, Debug)]
pub(in crate::database) enum Refusal {
    /// The server can't be reached: this happened to the last opening.
    Down(Fault),
    /// The server says of an opening a moment ago that the database is not ready: as good as said of this one.
    NotReady(Fault),
}

impl From<Why> for Refusal {
    fn from(why: Why) -> Self {
        match why {
            Why::Down(fault) => Self::Down(fault),
            Why::NotReady(fault) => Self::NotReady(fault),
        }
    }
}

/// What a caller does who has no connection yet.
#[derive(Clone, Debug)]
pub(in crate::database) enum Verdict {
    /// It waits for a connection, or for the opening of one.
    Wait,
    /// It is refused.
    Refuse {
        /// What happened to the last opening.
        fault: Fault,
        /// Somebody should look beside it whether the server is back.
        look: bool,
    },
}

impl Gate {
    /// Leave to open a connection.
    pub(in crate::database) fn admit(&self) -> Result<Pass<'_>, Refusal> {
        // A look at the server is not taken when the database's turn has not come.
        if let Outlook::Closed(why) = self.database.outlook() {
            return Err(why.into());
        }
        let server = self.server.admit()?;
        let database = self.database.admit()?;
        Ok(Pass { gate: self, server, database, is_redirected: false })
    }

    /// What a caller does who finds no idle connection. A paused database is waited for, and so is anything of which
    /// nothing new is known.
    pub(in crate::database) fn verdict(&self) -> Verdict {
        for health in [&self.server, &self.database] {
            let Some(fault) = health.fault_if_down() else { continue };
            match health.outlook() {
                Outlook::Closed(_) => return Verdict::Refuse { fault, look: false },
                Outlook::LookDue { stale: false } => return Verdict::Refuse { fault, look: true },
                Outlook::LookDue { stale: true } | Outlook::Open => {}
            }
        }
        Verdict::Wait
    }

    /// Whether the server, or the node of the database, can't be reached.
    pub(in crate::database) fn is_down(&self) -> bool {
        self.server.is_down() || self.database.is_down()
    }

    /// Completes when that becomes so after this call.
    pub(in crate::database) fn goes_down(&self) -> impl Future<Output = ()> + use<> {
        let (mut server, mut database) = (self.server.subscribe(), self.database.subscribe());
        async move {
            // The senders live as long as the gate, and its pool holds that.
            tokio::select! {
                Ok(()) = server.changed() => {}
                Ok(()) = database.changed() => {}
                else => std::future::pending().await,
            }
        }
    }

    /// The fault of the last opening that reached nobody, while the server is down.
    pub(in crate::database) fn last_fault(&self) -> Option<Fault> {
        [&self.server, &self.database].into_iter().find_map(|health| health.fault_if_down())
    }
}

/// Leave to open one connection. Dropped without a verdict, as when nobody waits any more, it counts for nothing.
#[derive(Debug)]
pub(in crate::database) struct Pass<'a> {
    gate: &'a Gate,
    server: Ticket,
    database: Ticket,
    is_redirected: bool,
}

impl Pass<'_> {
    /// The server sent the login on: it is there, and what follows is the database's node.
    pub(in crate::database) fn redirected(&mut self) {
        if !self.is_redirected {
            self.is_redirected = true;
            self.gate.server.settle(self.server, Outcome::Answered);
        }
    }

    /// The connection is open.
    pub(in crate::database) fn got_in(self) {
        if !self.is_redirected {
            self.gate.server.settle(self.server, Outcome::GotIn);
        }
        self.gate.database.settle(self.database, Outcome::GotIn);
    }

    /// It is not, for this fault.
    pub(in crate::database) fn failed(self, fault: &Fault) {
        let (server, database) = match (fault.class, fault.number) {
            // The database has nothing to do with a server that nobody reaches.
            (FaultClass::Opening, None) if !self.is_redirected => {
                (Some(Outcome::Unreached(fault.clone())), None)
            }
            (FaultClass::Opening, None) => (None, Some(Outcome::Unreached(fault.clone()))),
            (FaultClass::Opening, Some(number)) if number != CANNOT_OPEN_DATABASE => {
                (Some(Outcome::Answered), Some(Outcome::NotReady(fault.clone())))
            }
            _ => (Some(Outcome::Answered), Some(Outcome::Answered)),
        };
        if let Some(outcome) = server.filter(|_| !self.is_redirected) {
            self.gate.server.settle(self.server, outcome);
        }
        if let Some(outcome) = database {
            self.gate.database.settle(self.database, outcome);
        }
    }
}

#[cfg(test)]
mod tests;
