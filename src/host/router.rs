//! Which function a request of the host is for, and in which form it comes.

use std::sync::Arc;

use super::host_json::{HostSettings, HttpMode};
use crate::functions::route::{Found, RouteValues};
use crate::functions::{Catalogue, Forwarding};

/// How requests are told apart, by the host's mode.
#[derive(Debug)]
pub enum Router {
    /// Every invocation is an envelope.
    Enveloped,
    /// Callers' requests come as they are, everything else as an envelope.
    Forwarded(Forwarding),
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// The function of this name; the body is an envelope.
    Envelope(String),
    /// The function of this name; the request is the caller's own.
    Function(Arc<str>, RouteValues),
    /// Two functions at once; the sentence says which.
    Ambiguous(String),
    /// Nobody.
    Nothing,
}

/// The parts of a request that decide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    /// As it came.
    pub(super) method: &'a str,
    /// Raw, such as `/api/persons/5`.
    pub(super) path: &'a str,
    /// Whether a `?` follows the path.
    pub(super) has_query: bool,
    /// Whether it has headers that only a request from outside has.
    pub(super) from_outside: bool,
}

impl Router {
    /// The router for the host's mode. In forwarding and proxying mode, functions that can't be called safely are taken
    /// out of service.
    ///
    /// # Errors
    /// A sentence when the route prefix is no route template.
    pub fn new(functions: &mut Catalogue, host: &HostSettings) -> Result<Self, String> {
        let forwarding = Forwarding::new(functions, &host.route_prefix)
            .map_err(|error| format!("extensions.http.routePrefix in host.json {error}"))?;
        match host.http_mode {
            HttpMode::Enveloped => {
                // The host decides alone; the worker only sees what it never sends.
                for shadowed in forwarding.shadowed() {
                    tracing::warn!(function = &*shadowed.function, "{}", shadowed.sentence);
                }
                Ok(Self::Enveloped)
            }
            HttpMode::Forwarding => {
                let forwarding = forwarding.with_rewritten_paths();
                if let Some(function) = forwarding.leads_elsewhere() {
                    tracing::warn!(
                        "in forwarding mode the host rewrites paths after it has checked the key, so whoever may call \
                         {function} may reach other functions' routes past their own keys; use \
                         customHandler.enableProxyingHttpRequest"
                    );
                }
                Ok(Self::forwarded(functions, forwarding))
            }
            HttpMode::Proxying => Ok(Self::forwarded(functions, forwarding)),
        }
    }

    fn forwarded(functions: &mut Catalogue, forwarding: Forwarding) -> Self {
        functions.refuse(&forwarding.unreachable(functions));
        Self::Forwarded(forwarding)
    }

    /// Whether callers' own requests come.
    pub(super) fn is_forwarded(&self) -> bool {
        matches!(self, Self::Forwarded(_))
    }

    /// Whom a request is for.
    ///
    /// In the default mode the host sends envelopes alone, so what a caller sent is a sign that the host's mode is another
    /// one than the worker takes it for; nothing is done for it.
    ///
    /// In forwarding and proxying mode a route goes first, and an envelope is taken only where the host alone posts: on the
    /// function's exact name, on a path that no route covers. The host appends nothing to it.
    pub(super) fn find(&self, target: Target<'_>, functions: Option<&Catalogue>) -> Destination {
        let single = target.path.strip_prefix('/').filter(|name| !name.is_empty() && !name.contains('/'));
        let posted = single.filter(|_| target.method == "POST");
        match self {
            Self::Enveloped => match posted.filter(|_| !target.from_outside) {
                Some(name) => Destination::Envelope(name.to_owned()),
                None => Destination::Nothing,
            },
            Self::Forwarded(forwarding) => match forwarding.find(target.method, target.path) {
                Found::Match(found) => Destination::Function(Arc::clone(found.function), found.values),
                Found::Ambiguous { by_name, by_precedence } if !forwarding.reads(by_name) => {
                    Destination::Ambiguous(format!(
                        "The host tries functions in the order of their names, {by_name} before {by_precedence}, and the \
                         worker can't read which requests {by_name} takes. So that nobody is let in by the wrong function's \
                         key, neither is called: mend the function.json of {by_name}, or remove it."
                    ))
                }
                Found::Ambiguous { by_name, by_precedence } => Destination::Ambiguous(format!(
                    "The host tries functions in the order of their names, {by_name} before {by_precedence}, but the other \
                     route fits more exactly, or a constraint may mean something else to .NET. So that nobody is let in \
                     by the wrong function's key, neither is called: narrow the route of {by_name}, or rename one of the \
                     two functions."
                )),
                Found::Nothing => {
                    let known =
                        |name: &&str| functions.is_some_and(|all| all.names().any(|one| one == *name));
                    let safe =
                        |name: &&str| !forwarding.forwards_to(name) && forwarding.exposes(name).is_none();
                    match posted.filter(known).filter(safe) {
                        Some(name) if !target.has_query && !target.from_outside => {
                            Destination::Envelope(name.to_owned())
                        }
                        _ => Destination::Nothing,
                    }
                }
            },
        }
    }
}
