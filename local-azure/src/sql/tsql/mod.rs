//! T-SQL text to statements: our own batch and statement parser on sqlparser's tokenizer.
//!
//! sqlparser itself only reads what lies inside one statement: queries, INSERT, UPDATE, DELETE and expressions. Where a
//! statement ends is decided here, because T-SQL needs no `;` and sqlparser would take the next statement's keyword for
//! an alias.
//!
//! | module | reads |
//! |---|---|
//! | `lexer` | text to tokens, only those that T-SQL has |
//! | `cursor` | tokens one by one, and where a statement ends |
//! | `batch` | the statements of a batch |
//! | `definition` | CREATE and ALTER TABLE, CREATE INDEX |
//! | `execute`, `settings` | EXEC, SET |
//! | `storage` | options of tables and indexes |
//! | `procedure` | CREATE, ALTER and DROP PROCEDURE |
//! | `depth` | how deep a statement may be |
//! | `json` | FOR JSON and OPENJSON, made ready for sqlparser |
//! | `system_name` | names of the system's procedures in remote calls |
//! | `table_type` | CREATE TYPE ... AS TABLE, table variables |
//! | `query` | the parts that sqlparser reads, and what has to be rewritten for it |
//! | `undeclared` | a batch whose parameters nobody declared |
//! | `statement` | what comes out |

pub(crate) mod batch;
pub(crate) mod cursor;
pub(crate) mod definition;
mod depth;
mod execute;
mod json;
pub(crate) mod keywords;
#[cfg(test)]
mod laws;
pub(crate) mod lexer;
pub(crate) mod procedure;
pub(crate) mod query;
pub(crate) mod security;
mod settings;
pub(crate) mod statement;
mod storage;
pub(crate) mod system_name;
pub(crate) mod table_type;
pub(crate) mod undeclared;
