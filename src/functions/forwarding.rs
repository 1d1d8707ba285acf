//! Forwarding and proxying mode: which function a request is for, and which functions can't be called safely.
//!
//! In these modes one port takes two kinds of requests: what an outside caller sent, to a route, and what the host itself
//! sends for timers, queues and the like, `POST /{FunctionName}`. Nothing but the path tells them apart
//! (azure-functions-host #6251), so a function whose path a route covers is not called at all.

use std::sync::Arc;

use super::catalogue::Catalogue;
use super::definition::ForwardedRoute;
use super::route::{
    Found, RequestPath, Route, RouteMatch, RouteTable, RouteTemplate, TemplateError, is_tried_before,
};

/// See the module.
#[derive(Clone, Debug)]
pub struct Forwarding {
    table: RouteTable,
    /// Functions whose definition can't be read, so that their route may be any below the prefix.
    unreadable: Vec<Arc<str>>,
    any_route: RouteTemplate,
    rewritten_paths: bool,
}

/// Why a function can't be called in these modes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// Its name.
    pub function: Arc<str>,
    /// What is wrong and what to do; follows the key's name.
    pub sentence: String,
}

impl Forwarding {
    /// The routes of all functions below the app's route prefix, those with a wrong definition too: the host passes their
    /// requests on all the same.
    ///
    /// # Errors
    /// When the prefix is no route template.
    pub fn new(functions: &Catalogue, prefix: &str) -> Result<Self, TemplateError> {
        let prefix = RouteTemplate::parse(prefix)?;
        let any_route = RouteTemplate::parse("{*anything-at-all}")?.under(&prefix)?;
        let mut routes = Vec::new();
        let mut unreadable = Vec::new();
        for (name, forwarded) in functions.forwarded_routes() {
            let function: Arc<str> = name.into();
            match forwarded {
                ForwardedRoute::None => {}
                ForwardedRoute::Unknown => unreadable.push(function),
                ForwardedRoute::Known { methods, route } => match route.under(&prefix) {
                    Ok(template) => routes.push(Route { function, methods, template }),
                    Err(_) => unreadable.push(function),
                },
            }
        }
        Ok(Self { table: RouteTable::new(routes), unreadable, any_route, rewritten_paths: false })
    }

    /// For forwarding mode. There the host puts a path through `System.Uri` after it has matched it and checked the key:
    /// backslashes become slashes and dot segments are taken out, escaped ones too, so that one parameter which takes any
    /// text lets a caller choose the whole path (`x\..\..\Name`; azure-functions-host, `DefaultHttpWorkerService.GetPathValue`).
    /// Proxying mode encodes the path again instead.
    #[must_use]
    pub fn with_rewritten_paths(self) -> Self {
        Self { rewritten_paths: true, ..self }
    }

    /// The function for a forwarded request: its method, its raw path. A function whose definition can't be read here, but
    /// perhaps by the host, may be meant with any path below the prefix, if the host tries it first.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Found<'_> {
        let found = self.table.find(method, path);
        let Found::Match(RouteMatch { function, .. }) = &found else { return found };
        let below = RequestPath::parse(path).is_some_and(|path| self.any_route.may_match(&path));
        let mut unreadable = self.unreadable.iter().filter(|_| below);
        match unreadable.find(|other| is_tried_before(other, function)) {
            Some(first) => Found::Ambiguous { by_name: first, by_precedence: function },
            None => found,
        }
    }

    /// Whether the function's definition tells which requests it takes.
    #[must_use]
    pub fn reads(&self, name: &str) -> bool {
        !self.unreadable.iter().any(|function| **function == *name)
    }

    /// The function to which the host could pass an outside caller's `POST /{name}` on, if there is one: then an envelope
    /// on this path may be forged.
    #[must_use]
    pub fn exposes(&self, name: &str) -> Option<&Arc<str>> {
        let path = format!("/{name}");
        let covering = self.table.may_reach("POST", &path);
        covering.or_else(|| self.rewritable("POST").map(|route| &route.function)).or_else(|| {
            let any = RequestPath::parse(&path).is_some_and(|path| self.any_route.may_match(&path));
            self.unreadable.first().filter(|_| any || self.rewritten_paths)
        })
    }

    /// A route for this method whose path the host may rewrite into any other.
    fn rewritable(&self, method: &str) -> Option<&Route> {
        let mut routes = self.table.routes().filter(|_| self.rewritten_paths);
        routes.find(|route| route.has_method(method) && route.template.takes_any_text())
    }

    /// The function through whose route a caller can reach other functions' routes past their own keys, if there is one: see
    /// [`Self::with_rewritten_paths`]. Nothing that arrives here tells such a request from a true one.
    #[must_use]
    pub fn leads_elsewhere(&self) -> Option<&Arc<str>> {
        let mut routes = self.table.routes().filter(|_| self.rewritten_paths);
        routes.find(|route| route.template.takes_any_text()).map(|route| &route.function)
    }

    /// Whether the function is one of those that get requests by their route.
    #[must_use]
    pub fn forwards_to(&self, name: &str) -> bool {
        self.table.routes().any(|route| *route.function == *name) || !self.reads(name)
    }

    /// The functions that can't be called, or not safely.
    #[must_use]
    pub fn unreachable(&self, functions: &Catalogue) -> Vec<Unreachable> {
        let mut unreachable = Vec::new();
        for name in functions.names().filter(|name| !self.forwards_to(name)) {
            if let Some(other) = self.exposes(name) {
                unreachable
                    .push(Unreachable { function: name.into(), sentence: self.forgeable(name, other) });
            }
        }
        for route in self.table.routes() {
            if let Some(pattern) = route.template.foreign_patterns().next() {
                let sentence = format!(
                    "has the pattern `{pattern}`, which uses what only .NET's expressions have, such as lookaround; in this \
                     mode the worker matches routes itself: write it without, or give the route no `regex`"
                );
                unreachable.push(Unreachable { function: Arc::clone(&route.function), sentence });
            }
        }
        unreachable.extend(self.shadowed());
        unreachable
    }

    /// The functions that the host never calls, because it tries another one first that takes all their requests.
    #[must_use]
    pub fn shadowed(&self) -> Vec<Unreachable> {
        let mut shadowed = Vec::new();
        for route in self.table.routes() {
            let first = self.table.routes().find(|other| other.is_tried_before(route) && other.covers(route));
            if let Some(first) = first {
                let sentence = format!(
                    "can never be called: the host tries functions in the order of their names, and {} before it takes every \
                     request with its route `{}`; narrow that route, for example by a constraint such as {{id:int}}, or \
                     rename one of the two functions",
                    first.function, first.template
                );
                shadowed.push(Unreachable { function: Arc::clone(&route.function), sentence });
            }
        }
        shadowed
    }

    fn forgeable(&self, name: &str, other: &str) -> String {
        let covers = self.table.may_reach("POST", &format!("/{name}")).is_some();
        let route = self.table.routes().find(|route| *route.function == *other);
        let (why, cure) = match route {
            Some(route) if covers => (
                format!("whose route `{}` covers that path", route.template),
                format!(
                    "set a route prefix (extensions.http.routePrefix in host.json), or give {other} a narrower route"
                ),
            ),
            Some(route) => (
                format!(
                    "since the route `{}` takes any text, and forwarding mode takes dots and backslashes out of a path",
                    route.template
                ),
                format!(
                    "use proxying mode (customHandler.enableProxyingHttpRequest in host.json), or give each parameter of \
                     {other} a constraint such as int, guid or alpha"
                ),
            ),
            None => (
                "whose definition can't be read, so that its route may be any".to_owned(),
                format!("mend {other}, or set a route prefix (extensions.http.routePrefix in host.json)"),
            ),
        };
        format!(
            "can't be called safely: the host can pass an outside caller's POST /{name} on for {other}, {why}, so a caller \
             could forge this function's invocations; {cure}"
        )
    }
}
