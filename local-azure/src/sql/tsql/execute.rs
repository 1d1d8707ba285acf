//! EXEC and its arguments.

use sqlparser::ast;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::batch::statement_ends;
use super::cursor::{Cursor, Extent, syntax_error};
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
        if name.is_none() && arguments.iter().any(|argument| argument.name.is_some()) {
            return Err(SqlError::new(119, format!("Must pass parameter number {} and subsequent parameters as '@name = value'. After the form '@name = value' has been used, all subsequent parameters must be passed in the form '@name = value'.", arguments.len() + 1)).with_class(15).at_line(cursor.line()));
        }
        let tokens = cursor.slice(Extent::Expression)?;
        if matches!(tokens.as_slice(), [only] if keyword(only).as_deref() == Some("DEFAULT")) {
            arguments.push(ExecuteArgument { name, value: None, output: false });
            if cursor.peek().is_none_or(|token| token.token != Token::Comma) {
                break;
            }
            continue;
        }
        let output =
            tokens.len() > 1 && matches!(tokens.last().and_then(keyword).as_deref(), Some("OUTPUT" | "OUT"));
        let value = if output { tokens.get(..tokens.len() - 1).unwrap_or_default() } else { &tokens };
        let value = argument(cursor, value)?;
        let is_variable = matches!(&value, ast::Expr::Identifier(name) if name.quote_style.is_none() && name.value.starts_with('@') && !name.value.starts_with("@@"));
        if output && !is_variable {
            return Err(SqlError::new(
                179,
                "Cannot use the OUTPUT option when passing a constant to a stored procedure.",
            )
            .with_class(15)
            .at_line(cursor.line()));
        }
        arguments.push(ExecuteArgument { name, value: Some(value), output });
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

/// An argument's value: a constant or a variable. T-SQL takes no expression here.
fn argument(cursor: &Cursor, tokens: &[TokenWithSpan]) -> Result<ast::Expr, SqlError> {
    let value = query::expression(tokens)?;
    match &value {
        ast::Expr::Identifier(name) if name.quote_style.is_none() && name.value.starts_with('@') => Ok(value),
        ast::Expr::Identifier(_) => Err(cursor.unsupported("A word as an argument of EXEC")),
        constant if is_constant(constant) => Ok(value),
        _ => Err(syntax_error(tokens.get(1).or(tokens.first()))),
    }
}

/// A literal, or one of a number with a sign.
pub(super) fn is_constant(value: &ast::Expr) -> bool {
    match value {
        ast::Expr::Value(_) => true,
        ast::Expr::UnaryOp { op: ast::UnaryOperator::Minus | ast::UnaryOperator::Plus, expr } => {
            matches!(&**expr, ast::Expr::Value(ast::ValueWithSpan { value: ast::Value::Number(..), span: _ }))
        }
        _ => false,
    }
}
