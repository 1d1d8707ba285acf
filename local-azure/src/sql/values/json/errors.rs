//! The errors of JSON, with SQL Server's numbers, states and sentences.

use crate::sql::reply::SqlError;
use crate::sql::values::errors;

/// 8630: what the binder and the functions tell each other in JSON isn't what it should be.
pub(crate) fn internal(error: &serde_json::Error) -> SqlError {
    errors::internal(&format!("JSON between the binder and a function: {error}"))
}

/// 13609: the text is no JSON. `place` counts UTF-16 units from 0; a character of None is the end of the text.
pub(crate) fn not_json(character: Option<char>, place: usize) -> SqlError {
    let character = character.unwrap_or('.');
    SqlError::new(
        13609,
        format!(
            "JSON text is not properly formatted. Unexpected character '{character}' is found at position {place}."
        ),
    )
}

/// 13607: the path is none.
pub(crate) fn not_a_path(character: Option<char>, place: usize, state: u8) -> SqlError {
    let character = character.unwrap_or('.');
    SqlError::new(
        13607,
        format!("JSON path is not properly formatted. Unexpected character '{character}' is found at position {place}."),
    )
    .with_state(state)
}

/// 13608: a strict path leads nowhere.
pub(crate) fn not_found(state: u8) -> SqlError {
    SqlError::new(13608, "Property cannot be found on the specified JSON path.").with_state(state)
}

/// 13606.
pub(crate) fn too_deep(state: u8) -> SqlError {
    SqlError::new(13606, "JSON text/path that has more than 128 nesting levels cannot be parsed.")
        .with_state(state)
}

/// 13604: a spatial value.
pub(crate) fn clr() -> SqlError {
    SqlError::new(
        13604,
        "FOR JSON cannot serialize CLR objects. Cast CLR types explicitly into one of the supported types in FOR JSON queries.",
    )
}

/// 13611: OPENJSON was to open a number, a string, true, false or null.
pub(crate) fn not_to_be_opened(state: u8) -> SqlError {
    SqlError::new(
        13611,
        "Value referenced by JSON path is not an array or object and cannot be opened with OPENJSON.",
    )
    .with_state(state)
}

/// 13612: a binary column of OPENJSON met what is no base64.
pub(crate) fn not_base64() -> SqlError {
    SqlError::new(13612, "Cannot convert a string value found in the JSON text to binary value because it is not Base64 encoded.").with_state(5)
}

/// 13613: more bytes than a binary column of OPENJSON holds.
pub(crate) fn base64_too_long() -> SqlError {
    SqlError::new(
        13613,
        "Base64 encoded string cannot be converted to binary value. Binary data would be truncated.",
    )
}

/// 13619: JSON_MODIFY of the whole document.
pub(crate) fn whole_document() -> SqlError {
    SqlError::new(13619, "Unsupported JSON path found in argument 2 of JSON_MODIFY.")
}

/// 13621: a strict `append` to what is no array.
pub(crate) fn no_array() -> SqlError {
    SqlError::new(13621, "Array cannot be found in the specified JSON path.")
}

/// 13623: a strict JSON_VALUE of an object or array.
pub(crate) fn no_scalar(state: u8) -> SqlError {
    SqlError::new(13623, "Scalar value cannot be found in the specified JSON path.").with_state(state)
}

/// 13624: a strict JSON_QUERY of neither an object nor an array.
pub(crate) fn no_object_or_array(state: u8) -> SqlError {
    SqlError::new(13624, "Object or array cannot be found in the specified JSON path.").with_state(state)
}

/// 13625: a strict JSON_VALUE of more than 4,000 characters.
pub(crate) fn value_too_long() -> SqlError {
    SqlError::new(13625, "String value in the specified JSON path would be truncated.")
}
