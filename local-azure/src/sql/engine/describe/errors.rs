//! Why a batch can't be described: numbers and sentences of SQL Server's messages 11501 to 11552, and the type of error
//! that a remote caller gets as the return status.

use crate::sql::reply::SqlError;

/// `error_type` of `sys.dm_exec_describe_first_result_set`; the numbers are Microsoft's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorType {
    /// What no other type says.
    Misc,
    /// The batch can't be read.
    Syntax,
    /// Two statements that may give the first result don't go together.
    ConflictingResults,
    /// A text that isn't known before it runs may give the first result.
    DynamicSql,
    /// The types of the result depend on a parameter that nobody declared.
    UndeclaredParameter,
    /// A procedure calls itself by way of another.
    Recursion,
    /// A temporary table.
    TemporaryTable,
}

impl ErrorType {
    /// The number.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Misc => 1,
            Self::Syntax => 2,
            Self::ConflictingResults => 3,
            Self::DynamicSql => 4,
            Self::UndeclaredParameter => 8,
            Self::Recursion => 9,
            Self::TemporaryTable => 10,
        }
    }

    /// The word beside the number.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Misc => "MISC",
            Self::Syntax => "SYNTAX",
            Self::ConflictingResults => "CONFLICTING_RESULTS",
            Self::DynamicSql => "DYNAMIC_SQL",
            Self::UndeclaredParameter => "UNDECLARED_PARAMETER",
            Self::Recursion => "RECURSION",
            Self::TemporaryTable => "TEMPORARY_TABLE",
        }
    }
}

/// Why there is no description; SQL Server may send more than one error, the cause first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) cause: SqlError,
    /// What it means for the description.
    pub(crate) consequence: Option<Box<SqlError>>,
    pub(crate) error_type: ErrorType,
}

impl Refusal {
    fn alone(cause: SqlError, error_type: ErrorType) -> Self {
        Self { cause, consequence: None, error_type }
    }

    /// An error of the call itself.
    pub(super) fn of_call(cause: SqlError) -> Self {
        Self::alone(cause, ErrorType::Misc)
    }

    /// The batch is wrong: 11501 follows its error, on the same line, unless that says already why there is no description.
    pub(super) fn compile(cause: SqlError) -> Self {
        if cause.number == TWO_UNTYPED {
            return Self::alone(cause, ErrorType::Misc);
        }
        let mut consequence =
            SqlError::new(11501, "The batch could not be analyzed because of compile errors.")
                .with_state(2)
                .at_line(cause.line);
        consequence.procedure.clone_from(&cause.procedure);
        let error_type = match cause.number {
            102..=105 | 113 | 156 | 170 => ErrorType::Syntax,
            _ => ErrorType::Misc,
        };
        Self { cause, consequence: Some(Box::new(consequence)), error_type }
    }

    /// The procedure that was called stands in its own errors; one in the text of the batch has none.
    pub(super) fn name_procedure(&mut self, procedure: &str) {
        let of_text = self.consequence.as_ref().is_some_and(|consequence| consequence.number == 11501);
        if !of_text {
            for error in [&mut self.cause].into_iter().chain(self.consequence.as_deref_mut()) {
                if error.procedure.is_empty() {
                    procedure.clone_into(&mut error.procedure);
                }
            }
        }
    }

    /// Every path meets a name that isn't there: 11529 follows.
    pub(super) fn every_path_fails(cause: SqlError) -> Self {
        let consequence = SqlError::new(11529, "The metadata could not be determined because every code path results in an error; see previous errors for some of these.").at_line(cause.line);
        Self { cause, consequence: Some(Box::new(consequence)), error_type: ErrorType::Misc }
    }
}

/// A statement as messages name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its text.
    pub(crate) statement: String,
    /// The procedure it stands in; None in the batch itself.
    pub(crate) procedure: Option<String>,
}

impl Place {
    fn undetermined(&self, in_batch: i32, why: &str, error_type: ErrorType) -> Refusal {
        let (number, place) = match &self.procedure {
            None => (in_batch, format!("statement '{}'", self.statement)),
            Some(procedure) => {
                (in_batch + 1, format!("statement '{}' in procedure '{procedure}'", self.statement))
            }
        };
        let text = format!("The metadata could not be determined because {place} {why}");
        Refusal::alone(SqlError::new(number, text), error_type)
    }

    /// 11513 or, in a procedure, 11514.
    pub(super) fn dynamic_sql(&self) -> Refusal {
        let why = "contains dynamic SQL. Consider using the WITH RESULT SETS clause to explicitly describe the result set.";
        self.undetermined(11513, why, ErrorType::DynamicSql)
    }

    /// 11521 or 11522.
    pub(super) fn undeclared_parameter(&self) -> Refusal {
        let why = "uses an undeclared parameter in a context that affects its metadata.";
        self.undetermined(11521, why, ErrorType::UndeclaredParameter)
    }

    /// 11523 or 11524.
    pub(super) fn recursion(&self) -> Refusal {
        self.undetermined(11523, "causes indirect recursion.", ErrorType::Recursion)
    }

    /// 11525 or 11526.
    pub(super) fn temporary_table(&self) -> Refusal {
        let why = match self.procedure {
            None => {
                "uses a temp table. Metadata discovery only supports temp tables when analyzing a single-statement batch."
            }
            Some(_) => "uses a temp table.",
        };
        self.undetermined(11525, why, ErrorType::TemporaryTable)
    }

    /// 11509 to 11512: `self` comes first in the text.
    pub(super) fn conflict(&self, other: &Self) -> Refusal {
        let (this, that) = (&self.statement, &other.statement);
        let (number, what) = match (&self.procedure, &other.procedure) {
            (None, None) => {
                (11509, format!("the statement '{this}' is not compatible with the statement '{that}'."))
            }
            (None, Some(of_that)) => (
                11510,
                format!(
                    "the statement '{this}' in the main batch is not compatible with the statement '{that}' in procedure '{of_that}'."
                ),
            ),
            (Some(of_this), None) => (
                11511,
                format!(
                    "the statement '{this}' in procedure '{of_this}' is not compatible with the statement '{that}' in the main batch."
                ),
            ),
            (Some(of_this), Some(of_that)) => (
                11512,
                format!(
                    "the statement '{this}' in procedure '{of_this}' is not compatible with the statement '{that}' in procedure '{of_that}'."
                ),
            ),
        };
        let text = format!("The metadata could not be determined because {what}");
        Refusal::alone(SqlError::new(number, text), ErrorType::ConflictingResults)
    }
}

const TWO_UNTYPED: i32 = 11503;

/// 11503.
pub(crate) fn two_untyped(left: &str, right: &str) -> SqlError {
    SqlError::new(
        TWO_UNTYPED,
        format!(
            "The parameter type cannot be deduced because a single expression contains two untyped parameters, '{left}' and '{right}'."
        ),
    )
}

/// 11506: nothing that the parameter stands beside says its type.
pub(super) fn any_type(name: &str) -> SqlError {
    SqlError::new(
        11506,
        format!(
            "The parameter type for '{name}' cannot be uniquely deduced; two possibilities are 'sql_variant' and 'xml'."
        ),
    )
}

/// 11508.
pub(super) fn used_twice(name: &str) -> SqlError {
    SqlError::new(
        11508,
        format!("The undeclared parameter '{name}' is used more than once in the batch being analyzed."),
    )
}

/// 11552.
pub(super) fn browse_mode() -> SqlError {
    SqlError::new(11552, "The @browse_information_mode parameter expects a tinyint with values 0, 1 or 2.")
}
