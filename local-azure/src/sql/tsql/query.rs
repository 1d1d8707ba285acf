//! What sqlparser reads: expressions, queries, INSERT, UPDATE and DELETE, after the rewriting that it needs.

use std::collections::{HashMap, HashSet};

use sqlparser::ast::{Expr, Statement as Parsed};
use sqlparser::dialect::MsSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::cursor::syntax_error;
pub(crate) use super::depth::too_deep;
use super::depth::{check_depth, check_length};
use super::lexer::keyword;
use super::statement::StatementKind;
use crate::sql::reply::SqlError;
use crate::sql::values::errors::unsupported;

fn run<T>(
    tokens: &[TokenWithSpan],
    read: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Result<T, SqlError> {
    check_length(tokens)?;
    check_depth(tokens)?;
    let tokens = &super::json::rewritten(&with_fetch_placeholders(tokens))?;
    let dialect = MsSqlDialect {};
    let mut parser = Parser::new(&dialect).with_tokens_with_locations(tokens.to_vec());
    let parsed = read(&mut parser);
    let next = parser.peek_token();
    let at_end = next.token == Token::EOF;
    match parsed {
        Ok(parsed) if at_end => Ok(parsed),
        Err(ParserError::RecursionLimitExceeded) => Err(too_deep()),
        _ => Err(syntax_error(if at_end { tokens.last() } else { Some(&next) })),
    }
}

/// sqlparser takes only a literal behind FETCH NEXT: a variable goes in as a placeholder of its own name.
fn with_fetch_placeholders(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let before =
        |index: usize, back: usize| index.checked_sub(back).and_then(|at| tokens.get(at)).and_then(keyword);
    tokens
        .iter()
        .enumerate()
        .map(|(index, token)| match &token.token {
            Token::Word(word)
                if word.value.starts_with('@')
                    && before(index, 2).as_deref() == Some("FETCH")
                    && matches!(before(index, 1).as_deref(), Some("NEXT" | "FIRST")) =>
            {
                symbol(Token::Placeholder(word.value.clone()), token)
            }
            _ => token.clone(),
        })
        .collect()
}

/// One expression.
pub(crate) fn expression(tokens: &[TokenWithSpan]) -> Result<Expr, SqlError> {
    run(tokens, |parser| parser.parse_expr())
}

/// A query, or `SELECT @a = ...`.
pub(crate) fn select(tokens: Vec<TokenWithSpan>) -> Result<StatementKind, SqlError> {
    let tokens = without_option(tokens)?;
    let (tokens, targets) = without_targets(tokens)?;
    let query = run(&tokens, |parser| parser.parse_query())?;
    Ok(StatementKind::Select { query, targets })
}

/// INSERT, UPDATE or DELETE, perhaps after WITH.
pub(crate) fn modification(tokens: Vec<TokenWithSpan>) -> Result<StatementKind, SqlError> {
    let mut tokens = without_option(tokens)?;
    let start = verb(&tokens);
    let top = take_top(&mut tokens, start)?;
    match tokens.get(start).and_then(keyword).as_deref() {
        Some("INSERT") => {
            if tokens.get(start + 1).and_then(keyword).as_deref() != Some("INTO")
                && let Some(first) = tokens.get(start).cloned()
            {
                tokens.insert(start + 1, word("INTO", &first));
            }
        }
        Some("UPDATE") => tokens = without_compound_assignments(tokens)?,
        Some("DELETE") => delete_second_from(&mut tokens, start),
        _ => {}
    }
    let statement = run(&tokens, |parser| parser.parse_statement())?;
    match &statement {
        Parsed::Insert(_) | Parsed::Update(_) | Parsed::Delete(_) | Parsed::Query(_) => {
            Ok(StatementKind::Modify { statement: Box::new(statement), top: top.map(Box::new) })
        }
        _ => Err(syntax_error(tokens.get(start))),
    }
}

fn word(text: &str, at: &TokenWithSpan) -> TokenWithSpan {
    TokenWithSpan { token: Token::make_word(text, None), span: at.span }
}

fn symbol(token: Token, at: &TokenWithSpan) -> TokenWithSpan {
    TokenWithSpan { token, span: at.span }
}

/// The first INSERT, UPDATE or DELETE outside parentheses.
fn verb(tokens: &[TokenWithSpan]) -> usize {
    outside(tokens)
        .find(|(_, token)| matches!(keyword(token).as_deref(), Some("INSERT" | "UPDATE" | "DELETE")))
        .map_or(0, |(index, _)| index)
}

/// Tokens outside parentheses with their places.
fn outside(tokens: &[TokenWithSpan]) -> impl Iterator<Item = (usize, &TokenWithSpan)> {
    let mut depth = 0_usize;
    tokens.iter().enumerate().filter(move |(_, token)| match token.token {
        Token::LParen => {
            depth += 1;
            depth == 1
        }
        Token::RParen => {
            depth = depth.saturating_sub(1);
            depth == 0
        }
        _ => depth == 0,
    })
}

/// Takes `OPTION (...)` off the end: hints for a planner that isn't there; those that change results are refused.
fn without_option(mut tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>, SqlError> {
    let Some(start) = outside(&tokens)
        .find(|(_, token)| keyword(token).as_deref() == Some("OPTION"))
        .map(|(index, _)| index)
    else {
        return Ok(tokens);
    };
    let option = tokens.split_off(start);
    let inside = match option.as_slice() {
        [_, open, inside @ .., close] if open.token == Token::LParen && close.token == Token::RParen => {
            inside
        }
        _ => return Err(syntax_error(option.get(1).or(option.first()))),
    };
    let commas = outside(inside).filter(|(_, token)| token.token == Token::Comma).map(|(index, _)| index);
    let mut start = 0;
    for end in commas.chain([inside.len()]) {
        let hint = inside.get(start..end).unwrap_or_default();
        start = end + 1;
        let words: Vec<String> = hint.iter().filter_map(keyword).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let number =
            hint.len() == 2 && matches!(hint.get(1).map(|token| &token.token), Some(Token::Number(..)));
        let harmless = match words.as_slice() {
            ["RECOMPILE"] => hint.len() == 1,
            ["KEEP" | "KEEPFIXED", "PLAN"] | ["HASH" | "MERGE" | "LOOP", "JOIN"] | ["FORCE", "ORDER"] => {
                hint.len() == 2
            }
            ["MAXDOP" | "FAST"] => number,
            ["OPTIMIZE", "FOR", ..] => true,
            _ => false,
        };
        if !harmless {
            return Err(unsupported(&format!("OPTION ({})", super::lexer::to_text(hint))));
        }
    }
    Ok(tokens)
}

/// Takes the `@a =` of each item out of the select list: sqlparser would read it as an alias.
fn without_targets(tokens: Vec<TokenWithSpan>) -> Result<(Vec<TokenWithSpan>, Vec<String>), SqlError> {
    let Some(select) = outside(&tokens)
        .find(|(_, token)| keyword(token).as_deref() == Some("SELECT"))
        .map(|(index, _)| index)
    else {
        return Ok((tokens, Vec::new()));
    };
    let list_end = outside(&tokens)
        .find(|(index, token)| {
            *index > select
                && matches!(
                    keyword(token).as_deref(),
                    Some(
                        "FROM"
                            | "WHERE"
                            | "UNION"
                            | "EXCEPT"
                            | "INTERSECT"
                            | "ORDER"
                            | "GROUP"
                            | "HAVING"
                            | "FOR"
                            | "INTO"
                    )
                )
        })
        .map_or(tokens.len(), |(index, _)| index);
    let mut item = select + 1;
    loop {
        match tokens.get(item).and_then(keyword).as_deref() {
            Some("ALL" | "DISTINCT") => item += 1,
            Some("TOP") => {
                item += 1;
                if tokens.get(item).map(|token| &token.token) == Some(&Token::LParen) {
                    item = outside(tokens.get(item..).unwrap_or_default())
                        .find(|(_, token)| token.token == Token::RParen)
                        .map_or(list_end, |(index, _)| item + index + 1);
                } else {
                    item += 1;
                }
            }
            _ => break,
        }
    }
    let mut items = vec![item];
    items.extend(
        outside(&tokens)
            .filter(|(index, token)| *index >= item && *index < list_end && token.token == Token::Comma)
            .map(|(index, _)| index + 1),
    );
    let mut targets = Vec::new();
    let mut removed: HashSet<usize> = HashSet::new();
    let mut inserted: HashMap<usize, Vec<TokenWithSpan>> = HashMap::new();
    for (place, start) in items.iter().enumerate() {
        let Some((name, operator, length)) = assignment(&tokens, *start) else { continue };
        targets.push(name.to_lowercase());
        if let (Some(operator), Some(first)) = (operator, tokens.get(*start)) {
            // `@a += e` is `@a + (e)`; the closing parenthesis goes before the next item.
            let end = items.get(place + 1).map_or(list_end, |next| next - 1);
            removed.extend(*start + 1..*start + length);
            let open = [symbol(operator, first), symbol(Token::LParen, first)];
            inserted.entry(*start + length).or_default().extend(open);
            inserted.entry(end).or_default().push(symbol(Token::RParen, first));
        } else {
            removed.extend(*start..*start + length);
        }
    }
    if targets.is_empty() {
        return Ok((tokens, targets));
    }
    if targets.len() != items.len() {
        return Err(SqlError::new(
            141,
            "A SELECT statement that assigns a value to a variable must not be combined with data-retrieval operations.",
        )
        .with_class(15));
    }
    let mut rewritten = Vec::with_capacity(tokens.len() + 4);
    for index in 0..=tokens.len() {
        rewritten.extend(inserted.remove(&index).unwrap_or_default());
        if let Some(token) = tokens.get(index)
            && !removed.contains(&index)
        {
            rewritten.push(token.clone());
        }
    }
    Ok((rewritten, targets))
}

/// `@name =` or `@name +=` at `start`: the name, the operator, how many tokens.
fn assignment(tokens: &[TokenWithSpan], start: usize) -> Option<(String, Option<Token>, usize)> {
    let Token::Word(Word { value, quote_style: None, .. }) = &tokens.get(start)?.token else { return None };
    if !value.starts_with('@') || value.starts_with("@@") {
        return None;
    }
    let next = &tokens.get(start + 1)?.token;
    if *next == Token::Eq {
        return Some((value.clone(), None, 2));
    }
    let operator = compound(next)?;
    (tokens.get(start + 2)?.token == Token::Eq).then(|| (value.clone(), Some(operator), 3))
}

/// The operator of a compound assignment.
pub(crate) fn compound(token: &Token) -> Option<Token> {
    matches!(
        token,
        Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::Mod
            | Token::Ampersand
            | Token::Pipe
            | Token::Caret
    )
    .then(|| token.clone())
}

/// Takes `TOP (n)` out from behind the verb.
fn take_top(tokens: &mut Vec<TokenWithSpan>, verb: usize) -> Result<Option<Expr>, SqlError> {
    if tokens.get(verb + 1).and_then(keyword).as_deref() != Some("TOP") {
        return Ok(None);
    }
    let end = outside(tokens)
        .find(|(index, token)| *index > verb && token.token == Token::RParen)
        .map(|(index, _)| index);
    let Some(end) = end.filter(|_| tokens.get(verb + 2).map(|token| &token.token) == Some(&Token::LParen))
    else {
        return Err(syntax_error(tokens.get(verb + 2)));
    };
    if matches!(tokens.get(end + 1).and_then(keyword).as_deref(), Some("PERCENT")) {
        return Err(unsupported("TOP ... PERCENT in INSERT, UPDATE or DELETE"));
    }
    let top = expression(tokens.get(verb + 3..end).unwrap_or_default())?;
    tokens.drain(verb + 1..=end);
    Ok(Some(top))
}

/// `SET a += e` becomes `SET a = a + (e)`.
fn without_compound_assignments(tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>, SqlError> {
    let Some(set) =
        outside(&tokens).find(|(_, token)| keyword(token).as_deref() == Some("SET")).map(|(index, _)| index)
    else {
        return Ok(tokens);
    };
    let end = outside(&tokens)
        .find(|(index, token)| {
            *index > set && matches!(keyword(token).as_deref(), Some("FROM" | "WHERE" | "OUTPUT"))
        })
        .map_or(tokens.len(), |(index, _)| index);
    let mut bounds = vec![set];
    bounds.extend(
        outside(&tokens)
            .filter(|(index, token)| *index > set && *index < end && token.token == Token::Comma)
            .map(|(index, _)| index),
    );
    bounds.push(end);
    let mut rewritten: Vec<TokenWithSpan> = tokens.get(..=set).unwrap_or_default().to_vec();
    for pair in bounds.windows(2) {
        let [start, end] = pair else { continue };
        let item = tokens.get(start + 1..*end).unwrap_or_default();
        if *start != set
            && let Some(comma) = tokens.get(*start)
        {
            rewritten.push(comma.clone());
        }
        if let Some(first) = item.first()
            && matches!(&first.token, Token::Word(word) if word.value.starts_with('@'))
        {
            return Err(unsupported("A variable as the target of UPDATE ... SET"));
        }
        let equals = item.iter().position(|token| token.token == Token::Eq);
        let operator = equals
            .and_then(|at| at.checked_sub(1))
            .and_then(|at| item.get(at))
            .and_then(|token| compound(&token.token).map(|operator| symbol(operator, token)));
        match (equals, operator) {
            (Some(equals), Some(operator)) => {
                let name = item.get(..equals - 1).unwrap_or_default();
                rewritten.extend_from_slice(name);
                rewritten.push(symbol(Token::Eq, &operator));
                rewritten.extend_from_slice(name);
                rewritten.push(operator.clone());
                rewritten.push(symbol(Token::LParen, &operator));
                rewritten.extend_from_slice(item.get(equals + 1..).unwrap_or_default());
                rewritten.push(symbol(Token::RParen, &operator));
            }
            _ => rewritten.extend_from_slice(item),
        }
    }
    rewritten.extend_from_slice(tokens.get(end..).unwrap_or_default());
    Ok(rewritten)
}

/// `DELETE FROM x FROM ...` has the same meaning as `DELETE x FROM ...`, the form that sqlparser knows;
/// `DELETE x` without FROM becomes `DELETE FROM x`.
fn delete_second_from(tokens: &mut Vec<TokenWithSpan>, verb: usize) {
    let froms: Vec<usize> = outside(tokens)
        .filter(|(index, token)| *index > verb && keyword(token).as_deref() == Some("FROM"))
        .map(|(index, _)| index)
        .collect();
    match (froms.as_slice(), tokens.get(verb).cloned()) {
        ([first, _], _) if *first == verb + 1 => {
            tokens.remove(*first);
        }
        ([], Some(delete)) => tokens.insert(verb + 1, word("FROM", &delete)),
        _ => {}
    }
}
