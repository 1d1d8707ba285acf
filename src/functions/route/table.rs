//! All routes of an app, and which function a request is for.
//!
//! Two orders exist. The host tries routes in the alphabetical order of the functions' names and takes the first that
//! fits (azure-functions-host, `FunctionMetadataManager` sorts with `OrdinalIgnoreCase`; azure-webjobs-sdk-extensions,
//! `WebJobsRouteBuilder` adds to a `RouteCollection`; azure-functions-host #9876). ASP.NET itself takes the most exact one:
//! literal before constrained parameter before parameter before catch-all, segment by segment
//! (`RoutePrecedence.ComputeInbound`), and a proposal to order functions so is open (azure-webjobs-sdk-extensions #842).
//!
//! The host has checked the caller's key for the function that it found, so to find another one would let callers in
//! by the wrong door. Where both orders lead to one function, that one it is; where they don't, nobody is called. The same
//! where the first route's constraint may mean something else to .NET than to us, and another route fits as well.

use std::sync::Arc;

use super::matching::{Fit, RouteValues};
use super::path::RequestPath;
use super::template::RouteTemplate;

/// A function's route.
#[derive(Clone, Debug)]
pub struct Route {
    /// The function's name.
    pub function: Arc<str>,
    /// In lower case; empty = all.
    pub methods: Vec<String>,
    /// With the route prefix.
    pub template: RouteTemplate,
}

impl Route {
    /// Whether it takes requests of this method, in any case.
    #[must_use]
    pub fn has_method(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|one| one.eq_ignore_ascii_case(method))
    }

    /// Whether every request for `other` fits this route too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let methods = self.methods.is_empty()
            || (!other.methods.is_empty() && other.methods.iter().all(|method| self.has_method(method)));
        methods && self.template.covers(&other.template)
    }

    /// Whether the host tries this route before the other.
    #[must_use]
    pub fn is_tried_before(&self, other: &Self) -> bool {
        is_tried_before(&self.function, &other.function)
    }
}

/// Whether the host tries the function of one name before that of the other: they go by their names, without case.
#[must_use]
pub fn is_tried_before(name: &str, other: &str) -> bool {
    host_order(name) < host_order(other)
}

fn host_order(name: &str) -> String {
    name.to_ascii_uppercase()
}

/// The function that answers a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteMatch<'a> {
    /// Its name.
    pub function: &'a Arc<str>,
    /// The route's values.
    pub values: RouteValues,
}

/// What a table knows of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// No route fits path, constraints and method: a 404 at the host, also when only the method doesn't.
    Nothing,
    /// One route, or several of which both orders put the same first.
    Match(RouteMatch<'a>),
    /// The orders disagree, or nobody but .NET knows whether the first route's constraints are met.
    Ambiguous {
        /// The function whose route is tried first by today's host.
        by_name: &'a Arc<str>,
        /// The other function that may be meant: the one with the most exact route, or the next.
        by_precedence: &'a Arc<str>,
    },
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    /// The most exact first; those alike in the host's order.
    routes: Vec<Route>,
}

impl RouteTable {
    /// A table of these routes.
    #[must_use]
    pub fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by_cached_key(|route| {
            let precedence: Vec<u8> =
                route.template.segments.iter().map(super::template::Segment::precedence).collect();
            (precedence, host_order(&route.function))
        });
        Self { routes }
    }

    /// The function for a request: its method in any case, its raw path, such as `/api/persons/5`.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Found<'_> {
        let Some(path) = RequestPath::parse(path) else { return Found::Nothing };
        let routes = self.routes.iter().filter(|route| route.has_method(method));
        let fitting: Vec<(&Route, Fit)> = routes
            .map(|route| (route, route.template.fit(&path)))
            .filter(|(_, fit)| *fit != Fit::No)
            .collect();
        let Some((best, fit)) = fitting.first() else { return Found::Nothing };
        let others = fitting.iter().skip(1).map(|(route, _)| *route);
        let earlier = others.filter(|route| route.is_tried_before(best));
        if let Some(first) = earlier.min_by_key(|route| host_order(&route.function)) {
            return Found::Ambiguous { by_name: &first.function, by_precedence: &best.function };
        }
        match (fit, fitting.get(1)) {
            (Fit::Yes(values) | Fit::Unsure(Some(values)), None) | (Fit::Yes(values), Some(_)) => {
                Found::Match(RouteMatch { function: &best.function, values: values.clone() })
            }
            // If the host sees it otherwise than we do, the next one is its choice.
            (Fit::Unsure(_), Some((next, _))) => {
                Found::Ambiguous { by_name: &best.function, by_precedence: &next.function }
            }
            (Fit::No | Fit::Unsure(None), _) => Found::Nothing,
        }
    }

    /// A function that the host could pass a request to this path on to, if there is one; where .NET may read a constraint
    /// in another way than we do, it counts as met.
    #[must_use]
    pub fn may_reach(&self, method: &str, path: &str) -> Option<&Arc<str>> {
        let path = RequestPath::parse(path)?;
        let mut routes = self.routes.iter().filter(|route| route.has_method(method));
        routes.find(|route| route.template.may_match(&path)).map(|route| &route.function)
    }

    /// All routes, the most exact first.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }
}
