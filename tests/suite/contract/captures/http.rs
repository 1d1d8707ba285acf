//! Captures of HTTP calls.

use serde_json::{Value as Json, json};

use super::Capture;

pub(super) fn captures() -> Vec<Capture> {
    vec![
        Capture::http(
            "http-1",
            vec![
                ("name", "query.name", "nvarchar(50)", json!("red,green")),
                ("agent", "header.user-agent", "nvarchar(100)", json!("PostmanRuntime/7.26.8")),
                ("body", "body", "nvarchar(max)", Json::Null),
            ],
        ),
        Capture::http(
            "http-2",
            vec![
                ("name", "body.name", "nvarchar(50)", json!("Sample")),
                ("age", "body.age", "int", json!(12)),
                (
                    "logId",
                    "header.x-arr-log-id",
                    "uniqueidentifier",
                    json!("0320ea36-d38d-476d-a3d2-61cb5b113763"),
                ),
                ("caller", "header.X-Forwarded-For", "nvarchar(50)", json!("203.0.113.214:19414")),
                (
                    "body",
                    "body",
                    "nvarchar(max)",
                    json!("{\n    \"name\" : \"Sample\",\n    \"age\" : 12\n}"),
                ),
            ],
        ),
        Capture::http(
            "http-3",
            vec![
                ("body", "body", "varbinary(max)", json!("aGVsbG8gZnJvbSBieXRlIGFycgo=")),
                ("contentType", "header.content-type", "nvarchar(100)", json!("application/octet-stream")),
            ],
        ),
        Capture::http_on(
            "http-4",
            "httpPayload",
            "foo/{*bar}",
            vec![
                ("bar", "route.bar", "nvarchar(100)", json!("i/am/in/hell")),
                ("body", "body", "nvarchar(max)", json!("alinde")),
            ],
        ),
        Capture::http_on(
            "http-5",
            "httpPayload",
            "hello/{RemainingPath}",
            vec![
                ("path", "route.remainingPath", "nvarchar(100)", json!("hi")),
                ("id", "query.id", "int", json!(11)),
                ("body", "body", "nvarchar(max)", json!("Jack")),
            ],
        ),
        Capture::http(
            "http-6",
            vec![
                ("name", "query.name", "nvarchar(100)", json!("hello.txt")),
                ("body", "body", "nvarchar(max)", json!("Jack")),
                ("length", "header.content-length", "int", json!(4)),
            ],
        ),
        Capture::http(
            "http-7",
            vec![
                ("id", "body.id", "bigint", json!(234)),
                ("h", "header.h", "nvarchar(50)", json!("this_is_header")),
            ],
        ),
        Capture::http(
            "http-8",
            vec![
                ("name", "query.name", "nvarchar(50)", json!("1,meow")),
                (
                    "browser",
                    "header.sec-ch-ua",
                    "nvarchar(200)",
                    json!(r#""Not?A_Brand";v="8", "Chromium";v="108", "Google Chrome";v="108""#),
                ),
                ("body", "body", "nvarchar(max)", Json::Null),
            ],
        ),
        Capture::http_on(
            "http-9",
            "req",
            "endpoint",
            vec![
                ("message", "body.message", "nvarchar(50)", json!("hello")),
                ("number", "body.number", "int", json!(2)),
            ],
        ),
    ]
}
