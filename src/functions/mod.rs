//! What a function is: its definition read and compiled, an invocation's values bound, its results shaped.

mod command_text;
mod conversion;
mod spelling;

pub use command_text::CommandText;
