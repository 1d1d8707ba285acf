//! SET: of a variable and of the session's options.

use sqlparser::ast;
use sqlparser::tokenizer::Token;

use super::super::engine::Isolation;
use super::batch::expression;
use super::cursor::{Cursor, undeclared};
use super::query;
use super::statement::{Setting, StatementKind};
use crate::sql::reply::SqlError;

pub(super) fn set(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.advance();
    if matches!(cursor.peek().map(|token| &token.token), Some(Token::Word(word)) if word.value.starts_with('@'))
    {
        let at = cursor.peek().cloned();
        let variable = cursor.known_variable()?;
        let operator = cursor.peek().and_then(|token| query::compound(&token.token));
        if operator.is_some() {
            cursor.advance();
        }
        cursor.expect_token(&Token::Eq)?;
        let value = expression(cursor)?;
        let value = match (operator, at) {
            (Some(operator), Some(at)) => {
                // `SET @a += e` is `SET @a = @a + (e)`.
                let tokens =
                    [at.clone(), sqlparser::tokenizer::TokenWithSpan { token: operator, span: at.span }];
                let mut left = tokens.to_vec();
                left.push(sqlparser::tokenizer::TokenWithSpan {
                    token: Token::make_word("NULL", None),
                    span: at.span,
                });
                match query::expression(&left)? {
                    ast::Expr::BinaryOp { left, op, right: _ } => {
                        ast::Expr::BinaryOp { left, op, right: Box::new(ast::Expr::Nested(Box::new(value))) }
                    }
                    _ => return Err(undeclared(&variable)),
                }
            }
            _ => value,
        };
        return Ok(StatementKind::Assign { variable, value });
    }
    if cursor.accept(&["TRANSACTION", "ISOLATION", "LEVEL"]) {
        for (words, level) in [
            (&["READ", "UNCOMMITTED"][..], Isolation::ReadUncommitted),
            (&["READ", "COMMITTED"][..], Isolation::ReadCommitted),
            (&["REPEATABLE", "READ"][..], Isolation::RepeatableRead),
            (&["SNAPSHOT"][..], Isolation::Snapshot),
            (&["SERIALIZABLE"][..], Isolation::Serializable),
        ] {
            if cursor.accept(words) {
                return Ok(StatementKind::Set(vec![Setting::Isolation(level)]));
            }
        }
        return Err(cursor.syntax_error());
    }
    if cursor.accept(&["IDENTITY_INSERT"]) {
        let table = cursor.name()?;
        let on = on_or_off(cursor)?;
        return Ok(StatementKind::Set(vec![Setting::IdentityInsert(table, on)]));
    }
    if cursor.accept(&["LOCK_TIMEOUT"]) {
        return Ok(StatementKind::Set(vec![Setting::LockTimeout(cursor.integer()?)]));
    }
    if cursor.accept(&["TEXTSIZE"]) {
        cursor.integer()?;
        return Ok(StatementKind::Set(vec![Setting::Harmless]));
    }
    let mut options = Vec::new();
    loop {
        options.push(cursor.peek_keyword().ok_or_else(|| cursor.syntax_error())?);
        let at = cursor.line();
        let option = options.last().cloned().unwrap_or_default();
        if matches!(
            option.as_str(),
            "LANGUAGE"
                | "DATEFORMAT"
                | "DATEFIRST"
                | "ROWCOUNT"
                | "DEADLOCK_PRIORITY"
                | "CONTEXT_INFO"
                | "SHOWPLAN_ALL"
                | "SHOWPLAN_XML"
                | "STATISTICS"
                | "FMTONLY"
                | "PARSEONLY"
                | "NOEXEC"
                | "IMPLICIT_TRANSACTIONS"
        ) {
            cursor.advance();
            return harmless_value(cursor, &option).map_err(|error| error.at_line(at));
        }
        if !matches!(
            option.as_str(),
            "NOCOUNT"
                | "XACT_ABORT"
                | "ANSI_NULLS"
                | "QUOTED_IDENTIFIER"
                | "ANSI_PADDING"
                | "ANSI_WARNINGS"
                | "ARITHABORT"
                | "CONCAT_NULL_YIELDS_NULL"
                | "NUMERIC_ROUNDABORT"
                | "ANSI_NULL_DFLT_ON"
                | "ANSI_DEFAULTS"
                | "CURSOR_CLOSE_ON_COMMIT"
        ) {
            return Err(cursor.syntax_error());
        }
        cursor.advance();
        if !cursor.accept_token(&Token::Comma) {
            break;
        }
    }
    let on = on_or_off(cursor)?;
    options
        .into_iter()
        .map(|option| setting(&option, on, cursor))
        .collect::<Result<_, _>>()
        .map(StatementKind::Set)
}

/// An ON/OFF option. One without effect here is accepted only in the state in which the engine works.
fn setting(option: &str, on: bool, cursor: &Cursor) -> Result<Setting, SqlError> {
    match option {
        "NOCOUNT" => Ok(Setting::NoCount(on)),
        "XACT_ABORT" => Ok(Setting::XactAbort(on)),
        "NUMERIC_ROUNDABORT" | "CURSOR_CLOSE_ON_COMMIT" if !on => Ok(Setting::Harmless),
        // ARITHABORT makes no difference while ANSI_WARNINGS is ON.
        "ARITHABORT" => Ok(Setting::Harmless),
        "NUMERIC_ROUNDABORT" | "CURSOR_CLOSE_ON_COMMIT" | "ANSI_DEFAULTS" => {
            Err(cursor.unsupported(&format!("SET {option} ON")))
        }
        _ if on => Ok(Setting::Harmless),
        _ => Err(cursor.unsupported(&format!("SET {option} OFF"))),
    }
}

/// Options with a value: only the value that the engine works with is accepted.
fn harmless_value(cursor: &mut Cursor, option: &str) -> Result<StatementKind, SqlError> {
    let value = match cursor.peek().map(|token| &token.token) {
        Some(Token::Word(word)) => word.value.to_lowercase(),
        Some(Token::Number(digits, _)) => digits.clone(),
        Some(Token::SingleQuotedString(text) | Token::NationalStringLiteral(text)) => text.to_lowercase(),
        _ => return Err(cursor.syntax_error()),
    };
    cursor.advance();
    let harmless = matches!(
        (option, value.as_str()),
        ("LANGUAGE", "us_english" | "english")
            | ("DATEFORMAT", "mdy")
            | ("DATEFIRST", "7")
            | ("ROWCOUNT", "0")
            | ("DEADLOCK_PRIORITY", _)
            | (
                "SHOWPLAN_ALL"
                    | "SHOWPLAN_XML"
                    | "FMTONLY"
                    | "PARSEONLY"
                    | "NOEXEC"
                    | "IMPLICIT_TRANSACTIONS",
                "off"
            )
    );
    if harmless {
        Ok(StatementKind::Set(vec![Setting::Harmless]))
    } else {
        Err(cursor.unsupported(&format!("SET {option} {value}")))
    }
}

fn on_or_off(cursor: &mut Cursor) -> Result<bool, SqlError> {
    if cursor.accept(&["ON"]) {
        return Ok(true);
    }
    cursor.expect(&["OFF"])?;
    Ok(false)
}
