//! Proxying mode: request and reply stream through, and a caller who leaves takes the request to the worker along.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::{Body, Method, Response, Url};
use tokio::sync::Notify;

use super::address;
use super::headers::PassedHeaders;
use super::request::PassedRequest;
use super::stream::{Caller, ReplyHead, RequestBody};
use crate::functions::worker::{HOST_VERSION, WorkerClient, describe_error};

/// `RetryProxyHandler.cs`, `MaxRetries`: tries in all.
const MOST_ATTEMPTS: u32 = 10;
/// `RetryProxyHandler.cs`, `InitialDelay`; it doubles.
const FIRST_DELAY: Duration = Duration::from_millis(50);
/// `RetryProxyHandler.cs`, `MaximumDelay`.
const LONGEST_DELAY: Duration = Duration::from_millis(250);

/// How a proxied request ended, if it didn't fail. The worker's status makes no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::functions) enum ProxyEnd {
    /// The reply went through to its end.
    Complete,
    /// The caller hung up; the request to the worker was dropped.
    CallerLeft,
}

/// One request to be proxied.
#[derive(Debug)]
pub(in crate::functions) struct Proxying<'a> {
    pub(in crate::functions) worker: &'a WorkerClient,
    pub(in crate::functions) request: &'a PassedRequest,
    /// `None` when the request has no body.
    pub(in crate::functions) body: Option<&'a RequestBody>,
    pub(in crate::functions) invocation_id: &'a str,
    /// No byte in either direction for so long ends the request (`DefaultHttpProxyService.cs`: 240 s).
    pub(in crate::functions) activity_timeout: Duration,
}

impl Proxying<'_> {
    /// Sends the request and passes the reply on to the caller. `warn` takes lines for the log.
    ///
    /// # Errors
    /// Why the reply did not get through; the caller has seen nothing of it, or its beginning.
    pub(in crate::functions) async fn run(
        &self,
        caller: &mut Caller,
        warn: impl Fn(String),
    ) -> Result<ProxyEnd, String> {
        let activity = Arc::new(Notify::new());
        let outcome = tokio::select! {
            outcome = self.exchange(caller, &activity, warn) => outcome,
            () = quiet_for(self.activity_timeout, &activity) => Err("RequestTimedOut".to_owned()),
        };
        outcome.map_err(|error| format!("Failed to proxy request with ForwarderError: {error}"))
    }

    async fn exchange(
        &self,
        caller: &mut Caller,
        activity: &Arc<Notify>,
        warn: impl Fn(String),
    ) -> Result<ProxyEnd, String> {
        let response = tokio::select! {
            response = self.send(caller, activity, warn) => response,
            () = caller.left() => return Ok(ProxyEnd::CallerLeft),
        };
        let response = match response {
            Ok(response) => response,
            Err(_) if caller.has_left() || self.body.is_some_and(RequestBody::broke_off) => {
                return Ok(ProxyEnd::CallerLeft);
            }
            Err(problem) => return Err(problem),
        };
        activity.notify_one();
        caller.begin(ReplyHead {
            status: response.status().as_u16(),
            headers: PassedHeaders::from_map(response.headers()).end_to_end(),
        });
        let mut body = response.bytes_stream();
        loop {
            let chunk = tokio::select! {
                chunk = body.next() => chunk,
                () = caller.left() => return Ok(ProxyEnd::CallerLeft),
            };
            match chunk {
                None => return Ok(ProxyEnd::Complete),
                Some(Ok(chunk)) => {
                    caller.give(Ok(chunk)).await;
                    activity.notify_one();
                }
                Some(Err(error)) => {
                    return Err(format!("ResponseBodyDestination, {}", describe_error(error)));
                }
            }
        }
    }

    /// Sends until there is a reply. What fails is sent again, unless its body has begun to go out: so a request without a
    /// body can arrive more than once.
    async fn send(
        &self,
        caller: &Caller,
        activity: &Arc<Notify>,
        warn: impl Fn(String),
    ) -> Result<Response, String> {
        let method = Method::from_bytes(self.request.method.as_bytes())
            .map_err(|_| format!("RequestCreation, the method '{}' can't be sent", self.request.method))?;
        let url = address::proxied(self.worker.port(), &self.request.path, self.request.query.as_deref())?;
        let mut delay = FIRST_DELAY;
        let mut attempt = 1_u32;
        loop {
            let problem = match self.send_once(&method, &url, activity).await? {
                Ok(response) => return Ok(response),
                Err(error) => describe_error(error),
            };
            let gone = self.body.is_some_and(RequestBody::was_read) || caller.has_left();
            if gone || attempt >= MOST_ATTEMPTS {
                return Err(format!("Request, {problem}"));
            }
            warn(format!(
                "Failed to proxy request to the worker. Retrying in {}ms. Attempt {attempt} of {MOST_ATTEMPTS}.",
                delay.as_millis()
            ));
            tokio::time::sleep(delay).await;
            delay = delay.saturating_mul(2).min(LONGEST_DELAY);
            attempt = attempt.saturating_add(1);
        }
    }

    async fn send_once(
        &self,
        method: &Method,
        url: &Url,
        activity: &Arc<Notify>,
    ) -> Result<Result<Response, reqwest::Error>, String> {
        let mut outgoing =
            self.worker.http().request(method.clone(), url.clone()).headers(self.headers().to_map()?);
        if let Some(body) = self.body {
            outgoing = outgoing.body(Body::wrap_stream(body.stream(Arc::clone(activity))));
        }
        Ok(outgoing.send().await)
    }

    /// All but the hop-by-hop headers, without the original Host, with the host's own and YARP's default
    /// `X-Forwarded-*`, which REPLACE a caller's (`DefaultHttpWorkerService.cs`, `AddProxyingHeaders`;
    /// `DefaultHttpProxyService.cs`, `StartForwarding`; `TransformBuilder.cs`, `CreateTransformer`).
    fn headers(&self) -> PassedHeaders {
        let given = &self.request.headers;
        let mut headers = given.end_to_end();
        headers.set("x-azure-functions-hostversion", HOST_VERSION);
        headers.set("x-azure-functions-invocationid", self.invocation_id);
        headers.set("x-ms-invocation-id", self.invocation_id);
        if let Some(remote) = self.request.remote {
            headers.set("x-forwarded-for", &remote.to_string());
        }
        headers.set("x-forwarded-host", given.first("host").unwrap_or_default());
        headers.set("x-forwarded-proto", "http");
        headers.set("host", &format!("127.0.0.1:{}", self.worker.port()));
        if given.hides_its_length() {
            headers.remove("content-length");
        }
        headers
    }
}

/// Completes when `activity` has been still for so long.
async fn quiet_for(limit: Duration, activity: &Notify) {
    while tokio::time::timeout(limit, activity.notified()).await.is_ok() {}
}
