//! What the fault classes promise, as tests.

mod classes;
mod policy;
mod retry_budget;
mod table;
