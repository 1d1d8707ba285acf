//! Reads the section `sql` of a definition into a plan.

use std::path::{Component, Path};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use serde_json::Value as Json;

use super::bindings::Bindings;
use super::built_in;
use super::faults;
use super::idempotency;
use super::outputs;
use super::procedure::{self, CommandType, Parameters};
use super::replica;
use super::section::Section;
use super::session_context;
use super::transaction;
use crate::functions::description::{self, StoredDescription};
use crate::functions::meta;
use crate::functions::plan::{Answer, NotANumber, Numbers, Plan, PlannedParameter, Replica, ResultForm};
use crate::functions::trigger::Trigger;
use crate::functions::{CommandText, OutputForm};
use crate::invocation::Mistakes;
use crate::invocation::nearest;
use crate::invocation::time_span;

pub(super) const KEYS: [&str; 20] = [
    built_in::KEY,
    "commandText",
    "commandFile",
    procedure::KEY,
    "connectionStringSetting",
    "parameters",
    "repeatable",
    "result",
    "status",
    "whenEmpty",
    "timeout",
    "numbers",
    "throwStatus",
    "meta",
    "outputs",
    session_context::KEY,
    transaction::KEY,
    faults::KEY,
    idempotency::KEY,
    replica::KEY,
];

/// The section `sql` and where its function's folder is.
pub(super) struct CommandSection<'a> {
    pub(super) section: Section<'a>,
    /// The function's folder.
    pub(super) folder: &'a Path,
    /// Its name, for mistakes in files of it.
    pub(super) function: &'a str,
}

impl CommandSection<'_> {
    /// Reads the section; None when a mistake leaves nothing to run.
    pub(super) fn read(&self, bindings: &Bindings<'_>, mistakes: &mut Mistakes) -> Option<Plan> {
        let section = &self.section;
        let trigger = bindings.trigger.as_ref();
        section.check_keys(&KEYS, &[], mistakes);
        let command_type = procedure::command_type(section, mistakes);
        // The text of a procedure's call follows from its parameters and the result's form.
        let text = if command_type == CommandType::Text { self.command(mistakes) } else { None };
        let Parameters { inputs: parameters, outputs: out_parameters } =
            procedure::parameters(section, command_type, trigger, mistakes);
        let session_context = session_context::read(section, trigger, mistakes);
        let repeatable = section.flag("repeatable", mistakes).unwrap_or(false);
        let transaction = transaction::read(section, mistakes);
        let replica = replica::read(section, mistakes);
        let idempotency_key = idempotency::read(section, trigger, mistakes);
        let answer = self.answer(trigger, mistakes);
        let http_output = match trigger {
            Some(Trigger::Http(http)) => Some(http.output.as_str()),
            _ => None,
        };
        let outputs = outputs::read(section, &bindings.outputs, http_output, answer, mistakes);
        let timeout = self.timeout(mistakes);
        let own_retry_limits = faults::read(section, timeout, mistakes);
        let throw_status = section.flag("throwStatus", mistakes).unwrap_or(true);
        let connection_setting: Arc<str> = self.connection_setting(mistakes).into();
        let (command, procedure) = match command_type {
            CommandType::Text => {
                let command = text?;
                self.check_text(&command, repeatable, mistakes);
                (command, None)
            }
            CommandType::StoredProcedure => {
                let procedure = procedure::read(section, out_parameters, answer, mistakes)?;
                let inputs: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
                let call = procedure.call(&inputs, answer.form.tells_outputs());
                let command = CommandText::examine(call);
                let command = command.map_err(|found| {
                    let messages = found.into_iter().map(|mistake| mistake.message);
                    messages.for_each(|message| mistakes.add(section.path_of("commandText"), message));
                });
                (command.ok()?, Some(procedure))
            }
        };
        let statement = statement(&command, &parameters);
        let described_statement = match &procedure {
            Some(procedure) => {
                let inputs: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
                let alone = procedure.call_alone(&inputs, answer.form.tells_outputs());
                (table_variables(&parameters) + &alone).into()
            }
            None => Arc::clone(&statement),
        };
        let plan = Plan {
            declarations: declarations(&parameters).into(),
            json_without_rows: command.json_without_rows().into(),
            statement,
            described_statement,
            command,
            procedure,
            pool: pool_name(&connection_setting, replica),
            connection_setting,
            replica,
            parameters,
            session_context,
            idempotency_key,
            repeatable,
            transaction,
            timeout,
            own_retry_limits,
            throw_status,
            answer,
            has_own_numbers: section.has("numbers"),
            outputs,
            description: self.description(),
            meta: self.meta(answer, trigger, mistakes),
        };
        transaction::check(&plan, section, mistakes);
        replica::check(&plan, section, mistakes);
        self.check_columns(&plan, mistakes);
        Some(plan)
    }

    /// Whether callers may ask for the answer's columns.
    fn meta(&self, answer: Answer, trigger: Option<&Trigger>, mistakes: &mut Mistakes) -> bool {
        let wanted = self.section.flag("meta", mistakes).unwrap_or(false);
        if wanted && !meta::FORMS.contains(&answer.form) {
            let forms = meta::FORMS.map(ResultForm::name).join(", ");
            mistakes.add(self.section.path_of("meta"), format!("is for the results {forms}; leave it out"));
        }
        if wanted && !matches!(trigger, Some(Trigger::Http(_)) | None) {
            mistakes.add(self.section.path_of("meta"), "is for HTTP functions; leave it out");
        }
        if wanted && self.section.has(idempotency::KEY) {
            let message = "doesn't go with an idempotency key, under which the answer is stored without its columns; leave it out";
            mistakes.add(self.section.path_of("meta"), message);
        }
        wanted
    }

    /// The description that is stored beside the definition, if there is one. A file that is none is for `check` to tell of: the
    /// function runs without.
    fn description(&self) -> Option<Result<StoredDescription, String>> {
        match fs::read_to_string(self.folder.join(description::FILE)) {
            Ok(text) => Some(StoredDescription::read(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => Some(Err(format!("can't be read ({})", error.kind()))),
        }
    }

    /// What the words of a command of type Text must fit.
    fn check_text(&self, command: &CommandText, repeatable: bool, mistakes: &mut Mistakes) {
        if let Some(effect) = command.effect().filter(|_| repeatable) {
            mistakes.add(
                self.section.path_of("repeatable"),
                format!(
                    "is true, but `{effect}` in the command may change something; only reads may be repeated"
                ),
            );
        }
        self.check_variables(command, mistakes);
    }

    fn connection_setting(&self, mistakes: &mut Mistakes) -> String {
        const KEY: &str = "connectionStringSetting";
        let name = self.section.text(KEY, mistakes).unwrap_or("AZURE_SQL_CONNECTIONSTRING");
        // A connection string where its setting's name belongs would hold a password in a file under version control.
        if name.is_empty() || name.contains(['=', ';', '%']) {
            mistakes.add(
                self.section.path_of(KEY),
                "must be the name of an app setting, not a connection string",
            );
        }
        name.to_owned()
    }

    fn command(&self, mistakes: &mut Mistakes) -> Option<CommandText> {
        let section = &self.section;
        let text = section.text("commandText", mistakes);
        let file = section.text("commandFile", mistakes);
        let (written, place) = match (section.has("commandText"), section.has("commandFile")) {
            (true, true) => {
                mistakes
                    .add(section.path_of("commandFile"), "stands beside commandText; write one of the two");
                return None;
            }
            (false, false) => {
                mistakes
                    .add(section.path(), "has no command; write commandFile (a .sql file) or commandText");
                return None;
            }
            (true, false) => (text?.to_owned(), None),
            (false, true) => match read_file(self.folder, file?) {
                Ok(text) => (text, file),
                Err(message) => {
                    mistakes.add(section.path_of("commandFile"), message);
                    return None;
                }
            },
        };
        CommandText::examine(written)
            .map_err(|found| {
                for mistake in found {
                    match place {
                        Some(file) => {
                            let file = format!("{}/{file}", self.function);
                            mistakes.add_in(file, Some(mistake.line), mistake.message);
                        }
                        None => mistakes.add(section.path_of("commandText"), mistake.message),
                    }
                }
            })
            .ok()
    }

    /// Every variable is a parameter or declared, and every parameter is used.
    fn check_variables(&self, command: &CommandText, mistakes: &mut Mistakes) {
        let path = self.section.path_of("parameters");
        let names: Vec<&str> = match self.section.get("parameters") {
            Some(json) => json.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect(),
            None => Vec::new(),
        };
        for (variable, line) in command.needed_parameters() {
            if names.iter().any(|name| name.to_lowercase() == variable.to_lowercase()) {
                continue;
            }
            let cure = match nearest(variable, names.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "add it here, or DECLARE it in the command".to_owned(),
            };
            mistakes.add(
                path.as_str(),
                format!("has no `{variable}`, which line {line} of the command uses; {cure}"),
            );
        }
        for name in names.into_iter().filter(|name| !command.uses(name)) {
            mistakes.add(
                format!("{path}.{name}"),
                "is not used by the command; leave it out, or mend the command",
            );
        }
    }

    /// Columns become names in JSON, so each must have one of its own.
    fn check_columns(&self, plan: &Plan, mistakes: &mut Mistakes) {
        if plan.procedure.is_some() || !names_columns(plan) {
            return;
        }
        for mistake in plan.command.column_mistakes() {
            match self.section.get("commandFile").and_then(Json::as_str) {
                Some(file) => {
                    let file = format!("{}/{file}", self.function);
                    mistakes.add_in(file, Some(mistake.line), mistake.message);
                }
                None => mistakes.add(self.section.path_of("commandText"), mistake.message),
            }
        }
    }

    fn answer(&self, trigger: Option<&Trigger>, mistakes: &mut Mistakes) -> Answer {
        let section = &self.section;
        let form = self.form(mistakes);
        let status =
            status(section, "status", mistakes, |status| (200..300).contains(&status), "from 200 to 299");
        let when_empty = status_when_empty(section, mistakes);
        if form == ResultForm::OutputParameters && !procedure::is_procedure(section) {
            let message = "is `outputParameters`, which only \"commandType\": \"StoredProcedure\" has; let the command SELECT \
                           the values, and write `row`";
            mistakes.add(section.path_of("result"), message);
        }
        if matches!(status, Some(204 | 205)) && form != ResultForm::None {
            mistakes.add(section.path_of("status"), "204 and 205 have no body; add \"result\": \"none\"");
        }
        let usual = if form == ResultForm::None { 204 } else { 200 };
        Answer {
            form,
            status: status.unwrap_or(usual),
            // Without a caller an empty result is a result like any other, unless the definition says otherwise.
            when_empty: when_empty
                .or((form == ResultForm::Row && matches!(trigger, Some(Trigger::Http(_)))).then_some(404)),
            numbers: self.numbers(form, mistakes),
            // The settings are not known here, see `Catalogue::follow`.
            nan: NotANumber::default(),
        }
    }

    fn form(&self, mistakes: &mut Mistakes) -> ResultForm {
        let names = ResultForm::ALL.map(ResultForm::name);
        if !self.section.has("result") {
            let message = format!("is missing; write what the answer is: {}", names.join(", "));
            mistakes.add(self.section.path_of("result"), message);
            return ResultForm::None;
        }
        let Some(written) = self.section.text("result", mistakes) else { return ResultForm::None };
        if let Some(form) = ResultForm::ALL.into_iter().find(|form| form.name() == written) {
            return form;
        }
        let meant = nearest(written, names).map(|name| format!("; did you mean `{name}`?"));
        let message = format!("must be one of {}{}", names.join(", "), meant.unwrap_or_default());
        mistakes.add(self.section.path_of("result"), message);
        ResultForm::None
    }

    fn numbers(&self, form: ResultForm, mistakes: &mut Mistakes) -> Numbers {
        if form == ResultForm::Json && self.section.has("numbers") {
            let message = "has no effect on `json`, whose numbers the command writes itself; leave it out, or CAST there";
            mistakes.add(self.section.path_of("numbers"), message);
        }
        match self.section.text("numbers", mistakes) {
            None | Some("exact") => Numbers::Exact,
            Some("string") => Numbers::String,
            Some(_) => {
                mistakes.add(self.section.path_of("numbers"), "must be \"exact\" or \"string\"");
                Numbers::Exact
            }
        }
    }

    fn timeout(&self, mistakes: &mut Mistakes) -> Option<Duration> {
        let written = self.section.text("timeout", mistakes)?;
        // Longer than any host lets a function run is a slip.
        let legal = |timeout: &Duration| !timeout.is_zero() && *timeout < Duration::from_secs(24 * 3600);
        let timeout = time_span(written).filter(legal);
        if timeout.is_none() {
            mistakes.add(
                self.section.path_of("timeout"),
                "must be hh:mm:ss and more than nothing, such as \"00:00:30\"",
            );
        }
        timeout
    }
}

fn status(
    section: &Section<'_>,
    key: &str,
    mistakes: &mut Mistakes,
    legal: fn(u16) -> bool,
    range: &str,
) -> Option<u16> {
    let number = section.whole_number(key, mistakes)?;
    let status = u16::try_from(number).ok().filter(|status| legal(*status));
    if status.is_none() {
        mistakes.add(section.path_of(key), format!("must be an HTTP status {range}"));
    }
    status
}

fn status_when_empty(section: &Section<'_>, mistakes: &mut Mistakes) -> Option<u16> {
    // The host follows a redirect instead of answering with it.
    let legal = |status| (200..300).contains(&status) || (400..600).contains(&status);
    status(section, "whenEmpty", mistakes, legal, "from 200 to 299 or from 400 to 599")
}

/// The text of a file in the function's folder.
fn read_file(folder: &Path, file: &str) -> Result<String, String> {
    let inside = "must be a file in the function's own folder, such as `query.sql`";
    let path = Path::new(file);
    if file.is_empty()
        || !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    {
        return Err(inside.to_owned());
    }
    let missing = |error: io::Error| format!("`{file}` can't be read: {error}");
    let real = folder.join(path).canonicalize().map_err(missing)?;
    // A symbolic link could lead out all the same.
    if !real.starts_with(folder.canonicalize().map_err(missing)?) {
        return Err(inside.to_owned());
    }
    let text = String::from_utf8(fs::read(real).map_err(missing)?)
        .map_err(|_| format!("`{file}` is not UTF-8; save it as UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Read-only intent is a property of the login, so those connections are a pool of their own.
fn pool_name(connection_setting: &Arc<str>, replica: Replica) -> Arc<str> {
    match replica {
        Replica::Primary => Arc::clone(connection_setting),
        Replica::Secondary => format!("{connection_setting} (secondary)").into(),
    }
}

/// Whether the answer or an output has rows as objects.
fn names_columns(plan: &Plan) -> bool {
    matches!(plan.answer.form, ResultForm::Rows | ResultForm::Row | ResultForm::ResultSets)
        || plan.outputs.iter().any(|output| matches!(output.form, OutputForm::Rows | OutputForm::Row))
}

fn declarations(parameters: &[PlannedParameter]) -> String {
    let declared = parameters
        .iter()
        .map(|parameter| format!("{} {}", parameter.name_on_server(), parameter.carried_type().on_server()));
    declared.collect::<Vec<_>>().join(", ")
}

/// The text that goes to the server: the command behind the variables of its table parameters.
fn statement(command: &CommandText, parameters: &[PlannedParameter]) -> Arc<str> {
    let tables = table_variables(parameters);
    if tables.is_empty() { Arc::clone(command.text()) } else { (tables + command.text()).into() }
}

fn table_variables(parameters: &[PlannedParameter]) -> String {
    parameters.iter().filter_map(|parameter| Some(parameter.table()?.declaration(&parameter.name))).collect()
}
