//! What a function is: its definition read and compiled, an invocation's values bound, its results shaped.

mod catalogue;
mod command_text;
mod conversion;
mod definition;
mod limits;
mod plan;
mod source;
mod spelling;
mod trigger;

pub use catalogue::{Catalogue, load};
pub use command_text::CommandText;
pub use definition::{DefinitionError, Mistake};
pub use plan::{Answer, Function, Numbers, Plan, ResultForm};
pub use trigger::{HttpTrigger, RouteParameter, TimerTrigger, Trigger};
