//! Reads what a rule does: one word, or an object with one word and what belongs to it.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::Problems;
use super::json::{Node, Text};
use super::object::{Object, listed, must_be_a_word};
use super::request::request;
use crate::chaos::script::{Fault, Place};
use crate::chaos::words::nearest;
use crate::identity::{self, TokenRequestFault};
use crate::sql::faults::{
    ConnectionFault, CutBy, HandshakeFault, LoginFault, ReplyFault, RequestKind, Until, at_login,
};
use crate::sql::reply::SqlError;

/// How long a drip pauses that doesn't say.
const DRIP_PAUSE: Duration = Duration::from_millis(1);

/// The faults of a place that are a word alone.
fn bare_words(place: Place) -> &'static [&'static str] {
    match place {
        Place::Token => &["garbage", "truncated", "empty", "expired", "wrongAudience", "notAJwt"],
        Place::Connect => &["blackhole"],
        Place::Tls => &["handshakeFailure", "blackhole"],
        Place::Statement => &["expireToken"],
        Place::Login | Place::Begin | Place::Commit | Place::Rollback | Place::Reply => &[],
    }
}

/// The faults of a place that say more.
fn keys(place: Place) -> &'static [&'static str] {
    match place {
        Place::Token => &["status", "throttle", "html", "stall"],
        Place::Connect | Place::Tls => &["cut"],
        Place::Login => &["error", "redirect", "cut", "stall"],
        Place::Begin | Place::Statement | Place::Commit | Place::Rollback => &["error", "cut", "stall"],
        Place::Reply => &["cut", "stall", "drip"],
    }
}

/// A fault without mistakes.
pub(super) fn read(
    text: Text<'_>,
    node: Node<'_>,
    path: &str,
    place: Place,
    problems: &mut Problems,
) -> Option<Fault> {
    if let Some(word) = node.read::<String>() {
        let fault = bare(place, &word);
        if fault.is_none() {
            problems.add(node.line(), path, &not_a_word(place, &word));
        }
        return fault;
    }
    let mut object = Object::open(text, node, path, problems)?;
    let kinds: Vec<&'static str> =
        keys(place).iter().copied().filter(|key| object.names().any(|name| name == *key)).collect();
    let [kind] = kinds.as_slice() else {
        let names: Vec<&str> = object.names().collect();
        problems.add(node.line(), path, &no_kind(place, &kinds, &names));
        return None;
    };
    let object_ref = &mut object;
    let fault = match place {
        Place::Token => token(object_ref, kind, problems).map(Fault::Token),
        Place::Connect => cut_by(object_ref, problems).map(ConnectionFault::Cut).map(Fault::Connect),
        Place::Tls => cut_by(object_ref, problems).map(HandshakeFault::Cut).map(Fault::Tls),
        Place::Login => login(object_ref, kind, problems).map(Fault::Login),
        Place::Begin => request(object_ref, RequestKind::Begin, kind, problems),
        Place::Statement => request(object_ref, RequestKind::Statement, kind, problems),
        Place::Commit => request(object_ref, RequestKind::Commit, kind, problems),
        Place::Rollback => request(object_ref, RequestKind::Rollback, kind, problems),
        Place::Reply => reply(object_ref, kind, problems).map(Fault::Reply),
    };
    object.end(problems);
    fault
}

fn bare(place: Place, word: &str) -> Option<Fault> {
    use crate::identity::{ReplyFault as Reply, TokenFault as Token};

    let reply = |fault| Fault::Token(TokenRequestFault::Reply(fault));
    let token = |fault| Fault::Token(TokenRequestFault::Token(fault));
    Some(match (place, word) {
        (Place::Token, "garbage") => reply(Reply::Garbage),
        (Place::Token, "truncated") => reply(Reply::Truncated),
        (Place::Token, "empty") => reply(Reply::Empty),
        (Place::Token, "expired") => token(Token::Expired),
        (Place::Token, "wrongAudience") => token(Token::WrongAudience),
        (Place::Token, "notAJwt") => token(Token::NotAJwt),
        (Place::Connect, "blackhole") => Fault::Connect(ConnectionFault::Silence),
        (Place::Tls, "blackhole") => Fault::Tls(HandshakeFault::Silence),
        (Place::Tls, "handshakeFailure") => Fault::Tls(HandshakeFault::Alert),
        (Place::Statement, "expireToken") => Fault::ExpireToken,
        _ => return None,
    })
}

/// All words that name a fault of a place.
fn words(place: Place) -> Vec<&'static str> {
    bare_words(place).iter().chain(keys(place)).copied().collect()
}

/// Says what a word alone should have been.
fn not_a_word(place: Place, word: &str) -> String {
    if keys(place).contains(&word) {
        return format!("\"{word}\" says more: write {{ \"{word}\": ... }}");
    }
    let known = words(place);
    match nearest(word, known.iter().copied()) {
        Some(_) => must_be_a_word(Some(word), &known),
        None => choices(place, &known),
    }
}

/// Says why an object names no fault, or more than one.
fn no_kind(place: Place, kinds: &[&str], names: &[&str]) -> String {
    if kinds.len() > 1 {
        return format!("names more than one fault: {}; make a rule of each", listed(kinds));
    }
    if let Some(word) = names.iter().find(|name| bare_words(place).contains(name)) {
        return format!("\"{word}\" needs nothing more: write \"fault\": \"{word}\"");
    }
    let known = words(place);
    match names.iter().find_map(|name| Some((name, nearest(name, known.iter().copied())?))) {
        Some((name, word)) => format!("\"{name}\" is not known; did you mean \"{word}\"?"),
        None => choices(place, &known),
    }
}

fn choices(place: Place, known: &[&str]) -> String {
    format!("what can go wrong at \"{place}\" is one of {}", listed(known))
}

fn token(object: &mut Object<'_>, kind: &str, problems: &mut Problems) -> Option<TokenRequestFault> {
    match kind {
        "status" => object
            .read("status", problems, "must be an HTTP status from 400 to 599", |status| {
                (400..=599_u16).contains(status)
            })
            .map(|status| TokenRequestFault::Reply(identity::ReplyFault::Status(status))),
        "throttle" => object
            .duration("throttle", problems)
            .map(|retry_after| TokenRequestFault::Reply(identity::ReplyFault::Throttled { retry_after })),
        "html" => object
            .read("html", problems, "must be the HTTP status of the page, from 200 to 599", |status| {
                (200..=599_u16).contains(status)
            })
            .map(|status| TokenRequestFault::Reply(identity::ReplyFault::Html { status })),
        _ => object.duration("stall", problems).map(TokenRequestFault::Stall),
    }
}

fn login(object: &mut Object<'_>, kind: &str, problems: &mut Problems) -> Option<LoginFault> {
    match kind {
        "error" => error(object, at_login, problems).map(LoginFault::Fail),
        "cut" => cut_by(object, problems).map(LoginFault::Cut),
        "stall" => stall(object, problems).map(LoginFault::Stall),
        _ => {
            let expected = "must be a server and its port, such as \"other.database.windows.net:11001\"";
            let fits = |text: &String| address(text).is_some();
            let written = object.read("redirect", problems, expected, fits)?;
            let (host, port) = address(&written)?;
            Some(LoginFault::Redirect { host: host.to_owned(), port })
        }
    }
}

fn address(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    (!host.is_empty() && !host.contains(char::is_whitespace)).then_some((host, port))
}

fn reply(object: &mut Object<'_>, kind: &str, problems: &mut Problems) -> Option<ReplyFault> {
    match kind {
        "cut" => {
            let by = cut_by(object, problems);
            let after = after_bytes(object, problems);
            Some(ReplyFault::Cut { after, by: by? })
        }
        "stall" => {
            let until = stall(object, problems);
            let after = after_bytes(object, problems);
            Some(ReplyFault::Stall { after, until: until? })
        }
        _ => {
            let expected = "must be how many bytes at a time, 1 or above";
            let bytes = object.read("drip", problems, expected, |_: &NonZeroUsize| true);
            let every = object.duration("pause", problems).unwrap_or(DRIP_PAUSE);
            Some(ReplyFault::Drip { bytes: bytes?, every })
        }
    }
}

fn after_bytes(object: &mut Object<'_>, problems: &mut Problems) -> u64 {
    let expected = "must be a number of bytes, 0 or above";
    object.read("afterBytes", problems, expected, |_: &u64| true).unwrap_or_default()
}

/// `cut`: how the connection ends.
pub(super) fn cut_by(object: &mut Object<'_>, problems: &mut Problems) -> Option<CutBy> {
    object.word("cut", problems, &[("fin", CutBy::Fin), ("rst", CutBy::Reset)])
}

/// `stall`: a length of time, or `forever`.
pub(super) fn stall(object: &mut Object<'_>, problems: &mut Problems) -> Option<Until> {
    if object.peek("stall").and_then(Node::read::<String>).is_some_and(|word| word == "forever") {
        object.take("stall");
        return Some(Until::Released);
    }
    object.duration("stall", problems).map(Until::For)
}

/// `error` with `message`, `class` and `state`; what isn't given is as Azure SQL has it.
pub(super) fn error(
    object: &mut Object<'_>,
    known: impl FnOnce(i32) -> SqlError,
    problems: &mut Problems,
) -> Option<SqlError> {
    let number =
        object.read("error", problems, "must be the number of an error, above 0", |number: &i32| *number > 0);
    let message = object.read("message", problems, "must be a text", |_: &String| true);
    let class = object.read(
        "class",
        problems,
        "must be the error's class, from 11 to 25; from 20 on the connection ends",
        |class| (11..=25_u8).contains(class),
    );
    let state = object.read("state", problems, "must be a number from 1 to 255", |state| *state > 0_u8);
    let mut error = known(number?);
    if let Some(message) = message {
        error.message = message;
    }
    if let Some(class) = class {
        error = error.with_class(class);
    }
    if let Some(state) = state {
        error = error.with_state(state);
    }
    Some(error)
}
