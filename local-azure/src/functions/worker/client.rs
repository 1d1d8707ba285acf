//! Calls the worker over HTTP.

use std::convert::Infallible;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, USER_AGENT};
use reqwest::{Body, Client, Method, Response, Url, redirect};

/// What the host says of itself. A real one names its build here.
pub(in crate::functions) const HOST_VERSION: &str = "4.0.0.0";
/// How long an unused connection is kept (`HttpHandlerDefaults.cs` of dotnet/runtime). A worker that closes its own sooner
/// may lose a request that is just on its way.
const IDLE_CONNECTION: Duration = Duration::from_secs(60);
/// .NET's `HttpClientHandler.MaxAutomaticRedirections`.
const MOST_REDIRECTS: u32 = 50;

/// A reply that was read to its end.
#[derive(Debug)]
pub(in crate::functions) struct WorkerReply {
    pub(in crate::functions) status: u16,
    pub(in crate::functions) content_type: Option<String>,
    pub(in crate::functions) body: Vec<u8>,
}

/// A client for one instance of the worker; its connections die with it.
#[derive(Clone, Debug)]
pub(in crate::functions) struct WorkerClient {
    client: Client,
    port: u16,
    follow_redirects: bool,
}

impl WorkerClient {
    pub(super) fn new(port: u16, follow_redirects: bool) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .pool_idle_timeout(IDLE_CONNECTION)
            .build()?;
        Ok(Self { client, port, follow_redirects })
    }

    /// The client itself, which follows no redirects.
    pub(in crate::functions) fn http(&self) -> &Client {
        &self.client
    }

    /// Where the worker listens on 127.0.0.1.
    pub(in crate::functions) fn port(&self) -> u16 {
        self.port
    }

    /// `GET /`: any HTTP answer counts as ready. There is no timeout: a worker that accepts and never answers blocks.
    pub(super) async fn answers(&self) -> bool {
        self.client.get(format!("http://127.0.0.1:{}/", self.port)).send().await.is_ok()
    }

    /// `POST /{FunctionName}` with the envelope.
    pub(in crate::functions) async fn invoke(
        &self,
        function: &str,
        invocation_id: &str,
        envelope: Vec<u8>,
    ) -> Result<WorkerReply, String> {
        let url = format!("http://127.0.0.1:{}/{function}", self.port);
        let url =
            Url::parse(&url).map_err(|error| format!("the worker's address {url} is not valid: {error}"))?;
        let response = self.send_following(url, invocation_id, envelope).await.map_err(describe_error)?;
        let status = response.status().as_u16();
        let content_type =
            response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = response.bytes().await.map_err(describe_error)?.to_vec();
        Ok(WorkerReply { status, content_type, body })
    }

    /// .NET's `HttpClient` follows redirects on its own (`RedirectHandler.cs` of dotnet/runtime): 307 and 308 repeat the
    /// POST, the others become a GET. Where forwarding is on, the host forbids it
    /// (`DefaultHttpWorkerService.cs`, `CreateHttpClient`).
    async fn send_following(
        &self,
        mut url: Url,
        invocation_id: &str,
        envelope: Vec<u8>,
    ) -> Result<Response, reqwest::Error> {
        let mut method = Method::POST;
        let mut redirects = 0_u32;
        loop {
            let mut request = self
                .client
                .request(method.clone(), url.clone())
                .header("x-azure-functions-hostversion", HOST_VERSION)
                .header("x-azure-functions-invocationid", invocation_id)
                .header(USER_AGENT, format!("Azure-Functions-Host/{HOST_VERSION}"));
            if method == Method::POST {
                // A stream has no length, so it goes out in chunks, as the real host's does.
                let chunk = envelope.clone();
                let stream = futures_util::stream::once(async move { Ok::<_, Infallible>(chunk) });
                request = request
                    .header(CONTENT_TYPE, "application/json; charset=utf-8")
                    .body(Body::wrap_stream(stream));
            }
            let response = request.send().await?;
            let status = response.status().as_u16();
            let target = location(response.headers(), &url).filter(|_| {
                self.follow_redirects && matches!(status, 300..=303 | 307 | 308) && redirects < MOST_REDIRECTS
            });
            let Some(target) = target else {
                return Ok(response);
            };
            if !matches!(status, 307 | 308) {
                method = Method::GET;
            }
            url = target;
            redirects = redirects.saturating_add(1);
        }
    }
}

fn location(headers: &HeaderMap, base: &Url) -> Option<Url> {
    base.join(headers.get(LOCATION)?.to_str().ok()?).ok()
}

/// The error with its causes: reqwest's own text stops at "error sending request". Without the address, whose query may
/// hold a function key.
pub(in crate::functions) fn describe_error(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
