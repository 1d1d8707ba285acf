//! What SQL Server's types mean: their spelling, how values are kept in SQLite, conversion, arithmetic and functions.
//!
//! | module | holds |
//! |---|---|
//! | [`data_type`] | spelling, precedence and common type of [`super::types::SqlType`] |
//! | [`convert`] | CAST, CONVERT, and what happens to a value that is stored or passed |
//! | `hierarchy`, `json_text`, `xml_text`, `variant` | the forms of hierarchyid, json, xml and sql_variant |
//! | `json` | JSON text: FOR JSON, OPENJSON, JSON_VALUE and their kin |
//! | [`storage`] | the form of a value inside SQLite, in which SQLite's own order is SQL Server's |

pub mod arithmetic;
pub(super) mod calendar;
pub(crate) mod collations;
pub mod convert;
pub mod data_type;
mod date_text;
mod decimal;
pub mod errors;
pub mod functions;
pub(crate) mod hierarchy;
pub(crate) mod json;
pub(crate) mod json_text;
mod number_text;
pub mod storage;
mod type_spelling;
pub(crate) mod variant;
pub(crate) mod xml_text;
