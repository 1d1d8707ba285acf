//! What an app is made of: functions, their bindings, and how they are found under the script root.

mod binding;
mod discovery;
mod function;
mod retry;

pub(super) use binding::{HttpTrigger, MessageSource, OutputBinding, ServiceTrigger, TimerTrigger, Trigger};
pub(super) use discovery::{FunctionProblem, discover};
pub(super) use function::FunctionDefinition;
