//! Batches whose parameters nobody declared, as a description of a batch gets them.

use std::collections::HashSet;

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::batch;
use super::keywords::begins_statement;
use super::lexer::{keyword, tokenize};
use super::statement::Statement;
use crate::sql::reply::SqlError;

/// Reads a batch as [`batch::parse`] does, but takes every variable for a parameter that neither `declared` (lower case)
/// nor a DECLARE of the batch names.
///
/// # Errors
/// As [`batch::parse`], without 137 for such a variable.
pub(crate) fn parse(
    text: &str,
    declared: impl IntoIterator<Item = String>,
) -> Result<Vec<Statement>, SqlError> {
    let tokens = tokenize(text)?;
    let declares = declared_in(&tokens);
    let used = tokens.iter().filter_map(variable).filter(|name| !declares.contains(name));
    batch::parse(text, used.chain(declared))
}

/// The lower-case name of a variable, without those that begin with `@@`.
fn variable(token: &TokenWithSpan) -> Option<String> {
    match &token.token {
        Token::Word(word)
            if word.quote_style.is_none() && word.value.starts_with('@') && !word.value.starts_with("@@") =>
        {
            Some(word.value.to_lowercase())
        }
        _ => None,
    }
}

/// The variables that a DECLARE names: behind the word itself, and behind its commas outside parentheses.
fn declared_in(tokens: &[TokenWithSpan]) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut inside = false;
    let mut depth = 0_usize;
    let mut name_comes = false;
    for token in tokens {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::SemiColon => inside = false,
            _ => {}
        }
        let word = if depth == 0 { keyword(token) } else { None };
        match word.as_deref() {
            Some("DECLARE") => inside = true,
            Some("SELECT" | "INSERT" | "UPDATE" | "DELETE" | "SET" | "EXEC" | "EXECUTE" | "WITH") => {
                inside = false;
            }
            Some(word) if begins_statement(word) => inside = false,
            _ => {}
        }
        if name_comes && inside {
            names.extend(variable(token));
        }
        name_comes = word.as_deref() == Some("DECLARE") || (depth == 0 && token.token == Token::Comma);
    }
    names
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn variables_that_nobody_declares_are_read() {
        let text = "DECLARE @a int = @x, @b nvarchar(5) = LEFT(@y, 2) SELECT @a, @b, @z; SET @q = 1";
        assert_eq!(parse(text, []).unwrap().len(), 3);
        assert!(batch::parse(text, []).is_err());
    }

    #[test]
    fn a_variable_before_its_declaration_is_still_an_error() {
        assert_eq!(parse("SELECT @a; DECLARE @a int", []).unwrap_err().number, 137);
    }

    #[test]
    fn a_declaration_of_a_parameters_name_is_an_error() {
        assert_eq!(parse("DECLARE @a int", ["@a".to_owned()]).unwrap_err().number, 134);
    }

    #[test]
    fn a_statement_is_cut_from_its_text() {
        let text = "PRINT N'ü';\n  SELECT 1,\n 'é🚀' AS b ;;SELECT 2";
        let statements = parse(text, []).unwrap();
        let cut: Vec<_> =
            statements.iter().map(|statement| super::super::lexer::cut(text, statement.span)).collect();
        assert_eq!(cut, ["PRINT N'ü';", "SELECT 1,\n 'é🚀' AS b ;", "SELECT 2"]);
    }
}
