//! One connection, from its setting to the rights of its functions.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::report::{Finding, StepName};
use super::sql_errors::{self, Circumstances as LoginCircumstances};
use super::{Circumstances, Connection, Recorder, identity, network, questions};
use crate::database::faults::Fault;
use crate::database::probe::session::{Login, Session, log_in};
use crate::database::probe::tcp;
use crate::database::probe::{Place, names};
use crate::database::{Authentication, ConnectionSettingError, ConnectionSettings};
use crate::identity::Token;

/// Bound on TCP to each address of a redirect's target.
const REDIRECT_BOUND: Duration = Duration::from_secs(5);

/// Bound on both: as each may take its own, one address that hangs must not hide another that answers.
const REDIRECT_STEP_BOUND: Duration = Duration::from_secs(12);

/// As for the pool: one hop is normal, more than a few is a circle.
const MAX_REDIRECTS: usize = 4;

/// One connection and the time for it.
pub(super) struct Examination<'a> {
    pub(super) connection: &'a Connection,
    pub(super) circumstances: &'a Circumstances,
    pub(super) deadline: Instant,
}

/// The time of the whole run was over.
pub(super) struct TimeIsUp;

impl Examination<'_> {
    /// All steps.
    pub(super) async fn run(&self, recorder: &mut Recorder<'_>) {
        match self.open(recorder).await {
            Ok(session) => self.questions(session, recorder).await,
            Err(failed) => self.skip(recorder, &questions::STEPS, failed),
        }
    }

    /// The steps up to the login. The error is the step that failed, after which the rest of them was skipped.
    pub(super) async fn open(&self, recorder: &mut Recorder<'_>) -> Result<Session, StepName> {
        let begun = Instant::now();
        let finding = self.connection_string();
        self.record(recorder, StepName::Settings, begun, finding);
        let Ok(parsed) = &self.connection.parsed else {
            self.skip(recorder, &BEFORE_LOGIN, StepName::Settings);
            return Err(StepName::Settings);
        };
        let settings = &parsed.settings;
        let token = self.identity(settings, recorder).await;
        let network = self.network(settings, recorder).await;
        match (token, network) {
            (Ok(token), Ok(())) => self.log_in(settings, token.as_ref(), recorder).await,
            (Err(failed), _) | (_, Err(failed)) => {
                self.skip(recorder, &[StepName::Redirect, StepName::Login], failed);
                Err(failed)
            }
        }
    }

    pub(super) fn record(
        &self,
        recorder: &mut Recorder<'_>,
        name: StepName,
        begun: Instant,
        finding: Finding,
    ) {
        recorder.record(Some(&self.connection.setting), name, begun, finding);
    }

    pub(super) fn skip(&self, recorder: &mut Recorder<'_>, steps: &[StepName], failed: StepName) {
        for step in steps {
            self.record(recorder, *step, Instant::now(), Finding::skip_because(failed));
        }
    }

    /// `future` within `bound` and within the whole.
    pub(super) async fn within<T>(
        &self,
        bound: Duration,
        future: impl Future<Output = T>,
    ) -> Result<T, TimeIsUp> {
        let now = Instant::now();
        let end = now.checked_add(bound).map_or(self.deadline, |end| end.min(self.deadline));
        tokio::time::timeout_at(end, future).await.map_err(|_| TimeIsUp)
    }

    fn connection_string(&self) -> Finding {
        let functions: Vec<_> = self.connection.functions.iter().map(|function| &*function.name).collect();
        let setting = &self.connection.setting;
        let used_by = match functions.as_slice() {
            [] => "no function uses it".to_owned(),
            names => format!("used by {}", names.join(", ")),
        };
        let finding = match &self.connection.parsed {
            Err(error @ ConnectionSettingError::NotSet { .. }) => Finding::fail(
                error.to_string(),
                format!(
                    "in Azure set it under Environment variables of the Function App; at the desk in local.settings.json beside \
                     host.json, or in this shell; {used_by}"
                ),
            ),
            Err(error) => Finding::fail(error.to_string(), format!("mend the app setting; {used_by}")),
            Ok(parsed) if !parsed.warnings.is_empty() => {
                let warnings: Vec<_> = parsed.warnings.iter().map(ToString::to_string).collect();
                Finding::warn(warnings.join("; "), format!("mend {setting}; it works as it is"))
                    .with("warnings", warnings)
            }
            Ok(_) => Finding::ok(format!("{setting} is right; {used_by}")),
        };
        finding.with("functions", functions)
    }

    /// The token; None for a SQL login. The error is the step that failed.
    async fn identity(
        &self,
        settings: &ConnectionSettings,
        recorder: &mut Recorder<'_>,
    ) -> Result<Option<Token>, StepName> {
        let begun = Instant::now();
        let environment = &self.circumstances.environment;
        let finding = identity::way(settings, environment, &self.connection.setting);
        self.record(recorder, StepName::Identity, begun, finding);
        let begun = Instant::now();
        let Authentication::Entra(method) = &settings.authentication else {
            let finding = Finding::skip("a SQL login has no token");
            self.record(recorder, StepName::Token, begun, finding);
            return Ok(None);
        };
        let (token, finding) = identity::token(self, method, environment, &settings.host).await;
        let failed = finding.is_failure();
        self.record(recorder, StepName::Token, begun, finding);
        token.filter(|_| !failed).map(Some).ok_or(StepName::Token)
    }

    async fn network(
        &self,
        settings: &ConnectionSettings,
        recorder: &mut Recorder<'_>,
    ) -> Result<(), StepName> {
        let begun = Instant::now();
        let (addresses, finding) = network::dns(self, &settings.host).await;
        self.record(recorder, StepName::Dns, begun, finding);
        let Some(addresses) = addresses else {
            self.skip(recorder, &[StepName::Tcp, StepName::Tls], StepName::Dns);
            return Err(StepName::Dns);
        };
        let begun = Instant::now();
        let (stream, finding) = network::tcp(self, &addresses, &settings.host, settings.port).await;
        self.record(recorder, StepName::Tcp, begun, finding);
        let Some(stream) = stream else {
            self.skip(recorder, &[StepName::Tls], StepName::Tcp);
            return Err(StepName::Tcp);
        };
        let begun = Instant::now();
        let finding = network::tls(self, stream, settings).await;
        let failed = finding.is_failure();
        self.record(recorder, StepName::Tls, begun, finding);
        if failed { Err(StepName::Tls) } else { Ok(()) }
    }

    /// The login, at the place where the gateway sends it.
    async fn log_in(
        &self,
        settings: &ConnectionSettings,
        token: Option<&Token>,
        recorder: &mut Recorder<'_>,
    ) -> Result<Session, StepName> {
        let mut place = Place { host: settings.host.clone(), port: settings.port };
        let mut begun = Instant::now();
        let mut redirects = Vec::new();
        let session = loop {
            let authorities = self.circumstances.trusted_authorities.as_deref();
            let login = self.within(settings.connect_timeout, log_in(settings, authorities, &place, token));
            match login.await {
                Ok(Login::Elsewhere(next)) => {
                    redirects.push(next.to_string());
                    let finding = if redirects.len() > MAX_REDIRECTS {
                        Finding::fail(
                            "the server redirects the login in a circle",
                            "report it to Azure support, or set the server's connection policy to Proxy",
                        )
                    } else {
                        self.redirect(&next).await
                    };
                    let failed = finding.is_failure();
                    let finding = finding.with("places", redirects.clone());
                    if failed || redirects.len() == 1 {
                        self.record(recorder, StepName::Redirect, begun, finding);
                    }
                    if failed {
                        self.skip(recorder, &[StepName::Login], StepName::Redirect);
                        return Err(StepName::Redirect);
                    }
                    (place, begun) = (next, Instant::now());
                }
                other => {
                    if redirects.is_empty() {
                        let finding = match &other {
                            Ok(Login::In(_)) => Finding::ok("none: the server takes the login itself"),
                            _ => Finding::skip("the login ended before the server named another place"),
                        };
                        self.record(recorder, StepName::Redirect, Instant::now(), finding);
                    }
                    match other {
                        Ok(Login::In(session)) => break Ok(session),
                        Ok(Login::Refused(fault)) => break Err(self.refused(settings, token, &fault)),
                        Ok(Login::Elsewhere(_)) | Err(TimeIsUp) => break Err(too_slow(settings)),
                    }
                }
            }
        };
        match session {
            Ok(session) => {
                let summary = format!("logged in at {place}");
                let finding = Finding::ok(summary).with("place", place.to_string());
                self.record(recorder, StepName::Login, begun, finding);
                Ok(*session)
            }
            Err(finding) => {
                self.record(recorder, StepName::Login, begun, finding);
                Err(StepName::Login)
            }
        }
    }

    async fn redirect(&self, next: &Place) -> Finding {
        let cure = "open the outgoing ports 11000 to 11999 to the region's addresses (service tag Sql; behind a private \
                    endpoint 1433 to 65535), or set the server's connection policy to Proxy: az sql server conn-policy update \
                    --connection-type Proxy";
        let reached = async {
            let addresses =
                names::look_up(&next.host).await.map_err(|_| "its name is not found".to_owned())?;
            let attempts = tcp::connect(&addresses, next.port, REDIRECT_BOUND).await;
            let failure = attempts.iter().find_map(|attempt| attempt.result.as_ref().err());
            match failure {
                Some(kind) if attempts.iter().all(|attempt| attempt.result.is_err()) => Err(kind.to_string()),
                _ => Ok(()),
            }
        };
        let summary = format!("the gateway sends the login to {next}");
        match self.within(REDIRECT_STEP_BOUND, reached).await {
            Ok(Ok(())) => Finding::ok(format!("{summary}, which can be reached")),
            Ok(Err(why)) => Finding::fail(format!("{summary}, which can't be reached: {why}"), cure),
            Err(TimeIsUp) => Finding::fail(format!("{summary}, which doesn't answer"), cure),
        }
    }

    fn refused(&self, settings: &ConnectionSettings, token: Option<&Token>, fault: &Fault) -> Finding {
        let identity = identity::name(settings, &self.circumstances.environment);
        let at = LoginCircumstances {
            host: &settings.host,
            database: settings.database.as_deref(),
            identity: &identity,
            with_token: token.is_some(),
            server_message: fault.server_message.as_deref(),
        };
        let explanation = fault.number.and_then(|number| sql_errors::at_login(number, &at));
        let finding = match (explanation, fault.number) {
            (Some(explanation), _) => Finding::fail(explanation.what, explanation.cure),
            (None, Some(number)) => Finding::fail(
                format!("the server refused the login with error {number}"),
                format!(
                    "look the number up: https://learn.microsoft.com/search/?terms=SQL%20error%20{number}"
                ),
            ),
            (None, None) => Finding::fail(
                fault.description.clone(),
                "the server hung up during the login: run the doctor again; look for a proxy or firewall in between that \
                 inspects TLS",
            ),
        };
        let address = at.address().filter(|_| matches!(fault.number, Some(40615 | 40914)));
        let finding = match address {
            Some(address) => finding.with("address", address.to_string()),
            None => finding,
        };
        finding.with_sql_error(fault.number)
    }

    async fn questions(&self, mut session: Session, recorder: &mut Recorder<'_>) {
        let mut broken = None;
        for step in questions::STEPS {
            let begun = Instant::now();
            if let Some(broken) = broken {
                self.record(recorder, step, begun, Finding::skip_because(broken));
                continue;
            }
            let asked = questions::ask(step, &mut session, self.connection, self.circumstances);
            let finding = match self.within(questions::bound(step), asked).await {
                Ok(Ok(finding)) => finding,
                Ok(Err(fault)) => {
                    if !fault.connection_usable {
                        broken = Some(step);
                    }
                    questions::not_answered(&fault)
                }
                Err(TimeIsUp) => {
                    broken = Some(step);
                    Finding::fail(
                        "the server does not answer",
                        "run the doctor again; is the database under heavy load, or blocked?",
                    )
                }
            };
            self.record(recorder, step, begun, finding);
        }
    }
}

/// What needs a connection string, up to the login.
const BEFORE_LOGIN: [StepName; 7] = [
    StepName::Identity,
    StepName::Token,
    StepName::Dns,
    StepName::Tcp,
    StepName::Tls,
    StepName::Redirect,
    StepName::Login,
];

fn too_slow(settings: &ConnectionSettings) -> Finding {
    Finding::fail(
        format!(
            "no answer to the login within {} s, or within the time of the doctor",
            settings.connect_timeout.as_secs()
        ),
        "a database that resumes answers late: run the doctor again; else raise Connect Timeout in the connection string",
    )
}
