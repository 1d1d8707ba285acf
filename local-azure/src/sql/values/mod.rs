//! What SQL Server's types mean: their spelling, how values are kept in SQLite, conversion, arithmetic and functions.
//!
//! | module | holds |
//! |---|---|
//! | [`data_type`] | spelling, precedence and common type of [`super::types::SqlType`] |
//! | [`storage`] | the form of a value inside SQLite, in which SQLite's own order is SQL Server's |

pub mod arithmetic;
pub mod convert;
pub mod data_type;
pub mod errors;
pub mod functions;
pub mod literals;
pub mod storage;
