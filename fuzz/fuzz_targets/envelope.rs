//! Arbitrary bytes and arbitrary JSON as the invocation of every kind of trigger: decoded, bound, answered.
//!
//! The answer is always one that the host can read, whatever came.

#![no_main]

use azsql_worker_fuzz::{FunctionUnderTest, any_json, functions, invoke};
use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::{Map, Value as Json, json};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    for function in functions() {
        check(function, bytes);
    }
    let mut source = Unstructured::new(bytes);
    let (Ok(data), Ok(metadata)) = (any_json(&mut source), any_json(&mut source)) else {
        return Corpus::Keep;
    };
    for function in functions() {
        let data = Map::from_iter([(function.binding.to_owned(), data.clone())]);
        let envelope = json!({ "Data": data, "Metadata": metadata }).to_string();
        check(function, envelope.as_bytes());
    }
    Corpus::Keep
});

fn check(function: &FunctionUnderTest, body: &[u8]) {
    let reply = invoke(function, body);
    let answer: Json = serde_json::from_str(&reply.body).expect("JSON, and not empty");
    match function.http_output {
        // There is a caller: the invocation succeeds, and what went wrong is told to the caller.
        Some(output) => {
            assert_eq!(reply.status, 200, "{answer}");
            let output = &answer["Outputs"][output];
            let status = output["statusCode"].as_u64().expect("a status");
            assert!((200..600).contains(&status), "{answer}");
            assert!(output["body"].is_string(), "{answer}");
            assert!(answer["Logs"].as_array().expect("lines").iter().all(Json::is_string), "{answer}");
        }
        // There is none: without a database every invocation fails.
        None => assert!((400..600).contains(&reply.status), "{} {answer}", reply.status),
    }
}
