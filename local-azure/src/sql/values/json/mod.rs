//! JSON: what FOR JSON, OPENJSON and the JSON functions read and write.
//!
//! | module | holds |
//! |---|---|
//! | [`reader`] | JSON text from left to right, with 13609 at the first character that doesn't fit |
//! | [`path`] | paths such as `strict $.a."b c"[2]` |
//! | [`find`] | the value that a path names: JSON_VALUE, JSON_QUERY, ISJSON, JSON_PATH_EXISTS |
//! | [`modify`] | JSON_MODIFY |
//! | [`open`] | the rows of OPENJSON |
//! | [`write`] | a SQL value as JSON |
//! | [`document`] | the rows of a query as one JSON text: FOR JSON |
//!
//! Sources: the Transact-SQL reference ("JSON data in SQL Server", "How FOR JSON converts SQL Server data types", "How FOR
//! JSON escapes special characters", "OPENJSON", "JSON path expressions"), and where it is silent, what others saw SQL
//! Server 2025 do (error numbers and states, scientific notation of floats, how AUTO nests).

pub(crate) mod document;
pub(crate) mod errors;
pub(crate) mod find;
pub(crate) mod modify;
pub(crate) mod open;
pub(crate) mod path;
pub(crate) mod reader;
pub(crate) mod write;

#[cfg(test)]
mod laws;
