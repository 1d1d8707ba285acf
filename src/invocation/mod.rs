//! What every part of the worker knows of one invocation: what triggered it, its values, and the problem its caller gets.

mod context;
mod json_comments;
mod json_place;
mod message;
mod mistake;
mod problem;
mod spelling;
mod sql_type;
mod time_span;
mod trigger;
mod value;

pub use context::{Invocation, InvocationLog};
pub(crate) use json_comments::without_comments;
pub(crate) use json_place::JsonPlaces;
pub use message::{Message, Metadata, Payload, Shadows};
pub(crate) use mistake::Mistakes;
pub use mistake::{Mistake, Severity};
pub use problem::{Problem, Violation};
pub(crate) use spelling::nearest;
pub use sql_type::{Length, SqlType, SqlTypeError};
pub(crate) use time_span::time_span;
pub use trigger::{Body, HttpRequest, TimerEvent, TriggerInput};
pub use value::{Decimal, DecimalError, Parameter, SqlValue};
