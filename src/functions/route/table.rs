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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn table(routes: &[(&str, &str, &[&str])]) -> RouteTable {
        let route = |(function, text, methods): &(&str, &str, &[&str])| Route {
            function: Arc::from(*function),
            methods: methods.iter().map(|method| (*method).to_owned()).collect(),
            template: RouteTemplate::parse(text).unwrap(),
        };
        RouteTable::new(routes.iter().map(route).collect())
    }

    fn found(table: &RouteTable, method: &str, path: &str) -> String {
        match table.find(method, path) {
            Found::Nothing => "nothing".to_owned(),
            Found::Match(RouteMatch { function, .. }) => function.to_string(),
            Found::Ambiguous { by_name, by_precedence } => format!("{by_name} or {by_precedence}"),
        }
    }

    #[test]
    fn the_most_exact_route_goes_first_where_the_names_order_agrees() {
        let table = table(&[
            ("D", "p/{*rest}", &[]),
            ("C", "p/{name}", &[]),
            ("B", "p/{id:int}", &[]),
            ("A", "p/me", &[]),
        ]);
        let find = |path| found(&table, "GET", path);
        assert_eq!([find("/p/ME"), find("/p/5"), find("/p/you"), find("/p/a/b")], ["A", "B", "C", "D"]);
    }

    #[test]
    fn where_the_hosts_order_leads_to_another_function_nobody_is_called() {
        let table =
            table(&[("details", "p/{id}", &[]), ("List", "p/list", &[]), ("All", "{*rest}", &["post"])]);
        assert_eq!(found(&table, "GET", "/p/list"), "details or List");
        assert_eq!(found(&table, "GET", "/p/5"), "details");
        assert_eq!(found(&table, "POST", "/p/list"), "All or List");
    }

    #[test]
    fn where_dotnet_may_see_a_constraint_otherwise_nobody_is_called_unless_one_route_alone_fits() {
        let two = table(&[("Digits", "{x:regex(^\\d+$)}", &[]), ("Other", "{x}", &[])]);
        assert_eq!(found(&two, "GET", "/5"), "Digits");
        assert_eq!(found(&two, "GET", "/abc"), "Other");
        // .NET's `$` stands before a last line feed; its digits and letters are other sets.
        assert_eq!(found(&two, "GET", "/5%0A"), "Digits or Other");
        assert_eq!(found(&two, "GET", "/%E2%85%A7"), "Digits or Other");
        let alone = table(&[("Digits", "{x:regex(^\\d+$)}", &[])]);
        assert_eq!(found(&alone, "GET", "/5%0A"), "nothing");
        assert_eq!(found(&alone, "GET", "/%D9%A3"), "Digits");
    }

    #[test]
    fn names_in_any_script_are_told_from_numbers() {
        let table = table(&[
            ("Date", "{x:datetime}", &[]),
            ("Flag", "{x:bool}", &[]),
            ("Id", "{x:int}", &[]),
            ("Named", "{x}", &[]),
        ]);
        for (path, expected) in [
            ("/Zo%C3%AB", "Named"),
            ("/Zo%C3%AB%20M%C3%BCller", "Named"),
            ("/Ann-Marie", "Named"),
            ("/true", "Flag"),
            ("/2026-01-31", "Date"),
        ] {
            assert_eq!(found(&table, "GET", path), expected, "{path}");
        }
        // U+2212 is a minus sign to .NET's numbers.
        assert!(found(&table, "GET", "/%E2%88%925").contains(" or "));
    }

    #[test]
    fn a_method_that_no_route_has_finds_nothing() {
        let table = table(&[("List", "p", &["get"]), ("Create", "p", &["post"])]);
        assert_eq!(found(&table, "get", "/p"), "List");
        assert_eq!(found(&table, "POST", "/p"), "Create");
        assert_eq!(found(&table, "HEAD", "/p"), "nothing");
        assert_eq!(found(&table, "OPTIONS", "/p"), "nothing");
    }

    #[test]
    fn where_only_dotnet_knows_whether_a_value_fits_nobody_is_called() {
        let guid = "+f1d3a52-0c4e-4b8a-9d61-5a2be0c7f410";
        for (constraint, values) in [
            (r"regex(^\d+$)", &["5%0A", "%D9%A3"][..]),
            (
                "datetime",
                &[
                    "2%20Jan%202026",
                    "2026-01-31T23:59:60",
                    "23:59:60",
                    "0000-01-01",
                    "+12026-01-01",
                    "12026-01-01",
                    "0001-01-01T00:00:00+11:00",
                    "2026-1-1",
                    "1-2-2026",
                    "2026-01-31T07:08:09+15:00",
                    "2026-01-31%0A",
                    "5",
                ],
            ),
            (
                "decimal",
                &[
                    "79228162514264337593543950335.9",
                    "79,228,162,514,264,337,593,543,950,335.5",
                    "-%205",
                    "5%0A",
                ],
            ),
            ("double", &["-%205", "5%0A", "%E2%88%925"]),
            ("guid", &[guid, "7f1d3a52-0c4e-4b8a-9d61-5a2be0c7f410%0A"]),
            ("int", &["5%0A", "%E2%88%925"]),
            ("long", &["5%0A"]),
            ("bool", &["true%0A", "true%00"]),
            ("min(1)", &["5%0A"]),
        ] {
            let constrained = format!("items/{{id:{constraint}}}");
            for order in [["A", "B"], ["B", "A"]] {
                let table = table(&[(order[0], &constrained, &[]), (order[1], "items/{name}", &[])]);
                for value in values {
                    let path = format!("/items/{value}");
                    assert!(found(&table, "GET", &path).contains(" or "), "{constraint} {value} {order:?}");
                }
            }
        }
    }

    #[test]
    fn where_there_is_no_doubt_the_constrained_route_or_the_other_is_called() {
        for (constraint, fits, fits_not) in [
            (r"regex(^\d+$)", "5", "5x"),
            ("datetime", "2026-01-31", "today"),
            ("datetime", "2026-01-31T07:08:09.123+02:00", "next%20week"),
            ("datetime", "2026-01-31%2007:08", "TZ"),
            ("decimal", "79228162514264337593543950335", "79228162514264337593543950336"),
            ("decimal", "+1,234.50", "1e5"),
            ("double", "1e5", "Ann%20Marie"),
            ("guid", "7f1d3a52-0c4e-4b8a-9d61-5a2be0c7f410", "Max"),
            ("int", "+5", "2147483648"),
            ("long", "2147483648", "x"),
            ("bool", "True", "1"),
        ] {
            let table =
                table(&[("A", &format!("items/{{id:{constraint}}}"), &[]), ("B", "items/{name}", &[])]);
            let find = |value: &str| found(&table, "GET", &format!("/items/{value}"));
            assert_eq!([find(fits), find(fits_not)], ["A", "B"], "{constraint}");
        }
    }
}
