//! The errors of values, with the numbers, states and sentences that SQL Server has in `sys.messages`.

use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;

/// A type that SQL Server has and this endpoint has not.
pub(crate) fn unsupported_type(name: &str) -> SqlError {
    SqlError::new(40517, format!("Data type '{name}' is not supported by this local endpoint."))
}

/// Something of a function, operator or format that SQL Server has and this endpoint has not.
pub(crate) fn unsupported(what: &str) -> SqlError {
    SqlError::new(40517, format!("{what} is not supported by this local endpoint."))
}

/// A value reached this code in another form than its type says: a defect here, never the user's fault.
pub(crate) fn internal(what: &str) -> SqlError {
    SqlError::new(8630, format!("Internal error of the local endpoint: {what}.")).with_class(17)
}

/// 8115 with a word for what was converted: `expression`, or the name of a type.
pub(crate) fn overflow(from: &str, to: &str) -> SqlError {
    SqlError::new(8115, format!("Arithmetic overflow error converting {from} to data type {to}."))
        .with_state(if from == "expression" { 2 } else { 8 })
}

/// 8134.
pub(crate) fn divide_by_zero() -> SqlError {
    SqlError::new(8134, "Divide by zero error encountered.")
}

/// 245: text that is no number of the integer family.
pub(crate) fn conversion_failed(from: SqlType, text: &str, to: SqlType) -> SqlError {
    SqlError::new(
        245,
        format!(
            "Conversion failed when converting the {} value '{text}' to data type {}.",
            from.family_name(),
            to.family_name()
        ),
    )
}

/// 8114: a conversion that names types only.
pub(crate) fn error_converting(from: SqlType, to: SqlType) -> SqlError {
    SqlError::new(8114, format!("Error converting data type {} to {}.", from.family_name(), to.family_name()))
        .with_state(5)
}

/// 241: text that is no date.
pub(crate) fn not_a_date() -> SqlError {
    SqlError::new(241, "Conversion failed when converting date and/or time from character string.")
}

/// 242: a date that the type can't hold.
pub(crate) fn date_out_of_range(from: SqlType, to: SqlType) -> SqlError {
    SqlError::new(
        242,
        format!(
            "The conversion of a {} data type to a {} data type resulted in an out-of-range value.",
            from.family_name(),
            to.family_name()
        ),
    )
    .with_state(3)
}

/// 8116: an argument of a type that a function doesn't take; `position` counts from 1.
pub(crate) fn invalid_argument_type(sql_type: SqlType, position: usize, function: &str) -> SqlError {
    SqlError::new(
        8116,
        format!(
            "Argument data type {} is invalid for argument {position} of {function} function.",
            sql_type.family_name()
        ),
    )
}

/// 447: COLLATE behind what is no text.
pub(crate) fn no_collation(sql_type: SqlType) -> SqlError {
    SqlError::new(447, format!("Expression type {} is invalid for COLLATE clause.", sql_type.family_name()))
}

/// 8117: an operand of a type that an operator or aggregate doesn't take.
pub(crate) fn invalid_operand(sql_type: SqlType, operator: &str) -> SqlError {
    SqlError::new(
        8117,
        format!("Operand data type {} is invalid for {operator} operator.", sql_type.family_name()),
    )
}
