//! Parameters that nobody declared: while a batch is described they may stand anywhere, and what they stand beside says
//! which type they should have (Microsoft's page on `sp_describe_undeclared_parameters`, "Parameter Selection Algorithm").

use std::sync::Arc;

use super::{Binder, Typed};
use crate::sql::engine::describe::errors;
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType};

/// One place where an undeclared parameter stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParameterUse {
    /// The name with its `@`, as written.
    pub(crate) name: Arc<str>,
    /// The type that it should have; None as long as nothing says so.
    pub(crate) sql_type: Option<SqlType>,
    /// It is what a value is assigned to, or comes back in.
    pub(crate) output: bool,
    /// The procedure's own name for it, where it is an argument of one.
    pub(crate) formal: Option<String>,
}

/// The undeclared parameters of a batch in the order in which they stand there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Undeclared {
    pub(crate) uses: Vec<ParameterUse>,
}

impl Undeclared {
    /// The parameter stands at one more place.
    pub(crate) fn meet(&mut self, name: &str) -> Arc<str> {
        let name: Arc<str> = name.into();
        self.uses.push(ParameterUse { name: Arc::clone(&name), sql_type: None, output: false, formal: None });
        name
    }

    /// The place that was met last.
    pub(crate) fn last_of(&mut self, name: &str) -> Option<&mut ParameterUse> {
        self.uses.iter_mut().rev().find(|place| *place.name == *name)
    }
}

impl Binder<'_> {
    /// A variable that nobody declared, if such a one may stand here: like NULL it takes any type.
    pub(super) fn untyped(&mut self, name: &str) -> Option<Typed> {
        let parameter = self.undeclared.as_mut()?.meet(name);
        Some(Typed { null: true, parameter: Some(parameter), ..Typed::new("NULL", SqlType::Int) })
    }

    /// How often undeclared parameters have been met.
    pub(super) fn untyped_uses(&self) -> usize {
        self.undeclared.as_ref().map_or(0, |undeclared| undeclared.uses.len())
    }

    /// The value, whose type may depend on the undeclared parameters met since there were `before` of them.
    pub(super) fn depends_on_untyped_since(&self, before: usize, value: Typed) -> Typed {
        let met = self.undeclared.as_ref().and_then(|undeclared| undeclared.uses.get(before));
        match met {
            Some(place) if value.parameter.is_none() => {
                Typed { parameter: Some(Arc::clone(&place.name)), ..value }
            }
            _ => value,
        }
    }

    /// Simple deduction: if the value is an undeclared parameter, it should have this very type.
    pub(crate) fn deduce(&mut self, value: &Typed, sql_type: SqlType) {
        if value.null
            && let (Some(parameter), Some(undeclared)) = (&value.parameter, &mut self.undeclared)
            && let Some(place) = undeclared.last_of(parameter)
        {
            place.sql_type.get_or_insert(sql_type);
        }
    }

    /// An undeclared parameter that is an argument for a procedure's parameter `formal`.
    pub(crate) fn passed_as(&mut self, value: &Typed, formal: &str, output: bool) {
        if value.null
            && let (Some(parameter), Some(undeclared)) = (&value.parameter, &mut self.undeclared)
            && let Some(place) = undeclared.last_of(parameter)
        {
            place.formal = Some(formal.to_owned());
            place.output = output;
        }
    }

    /// General deduction: of the types that come into question the one that is converted least beside `other`.
    pub(super) fn deduce_generally(&mut self, value: &Typed, other: SqlType) {
        self.deduce(value, general(other));
    }

    /// 11503 if both sides are undeclared parameters: neither says what the other is.
    pub(super) fn two_untyped(&self, left: &Typed, right: &Typed) -> Result<(), SqlError> {
        match (&left.parameter, &right.parameter) {
            (Some(left_name), Some(right_name)) if left.null && right.null => {
                Err(errors::two_untyped(left_name, right_name))
            }
            _ => Ok(()),
        }
    }
}

/// The type for a parameter beside a value of another type: of each kind only the widest comes into question.
fn general(beside: SqlType) -> SqlType {
    let widest = |length: Option<Length>, limit: u16| match length {
        Some(Length::Max) => Length::Max,
        _ => Length::Limit(limit),
    };
    match beside.plain() {
        SqlType::Decimal { .. } => SqlType::Decimal { precision: 38, scale: 19 },
        SqlType::Char(_) | SqlType::VarChar(_) => SqlType::VarChar(widest(beside.length(), 8000)),
        SqlType::NChar(_) | SqlType::NVarChar(_) => SqlType::NVarChar(widest(beside.length(), 4000)),
        SqlType::Binary(_) | SqlType::VarBinary(_) => SqlType::VarBinary(widest(beside.length(), 8000)),
        SqlType::Time { .. } => SqlType::Time { scale: 7 },
        SqlType::DateTime2 { .. } => SqlType::DateTime2 { scale: 7 },
        SqlType::DateTimeOffset { .. } => SqlType::DateTimeOffset { scale: 7 },
        other => other,
    }
}
