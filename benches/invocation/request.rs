//! The envelope that is measured, made from a captured one.

use serde_json::{Value as Json, json};

use super::app::{FUNCTION, PATH};

/// A POST as the host passed it on, with 20 headers of a client and of App Service.
const CAPTURE: &str = include_str!("../../tests/fixtures/envelopes/http-2.json");

/// The trigger's name in the capture.
pub(crate) const BINDING: &str = "httpPayload";

/// What App Service authentication adds (names from its documentation; the values are made up, in usual lengths).
const AUTHENTICATION: [(&str, usize); 5] = [
    ("X-MS-CLIENT-PRINCIPAL-NAME", 30),
    ("X-MS-CLIENT-PRINCIPAL-ID", 36),
    ("X-MS-CLIENT-PRINCIPAL-IDP", 3),
    ("X-MS-CLIENT-PRINCIPAL", 1600),
    ("X-MS-TOKEN-AAD-ID-TOKEN", 1400),
];

/// The envelope as the host posts it, on the wire.
pub(crate) fn posted(body_bytes: usize) -> Vec<u8> {
    let envelope = envelope(body_bytes);
    let head = format!(
        "POST /{FUNCTION} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Azure-Functions-HostVersion: 4.33.2.22572\r\n\
         X-Azure-Functions-InvocationId: fa4fcd1a-a965-431e-8f10-a15c07b4fe2a\r\n\
         User-Agent: Azure-Functions-Host/4.33.2.22572\r\nContent-Type: application/json; charset=utf-8\r\n\
         Content-Length: {}\r\n\r\n",
        envelope.len()
    );
    [head.into_bytes(), envelope].concat()
}

/// The same call as the host passes it on in proxying mode.
pub(crate) fn proxied(body_bytes: usize) -> Vec<u8> {
    let envelope: Json = serde_json::from_slice(&envelope(body_bytes)).expect("JSON");
    let request = &envelope["Data"][BINDING];
    let mut head = format!("POST {PATH} HTTP/1.1\r\n");
    for (name, values) in request["Headers"].as_object().expect("an object") {
        head.push_str(&format!("{name}: {}\r\n", values[0].as_str().expect("a text")));
    }
    head.push_str("x-ms-invocation-id: fa4fcd1a-a965-431e-8f10-a15c07b4fe2a\r\n\r\n");
    (head + request["Body"].as_str().expect("a text")).into_bytes()
}

/// The bytes of an envelope whose request body is JSON text of about `body_bytes` bytes.
pub(crate) fn envelope(body_bytes: usize) -> Vec<u8> {
    let mut envelope: Json = serde_json::from_str(CAPTURE).expect("a fixture");
    let body = body(body_bytes);
    let mut set = |name: &str, value: &str| {
        envelope["Data"][BINDING]["Headers"][name] = json!([value]);
        envelope["Metadata"]["Headers"][name] = value.into();
    };
    for (name, length) in AUTHENTICATION {
        set(name, &"a".repeat(length));
    }
    set("Content-Length", &body.len().to_string());
    // The host lays the body's own properties over the metadata, as JSON text.
    let properties: Json = serde_json::from_str(&body).expect("JSON");
    for (name, value) in properties.as_object().expect("an object") {
        envelope["Metadata"][name] = value.to_string().into();
    }
    envelope["Data"][BINDING]["Body"] = body.into();
    envelope.to_string().into_bytes()
}

/// An order with as many lines as fill it up.
fn body(bytes: usize) -> String {
    let line =
        json!({ "article": "AX-1234-567", "count": 3, "price": 19.95, "note": "gift \"wrapped\", please" });
    let count = bytes / line.to_string().len();
    json!({
        "id": 4711,
        "customer": { "name": "Zoë Example", "city": "Oslo" },
        "balance": 1234.50,
        "since": "2026-01-31",
        "lines": vec![line; count],
    })
    .to_string()
}
