//! The switchboard: replies and tokens that go wrong, at the authority and at the identity endpoint alike.

use std::time::Duration;

use local_azure::identity::{ReplyFault, TokenFault};
use local_azure::tokens::TokenRefusal;
use serde_json::Value;

use super::client::{CLIENT, Reply, ask, client, start, with_secret};

#[tokio::test]
async fn failures_are_queued_one_after_the_other_and_then_it_recovers() {
    let authority = start().await;
    authority.faults().fail_next_with(2, 503);
    authority.faults().throttle_next(1, Duration::from_secs(7));

    let mut replies: Vec<Reply> = Vec::new();
    for _ in 0..4 {
        replies.push(ask(&authority, &with_secret()).await);
    }

    assert!(replies.iter().map(|reply| reply.status).eq([503, 503, 429, 200]));
    assert_eq!(replies[0].error().1, "temporarily_unavailable");
    assert_eq!(replies[2].headers["retry-after"], "7");
    assert!(!replies[0].headers.contains_key("retry-after"));
    assert_eq!(authority.faults().requests_for(CLIENT), 4);
    assert_eq!(authority.tokens().issued_to(CLIENT), 1);
    authority.stop().await;
}

#[tokio::test]
async fn a_new_count_takes_the_place_of_the_old_one_and_zero_ends_it() {
    let authority = start().await;
    authority.faults().fail_next(1000);
    assert_eq!(ask(&authority, &with_secret()).await.status, 500);
    authority.faults().fail_next(0);
    assert_eq!(ask(&authority, &with_secret()).await.status, 200);
    authority.stop().await;
}

#[tokio::test]
async fn pages_garbage_and_empty_bodies_come_instead_of_json() {
    let authority = start().await;
    let reply = async |fault| {
        authority.faults().reply_with(Some(fault));
        ask(&authority, &with_secret()).await
    };

    for status in [200, 502] {
        let page = reply(ReplyFault::Html { status }).await;
        assert_eq!(page.status, status);
        assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(page.text.starts_with("<!DOCTYPE html>"));
    }
    let garbage = reply(ReplyFault::Garbage).await;
    assert_eq!((garbage.status, garbage.json()), (200, Value::Null));
    let empty = reply(ReplyFault::Empty).await;
    assert_eq!((empty.status, empty.text.as_str()), (200, ""));
    authority.faults().clear();
    assert_eq!(ask(&authority, &with_secret()).await.status, 200);
    authority.stop().await;
}

#[tokio::test]
async fn a_truncated_reply_ends_before_its_promised_length() {
    let authority = start().await;
    authority.faults().reply_next(1, ReplyFault::Truncated);
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(with_secret()).finish();

    let response = client(&authority)
        .post(format!("{}{}", authority.url(), super::client::token_path()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .unwrap();

    assert_eq!(response.status(), 200);
    assert!(response.content_length().is_some_and(|length| length > 100));
    assert!(response.text().await.is_err());
    authority.stop().await;
}

#[tokio::test]
async fn tokens_can_be_expired_for_another_service_or_no_jwt_while_the_reply_looks_sound() {
    let authority = start().await;
    let verdict = async |fault| {
        authority.faults().tokens(fault);
        let reply = ask(&authority, &with_secret()).await;
        assert_eq!(reply.json()["expires_in"], 3599);
        authority.verifier().verify(&reply.token()).err()
    };
    assert_eq!(verdict(TokenFault::Expired).await, Some(TokenRefusal::Expired));
    assert!(matches!(verdict(TokenFault::WrongAudience).await, Some(TokenRefusal::Audience { .. })));
    assert_eq!(verdict(TokenFault::NotAJwt).await, Some(TokenRefusal::Malformed));
    assert_eq!(verdict(TokenFault::None).await, None);
    authority.stop().await;
}

#[tokio::test]
async fn the_clock_ages_tokens_and_replies_go_by_it() {
    let authority = start().await;
    let first = ask(&authority, &with_secret()).await.token();
    assert!(authority.verifier().verify(&first).is_ok());

    authority.faults().advance_clock(Duration::from_secs(3600));

    assert_eq!(authority.verifier().verify(&first), Err(TokenRefusal::Expired));
    let second = ask(&authority, &with_secret()).await;
    assert_eq!(second.json()["expires_in"], 3599);
    let claims = authority.verifier().verify(&second.token()).unwrap();
    assert!(claims.iat >= chrono::Utc::now().timestamp() + 3590);
    authority.stop().await;
}

#[tokio::test]
async fn the_same_token_is_handed_out_until_it_expires_and_lives_ever_shorter() {
    let authority = start().await;
    let faults = authority.faults();
    faults.hand_out_same_token(true);
    faults.token_lifetime(Duration::from_secs(600));
    let first = ask(&authority, &with_secret()).await;
    faults.advance_clock(Duration::from_secs(400));
    let again = ask(&authority, &with_secret()).await;
    faults.advance_clock(Duration::from_secs(200));
    let fresh = ask(&authority, &with_secret()).await;

    assert_eq!(first.json()["expires_in"], 600);
    assert_eq!(again.token(), first.token());
    assert!(again.json()["expires_in"].as_i64().unwrap() <= 200);
    assert_ne!(fresh.token(), first.token());
    let log = authority.tokens().issued();
    let seen: Vec<(u64, bool)> = log.iter().map(|one| (one.generation, one.handed_out_again)).collect();
    assert_eq!(seen, [(1, false), (1, true), (2, false)]);
    assert_eq!(authority.tokens().issued_to(CLIENT), 2);
    let claims = authority.verifier().verify(&fresh.token()).unwrap();
    assert_eq!(log[2].token_id, claims.uti);
    authority.stop().await;
}

#[tokio::test]
async fn a_stalled_or_slow_endpoint_keeps_the_caller_waiting() {
    let authority = start().await;
    authority.faults().delay(Duration::from_secs(3600));
    assert!(tokio::time::timeout(Duration::from_millis(200), ask(&authority, &with_secret())).await.is_err());
    authority.faults().clear();
    authority.faults().stall(true);
    assert!(tokio::time::timeout(Duration::from_millis(200), ask(&authority, &with_secret())).await.is_err());
    authority.faults().stall(false);
    authority.faults().delay(Duration::from_millis(1));
    assert_eq!(ask(&authority, &with_secret()).await.status, 200);
    authority.stop().await;
}
