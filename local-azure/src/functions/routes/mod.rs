//! ASP.NET route templates: what `route` in function.json means.

mod constraint;
#[cfg(test)]
mod laws;
mod parse;
mod table;
mod template;

pub(super) use constraint::ValueType;
pub(super) use table::RouteTable;
pub(super) use template::{RouteTemplate, RouteValues};
