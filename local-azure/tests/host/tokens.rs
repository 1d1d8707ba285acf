//! Tokens: what is accepted, and what is refused for which reason.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use local_azure::tokens::{
    AZURE_SQL_AUDIENCE, LOCAL_TENANT_ID, Subject, TokenIssuer, TokenRefusal, TokenRequest,
};

fn request() -> TokenRequest {
    TokenRequest {
        audience: AZURE_SQL_AUDIENCE.to_owned(),
        tenant_id: LOCAL_TENANT_ID.to_owned(),
        client_id: "c0000000-0000-4000-8000-000000000001".to_owned(),
        object_id: "o".to_owned(),
        subject: Subject::Application,
        lifetime: Duration::from_secs(3600),
    }
}

#[test]
fn a_token_names_the_login_and_is_good_until_its_last_second() {
    let issuer = TokenIssuer::new().unwrap();
    let (token, claims) = issuer.issue(&request()).unwrap();
    let verifier = issuer.verifier();

    assert_eq!(verifier.verify(&token), Ok(claims.clone()));
    assert_eq!(claims.login_name(), format!("c0000000-0000-4000-8000-000000000001@{LOCAL_TENANT_ID}"));
    assert!(verifier.verify_at(&token, claims.exp - 1).is_ok());
    assert_eq!(verifier.verify_at(&token, claims.exp), Err(TokenRefusal::Expired));
    assert!(verifier.verify_at(&token, claims.nbf).is_ok());
    assert_eq!(verifier.verify_at(&token, claims.nbf - 1), Err(TokenRefusal::NotYetValid));
}

#[test]
fn the_audience_counts_with_and_without_its_slash_and_no_other() {
    let issuer = TokenIssuer::new().unwrap();
    let verdict = |audience: &str| {
        let (token, _) = issuer.issue(&TokenRequest { audience: audience.to_owned(), ..request() }).unwrap();
        issuer.verifier().verify(&token).err()
    };
    assert_eq!(
        (verdict("https://database.windows.net"), verdict("https://database.windows.net/")),
        (None, None)
    );
    for other in [
        "https://database.windows.net//",
        "https://database.windows.net.evil.example",
        "",
        "database.windows.net",
    ] {
        assert_eq!(verdict(other), Some(TokenRefusal::Audience { found: other.to_owned() }));
    }
}

#[test]
fn a_token_of_another_issuer_or_with_a_changed_part_is_refused() {
    let issuer = TokenIssuer::new().unwrap();
    let verifier = issuer.verifier();
    let (token, claims) = issuer.issue(&request()).unwrap();
    let (stranger, _) = TokenIssuer::new().unwrap().issue(&request()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();

    let mut forged = claims;
    forged.appid = "someone else".to_owned();
    let forged =
        format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(serde_json::to_vec(&forged).unwrap()), parts[2]);
    let unsigned = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), parts[1]);

    assert_eq!(verifier.verify(&stranger), Err(TokenRefusal::Signature));
    assert_eq!(verifier.verify(&forged), Err(TokenRefusal::Signature));
    assert_eq!(verifier.verify(&unsigned), Err(TokenRefusal::Algorithm));
    for text in ["", "a", "a.b", "a.b.c", "....", &token[..token.len() - 1]] {
        assert!(
            matches!(verifier.verify(text), Err(TokenRefusal::Malformed | TokenRefusal::Signature)),
            "{text}"
        );
    }
    assert_eq!(verifier.verify(&issuer.issue_expired(&request()).unwrap().0), Err(TokenRefusal::Expired));
    assert!(!format!("{issuer:?} {verifier:?}").contains(parts[2]));
}
