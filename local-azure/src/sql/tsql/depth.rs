//! How long and how deep a statement may be: what is read into a tree is walked on the stack.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::sql::reply::SqlError;

/// The longest chain of operators between two commas: what is parsed into a tree is walked on the stack.
const LONGEST_CHAIN: usize = 400;

/// 191: SQL Server's own words for a statement that needs too much stack.
pub(crate) fn too_deep() -> SqlError {
    SqlError::new(
        191,
        "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into smaller queries.",
    )
    .with_class(15)
}

/// How deep parentheses, CASE and prefix operators may lie in each other: sqlparser itself stops at 50, but not always with an error that
/// says so.
const DEEPEST: usize = 45;

pub(super) fn check_depth(tokens: &[TokenWithSpan]) -> Result<(), SqlError> {
    // How deep the tokens lie, how deep they lay before each open parenthesis and CASE, and how many operators stand
    // before the next value.
    let mut depth = 0_usize;
    let mut open = Vec::new();
    let mut prefixes = 0_usize;
    for token in tokens {
        let word = match &token.token {
            Token::Word(word) if word.quote_style.is_none() => word.value.as_str(),
            _ => "",
        };
        if token.token == Token::LParen || word.eq_ignore_ascii_case("CASE") {
            open.push(depth);
            depth += prefixes + 1;
            prefixes = 0;
        } else if token.token == Token::RParen || word.eq_ignore_ascii_case("END") {
            depth = open.pop().unwrap_or(0);
            prefixes = 0;
        } else if matches!(token.token, Token::Tilde | Token::Minus | Token::Plus)
            || word.eq_ignore_ascii_case("NOT")
        {
            prefixes += 1;
        } else {
            prefixes = 0;
        }
        if depth + prefixes > DEEPEST {
            return Err(too_deep());
        }
    }
    Ok(())
}

pub(super) fn check_length(tokens: &[TokenWithSpan]) -> Result<(), SqlError> {
    let mut chain = 0;
    for token in tokens {
        match &token.token {
            Token::Comma => chain = 0,
            Token::Word(word)
                if word.quote_style.is_none()
                    && matches!(
                        word.value.to_ascii_uppercase().as_str(),
                        "AND" | "OR" | "NOT" | "UNION" | "EXCEPT" | "INTERSECT" | "JOIN"
                    ) =>
            {
                chain += 1;
            }
            Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::Mod
            | Token::Tilde
            | Token::Caret
            | Token::Pipe
            | Token::Ampersand => chain += 1,
            _ => {}
        }
        if chain > LONGEST_CHAIN {
            return Err(too_deep());
        }
    }
    Ok(())
}
