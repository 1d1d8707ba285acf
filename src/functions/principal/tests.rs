//! What is taken from the headers of App Service authentication, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

fn headers(principal: &str, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = (HEADER_PREFIX.to_owned(), principal.to_owned());
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    std::iter::once(own).chain(more).collect()
}

fn encoded(json: &Json) -> String {
    STANDARD.encode(json.to_string())
}

fn caller(claims: &[(&str, &str)]) -> Caller {
    let claims: Json = claims.iter().map(|(typ, val)| json!({ "typ": typ, "val": val })).collect();
    let principal = json!({ "auth_typ": "aad", "claims": claims, "name_typ": "n", "role_typ": "urn:role" });
    Caller::read(&headers(&encoded(&principal), &[])).ok().unwrap()
}

fn find(caller: &Caller, path: &str) -> Result<Option<String>, String> {
    caller.find(&PrincipalPath::parse(path).unwrap())
}

fn status(headers: &BTreeMap<String, String>) -> Option<(u16, &'static str)> {
    Caller::read(headers).err().map(|problem| (problem.status, problem.kind))
}

#[test]
fn a_claim_is_found_by_its_short_and_by_its_long_name() {
    let long = "http://schemas.microsoft.com/identity/claims/objectidentifier";
    for claim_type in ["oid", long] {
        let caller = caller(&[("aud", "x"), (claim_type, "o-1")]);
        for path in ["oid", "OID", "claims.oid", &format!("claims.{long}")] {
            assert_eq!(find(&caller, path), Ok(Some("o-1".to_owned())), "{path} of {claim_type}");
        }
    }
    assert_eq!(find(&caller(&[("OID", "o-1")]), "oid"), Ok(None), "a claim's type has case");
}

#[test]
fn the_application_is_named_by_tokens_of_both_versions() {
    assert_eq!(find(&caller(&[("appid", "a")]), "appid"), Ok(Some("a".to_owned())));
    assert_eq!(find(&caller(&[("azp", "a")]), "appid"), Ok(Some("a".to_owned())));
    assert_eq!(find(&caller(&[("azp", "a")]), "claims.appid"), Ok(None));
}

#[test]
fn roles_and_groups_are_arrays_and_everything_else_is_one_value() {
    let roles = caller(&[("roles", "r1"), ("urn:role", "r\"2"), ("groups", "g1"), ("groups", "g2")]);
    assert_eq!(find(&roles, "roles"), Ok(Some(r#"["r1","r\"2"]"#.to_owned())));
    assert_eq!(find(&roles, "groups"), Ok(Some(r#"["g1","g2"]"#.to_owned())));
    assert_eq!(find(&caller(&[]), "roles"), Ok(Some("[]".to_owned())));
    assert!(find(&roles, "claims.groups").unwrap_err().contains("several values"));
    let twice = caller(&[("tid", "t"), ("http://schemas.microsoft.com/identity/claims/tenantid", "t")]);
    assert_eq!(find(&twice, "tid"), Ok(Some("t".to_owned())));
    let both = caller(&[("tid", "t"), ("http://schemas.microsoft.com/identity/claims/tenantid", "u")]);
    assert!(find(&both, "tid").is_err(), "two tenants are none");
}

#[test]
fn an_empty_claim_tells_nobody_apart() {
    assert_eq!(find(&caller(&[("tid", "")]), "tid"), Ok(None));
}

#[test]
fn id_name_and_provider_come_from_their_headers() {
    let more = [(ID_HEADER, "i"), (NAME_HEADER, "Doe, Jane"), (PROVIDER_HEADER, "aad")];
    let caller = Caller::read(&headers(&encoded(&json!({ "claims": [] })), &more)).ok().unwrap();
    for (path, value) in [("id", "i"), ("name", "Doe, Jane"), ("provider", "aad")] {
        assert_eq!(find(&caller, path), Ok(Some(value.to_owned())));
    }
}

#[test]
fn without_the_header_the_caller_is_anonymous_whatever_the_others_say() {
    for headers in [BTreeMap::new(), headers("", &[(ID_HEADER, "i"), (NAME_HEADER, "n")])] {
        let caller = Caller::read(&headers).ok().unwrap();
        for path in ["id", "name", "provider", "oid", "roles", "claims.x"] {
            assert_eq!(find(&caller, path), Ok(None), "{path}");
        }
    }
}

#[test]
fn a_header_that_the_front_end_would_not_write_is_refused() {
    let good = encoded(&json!({ "claims": [] }));
    for principal in [
        "CANARY".to_owned(),
        "{\"claims\":[]}".to_owned(),
        format!("{good}, {good}"),
        format!(" {good}"),
        STANDARD.encode("CANARY"),
        STANDARD.encode([0xff, 0xfe]),
        encoded(&json!([[]])),
        encoded(&json!([[], null])),
        encoded(&json!("claims")),
        encoded(&json!({})),
        encoded(&json!({ "claims": null })),
        encoded(&json!({ "claims": [["oid", "x"], 5] })),
        encoded(&json!({ "claims": [{ "typ": "oid" }] })),
        encoded(&json!({ "claims": [{ "typ": "oid", "val": 5 }] })),
        encoded(&json!({ "identityProvider": "aad", "userId": "x", "userRoles": ["anonymous"] })),
        STANDARD.encode(r#"{"claims":[],"claims":[{"typ":"oid","val":"x"}]}"#),
        STANDARD.encode(r#"{"claims":[]} {"claims":[]}"#),
    ] {
        assert_eq!(status(&headers(&principal, &[])), Some((401, "invalid-principal")), "{principal}");
        let problem = Caller::read(&headers(&principal, &[])).err().unwrap();
        assert!(!problem.detail.contains("CANARY"), "{}", problem.detail);
    }
    for name in [ID_HEADER, PROVIDER_HEADER] {
        assert_eq!(status(&headers(&good, &[(name, "a, b")])), Some((401, "invalid-principal")), "{name}");
    }
    assert_eq!(status(&headers(&good, &[])), None);
}

#[test]
fn a_path_that_is_not_known_is_told_what_there_is() {
    for (path, sentence) in [
        ("objectid", "there are principal.id, principal.name"),
        ("tidd", "did you mean `principal.tid`?"),
        ("claims", "principal.claims.<type>"),
        ("claims.", "principal.claims.<type>"),
    ] {
        let message = PrincipalPath::parse(path).unwrap_err();
        assert!(message.contains(sentence), "{path}: {message}");
    }
}

proptest! {
    #[test]
    fn any_header_is_read_without_a_panic(principal in "\\PC{0,40}", json in "[\\[\\]{}\":,a-z0-9]{0,40}") {
        let _ = Caller::read(&headers(&principal, &[]));
        let _ = Caller::read(&headers(&STANDARD.encode(json), &[]));
    }

    #[test]
    fn any_claim_comes_back_as_it_was_sent(typ in "[a-z:/.]{1,20}", val in "\\PC{1,20}") {
        prop_assume!(!["roles", "groups"].contains(&typ.as_str()));
        let found = find(&caller(&[("other:", "x"), (&typ, &val)]), &format!("claims.{typ}"));
        prop_assert!(typ == "other:" || found == Ok(Some(val)));
    }
}
