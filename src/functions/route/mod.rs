//! ASP.NET route templates: what `route` in `function.json` means, and which function a request is for.
//!
//! The host routes a request by itself and then passes it on by its path alone, so in forwarding and proxying mode the
//! worker must come to the same function. Facts from dotnet/aspnetcore, `src/Http/Routing/src` (`RoutePatternParser`,
//! `RouteParameterParser`, `RoutePatternMatcher`, `Constraints`, `Template/RoutePrecedence`), and from
//! azure-webjobs-sdk-extensions, `WebJobs.Extensions.Http/Routing`.

mod constraint;
mod coverage;
mod forms;
mod letter_case;
mod matching;
mod parse;
mod path;
mod scalar;
mod table;
mod template;
#[cfg(test)]
mod tests;

pub use constraint::ValueRule;
pub use forms::{PathForm, PathParameter, PathPiece};
pub use matching::RouteValues;
pub use parse::TemplateError;
pub use path::RequestPath;
pub use table::{Found, Route, RouteMatch, RouteTable, is_tried_before};
pub use template::{RouteParameter, RouteTemplate};
