//! EXEC: `sp_executesql` and the system's other procedures; what every text has that another calls.

use sqlparser::ast::Expr;

use super::bind::Variable;
use super::describe::Procedure;
use super::run::{Flow, Frame};
use super::session::{Failure, Session, Variables};
use super::table_types::argument::{GivenTable, clash};
use super::table_types::variable::TableVariables;
use super::{Argument, TableArgument};
use crate::sql::reply::{ReplySink, SqlError};
use crate::sql::tsql::batch::{self, Parameter};
use crate::sql::tsql::statement::{ExecuteArgument, Name};
use crate::sql::types::{SqlType, Value};
use crate::sql::values::errors::unsupported;

/// How deep calls may lie in each other. `sp_executesql` counts twice: itself and its text.
pub(super) const DEEPEST: usize = 32;
/// What `sp_executesql` adds to the depth.
pub(super) const TEXT_LEVELS: usize = 2;
/// How much of the stack a text may need, by its blocks and expressions, before it calls another.
pub(super) const STACK_FOR_A_TEXT: usize = 2 << 20;
/// What the stack grows by when there is less.
pub(super) const STACK_SEGMENT: usize = 4 << 20;

/// What an sp_executesql left behind.
pub(super) struct Executed {
    /// OUTPUT parameters that the caller wanted: the argument's place, the name, the value.
    pub(super) outputs: Vec<(usize, String, Variable)>,
    /// What the caller sees as the return status.
    pub(super) status: i32,
    /// How it ended.
    pub(super) flow: Flow,
}

impl Session {
    /// sp_executesql. `caller` is the text whose EXEC calls it, if one does: its TRY catches what fails here.
    pub(super) fn execute_text(
        &mut self,
        text: &str,
        declarations: &str,
        arguments: &[Argument],
        caller: Option<&Frame>,
        reply: &mut dyn ReplySink,
    ) -> Result<Executed, Failure> {
        self.check_nesting(TEXT_LEVELS)?;
        let declared = batch::parse_declarations(declarations)?;
        let (variables, wanted) = self.parameters(&declared, arguments, text, declarations)?;
        let mut frame = Frame {
            variables,
            tables: TableVariables::new(),
            tries: caller.map_or(0, |caller| caller.tries),
            caught: caller.map(|caller| caller.caught.clone()).unwrap_or_default(),
            ..Frame::default()
        };
        reply.enter_procedure();
        let flow = self.in_scope(TEXT_LEVELS, |session| {
            session
                .pass_tables(&declared, arguments, &mut frame)
                .map_err(|failure| session.undone_if_stopped(failure, reply))?;
            session.run_text(text, &mut frame, reply)
        });
        let status = match &flow {
            Ok(Flow::Aborted(number) | Flow::ScopeAborted(number)) => Some(*number),
            Ok(Flow::Next | Flow::Break | Flow::Continue | Flow::Return) => Some(0),
            Ok(Flow::Stopped) | Err(_) => None,
        };
        reply.leave_procedure(status.filter(|_| !matches!(flow, Ok(Flow::Aborted(_)))));
        let flow = flow?;
        let Some(status) = status else { return Err(Failure::Stopped) };
        let outputs = wanted
            .into_iter()
            .filter_map(|(place, name)| frame.variables.remove(&name).map(|variable| (place, name, variable)))
            .collect();
        Ok(Executed { outputs, status, flow })
    }

    /// 217 when a call would lie too deep.
    pub(super) fn check_nesting(&self, levels: usize) -> Result<(), SqlError> {
        if self.depth + levels <= DEEPEST { Ok(()) } else { Err(too_deep()) }
    }

    /// Runs a text that another calls: its settings, its temp tables and what SCOPE_IDENTITY() gives end with it.
    pub(super) fn in_scope(
        &mut self,
        levels: usize,
        run: impl FnOnce(&mut Self) -> Result<Flow, Failure>,
    ) -> Result<Flow, Failure> {
        let settings = self.settings.clone();
        let scope_identity = self.scope_identity.take();
        self.depth += levels;
        let flow = stacker::maybe_grow(STACK_FOR_A_TEXT, STACK_SEGMENT, || run(self));
        self.drop_temporary(self.depth);
        self.depth -= levels;
        self.scope_identity = scope_identity;
        self.settings = settings;
        flow
    }

    /// Puts the table-valued parameters among the text's tables.
    fn pass_tables(
        &mut self,
        declared: &[Parameter],
        arguments: &[Argument],
        frame: &mut Frame,
    ) -> Result<(), Failure> {
        for (place, parameter) in declared.iter().enumerate() {
            let Parameter::Table { name, type_name } = parameter else { continue };
            let argument = arguments.iter().enumerate().find(|(position, argument)| {
                if argument.name.is_empty() {
                    *position == place
                } else {
                    argument.name.to_lowercase() == *name
                }
            });
            let given = match argument.map(|(_, argument)| (argument, &argument.table, &argument.value)) {
                Some((_, Some(table), _)) => GivenTable::Table(table),
                None | Some((_, None, Value::Null)) => GivenTable::Nothing,
                Some((argument, None, _)) => GivenTable::Scalar(argument.sql_type),
            };
            let facts = self.frame_facts(frame);
            self.pass_table(name, place + 1, type_name, given, &mut frame.tables, &facts)?;
        }
        Ok(())
    }

    /// Matches arguments and parameters that aren't tables: the parameters' values, and where the wanted OUTPUT ones stand.
    fn parameters(
        &mut self,
        declared: &[Parameter],
        arguments: &[Argument],
        text: &str,
        declarations: &str,
    ) -> Result<(Variables, Vec<(usize, String)>), Failure> {
        let mut variables = Variables::new();
        let mut wanted = Vec::new();
        for (place, argument) in arguments.iter().enumerate() {
            let parameter = if argument.name.is_empty() {
                declared.get(place).ok_or_else(|| {
                    SqlError::new(8144, "Procedure or function  has too many arguments specified.")
                        .with_state(2)
                })?
            } else {
                let lower = argument.name.to_lowercase();
                declared.iter().find(|parameter| parameter.name() == lower).ok_or_else(|| {
                    SqlError::new(8145, format!("{} is not a parameter for procedure .", argument.name))
                })?
            };
            let (name, sql_type, output) = match parameter {
                Parameter::Scalar { name, sql_type, output } => (name, sql_type, output),
                Parameter::Table { .. } => continue,
            };
            if argument.table.is_some() {
                return Err(clash("table", sql_type.family_name()).into());
            }
            if argument.output {
                if !output {
                    return Err(SqlError::new(8162, format!("The formal parameter \"{name}\" was not declared as an OUTPUT parameter, but the actual parameter passed in requested output.")).with_state(2).into());
                }
                wanted.push((place, name.clone()));
            }
            let value = self.converted(&argument.value, argument.sql_type, *sql_type)?;
            if variables.insert(name.clone(), Variable { sql_type: *sql_type, value }).is_some() {
                return Err(
                    SqlError::new(8143, format!("Parameter '{name}' was supplied multiple times.")).into()
                );
            }
        }
        for parameter in declared {
            let Parameter::Scalar { name, sql_type, output } = parameter else { continue };
            if variables.contains_key(name) {
                continue;
            }
            if !output {
                let shown: String = format!("({declarations}){text}").chars().take(120).collect();
                return Err(SqlError::new(8178, format!("The parameterized query '{shown}' expects the parameter '{name}', which was not supplied.")).into());
            }
            variables.insert(name.clone(), Variable { sql_type: *sql_type, value: Value::Null });
        }
        Ok((variables, wanted))
    }

    /// EXEC of a procedure.
    pub(super) fn execute(
        &mut self,
        result: Option<&str>,
        procedure: &Name,
        arguments: &[ExecuteArgument],
        frame: &mut Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<Flow, Failure> {
        let schema = procedure.schema.as_deref().unwrap_or("sys").to_lowercase();
        let known = matches!(schema.as_str(), "sys" | "dbo");
        let (status, flow) = match procedure.object.to_lowercase().as_str() {
            "sp_set_session_context" if known => {
                let values = self.argument_values(arguments, frame)?;
                self.set_session_context(&values)?;
                self.last_error = 0;
                (0, Flow::Next)
            }
            "sp_executesql" if known => {
                let values = self.argument_values(arguments, frame)?;
                self.execute_nested(arguments, values, frame, reply)?
            }
            "sp_describe_first_result_set" if known => {
                let values = self.argument_values(arguments, frame)?;
                self.describe_nested(Procedure::FirstResultSet, &values, frame, reply)?;
                (0, Flow::Next)
            }
            "sp_describe_undeclared_parameters" if known => {
                let values = self.argument_values(arguments, frame)?;
                self.describe_nested(Procedure::UndeclaredParameters, &values, frame, reply)?;
                (0, Flow::Next)
            }
            name if name.starts_with("sp_getapplock") || name.starts_with("sp_releaseapplock") => {
                return Err(unsupported(name).into());
            }
            _ => return self.execute_procedure(result, procedure, arguments, frame, reply),
        };
        if let Some(variable) = result.and_then(|result| frame.variables.get_mut(result)) {
            variable.value =
                self.converted(&Value::Integer(i64::from(status)), SqlType::Int, variable.sql_type)?;
        }
        Ok(flow)
    }

    /// The arguments of one of the system's procedures.
    fn argument_values(
        &mut self,
        arguments: &[ExecuteArgument],
        frame: &Frame,
    ) -> Result<Vec<Argument>, Failure> {
        let mut values = Vec::new();
        for argument in arguments {
            let Some(value) = &argument.value else {
                return Err(unsupported("DEFAULT as an argument of a system procedure").into());
            };
            let table = frame.table_named(value);
            let (value, sql_type) = match &table {
                Some(_) => (Value::Null, SqlType::Int),
                None => self.evaluate(value, None, frame)?,
            };
            values.push(Argument {
                name: argument.name.clone().unwrap_or_default(),
                sql_type,
                untyped: false,
                value,
                output: argument.output,
                table: table.map(TableArgument::Variable),
            });
        }
        Ok(values)
    }

    fn execute_nested(
        &mut self,
        arguments: &[ExecuteArgument],
        mut values: Vec<Argument>,
        frame: &mut Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<(i32, Flow), Failure> {
        let own = |argument: Option<&Argument>, name: &str, shown: &str| match argument {
            Some(argument) if !argument.name.is_empty() && !argument.name.eq_ignore_ascii_case(name) => {
                Err(unsupported(&format!("EXEC sp_executesql with {} where {name} stands", argument.name)))
            }
            Some(Argument { value: Value::Null, .. }) | None => Ok(String::new()),
            Some(Argument {
                value: Value::Text(text),
                sql_type: SqlType::NVarChar(_) | SqlType::NChar(_),
                ..
            }) => Ok(text.clone()),
            Some(_) => Err(SqlError::new(
                214,
                format!("Procedure expects parameter '{shown}' of type 'ntext/nchar/nvarchar'."),
            )
            .with_state(if shown == "@params" { 3 } else { 2 })),
        };
        if values.is_empty() {
            return Err(SqlError::new(
                201,
                "Procedure or function 'sp_executesql' expects parameter '@statement', which was not supplied.",
            )
            .with_state(10)
            .into());
        }
        let statement = own(values.first(), "@stmt", "@statement")?;
        let declarations = own(values.get(1), "@params", "@params")?;
        let passed = values.split_off(values.len().min(2));
        let executed = self.execute_text(&statement, &declarations, &passed, Some(frame), reply)?;
        for (place, _, variable) in executed.outputs {
            let Some(Expr::Identifier(target)) =
                arguments.get(place + 2).and_then(|argument| argument.value.as_ref())
            else {
                continue;
            };
            let target = target.value.to_lowercase();
            if let Some(sql_type) = frame.variables.get(&target).map(|variable| variable.sql_type) {
                let value = self.converted(&variable.value, variable.sql_type, sql_type)?;
                frame.variables.insert(target, Variable { sql_type, value });
            }
        }
        let flow = match executed.flow {
            Flow::Aborted(number) => Flow::Aborted(number),
            _ => Flow::Next,
        };
        Ok((executed.status, flow))
    }
}

/// 217.
pub(super) fn too_deep() -> SqlError {
    SqlError::new(
        217,
        format!(
            "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit {DEEPEST})."
        ),
    )
}
