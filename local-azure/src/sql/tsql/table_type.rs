//! CREATE TYPE ... AS TABLE, DROP TYPE, and what DECLARE says of a table variable.

use std::collections::HashSet;

use sqlparser::tokenizer::Token;

use super::cursor::Cursor;
use super::definition::element;
use super::lexer::{to_text, tokenize};
use super::statement::{
    ConstraintDefinition, ConstraintKind, Name, StatementKind, TableElement, TableSource,
};
use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;

/// CREATE TYPE or DROP TYPE; None, and nothing taken, when something else comes.
pub(super) fn statement(cursor: &mut Cursor) -> Result<Option<StatementKind>, SqlError> {
    if cursor.accept(&["CREATE", "TYPE"]) {
        let name = cursor.name()?;
        if cursor.accept(&["FROM"]) {
            return Err(cursor.unsupported("CREATE TYPE ... FROM, an alias of another type,"));
        }
        if cursor.accept(&["EXTERNAL"]) {
            return Err(cursor.unsupported("CREATE TYPE ... EXTERNAL NAME"));
        }
        cursor.expect(&["AS", "TABLE"])?;
        let (body, _) = body(cursor)?;
        if cursor.peek_keyword().as_deref() == Some("WITH") {
            return Err(cursor.unsupported("CREATE TYPE ... WITH"));
        }
        return Ok(Some(StatementKind::CreateTableType { name, body }));
    }
    if cursor.accept(&["DROP", "TYPE"]) {
        let if_exists = cursor.accept(&["IF", "EXISTS"]);
        return Ok(Some(StatementKind::DropType { name: cursor.name()?, if_exists }));
    }
    Ok(None)
}

/// What a table variable is, if the declaration's type, which comes next, is a table: TABLE (...), or the name of a type
/// that isn't one of the system's.
pub(super) fn source(cursor: &mut Cursor) -> Result<Option<TableSource>, SqlError> {
    if cursor.accept(&["TABLE"]) {
        let (_, elements) = body(cursor)?;
        return Ok(Some(TableSource::Elements(elements)));
    }
    Ok(type_name(cursor)?.map(TableSource::Type))
}

/// The name of a user's type, if one comes next.
pub(super) fn type_name(cursor: &mut Cursor) -> Result<Option<Name>, SqlError> {
    let is_name =
        |token: Option<&Token>| matches!(token, Some(Token::Word(word)) if !word.value.starts_with('@'));
    if !is_name(cursor.token_at(0)) {
        return Ok(None);
    }
    let qualified = cursor.token_at(1) == Some(&Token::Period);
    let of_system = match cursor.token_at(0) {
        Some(Token::Word(word)) if qualified => word.value.eq_ignore_ascii_case("sys"),
        // An unknown name is 243; what is wrong with a known one is for the reader of types to say.
        Some(Token::Word(word)) => {
            let two = cursor.keyword_at(1).map(|next| format!("{} {next}", word.value));
            let known = |name: &str| !matches!(SqlType::parse(name), Err(error) if error.number == 243);
            known(&word.value) || two.is_some_and(|name| known(&name))
        }
        _ => true,
    };
    if of_system { Ok(None) } else { cursor.name().map(Some) }
}

/// Reads the columns and constraints of a table type, as [`StatementKind::CreateTableType`] has them.
///
/// # Errors
/// Those of CREATE TABLE.
pub(crate) fn parse_body(text: &str) -> Result<Vec<TableElement>, SqlError> {
    elements(&mut Cursor::new(tokenize(text)?, HashSet::new()))
}

/// The columns and constraints in the parentheses that come next, as text and read.
fn body(cursor: &mut Cursor) -> Result<(String, Vec<TableElement>), SqlError> {
    let tokens = cursor.parenthesised()?;
    let text = to_text(&tokens);
    let elements = elements(&mut Cursor::new(tokens, HashSet::new()))?;
    Ok((text, elements))
}

fn elements(cursor: &mut Cursor) -> Result<Vec<TableElement>, SqlError> {
    let mut elements = Vec::new();
    loop {
        let line = cursor.line();
        let read = element(cursor)?;
        let constraints: &[ConstraintDefinition] = match &read {
            TableElement::Column(column) => {
                if column.default.as_ref().is_some_and(|(name, _)| name.is_some()) {
                    return Err(keyword("CONSTRAINT", line));
                }
                &column.constraints
            }
            TableElement::Constraint(constraint) => std::slice::from_ref(constraint),
        };
        for ConstraintDefinition { name, kind } in constraints {
            if name.is_some() {
                return Err(keyword("CONSTRAINT", line));
            }
            if matches!(kind, ConstraintKind::ForeignKey { .. }) {
                return Err(keyword("FOREIGN", line));
            }
        }
        elements.push(read);
        if !cursor.accept_token(&Token::Comma) || cursor.at_end() {
            break;
        }
    }
    if cursor.at_end() { Ok(elements) } else { Err(cursor.syntax_error()) }
}

/// 156: tables of this kind have neither constraints with names nor foreign keys.
fn keyword(word: &str, line: u32) -> SqlError {
    SqlError::new(156, format!("Incorrect syntax near the keyword '{word}'.")).with_class(15).at_line(line)
}
