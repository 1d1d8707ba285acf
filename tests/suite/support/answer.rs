//! An HTTP answer, read to its end.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub(crate) fn json(&self, status: u16) -> Json {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The problem of this status and kind; its parts that every problem has are checked.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> Json {
        let problem = self.json(status);
        assert_eq!(problem["type"], format!("urn:azsql-worker:problem:{kind}"), "{}", self.text);
        assert_eq!(problem["status"], status, "{}", self.text);
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{}", self.text);
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.ends_with(['.', '?', '`']) || detail.len() > 20, "no clear sentence: {}", self.text);
        assert!(problem["invocationId"].as_str().is_some_and(|id| !id.is_empty()), "{}", self.text);
        problem
    }

    /// The same for a problem that came through the host, which says what it is by its type.
    #[track_caller]
    pub(crate) fn problem_for_caller(&self, status: u16, kind: &str) -> Json {
        let problem = self.problem(status, kind);
        assert_eq!(self.header("content-type"), Some("application/problem+json; charset=utf-8"));
        problem
    }

    /// The sentence of a problem.
    #[track_caller]
    pub(crate) fn detail(&self) -> String {
        let body: Json =
            serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text));
        body["detail"].as_str().unwrap_or_default().to_owned()
    }
}
