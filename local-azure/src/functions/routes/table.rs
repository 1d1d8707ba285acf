//! All routes of an app, and which one answers a request.

use super::template::{RouteTemplate, RouteValues};

/// The route that answers.
#[derive(Debug)]
pub(in crate::functions) struct RouteMatch<'a, T> {
    pub(in crate::functions) target: &'a T,
    pub(in crate::functions) values: RouteValues,
}

#[derive(Debug)]
struct Route<T> {
    template: RouteTemplate,
    methods: Vec<String>,
    target: T,
}

/// The routes in the order in which they are tried.
#[derive(Debug)]
pub(in crate::functions) struct RouteTable<T> {
    routes: Vec<Route<T>>,
}

impl<T> RouteTable<T> {
    /// A table of templates, methods (upper case; none = all) and what they lead to, tried in this order.
    ///
    /// The host adds its routes in the order of the functions' names and takes the first that fits, be there a template
    /// that fits more exactly (`WebJobsRouteBuilder` of azure-webjobs-sdk-extensions; azure-functions-host issue 9876).
    pub(in crate::functions) fn new(
        routes: impl IntoIterator<Item = (RouteTemplate, Vec<String>, T)>,
    ) -> Self {
        let route = |(template, methods, target)| Route { template, methods, target };
        Self { routes: routes.into_iter().map(route).collect() }
    }

    /// The first route that fits path, constraints and method. Nothing fits = 404, also when only the method doesn't.
    pub(in crate::functions) fn find(&self, method: &str, path: &str) -> Option<RouteMatch<'_, T>> {
        self.routes
            .iter()
            .filter(|route| route.methods.is_empty() || route.methods.iter().any(|one| one == method))
            .find_map(|route| {
                route.template.matches(path).map(|values| RouteMatch { target: &route.target, values })
            })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{RouteTable, RouteTemplate};

    fn values(template: &str, path: &str) -> Option<Vec<(String, Option<String>)>> {
        RouteTemplate::parse(template).unwrap().matches(path)
    }

    fn one(name: &str, value: &str) -> Option<Vec<(String, Option<String>)>> {
        Some(vec![(name.to_owned(), Some(value.to_owned()))])
    }

    #[test]
    fn literals_ignore_case_and_values_are_decoded() {
        assert_eq!(values("api/Persons/{name}", "/API/persons/J%C3%BCrgen%20M"), one("name", "Jürgen M"));
        assert_eq!(values("api/persons/{name}", "/api/persons/a%2Fb"), one("name", "a%2Fb"));
        assert_eq!(values("api/persons/{name}", "/api/persons/50%"), one("name", "50%"));
    }

    #[test]
    fn an_unmet_constraint_does_not_match() {
        let cases = [
            ("int", "5", "five"),
            ("int", "-2147483648", "2147483648"),
            ("long", "9223372036854775807", "9223372036854775808"),
            ("guid", "7F1D3A52-0C4E-4B8A-9D61-5A2BE0C7F410", "7f1d3a52"),
            ("bool", "True", "1"),
            ("alpha", "abc", "ab1"),
            ("length(3)", "abc", "ab"),
            ("length(2,3)", "ab", "abcd"),
            ("minlength(2)", "ab", "a"),
            ("maxlength(2)", "ab", "abc"),
            ("min(18)", "18", "17"),
            ("max(18)", "18", "19"),
            ("range(1,5)", "5", "6"),
            ("regex(^\\d{{3}}$)", "123", "12"),
            ("regex(^(a|b)/?$)", "A", "c"),
            ("datetime", "2026-01-31", "2026-02-31"),
            ("decimal", "1.50", "1e5"),
            ("double", "1e5", "x"),
            ("float", "-1.5", "inf"),
            ("int:min(1)", "1", "0"),
        ];
        for (constraint, good, bad) in cases {
            let template = format!("a/{{x:{constraint}}}");
            assert_eq!(values(&template, &format!("/a/{good}")), one("x", good), "{constraint} takes {good}");
            assert_eq!(values(&template, &format!("/a/{bad}")), None, "{constraint} refuses {bad}");
        }
    }

    #[test]
    fn an_optional_value_may_be_absent_and_a_default_fills_in() {
        assert_eq!(values("a/{id:int?}", "/a"), Some(vec![("id".to_owned(), None)]));
        assert_eq!(values("a/{id:int?}", "/a/"), Some(vec![("id".to_owned(), None)]));
        assert_eq!(values("a/{id:int?}", "/a/x"), None);
        assert_eq!(values("a/{page:int=1}", "/a"), one("page", "1"));
        assert_eq!(values("a/{page:int=1}", "/a/2"), one("page", "2"));
        assert_eq!(values("a/{id}", "/a"), None);
    }

    #[test]
    fn a_catch_all_takes_the_rest() {
        assert_eq!(values("a/{*rest}", "/a/b/c%20d"), one("rest", "b/c d"));
        assert_eq!(values("a/{*rest}", "/a"), Some(vec![("rest".to_owned(), None)]));
        assert_eq!(values("a/{file}.{extension}", "/a/x.tar.gz"), {
            Some(vec![
                ("file".to_owned(), Some("x.tar".to_owned())),
                ("extension".to_owned(), Some("gz".to_owned())),
            ])
        });
    }

    #[test]
    fn a_wrong_template_is_refused() {
        for template in [
            "a/{",
            "a/}",
            "a//b",
            "a/{id:integer}",
            "a/{id?}/b",
            "a/{*x}/b",
            "a/{x}/{X}",
            "a/{}",
            "a/{x}{y}",
            "a/{x=1?}",
        ] {
            assert!(RouteTemplate::parse(template).is_err(), "{template}");
        }
    }

    #[test]
    fn the_first_that_fits_is_called_though_a_later_one_fits_more_exactly() {
        let templates = ["p/{id:int}", "p/{name}", "p/me"];
        let routes = templates.map(|text| (RouteTemplate::parse(text).unwrap(), Vec::new(), text));
        let table = RouteTable::new(routes);
        let found = |path: &str| *table.find("GET", path).unwrap().target;
        assert_eq!([found("/p/5"), found("/p/you"), found("/p/me")], ["p/{id:int}", "p/{name}", "p/{name}"]);
    }

    #[test]
    fn another_method_on_the_same_template_is_another_route() {
        let template = RouteTemplate::parse("p").unwrap();
        let table = RouteTable::new([
            (template.clone(), vec!["GET".to_owned()], "list"),
            (template, vec!["POST".to_owned()], "create"),
        ]);
        assert_eq!(*table.find("POST", "/p").unwrap().target, "create");
        assert!(table.find("DELETE", "/p").is_none());
    }
}
