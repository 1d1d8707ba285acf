//! One invocation of a function: bind its values, run its command, shape what comes back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::failure::{Telling, problem_of};
use super::format::Format;
use super::meta::{self, ColumnsAround};
use super::shape::AnswerSink;
use super::streaming::{self, Answered, Delivery, Streaming};
use super::{AppServiceAuthentication, BoundValues, Function, Plan, Replica};
use crate::database::{
    Command, ConnectionSettings, Database, DescribedColumn, Failure, ParsedConnection, Unit,
    connection_of_setting, is_undescribable,
};
use crate::identity::IdentityEnvironment;
use crate::invocation::{Invocation, Problem, TriggerInput};

/// An input of more bytes is bound beside the HTTP threads: they answer others meanwhile.
const BOUND_BESIDE: usize = 1024 * 1024;

/// See [`Service::with_max_answer`].
const DEFAULT_MAX_ANSWER: usize = 16 * 1024 * 1024;

/// Runs functions over a database.
#[derive(Debug)]
pub struct Service {
    database: Database,
    /// By the pools' names.
    connections: BTreeMap<Arc<str>, Result<ConnectionSettings, String>>,
    /// What the connection strings ask for in vain, as sentences.
    connection_warnings: Vec<String>,
    show_database_errors: bool,
    /// The most bytes of an answer that is kept until it is complete.
    max_answer: usize,
    authentication: AppServiceAuthentication,
    /// Functions that must know their callers, where they can't.
    without_callers: Vec<Arc<str>>,
    descriptions: Mutex<Descriptions>,
}

/// What the server said of functions' columns, by the functions' names; None where it can't say.
type Descriptions = HashMap<Arc<str>, Option<Arc<[DescribedColumn]>>>;

impl Service {
    /// Reads the connection string of each function from its app setting. A missing or wrong one fails the functions
    /// that use it, and no others.
    pub fn new<'a>(
        database: Database,
        functions: impl Iterator<Item = &'a Function>,
        lookup: &dyn Fn(&str) -> Option<String>,
        identity: &IdentityEnvironment,
        show_database_errors: bool,
    ) -> Self {
        let authentication = AppServiceAuthentication::read(lookup);
        let mut connections = BTreeMap::new();
        let mut without_callers = Vec::new();
        let mut connection_warnings = Vec::new();
        for (name, plan) in functions.filter_map(|function| Some((&function.name, function.plan()?))) {
            if authentication == AppServiceAuthentication::Off && plan.principal_paths().next().is_some() {
                without_callers.push(Arc::clone(name));
            }
            let setting = plan.connection_setting();
            connections.entry(Arc::clone(plan.pool())).or_insert_with(|| {
                let parsed = connection_of_setting(setting, lookup, identity);
                let ParsedConnection { settings, warnings } = parsed.map_err(|error| error.to_string())?;
                connection_warnings.extend(warnings.iter().map(|warning| format!("{setting}: {warning}")));
                let read_only = settings.read_only || plan.replica() == Replica::Secondary;
                Ok(ConnectionSettings { read_only, ..settings })
            });
        }
        // Two pools of one setting say the same of it.
        connection_warnings.sort();
        connection_warnings.dedup();
        Self {
            database,
            connections,
            connection_warnings,
            show_database_errors,
            max_answer: DEFAULT_MAX_ANSWER,
            authentication,
            without_callers,
            descriptions: Mutex::default(),
        }
    }

    /// The same for answers of up to so many bytes, of those that are kept until they are complete; 16 MiB otherwise.
    #[must_use]
    pub fn with_max_answer(self, max_answer: usize) -> Self {
        Self { max_answer, ..self }
    }

    /// The sentences about what connection strings ask for in vain.
    pub fn connection_warnings(&self) -> impl Iterator<Item = &str> {
        self.connection_warnings.iter().map(String::as_str)
    }

    /// The sentences about connection strings that can't be used.
    pub fn connection_errors(&self) -> impl Iterator<Item = &str> {
        let errors = self.connections.values().filter_map(|connection| connection.as_ref().err());
        errors.map(String::as_str).collect::<BTreeSet<_>>().into_iter()
    }

    /// The functions that take `principal.*`, where App Service authentication is off: they answer with what to turn on.
    pub fn without_callers(&self) -> impl Iterator<Item = &str> {
        self.without_callers.iter().map(AsRef::as_ref)
    }

    /// Runs `plan` on `input`, which is dropped once its values are bound: a large one doesn't wait in memory for
    /// the database. Where its delivery allows it, an answer of many rows of a command that only reads begins to leave while the
    /// command runs; then the invocation ends with the answer's last chunk.
    ///
    /// # Errors
    /// The problem that the caller gets.
    pub async fn run(
        &self,
        plan: &Plan,
        invocation: Invocation,
        input: TriggerInput,
        delivery: Delivery,
    ) -> Result<Answered, Problem> {
        let format = plan.format_for(&input)?;
        let wants_columns = plan.meta && meta::is_asked_for(&input);
        if wants_columns && format != Format::Json {
            return Err(Problem::new(
                406,
                "not-acceptable",
                "Not acceptable",
                "The columns come with JSON only: send no Accept, or leave $meta out. Nothing was run.",
            ));
        }
        let BoundValues { parameters, session_context, idempotency } =
            self.bind(plan, &invocation.id, input).await?;
        let pool = plan.pool();
        let connection = match self.connections.get(pool) {
            Some(Ok(connection)) => connection,
            Some(Err(sentence)) => return Err(Problem::not_configured(sentence)),
            None => {
                return Err(Problem::not_configured(&format!(
                    "the app setting {} was not read at the start",
                    plan.connection_setting()
                )));
            }
        };
        let unit = plan.unit();
        let telling = Telling {
            show_database_errors: self.show_database_errors,
            throw_status: plan.throw_status(),
            unit,
            may_commit: plan.may_leave_transaction(),
        };
        let around = if wants_columns {
            let described = self.description(plan, &invocation, connection);
            let described = described.await.map_err(|failure| {
                // Nothing of the command itself was sent.
                problem_of(&failure, Telling { unit: Unit::Repeatable, ..telling })
            })?;
            Some(ColumnsAround::new(plan.answer().form, described))
        } else {
            None
        };
        let command = Command {
            text: Arc::clone(plan.command_text()),
            declarations: Arc::clone(plan.declarations()),
            parameters,
            session_context,
            unit,
            idempotency: idempotency
                .map(|key| key.of_function(&invocation.function, self.database.idempotency_hours())),
            may_leave_transaction: plan.may_leave_transaction(),
            leaves_session_state: plan.leaves_session_state(),
            own_retry_limits: plan.own_retry_limits(),
        };
        if delivery == Delivery::Chunks && plan.may_stream() {
            let (sink, chunks) = AnswerSink::in_chunks(plan, format, self.max_answer);
            let sink = sink.with_columns(around);
            let running = self.database.run(invocation, pool, connection, command, sink);
            return Streaming::begin(running, chunks, plan.answer().status, format, telling).await;
        }
        let sink = AnswerSink::whole(plan, format, self.max_answer).with_columns(around);
        let outcome = self.database.run(invocation, pool, connection, command, sink).await;
        streaming::whole(outcome, format, telling)
    }

    /// What the server says of the plan's columns: as stored beside the definition, or asked for once. None where it can't say.
    async fn description(
        &self,
        plan: &Plan,
        invocation: &Invocation,
        connection: &ConnectionSettings,
    ) -> Result<Option<Arc<[DescribedColumn]>>, Failure> {
        if let Some(stored) = plan.description().filter(|stored| stored.is_of(plan)) {
            return Ok(Some(stored.columns.as_slice().into()));
        }
        let known = |descriptions: &Descriptions| descriptions.get(&invocation.function).cloned();
        if let Some(known) = known(&self.descriptions.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(known);
        }
        let (pool, text) = (plan.pool(), plan.described_text());
        let asked =
            self.database.describe_results(invocation.clone(), pool, connection, text, plan.declarations());
        let described: Option<Arc<[DescribedColumn]>> = match asked.await {
            Ok(columns) => Some(columns.into()),
            Err(failure) if is_undescribable(&failure) => None,
            Err(failure) => return Err(failure),
        };
        let mut descriptions = self.descriptions.lock().unwrap_or_else(PoisonError::into_inner);
        descriptions.insert(Arc::clone(&invocation.function), described.clone());
        Ok(described)
    }

    /// Binds the values of an input and drops it.
    async fn bind(&self, plan: &Plan, id: &Arc<str>, input: TriggerInput) -> Result<BoundValues, Problem> {
        let length = match &input {
            TriggerInput::Http(request) => request.body.len(),
            TriggerInput::Message(message) => message.payload.len(),
            TriggerInput::Timer(_) => 0,
        };
        let authentication = self.authentication;
        if length <= BOUND_BESIDE {
            return plan.bind(id, &input, authentication);
        }
        let (plan, id) = (plan.clone(), Arc::clone(id));
        let bound = tokio::task::spawn_blocking(move || plan.bind(&id, &input, authentication)).await;
        // It fails only when it panics, which is told where every panic is.
        bound.unwrap_or_else(|_| Err(Problem::defect()))
    }
}
