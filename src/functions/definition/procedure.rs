//! Reads `commandType` and what goes with a stored procedure: its name, the directions of its parameters.

use serde_json::Value as Json;

use super::parameter::{self, Direction};
use super::section::Section;
use crate::functions::command_text::ProcedureName;
use crate::functions::plan::{Answer, PlannedParameter, ResultForm};
use crate::functions::procedure::{OutputParameter, Procedure, STATUS_COLUMN};
use crate::functions::trigger::Trigger;
use crate::invocation::{Mistakes, SqlType, nearest};

/// The key in the section `sql`.
pub(super) const KEY: &str = "commandType";

/// Its words.
pub(super) const TYPES: [&str; 2] = ["Text", "StoredProcedure"];

/// `commandType`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommandType {
    Text,
    StoredProcedure,
}

/// The parameters of a command: those that take a value, and those that the procedure writes to. `inout` is both.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) inputs: Vec<PlannedParameter>,
    pub(super) outputs: Vec<OutputParameter>,
}

/// Reads `commandType`; `Text` where there is none. The words have no case, as in the Azure SQL bindings.
pub(super) fn command_type(sql: &Section<'_>, mistakes: &mut Mistakes) -> CommandType {
    match sql.text(KEY, mistakes) {
        None => CommandType::Text,
        Some(word) if word.eq_ignore_ascii_case("Text") => CommandType::Text,
        Some(word) if word.eq_ignore_ascii_case("StoredProcedure") => CommandType::StoredProcedure,
        Some(word) => {
            let meant = nearest(word, TYPES).map(|name| format!("; did you mean `{name}`?"));
            let message = format!("must be \"Text\" or \"StoredProcedure\"{}", meant.unwrap_or_default());
            mistakes.add(sql.path_of(KEY), message);
            CommandType::Text
        }
    }
}

/// Whether the command is a stored procedure.
pub(super) fn is_procedure(sql: &Section<'_>) -> bool {
    let word = sql.get(KEY).and_then(Json::as_str);
    word.is_some_and(|word| word.eq_ignore_ascii_case("StoredProcedure"))
}

/// Reads `parameters`.
pub(super) fn parameters(
    sql: &Section<'_>,
    command_type: CommandType,
    trigger: Option<&Trigger>,
    mistakes: &mut Mistakes,
) -> Parameters {
    let path = sql.path_of("parameters");
    let Some(section) = sql.get("parameters").and_then(|json| Section::of(path, json, mistakes)) else {
        return Parameters::default();
    };
    let mut names: Vec<String> = Vec::new();
    let mut read = Parameters::default();
    for (name, json) in section.entries() {
        let path = section.path_of(name);
        if names.contains(&name.to_lowercase()) {
            mistakes.add(path.as_str(), "is there twice: the server's names have no case");
        }
        names.push(name.to_lowercase());
        let direction = parameter::direction(&path, json, mistakes);
        if direction != Direction::In && command_type == CommandType::Text {
            mistakes.add(
                format!("{path}.direction"),
                "is for \"commandType\": \"StoredProcedure\"; a command of Text SELECTs what it has to tell",
            );
        }
        let output = match direction {
            Direction::In | Direction::InOut => {
                let input = parameter::read(name, &path, json, trigger, mistakes);
                let sql_type = input.as_ref().and_then(PlannedParameter::scalar_type);
                if direction == Direction::InOut && input.is_some() && sql_type.is_none() {
                    mistakes.add(
                        format!("{path}.direction"),
                        "is not for a table, which a procedure can only read; leave it out",
                    );
                }
                read.inputs.extend(input);
                sql_type.filter(|_| direction == Direction::InOut)
            }
            Direction::Out => parameter::read_out(name, &path, json, mistakes),
        };
        if output == Some(SqlType::Json) {
            mistakes.add(
                format!("{path}.type"),
                "can't be json where the procedure writes to it, since the server converts no json into text by itself: let \
                 the procedure's parameter be nvarchar(max), and declare that",
            );
        }
        let is_input = direction == Direction::InOut;
        read.outputs.extend(output.map(|sql_type| OutputParameter {
            name: name.to_owned(),
            sql_type,
            is_input,
        }));
    }
    read
}

/// Reads the procedure's name, and checks that the rest of the section goes with a procedure.
pub(super) fn read(
    sql: &Section<'_>,
    outputs: Vec<OutputParameter>,
    answer: Answer,
    mistakes: &mut Mistakes,
) -> Option<Procedure> {
    if sql.has("commandFile") {
        mistakes.add(
            sql.path_of("commandFile"),
            "holds T-SQL, but the command is a StoredProcedure; write its name in commandText",
        );
    }
    if sql.get("repeatable").and_then(Json::as_bool) == Some(true) {
        mistakes.add(
            sql.path_of("repeatable"),
            "is true, but what a procedure changes can't be seen from outside; only reads may be repeated",
        );
    }
    check_outputs(sql, &outputs, answer, mistakes);
    if !sql.has("commandText") {
        if !sql.has("commandFile") {
            mistakes.add(sql.path(), "has no command; write the procedure's name in commandText");
        }
        return None;
    }
    match ProcedureName::parse(sql.text("commandText", mistakes)?) {
        Ok(name) => Some(Procedure::new(name, outputs)),
        Err(message) => {
            mistakes.add(sql.path_of("commandText"), message);
            None
        }
    }
}

/// What a procedure writes into its parameters has a place in the answer, or there is nothing of it.
fn check_outputs(sql: &Section<'_>, outputs: &[OutputParameter], answer: Answer, mistakes: &mut Mistakes) {
    let form = answer.form;
    let path_of = |output: &OutputParameter| sql.path_of(&format!("parameters.{}", output.name()));
    for output in outputs.iter().filter(|_| !form.tells_outputs() && sql.has("result")) {
        mistakes.add(
            format!("{}.direction", path_of(output)),
            format!(
                "is an OUT parameter, for which the result `{}` has no place; make the result `outputParameters` or \
                 `resultSets`",
                form.name()
            ),
        );
    }
    if form != ResultForm::OutputParameters {
        return;
    }
    let status = STATUS_COLUMN.trim_start_matches('$');
    for output in outputs.iter().filter(|output| output.bare_name() == status) {
        let message = format!("is called as the answer's own `{status}`; make the result `resultSets`");
        mistakes.add(path_of(output), message);
    }
    if outputs.is_empty() && sql.has("whenEmpty") {
        mistakes.add(
            sql.path_of("whenEmpty"),
            "is for a procedure whose OUT parameters are all NULL, and this one has none; leave it out",
        );
    }
}
