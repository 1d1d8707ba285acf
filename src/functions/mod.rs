//! What a function is: its definition read and compiled, an invocation's values bound, its results shaped.

mod binding;
mod catalogue;
mod command_text;
mod conversion;
mod definition;
mod failure;
mod json_text;
mod limits;
mod plan;
mod service;
mod shape;
mod source;
mod trigger;

pub use catalogue::{Catalogue, load};
pub use command_text::{CommandMistake, CommandText};
pub(crate) use definition::Mistakes;
pub use definition::{DefinitionError, Mistake, Severity};
pub use plan::{Answer, Function, Numbers, Plan, ResultForm};
pub use service::Service;
pub use shape::{JsonSink, Shaped};
pub use trigger::{HttpTrigger, RouteParameter, TimerTrigger, Trigger};

#[cfg(test)]
mod tests;
