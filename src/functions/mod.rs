//! What a function is: its definition read and compiled, an invocation's values bound, its results shaped.

mod binding;
mod built_in;
mod catalogue;
mod command_text;
mod conversion;
mod definition;
mod failure;
mod forwarding;
mod json_text;
mod limits;
mod message_trigger;
mod output;
mod plan;
mod principal;
pub mod route;
mod service;
mod shape;
mod source;
mod stored_answer;
mod table_type;
mod trigger;

pub use built_in::{BuiltIn, BuiltInAnswer, BuiltInFunctions};
pub use catalogue::{Catalogue, load};
pub use command_text::{CommandMistake, CommandText};
pub use command_text::{ObjectName, Right, RightsNeeded, RightsNote, SecurableClass, quoted_name};
pub use definition::DefinitionError;
pub use forwarding::{Forwarding, Unreachable};
pub use message_trigger::{Batches, HostRetry, MessageKind, MessageTrigger};
pub use output::{Output, OutputContent, OutputForm, Receiver, ShapedOutput};
pub use plan::{
    Answer, BoundKey, BoundValues, Function, NotANumber, NumberSettings, Numbers, Plan, ResultForm, Work,
};
pub use principal::AppServiceAuthentication;
pub use service::Service;
pub use shape::{JsonSink, Shaped};
pub use trigger::{AuthLevel, HttpTrigger, TimerTrigger, Trigger};

#[cfg(test)]
mod tests;
