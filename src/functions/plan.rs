//! A function's plan: its definition compiled, so that an invocation only has to put values in.

use std::sync::Arc;
use std::time::Duration;

use super::built_in::BuiltIn;
use super::description::StoredDescription;
use super::limits::Limits;
use super::output::Output;
use super::principal::HEADER_PREFIX;
use super::procedure::Procedure;
use super::source::Source;
use super::table_type::TableType;
use super::trigger::Trigger;
use super::{CommandText, ObjectName, Right, RightsNeeded};
use crate::database::faults::OwnRetryLimits;
use crate::database::idempotency::{CallerIdentity, Idempotency, KeyHash, RequestHash, TABLE};
use crate::database::{Isolation, Unit};
use crate::invocation::{Parameter, SqlType, SqlValue};

/// A function that can be called.
#[derive(Clone, Debug)]
pub struct Function {
    /// The folder's name, in its case.
    pub name: Arc<str>,
    /// What starts it.
    pub trigger: Trigger,
    /// What it does.
    pub work: Work,
}

/// What a function does.
#[derive(Clone, Debug)]
pub enum Work {
    /// It runs a command on the database.
    Command(Box<Plan>),
    /// The worker itself answers.
    BuiltIn(BuiltIn),
}

impl Function {
    /// The plan of a function that runs a command.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        match &self.work {
            Work::Command(plan) => Some(plan),
            Work::BuiltIn(_) => None,
        }
    }

    /// The names of the host's metadata that its parameters take.
    pub fn metadata_names(&self) -> impl Iterator<Item = &str> {
        self.plan().into_iter().flat_map(Plan::metadata_names)
    }
}

/// What a function does when it is called.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) command: CommandText,
    /// The procedure that the command calls, with `"commandType": "StoredProcedure"`.
    pub(super) procedure: Option<Procedure>,
    pub(super) json_without_rows: Arc<str>,
    /// What goes to the server.
    pub(super) statement: Arc<str>,
    /// What the server is asked to describe.
    pub(super) described_statement: Arc<str>,
    pub(super) connection_setting: Arc<str>,
    pub(super) replica: Replica,
    /// The name of the pool whose connections it uses.
    pub(super) pool: Arc<str>,
    pub(super) parameters: Vec<PlannedParameter>,
    /// Each named by its key.
    pub(super) session_context: Vec<PlannedParameter>,
    /// Whose value names the call: the effect happens once for each.
    pub(super) idempotency_key: Option<PlannedParameter>,
    pub(super) declarations: Arc<str>,
    pub(super) repeatable: bool,
    pub(super) transaction: TransactionChoice,
    pub(super) timeout: Option<Duration>,
    pub(super) own_retry_limits: OwnRetryLimits,
    pub(super) throw_status: bool,
    pub(super) answer: Answer,
    /// Whether the definition has `numbers` itself.
    pub(super) has_own_numbers: bool,
    pub(super) outputs: Vec<Output>,
    /// What the server said of the command when its description was stored.
    pub(super) description: Option<Result<StoredDescription, String>>,
    /// Callers may ask for the columns of the answer.
    pub(super) meta: bool,
}

impl Plan {
    /// What goes to the server, `@stmt` of `sp_executesql`: the command, behind the variables of its table parameters.
    #[must_use]
    pub fn command_text(&self) -> &Arc<str> {
        &self.statement
    }

    /// The text whose first result set is that of the function: [`Plan::command_text`], but for a procedure without the worker's own
    /// end of the call.
    #[must_use]
    pub fn described_text(&self) -> &Arc<str> {
        &self.described_statement
    }

    /// The stored procedure that the command calls, where the definition names one.
    #[must_use]
    pub fn procedure(&self) -> Option<&Procedure> {
        self.procedure.as_ref()
    }

    /// What the form `json` answers when there is no row: `[]`, `null` or an object round an empty array, as the text of the command
    /// tells.
    #[must_use]
    pub fn json_without_rows(&self) -> &Arc<str> {
        &self.json_without_rows
    }

    /// How the command runs and what of it may be repeated, by its declaration and its words.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match self.transaction {
            TransactionChoice::Level(isolation) if self.idempotency_key.is_some() => Unit::Keyed(isolation),
            TransactionChoice::Auto | TransactionChoice::None if self.idempotency_key.is_some() => {
                Unit::Keyed(Isolation::Default)
            }
            TransactionChoice::Level(isolation) if self.repeatable => Unit::RepeatableTransaction(isolation),
            TransactionChoice::Level(isolation) => Unit::Transaction(isolation),
            TransactionChoice::Auto | TransactionChoice::None if self.repeatable => Unit::Repeatable,
            TransactionChoice::Auto if self.command.is_single_plain_statement() => Unit::SingleStatement,
            TransactionChoice::Auto => Unit::Transaction(Isolation::Default),
            TransactionChoice::None => Unit::OnItsOwn,
        }
    }

    /// See [`CommandText::may_leave_transaction`].
    #[must_use]
    pub fn may_leave_transaction(&self) -> bool {
        self.command.may_leave_transaction()
    }

    /// See [`CommandText::leaves_session_state`].
    #[must_use]
    pub fn leaves_session_state(&self) -> bool {
        self.command.leaves_session_state()
    }

    /// See [`CommandText::rights_needed`]; with an idempotency key also the rights on the table of keys.
    #[must_use]
    pub fn rights_needed(&self) -> RightsNeeded {
        let mut needed = self.command.rights_needed();
        if self.idempotency_key.is_some() {
            let (schema, name) = TABLE;
            for right in [Right::Select, Right::Insert, Right::Update, Right::Delete] {
                needed.need(ObjectName::object(schema, name), right);
            }
        }
        for table in self.parameters.iter().filter_map(PlannedParameter::table) {
            needed.need(table.name.clone(), Right::Execute);
        }
        needed
    }

    /// The path of the idempotency key, as the definition writes it: `header.idempotency-key`.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_ref().map(|key| key.from.as_str())
    }

    /// The parameters' declarations in the order of the definition, `@params` of `sp_executesql`:
    /// `@id int, @city nvarchar(50)`; empty without parameters.
    #[must_use]
    pub fn declarations(&self) -> &Arc<str> {
        &self.declarations
    }

    /// The name of the app setting with the connection string.
    #[must_use]
    pub fn connection_setting(&self) -> &Arc<str> {
        &self.connection_setting
    }

    /// Which copy of the database it goes to.
    #[must_use]
    pub fn replica(&self) -> Replica {
        self.replica
    }

    /// The name of its pool: that of the app setting, and ` (secondary)` behind it where the copy is another.
    #[must_use]
    pub fn pool(&self) -> &Arc<str> {
        &self.pool
    }

    /// How long the function may take at most; None = as long as the host lets it.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// How often and how long its command is tried, where the function says so itself.
    #[must_use]
    pub fn own_retry_limits(&self) -> OwnRetryLimits {
        self.own_retry_limits
    }

    /// Whether THROW with 50400 to 50599 becomes an HTTP status.
    #[must_use]
    pub fn throw_status(&self) -> bool {
        self.throw_status
    }

    /// What the results become.
    #[must_use]
    pub fn answer(&self) -> Answer {
        self.answer
    }

    /// Writes numbers as the settings say, where the definition doesn't.
    pub(super) fn follow(&mut self, settings: NumberSettings) {
        if !self.has_own_numbers {
            self.answer.numbers = settings.numbers;
        }
        self.answer.nan = settings.nan;
    }

    /// Where the results go beside the answer.
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// What the server said of the command, where that is stored beside the definition.
    #[must_use]
    pub fn description(&self) -> Option<&StoredDescription> {
        self.description.as_ref()?.as_ref().ok()
    }

    /// What is wrong with the file of that description.
    #[must_use]
    pub fn description_mistake(&self) -> Option<&str> {
        self.description.as_ref()?.as_ref().err().map(String::as_str)
    }

    /// The parameters that are no tables: each name with its `@`, and its type.
    pub fn scalar_parameters(&self) -> impl Iterator<Item = (&str, SqlType)> {
        self.parameters
            .iter()
            .filter_map(|parameter| Some((parameter.name.as_str(), parameter.scalar_type()?)))
    }

    /// The names of the host's metadata that parameters take.
    pub fn metadata_names(&self) -> impl Iterator<Item = &str> {
        self.values().filter_map(|parameter| match &parameter.source {
            Source::Metadata { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// The paths that tell who calls, as the definition writes them: `principal.oid`.
    pub fn principal_paths(&self) -> impl Iterator<Item = &str> {
        let values = self.values().filter(|value| matches!(value.source, Source::Principal(_)));
        values.map(|value| value.from.as_str())
    }

    /// The paths that take a header with a caller's identity as it is, which anyone may have written:
    /// `header.x-ms-client-principal-name`.
    pub fn raw_principal_paths(&self) -> impl Iterator<Item = &str> {
        let is_raw =
            |source: &Source| matches!(source, Source::Header(name) if name.starts_with(HEADER_PREFIX));
        self.values().filter(move |value| is_raw(&value.source)).map(|value| value.from.as_str())
    }

    /// All that takes a value of the invocation.
    pub(super) fn values(&self) -> impl Iterator<Item = &PlannedParameter> {
        self.parameters.iter().chain(&self.session_context).chain(&self.idempotency_key)
    }
}

/// `replica`: which copy of the database a command goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replica {
    /// The one that takes writes.
    #[default]
    Primary,
    /// A read-only one, which may lag behind; the primary where there is no other.
    Secondary,
}

/// `transaction`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TransactionChoice {
    /// One transaction, unless the command needs none.
    #[default]
    Auto,
    /// None of ours.
    None,
    /// One transaction at this level, whatever the command is.
    Level(Isolation),
}

/// The values of one invocation.
#[derive(Clone, Debug)]
pub struct BoundValues {
    /// In the order of the definition, named with their `@`.
    pub parameters: Vec<Parameter>,
    /// What the session knows of the invocation, by key.
    pub session_context: Vec<Parameter>,
    /// The idempotency key, where the definition names one.
    pub idempotency: Option<BoundKey>,
}

/// An idempotency key and whose it is, with what the call asks for.
#[derive(Clone)]
pub struct BoundKey {
    pub(super) key: String,
    pub(super) caller: CallerIdentity,
    pub(super) request: RequestHash,
}

// The key is the caller's and reaches no log.
impl std::fmt::Debug for BoundKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoundKey").finish_non_exhaustive()
    }
}

impl BoundKey {
    /// The key of this function, kept for so many hours, 1 to 8,760.
    #[must_use]
    pub fn of_function(&self, function: &Arc<str>, lifetime_hours: u16) -> Idempotency {
        Idempotency {
            function: Arc::clone(function),
            key: KeyHash::new(function, &self.caller, &self.key),
            request: self.request,
            lifetime_hours,
        }
    }
}

/// A parameter of the command or a key of its session context, compiled.
#[derive(Clone, Debug)]
pub(super) struct PlannedParameter {
    pub(super) name: String,
    /// The path as the definition writes it.
    pub(super) from: String,
    pub(super) source: Source,
    pub(super) declared: ParameterType,
    pub(super) required: bool,
    pub(super) default: Option<SqlValue>,
    pub(super) limits: Limits,
}

/// What a parameter is declared as.
#[derive(Clone, Debug)]
pub(super) enum ParameterType {
    /// One value.
    Scalar(SqlType),
    /// Rows.
    Table(Arc<TableType>),
}

impl PlannedParameter {
    /// Its SQL type, unless it is a table.
    pub(super) fn scalar_type(&self) -> Option<SqlType> {
        match &self.declared {
            ParameterType::Scalar(sql_type) => Some(*sql_type),
            ParameterType::Table(_) => None,
        }
    }

    /// Its table type, if it is a table.
    pub(super) fn table(&self) -> Option<&TableType> {
        match &self.declared {
            ParameterType::Scalar(_) => None,
            ParameterType::Table(table) => Some(table),
        }
    }

    /// The type in which its value is read and sent: the rows of a table come and go as JSON.
    pub(super) fn carried_type(&self) -> SqlType {
        match &self.declared {
            ParameterType::Scalar(sql_type) => *sql_type,
            ParameterType::Table(_) => SqlType::Json,
        }
    }

    /// The name of the parameter that carries its value to the server.
    pub(super) fn name_on_server(&self) -> &str {
        self.table().map_or(self.name.as_str(), |table| table.carrier.as_str())
    }
}

/// What a command's results become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `result`
    pub form: ResultForm,
    /// `status`: HTTP status on success.
    pub status: u16,
    /// `whenEmpty`: HTTP status when there is no row, or none was affected. None = `status`.
    pub when_empty: Option<u16>,
    /// `numbers`, or what the setting says.
    pub numbers: Numbers,
    /// What the setting says.
    pub nan: NotANumber,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultForm {
    /// An array of objects, one a row.
    Rows,
    /// One object; the command returns one row at most.
    Row,
    /// One value; the command returns one row of one column at most.
    Value,
    /// `{"rowsAffected":n}`: the rows that all statements changed.
    RowsAffected,
    /// `{"resultSets":[[{...}],[]],"rowsAffected":n}`: all result sets in their order, each an array of objects; of a procedure
    /// also `"outputs":{...}` and `"returnStatus":n`.
    ResultSets,
    /// The JSON text that the command itself made, as it is.
    Json,
    /// `{"total":5,"returnStatus":0}`: a procedure's OUT parameters and return status.
    OutputParameters,
    /// No body; whatever the command returns is left out.
    None,
}

impl ResultForm {
    /// All forms.
    pub const ALL: [Self; 8] = [
        Self::Rows,
        Self::Row,
        Self::Value,
        Self::RowsAffected,
        Self::ResultSets,
        Self::Json,
        Self::OutputParameters,
        Self::None,
    ];

    /// Whether the answer has a place for a procedure's OUT parameters and its return status.
    #[must_use]
    pub fn tells_outputs(self) -> bool {
        matches!(self, Self::ResultSets | Self::OutputParameters)
    }

    /// The word of the definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Row => "row",
            Self::Value => "value",
            Self::RowsAffected => "rowsAffected",
            Self::ResultSets => "resultSets",
            Self::Json => "json",
            Self::OutputParameters => "outputParameters",
            Self::None => "none",
        }
    }
}

/// How bigint and decimal are written in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbers {
    /// As numbers with all digits.
    #[default]
    Exact,
    /// As strings: a JavaScript number can't hold all of them.
    String,
}

/// What becomes of a float that is no number to JSON: NaN and the infinities. T-SQL makes none, but bulk loads of old did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotANumber {
    /// `null`
    #[default]
    Null,
    /// The invocation fails.
    Error,
}

/// How numbers are written where definitions don't say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberSettings {
    /// `AZSQL_NUMBERS`
    pub numbers: Numbers,
    /// `AZSQL_NAN`
    pub nan: NotANumber,
}
