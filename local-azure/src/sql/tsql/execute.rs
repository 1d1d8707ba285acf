//! EXEC and its arguments.

use sqlparser::ast;
use sqlparser::tokenizer::Token;

use super::batch::statement_ends;
use super::cursor::{Cursor, Extent};
use super::lexer::keyword;
use super::query;
use super::statement::{ExecuteArgument, Name, StatementKind};
use crate::sql::reply::SqlError;

pub(super) fn execute(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.advance();
    if cursor.peek().is_some_and(|token| token.token == Token::LParen) {
        return Err(cursor.unsupported("EXEC of a text in parentheses (use sp_executesql)"));
    }
    let mut result = None;
    if cursor.token_at(1) == Some(&Token::Eq) {
        result = Some(cursor.known_variable()?);
        cursor.advance();
    }
    let procedure: Name = cursor.name()?;
    let mut arguments: Vec<ExecuteArgument> = Vec::new();
    while !statement_ends(cursor) {
        if !arguments.is_empty() {
            cursor.expect_token(&Token::Comma)?;
        }
        let mut name = None;
        if cursor.token_at(1) == Some(&Token::Eq) {
            name = Some(cursor.variable()?);
            cursor.advance();
        }
        let tokens = cursor.slice(Extent::Expression)?;
        let output =
            tokens.len() > 1 && matches!(tokens.last().and_then(keyword).as_deref(), Some("OUTPUT" | "OUT"));
        let value = if output { tokens.get(..tokens.len() - 1).unwrap_or_default() } else { &tokens };
        let value = query::expression(value)?;
        let is_variable = matches!(&value, ast::Expr::Identifier(name) if name.quote_style.is_none() && name.value.starts_with('@') && !name.value.starts_with("@@"));
        if output && !is_variable {
            return Err(SqlError::new(
                179,
                "Cannot use the OUTPUT option when passing a constant to a stored procedure.",
            )
            .with_class(15)
            .at_line(cursor.line()));
        }
        arguments.push(ExecuteArgument { name, value, output });
        if cursor.peek().is_none_or(|token| token.token != Token::Comma) {
            break;
        }
    }
    if cursor.peek_keyword().as_deref() == Some("WITH") {
        return Err(cursor.unsupported("EXEC ... WITH RECOMPILE or RESULT SETS"));
    }
    if !statement_ends(cursor) {
        return Err(cursor.syntax_error());
    }
    Ok(StatementKind::Execute { result, procedure, arguments })
}
