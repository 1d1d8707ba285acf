//! What templates match, by the facts of ASP.NET, and the laws that hold for any text.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use proptest::prelude::*;

use super::*;

fn template(text: &str) -> RouteTemplate {
    RouteTemplate::parse(text).unwrap()
}

/// The values as `name=value`, or None when the path doesn't fit.
fn values(text: &str, path: &str) -> Option<String> {
    let values = template(text).matches(&RequestPath::parse(path)?)?;
    let pairs: Vec<_> = values.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    Some(pairs.join(" "))
}

fn matches(text: &str, path: &str) -> bool {
    values(text, path).is_some()
}

#[test]
fn literals_have_no_case_and_values_keep_theirs() {
    assert_eq!(values("Persons/{Name}", "/pERSONS/Zoë"), Some("Name=Zoë".to_owned()));
    assert_eq!(values("blåbær", "/BL%C3%85B%C3%86R"), Some(String::new()));
    assert!(!matches("persons", "/person"));
}

#[test]
fn a_path_has_exactly_the_templates_segments_and_a_trailing_slash_is_none() {
    assert!(matches("a/b", "/a/b") && matches("a/b", "/a/b/") && matches("a/b/", "/a/b"));
    for path in ["/a", "/a/b/c", "/a//b", "//a/b", "/a/b//", "/"] {
        assert!(!matches("a/b", path), "{path}");
    }
    assert!(matches("", "/") && !matches("", "/a"));
}

#[test]
fn an_optional_value_may_be_absent_and_a_default_takes_its_place() {
    assert_eq!(values("a/{id?}", "/a"), Some(String::new()));
    assert_eq!(values("a/{id?}", "/a/5"), Some("id=5".to_owned()));
    assert_eq!(values("a/{id=7}", "/a"), Some("id=7".to_owned()));
    assert_eq!(values("a/{id=7}/{tab=x}", "/a/5"), Some("id=5 tab=x".to_owned()));
    assert_eq!(values("a/{id?}/b", "/a/b"), None);
    assert_eq!(values("a/{id}", "/a"), None);
}

#[test]
fn a_constraint_is_asked_about_a_default_and_not_about_an_absent_optional_value() {
    assert_eq!(values("a/{id:int?}", "/a"), Some(String::new()));
    assert_eq!(values("a/{id:int=x}", "/a"), None);
    assert_eq!(values("a/{id:int=x}", "/a/5"), Some("id=5".to_owned()));
    assert_eq!(values("a/{*rest:int}", "/a"), None);
}

#[test]
fn a_catch_all_takes_what_is_left_with_its_slashes() {
    for star in ["*", "**"] {
        let text = format!("a/{{{star}rest}}");
        assert_eq!(values(&text, "/a"), Some(String::new()));
        assert_eq!(values(&text, "/a/b/c%20d/"), Some("rest=b/c d/".to_owned()));
        assert_eq!(values(&text, "/a/b//c"), Some("rest=b//c".to_owned()));
        assert_eq!(values(&text, "/a//b"), None);
    }
    assert_eq!(values("{*rest=home}", "/"), Some("rest=home".to_owned()));
}

#[test]
fn a_mixed_segment_is_cut_from_its_right_end() {
    assert_eq!(values("{file}.{type}", "/a.tar.gz"), Some("file=a.tar type=gz".to_owned()));
    assert_eq!(values("v{major}.{minor}", "/V1.2"), Some("major=1 minor=2".to_owned()));
    assert_eq!(values("{a}-{b}-{c}", "/1-2-3-4"), Some("a=1-2 b=3 c=4".to_owned()));
    assert_eq!(values("({x})", "/(5)"), Some("x=5".to_owned()));
    for path in ["/.gz", "/a.", "/agz"] {
        assert!(!matches("{file}.{type}", path), "{path}");
    }
    assert!(!matches("v{major}", "/xv1") && !matches("v{major}", "/v") && !matches("{a}x", "/1xy"));
}

#[test]
fn an_optional_value_at_the_end_of_a_mixed_segment_goes_with_its_dot() {
    assert_eq!(values("{file}.{type?}", "/a.gz"), Some("file=a type=gz".to_owned()));
    assert_eq!(values("{file}.{type?}", "/a"), Some("file=a".to_owned()));
    assert_eq!(values("{file}.{type?}", "/a."), None);
}

#[test]
fn doubled_braces_are_the_characters_themselves() {
    assert_eq!(values("{{a}}/{x}", "/%7Ba%7D/5"), Some("x=5".to_owned()));
}

#[test]
fn constraints_take_what_dotnet_takes() {
    for (constraint, taken, refused) in [
        (
            "int",
            &["5", "-2147483648", "+5", "%205%20", "007"][..],
            &["2147483648", "5.0", "x", "-", "1,000"][..],
        ),
        ("long", &["9223372036854775807"], &["9223372036854775808"]),
        ("bool", &["true", "FALSE", "%20True"], &["1", "yes"]),
        (
            "guid",
            &[
                "7F1D3A52-0C4E-4B8A-9D61-5A2BE0C7F410",
                "7f1d3a520c4e4b8a9d615a2be0c7f410",
                "%7B7f1d3a52-0c4e-4b8a-9d61-5a2be0c7f410%7D",
                "(7f1d3a52-0c4e-4b8a-9d61-5a2be0c7f410)",
                "%7B0x7f1d3a52,0x0c4e,0x4b8a,%7B0x9d,0x61,0x5a,0x2b,0xe0,0xc7,0xf4,0x10%7D%7D",
            ],
            &[
                "7f1d3a52",
                "(7f1d3a520c4e4b8a9d615a2be0c7f410)",
                "urn:uuid:7f1d3a52-0c4e-4b8a-9d61-5a2be0c7f410",
            ],
        ),
        (
            "decimal",
            &["1.50", "-1", "1,234.5", ".5", "5.", "5-"],
            &["1e5", "x", ".", "79228162514264337593543950336"],
        ),
        ("double", &["1e5", "-1.5E-3", "1,234", "NaN", "-Infinity"], &["x", "1e", "e5", "5-"]),
        ("float", &["1e5"], &["inf"]),
        (
            "datetime",
            &["2026-01-31", "2026-01-31T07:08:09Z", "2026-01-31T07:08:09.123+02:00", "2026-01-31%2007:08"],
            &[
                "2026-02-31",
                "x",
                "5",
                "2026-01-31T23:59:60",
                "23:59:60",
                "0000-01-01",
                "+12026-01-01",
                "12026-01-01",
            ],
        ),
        ("alpha", &["abc", "ABC"], &["ab1", "é"]),
        ("length(3)", &["abc", "%F0%9F%90%95x"], &["ab", "abcd"]),
        ("length(2,3)", &["ab", "abc"], &["a", "abcd"]),
        ("minlength(2)", &["ab"], &["a"]),
        ("maxlength(2)", &["ab"], &["abc"]),
        ("min(18)", &["18", "19"], &["17", "x"]),
        ("max(18)", &["18", "-5"], &["19"]),
        ("range(1,5)", &["1", "5"], &["0", "6"]),
        ("regex(^\\d{{3}}$)", &["123"], &["12", "1234"]),
        ("regex(a/b|c:d)", &["xC:Dx"], &["a"]),
        ("required", &["a"], &[]),
        ("file", &["a.b", ".git"], &["a", "a."]),
        ("nonfile", &["a", "a."], &["a.b"]),
        ("int:min(1):max(3)", &["2"], &["0", "4"]),
    ] {
        let text = format!("a/{{x:{constraint}}}");
        for value in taken {
            assert!(matches(&text, &format!("/a/{value}")), "{constraint} takes {value}");
        }
        for value in refused {
            assert!(!matches(&text, &format!("/a/{value}")), "{constraint} refuses {value}");
        }
    }
}

#[test]
fn a_wrong_template_is_refused_with_a_sentence() {
    for (text, sentence) in [
        ("/a", "must not begin with `/`"),
        ("a//b", "two slashes in a row"),
        ("a/{id", "`{` without its `}`"),
        ("a/id}", "`}` without its `{`"),
        ("a/{x{y}", "`{` inside a parameter"),
        ("a/{}", "proper name"),
        ("a/{:int}", "proper name"),
        ("a/{x*}", "proper name"),
        ("{id}/{ID}", "`ID` twice"),
        ("{a}{b}", "two parameters in a row"),
        ("{*rest}/x", "behind the catch-all `{*rest}`"),
        ("a{*rest}", "beside other text"),
        ("{*rest?}", "leave the `?` out"),
        ("{id=5?}", "default value and `?`"),
        ("{a?}-x", "beside other text"),
        ("{a}-{b?}", "beside other text"),
        ("a?b", "`?` in a literal"),
        ("{id:integer}", "`integer` is no constraint; did you mean `int`?"),
        ("{id:colour}", "there are int, long"),
        ("{id:Guld}", "did you mean `guid`?"),
        ("{id:int(5)}", "takes no argument"),
        ("{id:min}", "min(1)"),
        ("{id:range(5)}", "two numbers"),
        ("{id:range(5,1)}", "allows nothing"),
        ("{id:length(-1)}", "no length"),
        ("{id:max(x)}", "no whole number"),
    ] {
        let error = RouteTemplate::parse(text).unwrap_err().to_string();
        assert!(error.contains(sentence), "{text}: {error}");
    }
}

#[test]
fn a_pattern_that_only_dotnet_reads_is_told_and_leaves_the_template_usable() {
    let text = "a/{x:regex(^(?!b).*$)}";
    assert_eq!(template(text).foreign_patterns().collect::<Vec<_>>(), ["^(?!b).*$"]);
    assert_eq!(template("{x:regex(^[a-z-[aeiou]]+$)}").foreign_patterns().count(), 1);
    assert_eq!(template("a/{x:regex(^b$)}").foreign_patterns().count(), 0);
}

#[test]
fn parameters_are_told_with_whether_they_can_be_absent() {
    let parameters = template("{a}/{b:int?}").parameters();
    let found: Vec<_> = parameters.iter().map(|one| (one.name.as_str(), one.optional)).collect();
    assert_eq!(found, [("a", false), ("b", true)]);
    let parameters = template("{f}.{t?}/{n=5}/{*rest}").parameters();
    let found: Vec<_> = parameters.iter().map(|one| (one.name.as_str(), one.optional)).collect();
    assert_eq!(found, [("f", false), ("t", true), ("n", false), ("rest", true)]);
}

#[test]
fn a_prefix_is_joined_as_the_host_joins_it() {
    let under = |prefix: &str, route: &str| template(route).under(&template(prefix)).unwrap();
    assert_eq!(under("api/v1", "a/{id}").text(), "api/v1/a/{id}");
    assert_eq!(under("", "a").text(), "a");
    assert!(under("api", "").matches(&RequestPath::parse("/api").unwrap()).is_some());
    assert!(template("{id}").under(&template("{id}")).is_err());
}

#[test]
fn one_template_covers_another_only_when_that_is_certain() {
    for (wide, narrow) in [
        ("{*rest}", "a/{b}"),
        ("{*rest}", "{x?}"),
        ("a/{*rest}", "a"),
        ("{x}", "a"),
        ("{x}", "{y:int}"),
        ("{x:int}", "{y:int:min(5)}"),
        ("{x:int}", "5"),
        ("{x}", "{a}.{b}"),
        ("{x}.{y}", "{a}.{b:int}"),
        ("a/{x?}", "a"),
        ("a/{x?}", "a/{y?}"),
        ("A/b", "a/B"),
    ] {
        assert!(template(wide).covers(&template(narrow)), "{wide} covers {narrow}");
    }
    for (one, other) in [
        ("{x:int}", "{y}"),
        ("{x:int}", "a"),
        ("{*rest:int}", "a"),
        ("a/{x}", "a/{y?}"),
        ("a", "a/b"),
        ("a/b", "a"),
        ("{x}", "{*rest}"),
        ("{x}.{y}", "{x}"),
    ] {
        assert!(!template(one).covers(&template(other)), "{one} does not cover {other}");
    }
}

/// Templates as people write them, and some that nobody would.
fn any_template() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        "[ab]{1,2}",
        Just("{x}".to_owned()),
        Just("{x:int}".to_owned()),
        Just("{y:alpha}".to_owned()),
        Just("{y?}".to_owned()),
        Just("{y=a}".to_owned()),
        Just("{z}.{w?}".to_owned()),
        Just("a{z}".to_owned()),
        Just("{*rest}".to_owned()),
    ];
    proptest::collection::vec(segment, 0..4).prop_map(|segments| segments.join("/"))
}

fn any_path() -> impl Strategy<Value = String> {
    proptest::collection::vec("[ab1.]{0,3}", 0..5).prop_map(|segments| format!("/{}", segments.join("/")))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_matched_without_a_panic(
        text in "[a-c{}:*?=(),./0-9\\\\å]{0,30}",
        path in "\\PC{0,30}",
    ) {
        if let (Ok(template), Some(path)) = (RouteTemplate::parse(&text), RequestPath::parse(&path)) {
            let _ = template.matches(&path);
        }
    }

    #[test]
    fn what_covers_another_matches_all_that_it_matches(
        wide in any_template(),
        narrow in any_template(),
        path in any_path(),
    ) {
        if let (Ok(wide), Ok(narrow)) = (RouteTemplate::parse(&wide), RouteTemplate::parse(&narrow)) {
            let path = RequestPath::parse(&path).unwrap();
            if wide.covers(&narrow) && narrow.matches(&path).is_some() {
                prop_assert!(wide.matches(&path).is_some());
            }
        }
    }

    #[test]
    fn an_app_of_one_route_calls_it_exactly_where_it_matches(text in any_template(), path in any_path()) {
        if let Ok(one) = RouteTemplate::parse(&text) {
            let matches = one.matches(&RequestPath::parse(&path).unwrap()).is_some();
            let route = Route { function: Arc::from("One"), methods: Vec::new(), template: one };
            prop_assert_eq!(matches!(RouteTable::new(vec![route]).find("GET", &path), Found::Match(_)), matches);
        }
    }

    #[test]
    fn what_matches_could_be_reached(text in any_template(), path in any_path()) {
        if let Ok(template) = RouteTemplate::parse(&text) {
            let path = RequestPath::parse(&path).unwrap();
            prop_assert!(template.matches(&path).is_none() || template.may_match(&path));
        }
    }

    #[test]
    fn a_value_of_one_parameter_comes_back_unless_it_holds_a_slash(value in "[^/%]{1,20}") {
        let encoded: String = value
            .bytes()
            .map(|octet| match octet {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(octet).to_string(),
                b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';'
                | b'=' | b':' | b'@' => char::from(octet).to_string(),
                _ => format!("%{octet:02X}"),
            })
            .collect();
        prop_assert_eq!(values("a/{x}", &format!("/a/{encoded}")), Some(format!("x={value}")));
    }
}
