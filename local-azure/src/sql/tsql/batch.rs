//! The statements of a batch.

use std::collections::HashSet;

use sqlparser::ast;
use sqlparser::tokenizer::Token;

use super::cursor::{Cursor, Extent};
use super::lexer::{keyword, tokenize};
use super::procedure;
use super::query;
use super::statement::{Declaration, Name, Statement, StatementKind};
use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;

/// How deep blocks may lie in each other.
const DEEPEST: usize = 32;

/// Reads a whole batch; nothing of it runs when one statement can't be read. `variables` are the parameters, lower case.
///
/// # Errors
/// 102, 156, 137 and the numbers of the lexer, with the line.
pub(crate) fn parse(
    text: &str,
    variables: impl IntoIterator<Item = String>,
) -> Result<Vec<Statement>, SqlError> {
    let mut cursor = Cursor::new(tokenize(text)?, variables.into_iter().collect::<HashSet<_>>());
    let mut statements = Vec::new();
    loop {
        while cursor.accept_token(&Token::SemiColon) {}
        if cursor.at_end() {
            return Ok(statements);
        }
        if statements.is_empty()
            && let Some(definition) = procedure::definition(&mut cursor, text)?
        {
            return Ok(vec![definition]);
        }
        statements.push(statement(&mut cursor)?);
    }
}

/// Reads one expression, such as a column's default.
///
/// # Errors
/// 102 and 156.
pub(crate) fn parse_expression(text: &str) -> Result<ast::Expr, SqlError> {
    query::expression(&tokenize(text)?)
}

/// A parameter that sp_executesql declares; its name is in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    Scalar {
        name: String,
        sql_type: SqlType,
        output: bool,
    },
    /// A table-valued parameter, which is READONLY.
    Table {
        name: String,
        type_name: Name,
    },
}

impl Parameter {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Scalar { name, .. } | Self::Table { name, .. } => name,
        }
    }
}

/// Reads the declarations of sp_executesql, `@id int, @city varchar(50) OUTPUT, @ids dbo.IdList READONLY`.
///
/// # Errors
/// 102, 156, 352 for a table without READONLY, and 2715-like errors of the types.
pub(crate) fn parse_declarations(text: &str) -> Result<Vec<Parameter>, SqlError> {
    let mut cursor = Cursor::new(tokenize(text)?, HashSet::new());
    let mut declarations: Vec<Parameter> = Vec::new();
    while !cursor.at_end() {
        if !declarations.is_empty() {
            cursor.expect_token(&Token::Comma)?;
        }
        let name = cursor.variable()?;
        cursor.accept(&["AS"]);
        if declarations.iter().any(|other| other.name() == name) {
            return Err(duplicate(&name));
        }
        if let Some(type_name) = super::table_type::type_name(&mut cursor)? {
            read_only(&mut cursor, &name)?;
            declarations.push(Parameter::Table { name, type_name });
            continue;
        }
        let sql_type = cursor.sql_type()?;
        if cursor.accept_token(&Token::Eq) {
            return Err(cursor.unsupported("A default value of an sp_executesql parameter"));
        }
        let output = cursor.accept(&["OUTPUT"]) || cursor.accept(&["OUT"]);
        declarations.push(Parameter::Scalar { name, sql_type, output });
    }
    Ok(declarations)
}

/// READONLY, without which a table can't be a parameter.
pub(super) fn read_only(cursor: &mut Cursor, parameter: &str) -> Result<(), SqlError> {
    if cursor.accept(&["READONLY"]) {
        return Ok(());
    }
    Err(SqlError::new(
        352,
        format!("The table-valued parameter \"{parameter}\" must be declared with the READONLY option."),
    )
    .with_class(15)
    .at_line(cursor.line()))
}

/// 134.
pub(super) fn duplicate(name: &str) -> SqlError {
    SqlError::new(134, format!("The variable name '{name}' has already been declared. Variable names must be unique within a query batch or stored procedure.")).with_class(15)
}

pub(super) fn expression(cursor: &mut Cursor) -> Result<ast::Expr, SqlError> {
    query::expression(&cursor.slice(Extent::Expression)?)
}

pub(super) fn statement(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    let line = cursor.line();
    cursor.depth += 1;
    if cursor.depth > DEEPEST {
        return Err(super::depth::too_deep().at_line(line));
    }
    let kind = kind(cursor).map_err(|error| if error.line <= 1 { error.at_line(line) } else { error })?;
    cursor.depth -= 1;
    while cursor.accept_token(&Token::SemiColon) {}
    Ok(Statement { line, kind })
}

fn kind(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    let Some(word) = cursor.peek_keyword() else {
        if cursor.peek().is_some_and(|token| token.token == Token::LParen) {
            return query::select(cursor.slice(Extent::Statement)?);
        }
        return Err(cursor.syntax_error());
    };
    match word.as_str() {
        "SELECT" => query::select(cursor.slice(Extent::Statement)?),
        "INSERT" | "UPDATE" | "DELETE" => modification(cursor),
        "WITH" => {
            let slice = cursor.slice(Extent::Statement)?;
            let mut depth = 0_usize;
            let modifies = slice.iter().any(|token| {
                match token.token {
                    Token::LParen => depth += 1,
                    Token::RParen => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0 && matches!(keyword(token).as_deref(), Some("INSERT" | "UPDATE" | "DELETE"))
            });
            if modifies { query::modification(slice) } else { query::select(slice) }
        }
        "DECLARE" => declare(cursor),
        "SET" => super::settings::set(cursor),
        "IF" => {
            cursor.advance();
            let condition = expression(cursor)?;
            let then = Box::new(statement(cursor)?);
            let otherwise = if cursor.accept(&["ELSE"]) { Some(Box::new(statement(cursor)?)) } else { None };
            Ok(StatementKind::If { condition, then, otherwise })
        }
        "WHILE" => {
            cursor.advance();
            let condition = expression(cursor)?;
            cursor.loops += 1;
            let body = Box::new(statement(cursor)?);
            cursor.loops -= 1;
            Ok(StatementKind::While { condition, body })
        }
        "BEGIN" => begin(cursor),
        "BREAK" | "CONTINUE" => {
            if cursor.loops == 0 {
                let number = if word == "BREAK" { 135 } else { 136 };
                return Err(SqlError::new(
                    number,
                    format!("Cannot use a {word} statement outside the scope of a WHILE statement."),
                )
                .with_class(15)
                .at_line(cursor.line()));
            }
            cursor.advance();
            Ok(if word == "BREAK" { StatementKind::Break } else { StatementKind::Continue })
        }
        "RETURN" => {
            cursor.advance();
            if !statement_ends(cursor) {
                if cursor.in_procedure {
                    return Ok(StatementKind::Return(Some(expression(cursor)?)));
                }
                return Err(SqlError::new(
                    178,
                    "A RETURN statement with a return value cannot be used in this context.",
                )
                .with_class(15)
                .at_line(cursor.line()));
            }
            Ok(StatementKind::Return(None))
        }
        "PRINT" => {
            cursor.advance();
            Ok(StatementKind::Print(expression(cursor)?))
        }
        "THROW" => throw(cursor),
        "RAISERROR" => raise_error(cursor),
        "WAITFOR" => {
            cursor.advance();
            if cursor.accept(&["TIME"]) {
                return Err(cursor.unsupported("WAITFOR TIME"));
            }
            cursor.expect(&["DELAY"])?;
            Ok(StatementKind::Wait(expression(cursor)?))
        }
        "COMMIT" => {
            cursor.advance();
            transaction_word(cursor, true);
            transaction_name(cursor)?;
            Ok(StatementKind::Commit)
        }
        "ROLLBACK" => {
            cursor.advance();
            if transaction_word(cursor, true) {
                return Ok(StatementKind::Rollback(None));
            }
            Ok(StatementKind::Rollback(transaction_name(cursor)?))
        }
        "SAVE" => {
            cursor.advance();
            if !cursor.accept(&["TRANSACTION"]) {
                cursor.expect(&["TRAN"])?;
            }
            transaction_name(cursor)?.map(StatementKind::Save).ok_or_else(|| cursor.syntax_error())
        }
        "CREATE" | "ALTER" | "DROP" | "TRUNCATE" => super::definition::statement(cursor),
        "USE" => {
            if cursor.in_procedure {
                return Err(SqlError::new(
                    154,
                    "a USE database statement is not allowed in a procedure, function or trigger.",
                )
                .with_class(15)
                .at_line(cursor.line()));
            }
            cursor.advance();
            Ok(StatementKind::Use(cursor.identifier()?))
        }
        "EXEC" | "EXECUTE" => super::execute::execute(cursor),
        "GRANT" | "DENY" | "REVOKE" => super::security::permission(cursor, &word),
        "MERGE" | "GOTO" | "OPEN" | "CLOSE" | "DEALLOCATE" | "DBCC" | "KILL" | "BACKUP" | "RESTORE"
        | "CHECKPOINT" | "REVERT" | "RECONFIGURE" | "SHUTDOWN" | "BULK" | "FETCH" => {
            Err(cursor.unsupported(&format!("The statement {word}")))
        }
        _ => Err(cursor.syntax_error()),
    }
}

/// Whether a statement may end before the next token.
pub(super) fn statement_ends(cursor: &Cursor) -> bool {
    cursor.at_end()
        || cursor.peek().is_some_and(|token| token.token == Token::SemiColon)
        || cursor.peek_keyword().is_some_and(|word| {
            super::keywords::begins_statement(&word)
                || matches!(
                    word.as_str(),
                    "SELECT"
                        | "SET"
                        | "INSERT"
                        | "UPDATE"
                        | "DELETE"
                        | "EXEC"
                        | "EXECUTE"
                        | "ELSE"
                        | "END"
                        | "WITH"
                )
        })
}

fn modification(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    let slice = cursor.slice(Extent::Statement)?;
    if matches!(cursor.peek_keyword().as_deref(), Some("EXEC" | "EXECUTE"))
        && slice.first().and_then(keyword).as_deref() == Some("INSERT")
        && !slice.iter().any(|token| matches!(keyword(token).as_deref(), Some("VALUES" | "SELECT")))
    {
        return Err(cursor.unsupported("INSERT ... EXEC"));
    }
    query::modification(slice)
}

fn declare(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.advance();
    let mut declarations = Vec::new();
    let mut tables = Vec::new();
    loop {
        if !matches!(cursor.peek().map(|token| &token.token), Some(Token::Word(word)) if word.value.starts_with('@'))
        {
            return Err(match cursor.keyword_at(1).as_deref() {
                Some("CURSOR") => cursor.unsupported("A cursor"),
                _ => cursor.syntax_error(),
            });
        }
        let name = cursor.variable()?;
        cursor.accept(&["AS"]);
        if cursor.peek_keyword().as_deref() == Some("CURSOR") {
            return Err(cursor.unsupported("A cursor variable"));
        }
        let line = cursor.line();
        if let Some(source) = super::table_type::source(cursor)? {
            if !cursor.declared.insert(name.clone()) {
                return Err(duplicate(&name));
            }
            tables.push(Statement { line, kind: StatementKind::DeclareTable { name, source } });
            if !cursor.accept_token(&Token::Comma) {
                return Ok(declared(declarations, tables));
            }
            continue;
        }
        let sql_type = cursor.sql_type()?;
        if sql_type.is_old_long() {
            return Err(SqlError::new(
                2739,
                "The text, ntext, and image data types are invalid for local variables.",
            )
            .with_class(15)
            .at_line(cursor.line()));
        }
        let value = if cursor.accept_token(&Token::Eq) { Some(expression(cursor)?) } else { None };
        if !cursor.declared.insert(name.clone()) {
            return Err(duplicate(&name));
        }
        declarations.push(Declaration { name, sql_type, value });
        if !cursor.accept_token(&Token::Comma) {
            return Ok(declared(declarations, tables));
        }
    }
}

/// One DECLARE of both kinds of variables: no value of a scalar one can look at a table of the same statement.
fn declared(declarations: Vec<Declaration>, mut tables: Vec<Statement>) -> StatementKind {
    match (declarations.is_empty(), tables.len()) {
        (false, 0) => StatementKind::Declare(declarations),
        (true, 1) => tables.remove(0).kind,
        _ => {
            let line = tables.first().map_or(1, |table| table.line);
            tables.push(Statement { line, kind: StatementKind::Declare(declarations) });
            StatementKind::Block(tables)
        }
    }
}

fn begin(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.advance();
    if cursor.accept(&["TRAN"]) || cursor.accept(&["TRANSACTION"]) {
        let name = transaction_name(cursor)?;
        if cursor.accept(&["WITH"]) {
            return Err(cursor.unsupported("BEGIN TRANSACTION ... WITH MARK"));
        }
        return Ok(StatementKind::Begin(name));
    }
    if cursor.accept(&["TRY"]) {
        let body = block(cursor, &["END", "TRY"])?;
        while cursor.accept_token(&Token::SemiColon) {}
        cursor.expect(&["BEGIN", "CATCH"])?;
        let handler = block(cursor, &["END", "CATCH"])?;
        return Ok(StatementKind::TryCatch { body, handler });
    }
    if cursor.peek_keyword().as_deref() == Some("DISTRIBUTED") {
        return Err(cursor.unsupported("BEGIN DISTRIBUTED TRANSACTION"));
    }
    Ok(StatementKind::Block(block(cursor, &["END"])?))
}

fn block(cursor: &mut Cursor, end: &[&str]) -> Result<Vec<Statement>, SqlError> {
    let mut statements = Vec::new();
    loop {
        while cursor.accept_token(&Token::SemiColon) {}
        if cursor.accept(end) {
            return Ok(statements);
        }
        if cursor.at_end() {
            return Err(cursor.syntax_error());
        }
        statements.push(statement(cursor)?);
    }
}

fn throw(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.advance();
    let starts_value = match cursor.peek().map(|token| &token.token) {
        Some(Token::Number(..)) => true,
        Some(Token::Word(word)) => word.value.starts_with('@'),
        _ => false,
    };
    if !starts_value {
        return Ok(StatementKind::Throw(None));
    }
    let number = expression(cursor)?;
    cursor.expect_token(&Token::Comma)?;
    let message = expression(cursor)?;
    cursor.expect_token(&Token::Comma)?;
    let state = expression(cursor)?;
    Ok(StatementKind::Throw(Some(Box::new([number, message, state]))))
}

fn raise_error(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.advance();
    cursor.expect_token(&Token::LParen)?;
    let message = expression(cursor)?;
    cursor.expect_token(&Token::Comma)?;
    let severity = expression(cursor)?;
    cursor.expect_token(&Token::Comma)?;
    let state = expression(cursor)?;
    let mut arguments = Vec::new();
    while cursor.accept_token(&Token::Comma) {
        arguments.push(expression(cursor)?);
    }
    cursor.expect_token(&Token::RParen)?;
    if cursor.accept(&["WITH"]) {
        loop {
            // Every message goes out at once as it is; the others change what an error does.
            if !cursor.accept(&["NOWAIT"]) {
                return Err(cursor.unsupported("RAISERROR ... WITH LOG or SETERROR"));
            }
            if !cursor.accept_token(&Token::Comma) {
                break;
            }
        }
    }
    Ok(StatementKind::RaiseError {
        message: Box::new(message),
        severity: Box::new(severity),
        state: Box::new(state),
        arguments,
    })
}

/// TRAN, TRANSACTION or WORK; true when WORK was there, which takes no name.
fn transaction_word(cursor: &mut Cursor, work: bool) -> bool {
    if cursor.accept(&["TRAN"]) || cursor.accept(&["TRANSACTION"]) {
        return false;
    }
    work && cursor.accept(&["WORK"])
}

/// A transaction's name, if one comes; only after TRAN or TRANSACTION.
fn transaction_name(cursor: &mut Cursor) -> Result<Option<String>, SqlError> {
    match cursor.peek().map(|token| &token.token) {
        Some(Token::Word(word)) if word.value.starts_with('@') => {
            Err(cursor.unsupported("A variable as the name of a transaction"))
        }
        Some(Token::Word(word))
            if (word.quote_style.is_some() || !super::keywords::is_reserved(&word.value))
                && !word.value.eq_ignore_ascii_case("THROW") =>
        {
            cursor.identifier().map(Some)
        }
        _ => Ok(None),
    }
}
