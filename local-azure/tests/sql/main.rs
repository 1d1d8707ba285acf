//! Black-box tests of the SQL engine: a text goes into a session, replies come out.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod bind_comparisons;
mod bind_functions;
mod bind_queries;
mod for_json;
mod open_json;
mod procedures_calls;
mod procedures_definitions;
mod procedures_rights;
mod procedures_scopes;
mod procedures_support;
mod rights_enforced;
mod rights_functions;
mod rights_principals;
mod rights_support;
mod run_cancel;
mod run_constraints;
mod run_database;
mod run_definitions;
mod run_depth;
mod run_laws;
mod run_scopes;
mod run_transactions;
mod statements_errors;
mod statements_modify;
mod statements_refused;
mod statements_select;
mod support;
mod types_clr;
mod types_json;
mod types_old_long;
mod types_row_version;
mod types_variant;
mod types_xml;
mod table_types;
