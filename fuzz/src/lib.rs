//! What the fuzz targets share: a worker with one function for each kind of trigger, and JSON made from fuzzer bytes.

mod json;
mod worker;

pub use json::any_json;
pub use worker::{FunctionUnderTest, functions, invoke, plan};
