//! Dates and times as text: reading what SQL Server reads, writing in the styles of CONVERT.

pub(crate) mod format;
pub(crate) mod parse;
