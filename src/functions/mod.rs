//! What a function is: its definition read and compiled, an invocation's values bound, its results shaped.

mod command_text;

pub use command_text::CommandText;
