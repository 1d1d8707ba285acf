//! T-SQL text to tokens: sqlparser's tokenizer, less the tokens that T-SQL doesn't have.

use sqlparser::dialect::MsSqlDialect;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::sql::reply::SqlError;

/// Tokens without blanks and comments.
///
/// # Errors
/// 105 for a string without its end, 113 for a comment without its end, 102 for what is no T-SQL token.
pub(crate) fn tokenize(text: &str) -> Result<Vec<TokenWithSpan>, SqlError> {
    let dialect = MsSqlDialect {};
    let tokens = Tokenizer::new(&dialect, text).tokenize_with_location().map_err(|error| {
        let line = u32::try_from(error.location.line).unwrap_or(u32::MAX).max(1);
        if error.message.contains("comment") {
            SqlError::new(113, "Missing end comment mark '*/'.").with_class(15)
        } else {
            SqlError::new(105, "Unclosed quotation mark after the character string.").with_class(15)
        }
        .at_line(line)
    })?;
    let mut kept: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut of_type: Option<String> = None;
    for token in tokens {
        match &token.token {
            // The scope qualifier of GRANT, as in `ON SCHEMA::sales`; elsewhere it is another database's cast.
            Token::DoubleColon if names_a_securable(&kept) => kept.push(token),
            // A method of a CLR type: `hierarchyid::Parse` becomes one word, which sqlparser reads as a function's name.
            Token::DoubleColon if clr_type(&kept).is_some() => of_type = clr_type(&kept),
            // Between name and value in JSON_OBJECT.
            Token::Colon if within_json_object(&kept) => kept.push(token),
            Token::Whitespace(_) | Token::EOF => {}
            Token::Word(method) if of_type.is_some() => {
                let name = format!("{}::{}", of_type.take().unwrap_or_default(), method.value);
                kept.pop();
                kept.push(TokenWithSpan { token: Token::make_word(&name, None), span: token.span });
            }
            other if of_type.is_some() => {
                return Err(SqlError::new(102, format!("Incorrect syntax near '{other}'."))
                    .with_class(15)
                    .at_line(line_of(&token)));
            }
            Token::Word(_)
            | Token::Number(_, false)
            | Token::SingleQuotedString(_)
            | Token::NationalStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::Comma
            | Token::Eq
            | Token::Neq
            | Token::Lt
            | Token::Gt
            | Token::LtEq
            | Token::GtEq
            | Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::Mod
            | Token::LParen
            | Token::RParen
            | Token::Period
            | Token::SemiColon
            | Token::Ampersand
            | Token::Pipe
            | Token::Caret
            | Token::Tilde => kept.push(token),
            other => {
                return Err(SqlError::new(102, format!("Incorrect syntax near '{other}'."))
                    .with_class(15)
                    .at_line(line_of(&token)));
            }
        }
    }
    Ok(kept)
}

/// The name of the CLR type that the tokens end in.
fn clr_type(tokens: &[TokenWithSpan]) -> Option<String> {
    let last = keyword(tokens.last()?)?;
    matches!(last.as_str(), "HIERARCHYID" | "GEOMETRY" | "GEOGRAPHY").then(|| last.to_lowercase())
}

/// Whether the tokens end in ON and the name of a class of securables.
fn names_a_securable(tokens: &[TokenWithSpan]) -> bool {
    let [.., on, class] = tokens else { return false };
    keyword(on).as_deref() == Some("ON")
        && matches!(
            keyword(class).as_deref(),
            Some(
                "OBJECT"
                    | "SCHEMA"
                    | "DATABASE"
                    | "USER"
                    | "ROLE"
                    | "TYPE"
                    | "CERTIFICATE"
                    | "CREDENTIAL"
                    | "ASSEMBLY"
                    | "SYMMETRIC"
                    | "ASYMMETRIC"
            )
        )
}

/// Whether the innermost parenthesis that is open behind the tokens is that of JSON_OBJECT.
fn within_json_object(tokens: &[TokenWithSpan]) -> bool {
    let mut closed = 0_usize;
    for (place, token) in tokens.iter().enumerate().rev() {
        match token.token {
            Token::RParen => closed += 1,
            Token::LParen if closed > 0 => closed -= 1,
            Token::LParen => {
                let before = place.checked_sub(1).and_then(|before| tokens.get(before)).and_then(keyword);
                return before.as_deref() == Some("JSON_OBJECT");
            }
            _ => {}
        }
    }
    false
}

/// The line on which a token begins, from 1.
pub(crate) fn line_of(token: &TokenWithSpan) -> u32 {
    u32::try_from(token.span.start.line).unwrap_or(u32::MAX).max(1)
}

/// The unquoted word in upper case; None for anything else.
pub(crate) fn keyword(token: &TokenWithSpan) -> Option<String> {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_ascii_uppercase()),
        _ => None,
    }
}

/// The tokens as T-SQL text again, one blank between them.
pub(crate) fn to_text(tokens: &[TokenWithSpan]) -> String {
    let parts: Vec<String> = tokens
        .iter()
        .map(|token| match &token.token {
            Token::Word(word) if word.quote_style.is_some() => {
                format!("[{}]", word.value.replace(']', "]]"))
            }
            Token::SingleQuotedString(text) => format!("'{}'", text.replace('\'', "''")),
            Token::NationalStringLiteral(text) => format!("N'{}'", text.replace('\'', "''")),
            Token::HexStringLiteral(digits) => format!("0x{digits}"),
            other => other.to_string(),
        })
        .collect();
    parts.join(" ")
}
