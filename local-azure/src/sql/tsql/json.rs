//! FOR JSON and OPENJSON, made such that sqlparser reads them, which knows them in a narrower form and doesn't check their
//! options.

use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::cursor::syntax_error;
use super::lexer::keyword;
use crate::sql::reply::SqlError;
use crate::sql::values::errors::unsupported;

/// The tokens with what is JSON's rewritten.
pub(super) fn rewritten(tokens: &[TokenWithSpan]) -> Result<Vec<TokenWithSpan>, SqlError> {
    let mut tokens = tokens.to_vec();
    let mut place = 0;
    while let Some(token) = tokens.get(place) {
        match keyword(token).as_deref() {
            Some("JSON")
                if place > 0 && tokens.get(place - 1).and_then(keyword).as_deref() == Some("FOR") =>
            {
                options(&mut tokens, place)?;
            }
            Some("OPENJSON") if is(&tokens, place + 1, &Token::LParen) => open_json(&mut tokens, place + 1)?,
            _ => {}
        }
        place += 1;
    }
    Ok(tokens)
}

fn is(tokens: &[TokenWithSpan], place: usize, wanted: &Token) -> bool {
    tokens.get(place).is_some_and(|token| token.token == *wanted)
}

/// Checks the mode and the options behind FOR JSON: each at most once. ROOT without a name gets the name that it has.
fn options(tokens: &mut Vec<TokenWithSpan>, json: usize) -> Result<(), SqlError> {
    let word = |tokens: &[TokenWithSpan], place: usize| tokens.get(place).and_then(keyword);
    let mode = word(tokens, json + 1);
    if !matches!(mode.as_deref(), Some("AUTO" | "PATH")) {
        return Err(syntax_error(tokens.get(json)));
    }
    let mut seen: Vec<String> = Vec::new();
    let mut place = json + 2;
    while is(tokens, place, &Token::Comma) {
        let option = word(tokens, place + 1).unwrap_or_default();
        if seen.contains(&option) {
            return Err(syntax_error(tokens.get(json)));
        }
        match option.as_str() {
            "INCLUDE_NULL_VALUES" | "WITHOUT_ARRAY_WRAPPER" => place += 2,
            "ROOT" if is(tokens, place + 2, &Token::LParen) => {
                plain(tokens, place + 3);
                let named = matches!(
                    tokens.get(place + 3).map(|token| &token.token),
                    Some(Token::SingleQuotedString(_))
                );
                if !named || !is(tokens, place + 4, &Token::RParen) {
                    return Err(syntax_error(tokens.get(place + 3)));
                }
                place += 5;
            }
            "ROOT" if mode.as_deref() == Some("AUTO") => {
                return Err(unsupported("ROOT without a name in FOR JSON AUTO"));
            }
            "ROOT" => {
                let Some(span) = tokens.get(place + 1).map(|token| token.span) else { break };
                let name = [Token::LParen, Token::SingleQuotedString("root".to_owned()), Token::RParen];
                let name = name.map(|token| TokenWithSpan { token, span });
                tokens.splice(place + 2..place + 2, name);
                place += 5;
            }
            _ => return Err(syntax_error(tokens.get(place + 1).or(tokens.get(place)))),
        }
        seen.push(option);
    }
    Ok(())
}

/// N'text' where sqlparser takes only 'text'.
fn plain(tokens: &mut [TokenWithSpan], place: usize) {
    if let Some(token) = tokens.get_mut(place)
        && let Token::NationalStringLiteral(text) = &token.token
    {
        token.token = Token::SingleQuotedString(text.clone());
    }
}

/// The path of OPENJSON, a literal or a variable, and the paths in its WITH.
fn open_json(tokens: &mut [TokenWithSpan], open: usize) -> Result<(), SqlError> {
    let (comma, close) = extent(tokens, open);
    if let Some(comma) = comma {
        if comma + 2 != close {
            return Err(unsupported("OPENJSON with a path that is neither a literal nor a variable"));
        }
        if let Some(token) = tokens.get_mut(comma + 1)
            && let Token::Word(Word { value, quote_style: None, .. }) = &token.token
            && value.starts_with('@')
        {
            token.token = Token::Placeholder(value.clone());
        }
    }
    let with = close + 1;
    if tokens.get(with).and_then(keyword).as_deref() == Some("WITH") && is(tokens, with + 1, &Token::LParen) {
        let (_, end) = extent(tokens, with + 1);
        for place in with + 2..end {
            plain(tokens, place);
        }
    }
    Ok(())
}

/// The last comma in the parentheses that open at a place, at their own depth, and where they close.
fn extent(tokens: &[TokenWithSpan], open: usize) -> (Option<usize>, usize) {
    let mut depth = 0_usize;
    let mut comma = None;
    for (place, token) in tokens.iter().enumerate().skip(open) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return (comma, place);
                }
            }
            Token::Comma if depth == 1 => comma = Some(place),
            _ => {}
        }
    }
    (comma, tokens.len())
}
