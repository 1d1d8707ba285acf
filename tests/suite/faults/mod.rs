//! What becomes of a command that meets a fault: by the unit of work that it is, and the moment at which the fault strikes.
//!
//! The table in `matrix.rs` is the specification; `stage.rs` plays a row of it on the real worker and looks at what the server
//! has in the end.

mod budget;
mod matrix;
mod stage;
