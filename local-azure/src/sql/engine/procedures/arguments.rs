//! What a call passes, against what the procedure takes.

use crate::sql::engine::TableArgument;
use crate::sql::engine::bind::Variable;
use crate::sql::engine::run::Frame;
use crate::sql::engine::session::{Failure, Session, Variables};
use crate::sql::engine::table_types::argument::{GivenTable, clash};
use crate::sql::reply::SqlError;
use crate::sql::tsql::procedure::{Parameter, Procedure};
use crate::sql::types::{SqlType, Value};

/// An argument as the caller gave it.
#[derive(Debug)]
pub(super) struct Passed {
    /// With its `@`; empty by position.
    pub(super) name: String,
    /// None for DEFAULT.
    pub(super) value: Option<(Value, SqlType)>,
    /// Whether the caller wants the value back.
    pub(super) output: bool,
    /// What a table-valued parameter is passed.
    pub(super) table: Option<TableArgument>,
}

/// Arguments that fit.
#[derive(Debug, Default)]
pub(super) struct Fitting {
    /// The parameters, with their values.
    pub(super) variables: Variables,
    /// Which arguments get a value back, and from which parameter.
    pub(super) outputs: Vec<(usize, usize)>,
    /// The table-valued parameters, each with its argument's place if it has one.
    pub(super) tables: Vec<(usize, Option<usize>)>,
}

impl Session {
    /// Gives every parameter its value: the argument's, or the default's.
    pub(super) fn fit(&mut self, procedure: &Procedure, passed: &[Passed]) -> Result<Fitting, Failure> {
        let places = places(procedure, passed)?;
        let mut fitting = Fitting::default();
        for (index, (parameter, place)) in procedure.parameters.iter().zip(places).enumerate() {
            let argument = place.and_then(|place| passed.get(place));
            if argument.is_some_and(|argument| argument.output) && !parameter.output {
                return Err(SqlError::new(8162, format!("The formal parameter \"{}\" was not declared as an OUTPUT parameter, but the actual parameter passed in requested output.", parameter.name)).with_state(2).into());
            }
            if parameter.table.is_some() {
                fitting.tables.push((index, place));
                continue;
            }
            if argument.is_some_and(|argument| argument.table.is_some()) {
                return Err(clash("table", parameter.sql_type.family_name()).into());
            }
            let value = match argument.and_then(|argument| argument.value.as_ref()) {
                Some((value, sql_type)) => self.converted_argument(value, *sql_type, parameter.sql_type)?,
                None => self.default(&procedure.name.object, parameter)?,
            };
            if let Some(place) = place.filter(|_| argument.is_some_and(|argument| argument.output)) {
                fitting.outputs.push((place, index));
            }
            fitting.variables.insert(parameter.variable(), Variable { sql_type: parameter.sql_type, value });
        }
        fitting.outputs.sort_by_key(|(place, _)| *place);
        Ok(fitting)
    }

    /// Puts the table-valued parameters among the tables of the procedure's body.
    pub(super) fn fit_tables(
        &mut self,
        procedure: &Procedure,
        tables: &[(usize, Option<usize>)],
        passed: &[Passed],
        frame: &mut Frame,
    ) -> Result<(), Failure> {
        for (index, place) in tables {
            let Some((parameter, type_name)) = procedure
                .parameters
                .get(*index)
                .and_then(|parameter| parameter.table.as_ref().map(|table| (parameter, table)))
            else {
                continue;
            };
            let argument = place.and_then(|place| passed.get(place));
            let given = match argument.map(|argument| (&argument.table, &argument.value)) {
                Some((Some(table), _)) => GivenTable::Table(table),
                None | Some((None, None | Some((Value::Null, _)))) => GivenTable::Nothing,
                Some((None, Some((_, sql_type)))) => GivenTable::Scalar(*sql_type),
            };
            let facts = self.frame_facts(frame);
            self.pass_table(&parameter.variable(), *index + 1, type_name, given, &mut frame.tables, &facts)?;
        }
        Ok(())
    }

    fn default(&mut self, procedure: &str, parameter: &Parameter) -> Result<Value, Failure> {
        let Some(default) = &parameter.default else {
            return Err(SqlError::new(
                201,
                format!(
                    "Procedure or function '{procedure}' expects parameter '{}', which was not supplied.",
                    parameter.name
                ),
            )
            .with_state(4)
            .into());
        };
        let (value, sql_type) = self.evaluate(default, None, &Frame::default())?;
        self.converted_argument(&value, sql_type, parameter.sql_type)
    }

    /// The value in another type; 8114 where the value has none there, whatever a conversion elsewhere would give.
    pub(super) fn converted_argument(
        &mut self,
        value: &Value,
        from: SqlType,
        to: SqlType,
    ) -> Result<Value, Failure> {
        self.converted(value, from, to).map_err(|failure| match failure {
            Failure::Sql(error) if is_of_the_value(error.number) => SqlError::new(
                8114,
                format!("Error converting data type {} to {}.", from.family_name(), to.family_name()),
            )
            .into(),
            other => other,
        })
    }
}

/// For each parameter the place of its argument.
fn places(procedure: &Procedure, passed: &[Passed]) -> Result<Vec<Option<usize>>, SqlError> {
    let name = &procedure.name.object;
    let parameters = &procedure.parameters;
    if parameters.is_empty() && !passed.is_empty() {
        return Err(SqlError::new(
            8146,
            format!("Procedure {name} has no parameters and arguments were supplied."),
        )
        .with_state(2));
    }
    let mut places = vec![None; parameters.len()];
    for (place, argument) in passed.iter().enumerate() {
        let parameter = if argument.name.is_empty() {
            place
        } else {
            let wanted = argument.name.to_lowercase();
            parameters.iter().position(|parameter| parameter.variable() == wanted).ok_or_else(|| {
                SqlError::new(8145, format!("{} is not a parameter for procedure {name}.", argument.name))
            })?
        };
        let taken = places.get_mut(parameter).ok_or_else(|| {
            SqlError::new(8144, format!("Procedure or function {name} has too many arguments specified."))
                .with_state(2)
        })?;
        if taken.replace(place).is_some() {
            let shown = parameters.get(parameter).map_or(argument.name.as_str(), |found| found.name.as_str());
            return Err(SqlError::new(8143, format!("Parameter '{shown}' was supplied multiple times.")));
        }
    }
    Ok(places)
}

/// Whether an error of this number comes from the value and not from its type.
fn is_of_the_value(number: i32) -> bool {
    matches!(
        number,
        220 | 232 | 241 | 242 | 244 | 245 | 248 | 295 | 6335 | 6354 | 6359 | 6522 | 8114 | 8115 | 8169 | 9400
            ..=9499 | 13609
    )
}
