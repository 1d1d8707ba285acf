//! What a function is: its definition read and compiled, an invocation's values bound, its results shaped.

mod binding;
mod built_in;
mod catalogue;
mod command_text;
mod conversion;
mod definition;
pub mod description;
mod failure;
mod format;
mod forwarding;
mod json_text;
mod limits;
mod message_trigger;
mod meta;
mod openapi;
mod output;
mod plan;
mod principal;
mod procedure;
pub mod route;
mod service;
mod shape;
mod source;
mod stored_answer;
mod streaming;
mod table_type;
mod trigger;

pub use built_in::{BuiltIn, BuiltInAnswer, BuiltInFunctions};
pub use catalogue::{Catalogue, load};
pub use command_text::{CommandMistake, CommandText};
pub use command_text::{ObjectName, Right, RightsNeeded, RightsNote, SecurableClass, quoted_name};
pub use definition::{DefinitionError, definition_schema};
pub use format::Format;
pub use forwarding::{Forwarding, Unreachable};
pub use message_trigger::{Batches, HostRetry, MessageKind, MessageTrigger};
pub use openapi::{OpenApi, OpenApiOptions, openapi};
pub use output::{Output, OutputContent, OutputForm, Receiver, ShapedOutput};
pub use plan::{
    Answer, BoundKey, BoundValues, Function, NotANumber, NumberSettings, Numbers, Plan, Replica, ResultForm,
    Work,
};
pub use principal::AppServiceAuthentication;
pub use procedure::{OutputParameter, Procedure};
pub use service::Service;
pub use shape::{JsonSink, Shaped};
pub use streaming::{Answered, Delivery, Streaming};
pub use trigger::{AuthLevel, HttpTrigger, TimerTrigger, Trigger};

#[cfg(test)]
mod tests;
