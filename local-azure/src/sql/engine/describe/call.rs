//! The arguments of the procedures, by name or by place.

use super::errors::browse_mode;
use crate::sql::engine::Argument;
use crate::sql::reply::SqlError;
use crate::sql::tsql::system_name::of_system;
use crate::sql::types::Value;
use crate::sql::values::errors::unsupported;

/// A procedure that describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Procedure {
    /// `sp_describe_first_result_set`
    FirstResultSet,
    /// `sp_describe_undeclared_parameters`
    UndeclaredParameters,
}

/// What is to be described.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) text: String,
    pub(super) declarations: String,
}

impl Procedure {
    /// The procedure of that name, in whatever case, without its schema.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::FirstResultSet, Self::UndeclaredParameters]
            .into_iter()
            .find(|procedure| procedure.name().eq_ignore_ascii_case(name))
    }

    /// The procedure that a remote call names: alone, or in `sys` or `dbo` of any database.
    pub(crate) fn of_call(written: &str) -> Option<Self> {
        of_system(written).and_then(Self::named)
    }

    /// Its name, as errors give it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FirstResultSet => "sp_describe_first_result_set",
            Self::UndeclaredParameters => "sp_describe_undeclared_parameters",
        }
    }

    fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::FirstResultSet => &["@tsql", "@params", "@browse_information_mode"],
            Self::UndeclaredParameters => &["@tsql", "@params"],
        }
    }

    /// Reads the arguments.
    ///
    /// # Errors
    /// 201, 214, 8143, 8144, 8145 for wrong arguments, 11552 and 40517 for the browse mode.
    pub(super) fn subject(self, arguments: &[Argument]) -> Result<Subject, SqlError> {
        let name = self.name();
        let mut values: [Option<&Argument>; 3] = [None; 3];
        for (place, argument) in arguments.iter().enumerate() {
            let place = if argument.name.is_empty() {
                place
            } else {
                self.parameters()
                    .iter()
                    .position(|parameter| parameter.eq_ignore_ascii_case(&argument.name))
                    .ok_or_else(|| {
                        SqlError::new(
                            8145,
                            format!("{} is not a parameter for procedure {name}.", argument.name),
                        )
                    })?
            };
            let slot =
                values.get_mut(place).filter(|_| place < self.parameters().len()).ok_or_else(|| {
                    SqlError::new(
                        8144,
                        format!("Procedure or function {name} has too many arguments specified."),
                    )
                    .with_state(2)
                })?;
            if slot.replace(argument).is_some() {
                return Err(SqlError::new(
                    8143,
                    format!("Parameter '{}' was supplied multiple times.", argument.name),
                ));
            }
        }
        let [text, declarations, mode] = values;
        let text = text.ok_or_else(|| {
            SqlError::new(
                201,
                format!("Procedure or function '{name}' expects parameter '@tsql', which was not supplied."),
            )
            .with_state(20)
        })?;
        let text = unicode(text)?.ok_or_else(|| not_unicode("@tsql"))?;
        let declarations = match declarations {
            Some(declarations) => unicode(declarations)?.unwrap_or_default(),
            None => String::new(),
        };
        match mode.map(|mode| &mode.value) {
            None | Some(Value::Null | Value::Integer(0) | Value::Bit(false)) => {}
            Some(Value::Integer(1 | 2) | Value::Bit(true)) => {
                return Err(unsupported("@browse_information_mode 1 or 2"));
            }
            Some(_) => return Err(browse_mode()),
        }
        Ok(Subject { text, declarations })
    }
}

/// The text of an argument, None for NULL; 214 for any other type than nchar and nvarchar.
fn unicode(argument: &Argument) -> Result<Option<String>, SqlError> {
    match &argument.value {
        Value::Null => Ok(None),
        Value::Text(text) if argument.sql_type.is_unicode_text() => Ok(Some(text.clone())),
        _ => Err(not_unicode(if argument.name.is_empty() { "@tsql" } else { &argument.name })),
    }
}

/// 214.
fn not_unicode(parameter: &str) -> SqlError {
    SqlError::new(214, format!("Procedure expects parameter '{parameter}' of type 'nvarchar(max)'."))
}
