//! The script of faults: what it can say, and what is a mistake.

use std::time::Duration;

use local_azure::chaos::{Fault, Place, Script};
use local_azure::identity::{ReplyFault as TokenReply, TokenRequestFault};
use local_azure::sql::faults::{
    ConnectionFault, CutBy, HandshakeFault, LoginFault, ReplyFault, RequestFault, RequestKind, Until,
};
use proptest::prelude::*;

/// The fault of a script with one rule at this place.
fn fault(at: &str, fault: &str) -> Fault {
    let text = format!(r#"{{ "rules": [ {{ "at": "{at}", "fault": {fault} }} ] }}"#);
    match Script::parse(&text, &Place::ALL) {
        Ok(script) => script.rules()[0].fault.clone(),
        Err(mistakes) => panic!("{text}: {mistakes}"),
    }
}

fn request(at: &str, text: &str) -> RequestFault {
    match fault(at, text) {
        Fault::Request(_, fault) => fault,
        other => panic!("{other:?}"),
    }
}

fn mistakes(text: &str) -> Vec<String> {
    match Script::parse(text, &Place::ALL) {
        Ok(script) => panic!("no mistake: {script:?}"),
        Err(mistakes) => mistakes.all().iter().map(ToString::to_string).collect(),
    }
}

/// The mistake of a script with one rule.
fn mistake(rule: &str) -> String {
    mistakes(&format!(r#"{{ "rules": [ {rule} ] }}"#)).join("\n")
}

#[test]
fn every_word_for_a_fault_before_a_session_is_read() {
    assert!(matches!(fault("connect", r#""blackhole""#), Fault::Connect(ConnectionFault::Silence)));
    assert!(matches!(
        fault("connect", r#"{ "cut": "rst" }"#),
        Fault::Connect(ConnectionFault::Cut(CutBy::Reset))
    ));
    assert!(matches!(fault("tls", r#""handshakeFailure""#), Fault::Tls(HandshakeFault::Alert)));
    assert!(matches!(fault("tls", r#""blackhole""#), Fault::Tls(HandshakeFault::Silence)));
    assert!(matches!(fault("tls", r#"{ "cut": "fin" }"#), Fault::Tls(HandshakeFault::Cut(CutBy::Fin))));
    let Fault::Login(LoginFault::Fail(error)) = fault("login", r#"{ "error": 40613 }"#) else { panic!() };
    assert_eq!((error.number, error.class), (40613, 14));
    assert!(matches!(
        fault("login", r#"{ "stall": "1.5s" }"#),
        Fault::Login(LoginFault::Stall(Until::For(time))) if time == Duration::from_millis(1500)
    ));
    assert!(matches!(
        fault("login", r#"{ "redirect": "other.example.net:11001" }"#),
        Fault::Login(LoginFault::Redirect { host, port: 11001 }) if host == "other.example.net"
    ));
}

#[test]
fn every_word_for_a_fault_of_a_request_is_read() {
    let RequestFault::Fail(error) =
        request("statement", r#"{ "error": 50001, "message": "mine", "class": 20, "state": 7 }"#)
    else {
        panic!()
    };
    assert_eq!((error.message.as_str(), error.class, error.state), ("mine", 20, 7));
    assert!(matches!(
        request("commit", r#"{ "error": 40197, "effect": "done" }"#),
        RequestFault::RunThenFail(_)
    ));
    assert!(matches!(
        request("statement", r#"{ "error": 1205, "afterRows": 3 }"#),
        RequestFault::FailInRows { after_rows: 3, .. }
    ));
    assert!(matches!(
        request("statement", r#"{ "error": 1205, "afterStatements": 1 }"#),
        RequestFault::FailInBatch { after_statements: 1, .. }
    ));
    assert_eq!(request("statement", r#"{ "cut": "rst" }"#), RequestFault::Cut(CutBy::Reset));
    assert_eq!(
        request("commit", r#"{ "cut": "fin", "effect": "done" }"#),
        RequestFault::RunThenCut(CutBy::Fin)
    );
    assert_eq!(
        request("commit", r#"{ "cut": "rst", "effect": "late", "lateBy": "2s" }"#),
        RequestFault::CutThenRun { by: CutBy::Reset, until: Until::For(Duration::from_secs(2)) }
    );
    assert_eq!(request("begin", r#"{ "stall": "forever" }"#), RequestFault::Stall(Until::Released));
    for (at, kind) in [("begin", RequestKind::Begin), ("rollback", RequestKind::Rollback)] {
        assert!(matches!(fault(at, r#"{ "cut": "rst" }"#), Fault::Request(of, _) if of == kind));
    }
    assert!(matches!(fault("statement", r#""expireToken""#), Fault::ExpireToken));
}

#[test]
fn every_word_for_a_fault_of_an_answer_or_a_token_is_read() {
    assert!(matches!(
        fault("reply", r#"{ "cut": "rst", "afterBytes": 9 }"#),
        Fault::Reply(ReplyFault::Cut { after: 9, by: CutBy::Reset })
    ));
    assert!(matches!(
        fault("reply", r#"{ "stall": "10ms" }"#),
        Fault::Reply(ReplyFault::Stall { after: 0, until: Until::For(_) })
    ));
    assert!(matches!(
        fault("reply", r#"{ "drip": 4, "pause": "2ms" }"#),
        Fault::Reply(ReplyFault::Drip { bytes, every }) if bytes.get() == 4 && every.as_millis() == 2
    ));
    assert!(matches!(
        fault("token", r#"{ "throttle": "5s" }"#),
        Fault::Token(TokenRequestFault::Reply(TokenReply::Throttled { retry_after })) if retry_after.as_secs() == 5
    ));
    for word in ["garbage", "truncated", "empty", "expired", "wrongAudience", "notAJwt"] {
        assert!(matches!(fault("token", &format!("\"{word}\"")), Fault::Token(_)), "{word}");
    }
    for object in [r#"{ "status": 500 }"#, r#"{ "html": 200 }"#, r#"{ "stall": "1s" }"#] {
        assert!(matches!(fault("token", object), Fault::Token(_)), "{object}");
    }
}

#[test]
fn what_a_rule_leaves_out_has_a_default() {
    let script =
        Script::parse(r#"{ "rules": [ { "at": "login", "fault": { "error": 40613 } } ] }"#, &Place::ALL)
            .unwrap();

    let rule = &script.rules()[0];

    assert_eq!((script.seed(), rule.after, rule.times), (0, 0, None));
    assert!((rule.probability.chance() - 1.0).abs() < f64::EPSILON);
    assert_eq!((&rule.matching, &rule.name), (&None, &None));
}

#[test]
fn an_unknown_word_is_told_with_its_line_and_the_nearest_one() {
    let text = "{\n  // a comment\n  \"rules\": [\n    {\n      \"at\": \"statment\",\n      \"probabilty\": 0.5,\n      \"fault\": { \"error\": 1205 }\n    }\n  ],\n  \"sed\": 1\n}";
    assert_eq!(
        mistakes(text),
        [
            "line 5: rules[0].at: is not a known word; did you mean \"statement\"?",
            "line 6: rules[0].probabilty: is not known here; did you mean \"probability\"?",
            "line 10: sed: is not known here; did you mean \"seed\"?",
        ]
    );
}

#[test]
fn each_mistake_says_what_to_do() {
    for (rule, expected) in [
        (r#"{ "fault": { "error": 1 } }"#, "has no \"at\""),
        (r#"{ "at": "login" }"#, "has no \"fault\""),
        (r#"{ "at": "login", "fault": { "eror": 1 } }"#, "did you mean \"error\"?"),
        (r#"{ "at": "login", "fault": "blackhole" }"#, "what can go wrong at \"login\" is one of"),
        (r#"{ "at": "connect", "fault": "blakhole" }"#, "did you mean \"blackhole\"?"),
        (r#"{ "at": "connect", "fault": { "blackhole": true } }"#, "write \"fault\": \"blackhole\""),
        (r#"{ "at": "connect", "fault": "cut" }"#, "write { \"cut\": ... }"),
        (r#"{ "at": "login", "fault": { "error": 1, "cut": "rst" } }"#, "names more than one fault"),
        (r#"{ "at": "login", "fault": { "error": "x" } }"#, "must be the number of an error"),
        (r#"{ "at": "login", "fault": { "error": 1, "class": 10 } }"#, "class, from 11 to 25"),
        (r#"{ "at": "login", "fault": { "error": 1, "effect": "done" } }"#, "is not known here"),
        (r#"{ "at": "login", "fault": { "redirect": "nowhere" } }"#, "a server and its port"),
        (r#"{ "at": "login", "fault": { "stall": 5 } }"#, "must be a length of time"),
        (r#"{ "at": "login", "fault": { "stall": "2h" } }"#, "must be a length of time"),
        (r#"{ "at": "commit", "fault": { "cut": "rst", "effect": "late" } }"#, "needs \"lateBy\""),
        (
            r#"{ "at": "commit", "fault": { "cut": "rst", "lateBy": "1s" } }"#,
            "belongs to \"effect\": \"late\"",
        ),
        (r#"{ "at": "commit", "fault": { "cut": "reset" } }"#, "must be one of \"fin\", \"rst\""),
        (
            r#"{ "at": "statement", "fault": { "error": 1, "afterRows": 1, "effect": "done" } }"#,
            "can have only one of",
        ),
        (r#"{ "at": "reply", "fault": { "drip": 0 } }"#, "1 or above"),
        (r#"{ "at": "token", "fault": { "status": 200 } }"#, "from 400 to 599"),
        (
            r#"{ "at": "login", "matching": "x", "fault": { "error": 1 } }"#,
            "only a \"statement\" or a \"reply\"",
        ),
        (r#"{ "at": "login", "probability": 0, "fault": { "error": 1 } }"#, "above 0 and not above 1"),
        (r#"{ "at": "login", "probability": 5, "fault": { "error": 1 } }"#, "above 0 and not above 1"),
        (r#"{ "at": "login", "times": 0, "fault": { "error": 1 } }"#, "leave it out for no end"),
        (r#"{ "at": "login", "after": -1, "fault": { "error": 1 } }"#, "0 or above"),
        (r#"{ "at": "login", "at": "login", "fault": { "error": 1 } }"#, "stands here a second time"),
        ("7", "must be an object"),
    ] {
        let told = mistake(rule);
        assert!(told.contains(expected), "{rule}: {told}");
        assert!(told.starts_with("line 1: rules[0]"), "{rule}: {told}");
        assert_eq!(told.lines().count(), 1, "{rule}: {told}");
    }
}

#[test]
fn what_is_no_script_at_all_is_told() {
    assert!(mistakes("")[0].starts_with("line 1: is not JSON"));
    assert!(mistakes("{\n\n\"rules\": [ }")[0].starts_with("line 3: is not JSON"));
    assert_eq!(mistakes("[]"), ["line 1: must be an object"]);
    assert!(mistakes("{}")[0].contains("rules: is missing"));
    assert!(mistakes(r#"{ "rules": 5 }"#)[0].contains("must be an array"));
    assert!(mistakes(&" ".repeat(2_000_000))[0].contains("longer than 1 MiB"));
}

#[test]
fn a_place_that_is_not_here_is_a_mistake() {
    let text = r#"{ "rules": [ { "at": "token", "fault": { "status": 500 } } ] }"#;

    let mistakes = Script::parse(text, &[Place::Connect, Place::Login]).unwrap_err();

    assert!(mistakes.to_string().contains("known here are \"connect\", \"login\""), "{mistakes}");
}

#[test]
fn every_script_of_the_documentation_is_one() {
    let text = include_str!("../../../docs/chaos.md");
    let scripts: Vec<&str> = text
        .split("```json\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .filter(|block| block.contains("\"rules\": [\n"))
        .collect();
    assert!(scripts.len() >= 6, "the documentation has lost its scripts: {}", scripts.len());
    for script in scripts {
        if let Err(mistakes) = Script::parse(script, &Place::ALL) {
            panic!("{script}\n{mistakes}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text: String) {
        let _ = Script::parse(&text, &Place::ALL);
    }

    #[test]
    fn any_rule_is_read_without_a_panic(
        at in "(connect|tls|login|statement|commit|reply|token|x)",
        key in "(error|cut|stall|drip|redirect|status|effect|x)",
        value in "(1|-1|\"rst\"|\"1s\"|\"forever\"|\"late\"|null|\\{\\}|\\[\\]|1e99)",
    ) {
        let text = format!(r#"{{ "rules": [ {{ "at": "{at}", "fault": {{ "{key}": {value} }} }} ] }}"#);
        let _ = Script::parse(&text, &Place::ALL);
    }
}
