//! Where the browser comes back to after the sign-in: a listener on loopback that takes one code.

use std::time::Duration;

use azure_core::http::Url;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A request's head with a code in it has a few KB.
const MAX_HEAD: usize = 64 * 1024;

/// Browsers open connections that they may never use.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait after a connection that could not be taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many connections are looked at together.
const MAX_CONNECTIONS: usize = 64;

/// What the browser brought.
pub(super) enum Redirect {
    Code(SecretString),
    Declined,
}

/// Waits for a request with this state. Others are answered and change nothing. The listener is closed afterwards.
pub(super) async fn wait(listener: TcpListener, state: &SecretString) -> Redirect {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(ended) = connections.join_next() => {
                if let Ok(Some(redirect)) = ended {
                    return redirect;
                }
            }
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                match accepted {
                    Ok((stream, _)) => {
                        let state = state.clone();
                        connections.spawn(async move {
                            tokio::time::timeout(HEAD_TIMEOUT, answer(stream, &state)).await.ok().flatten()
                        });
                    }
                    // Such as no file descriptor left: at once it would be the same.
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                }
            }
        }
    }
}

/// Reads one request and answers it.
async fn answer(mut stream: TcpStream, state: &SecretString) -> Option<Redirect> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut buffer).await.ok()?;
        head.extend_from_slice(buffer.get(..read).filter(|part| !part.is_empty())?);
        if head.len() > MAX_HEAD {
            return None;
        }
    }
    let redirect = parse(&head, state);
    let (status, sentence) = match redirect {
        Some(Redirect::Code(_)) => ("200 OK", "You are signed in. You can close this window."),
        Some(Redirect::Declined) => {
            ("200 OK", "You are not signed in. You can close this window and try again.")
        }
        None => ("400 Bad Request", "This is no answer to a sign-in that is under way."),
    };
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>azsql-worker</title><p>{sentence}</p></html>"
    );
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    // The person may have closed the window already; the code counts all the same.
    if stream.write_all(response.as_bytes()).await.is_ok() {
        let _closed = stream.shutdown().await;
    }
    redirect
}

/// The code or the refusal in a request's first line; None if it isn't for this sign-in.
fn parse(head: &[u8], state: &SecretString) -> Option<Redirect> {
    let head = std::str::from_utf8(head).ok()?;
    let mut words = head.lines().next()?.split(' ');
    let (Some("GET"), Some(target)) = (words.next(), words.next()) else { return None };
    let url = Url::parse("http://localhost").ok()?.join(target).ok()?;
    let value = |name: &str| {
        let mut values =
            url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        // Given twice, somebody meddled with it.
        values.next().filter(|value| !value.is_empty() && values.next().is_none())
    };
    if url.path() != "/" || value("state")? != state.expose_secret() {
        return None;
    }
    match (value("code"), value("error")) {
        (Some(code), None) => Some(Redirect::Code(SecretString::from(code))),
        (None, Some(_)) => Some(Redirect::Declined),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outcome(target: &str) -> &'static str {
        let head = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        match parse(head.as_bytes(), &SecretString::from("s+1")) {
            Some(Redirect::Code(code)) if code.expose_secret() == "a/b" => "the code",
            Some(Redirect::Code(_)) => "another code",
            Some(Redirect::Declined) => "declined",
            None => "nothing",
        }
    }

    #[test]
    fn only_a_request_with_the_state_of_this_sign_in_counts() {
        assert_eq!(outcome("/?code=a%2Fb&state=s%2B1&session_state=x"), "the code");
        assert_eq!(outcome("/?error=access_denied&error_description=CANARY&state=s%2B1"), "declined");
        for target in [
            "/?code=a%2Fb",
            "/?code=a%2Fb&state=s",
            "/?code=a%2Fb&state=s%2B1&state=s%2B1",
            "/?code=a%2Fb&code=c&state=s%2B1",
            "/?code=a%2Fb&error=x&state=s%2B1",
            "/favicon.ico?code=a%2Fb&state=s%2B1",
            "/?state=s%2B1",
            "/",
        ] {
            assert_eq!(outcome(target), "nothing", "{target}");
        }
    }

    proptest! {
        #[test]
        fn no_request_breaks_the_reading(head in proptest::collection::vec(any::<u8>(), 0..200), target in ".*") {
            let state = SecretString::from("state");
            prop_assert!(parse(&head, &state).is_none());
            let _outcome = parse(format!("GET {target} HTTP/1.1\r\n\r\n").as_bytes(), &state);
        }
    }
}
