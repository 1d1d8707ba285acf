//! Walking over tokens, and finding where a statement or an expression ends.

use std::collections::HashSet;

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::keywords::{begins_statement, is_reserved};
use super::lexer::{keyword, line_of, to_text};
use super::statement::Name;
use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;

/// What is read up to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// One expression; a comma ends it.
    Expression,
    /// A query, INSERT, UPDATE or DELETE.
    Statement,
}

pub(crate) struct Cursor {
    tokens: Vec<TokenWithSpan>,
    position: usize,
    /// Variables declared so far, lower case: T-SQL checks this before anything runs.
    pub(crate) declared: HashSet<String>,
    /// How deep blocks lie in each other.
    pub(crate) depth: usize,
    /// How many WHILE lie round what is read.
    pub(crate) loops: usize,
    /// Whether this is the body of a procedure.
    pub(crate) in_procedure: bool,
}

impl Cursor {
    pub(crate) fn new(tokens: Vec<TokenWithSpan>, declared: HashSet<String>) -> Self {
        Self { tokens, position: 0, declared, depth: 0, loops: 0, in_procedure: false }
    }

    pub(crate) fn peek(&self) -> Option<&TokenWithSpan> {
        self.tokens.get(self.position)
    }

    /// The token so many places further on.
    pub(crate) fn ahead(&self, places: usize) -> Option<&TokenWithSpan> {
        self.tokens.get(self.position + places)
    }

    pub(crate) fn peek_keyword(&self) -> Option<String> {
        self.peek().and_then(keyword)
    }

    pub(crate) fn keyword_at(&self, ahead: usize) -> Option<String> {
        self.tokens.get(self.position + ahead).and_then(keyword)
    }

    pub(crate) fn token_at(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.position + ahead).map(|token| &token.token)
    }

    pub(crate) fn at_end(&self) -> bool {
        self.position >= self.tokens.len()
    }

    pub(crate) fn line(&self) -> u32 {
        self.peek().or(self.tokens.last()).map_or(1, line_of)
    }

    pub(crate) fn advance(&mut self) {
        self.position += 1;
    }

    /// Takes the words if they come next, in this order.
    pub(crate) fn accept(&mut self, words: &[&str]) -> bool {
        let all =
            words.iter().enumerate().all(|(ahead, word)| self.keyword_at(ahead).as_deref() == Some(word));
        if all {
            self.position += words.len();
        }
        all
    }

    pub(crate) fn expect(&mut self, words: &[&str]) -> Result<(), SqlError> {
        if self.accept(words) { Ok(()) } else { Err(self.syntax_error()) }
    }

    pub(crate) fn accept_token(&mut self, token: &Token) -> bool {
        let found = self.peek().is_some_and(|next| next.token == *token);
        if found {
            self.position += 1;
        }
        found
    }

    pub(crate) fn expect_token(&mut self, token: &Token) -> Result<(), SqlError> {
        if self.accept_token(token) { Ok(()) } else { Err(self.syntax_error()) }
    }

    /// 102 or 156 at the next token.
    pub(crate) fn syntax_error(&self) -> SqlError {
        self.syntax_error_at(self.position)
    }

    fn syntax_error_at(&self, position: usize) -> SqlError {
        syntax_error(self.tokens.get(position).or(self.tokens.last()))
    }

    pub(crate) fn unsupported(&self, what: &str) -> SqlError {
        crate::sql::values::errors::unsupported(what).at_line(self.line())
    }

    /// A name: a word that isn't reserved, or one in brackets or double quotes.
    pub(crate) fn identifier(&mut self) -> Result<String, SqlError> {
        match self.peek().map(|token| &token.token) {
            Some(Token::Word(word))
                if (word.quote_style.is_some() || !is_reserved(&word.value))
                    && !word.value.starts_with('@') =>
            {
                let name = word.value.clone();
                if name.is_empty() || name.chars().count() > 128 {
                    return Err(SqlError::new(
                        103,
                        "The identifier is empty or too long. Maximum length is 128.",
                    )
                    .with_class(15)
                    .at_line(self.line()));
                }
                self.position += 1;
                Ok(name)
            }
            _ => Err(self.syntax_error()),
        }
    }

    /// `object` or `schema.object`.
    pub(crate) fn name(&mut self) -> Result<Name, SqlError> {
        let first = self.identifier()?;
        if !self.accept_token(&Token::Period) {
            return Ok(Name { schema: None, object: first });
        }
        let second = self.identifier()?;
        if self.peek().is_some_and(|token| token.token == Token::Period) {
            return Err(self.unsupported("A name with a database or server part"));
        }
        Ok(Name { schema: Some(first), object: second })
    }

    /// `@name`, in lower case.
    pub(crate) fn variable(&mut self) -> Result<String, SqlError> {
        match self.peek().map(|token| &token.token) {
            Some(Token::Word(word))
                if word.quote_style.is_none()
                    && word.value.starts_with('@')
                    && !word.value.starts_with("@@") =>
            {
                let name = word.value.to_lowercase();
                self.position += 1;
                Ok(name)
            }
            _ => Err(self.syntax_error()),
        }
    }

    /// A variable that has been declared.
    pub(crate) fn known_variable(&mut self) -> Result<String, SqlError> {
        let line = self.line();
        let name = self.variable()?;
        if self.declared.contains(&name) { Ok(name) } else { Err(undeclared(&name).at_line(line)) }
    }

    /// A whole number, perhaps with a sign.
    pub(crate) fn integer(&mut self) -> Result<i64, SqlError> {
        let negative = self.accept_token(&Token::Minus);
        match self.peek().map(|token| &token.token) {
            Some(Token::Number(digits, _)) => {
                let text = if negative { format!("-{digits}") } else { digits.clone() };
                let number = text.parse().map_err(|_| self.syntax_error())?;
                self.position += 1;
                Ok(number)
            }
            _ => Err(self.syntax_error()),
        }
    }

    /// A type as in a declaration.
    pub(crate) fn sql_type(&mut self) -> Result<SqlType, SqlError> {
        let line = self.line();
        if self.keyword_at(0).as_deref() == Some("SYS") && self.token_at(1) == Some(&Token::Period) {
            self.position += 2;
        }
        let mut text = match self.peek().map(|token| &token.token) {
            Some(Token::Word(word)) if !word.value.starts_with('@') => word.value.clone(),
            _ => return Err(self.syntax_error()),
        };
        self.position += 1;
        while let Some(word) = self.peek_keyword() {
            if !matches!(word.as_str(), "PRECISION" | "VARYING" | "CHARACTER" | "CHAR" | "TEXT") {
                break;
            }
            text = format!("{text} {word}");
            self.position += 1;
        }
        if self.accept_token(&Token::LParen) {
            let open = self.position;
            while self.peek().is_some_and(|token| token.token != Token::RParen) {
                self.position += 1;
            }
            let inside = to_text(self.tokens.get(open..self.position).unwrap_or_default());
            self.expect_token(&Token::RParen)?;
            text = format!("{text}({inside})");
        }
        SqlType::parse(&text).map_err(|error| error.at_line(line))
    }

    /// The tokens in the parentheses that come next.
    pub(crate) fn parenthesised(&mut self) -> Result<Vec<TokenWithSpan>, SqlError> {
        self.expect_token(&Token::LParen)?;
        let start = self.position;
        let mut depth = 1_usize;
        while let Some(token) = self.peek() {
            match token.token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let inside = self.tokens.get(start..self.position).unwrap_or_default().to_vec();
                self.position += 1;
                self.check_variables(&inside)?;
                return Ok(inside);
            }
            self.position += 1;
        }
        Err(self.syntax_error())
    }

    /// The tokens up to, and without, the first outside parentheses for which `ends` holds.
    pub(crate) fn until(
        &mut self,
        ends: impl Fn(&TokenWithSpan) -> bool,
    ) -> Result<Vec<TokenWithSpan>, SqlError> {
        let start = self.position;
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            match token.token {
                Token::LParen => depth += 1,
                Token::RParen if depth == 0 => break,
                Token::RParen => depth -= 1,
                _ if depth == 0 && ends(token) => break,
                _ => {}
            }
            self.position += 1;
        }
        let slice = self.tokens.get(start..self.position).unwrap_or_default().to_vec();
        if slice.is_empty() {
            return Err(self.syntax_error());
        }
        self.check_variables(&slice)?;
        Ok(slice)
    }

    /// The tokens of what comes next, up to where T-SQL ends it.
    pub(crate) fn slice(&mut self, extent: Extent) -> Result<Vec<TokenWithSpan>, SqlError> {
        let end = self.end_of(extent);
        let slice = self.tokens.get(self.position..end).unwrap_or_default().to_vec();
        if slice.is_empty() {
            return Err(self.syntax_error());
        }
        self.check_variables(&slice)?;
        self.position = end;
        Ok(slice)
    }

    /// 137 for a variable that isn't declared.
    fn check_variables(&self, tokens: &[TokenWithSpan]) -> Result<(), SqlError> {
        for (place, token) in tokens.iter().enumerate() {
            if let Token::Word(word) = &token.token
                && word.quote_style.is_none()
                && word.value.starts_with('@')
                && !word.value.starts_with("@@")
                && !self.declared.contains(&word.value.to_lowercase())
            {
                let before = place.checked_sub(1).and_then(|before| tokens.get(before)).and_then(keyword);
                let of_table = matches!(before.as_deref(), Some("FROM" | "JOIN" | "INTO" | "UPDATE"));
                let error = if of_table { no_table_variable(&word.value) } else { undeclared(&word.value) };
                return Err(error.at_line(line_of(token)));
            }
        }
        Ok(())
    }

    fn end_of(&self, extent: Extent) -> usize {
        let mut depth = 0_usize;
        let mut cases = 0_usize;
        // Which verbs belong to this statement and don't begin the next.
        let mut select = false;
        let mut verb = extent == Extent::Statement;
        let mut set = false;
        let mut position = self.position;
        while let Some(token) = self.tokens.get(position) {
            match token.token {
                Token::LParen => depth += 1,
                Token::RParen if depth == 0 => break,
                Token::RParen => depth -= 1,
                Token::SemiColon => break,
                Token::Comma if depth == 0 && extent == Extent::Expression => break,
                _ => {}
            }
            let after_period = position
                .checked_sub(1)
                .and_then(|before| self.tokens.get(before))
                .is_some_and(|before| before.token == Token::Period);
            let word = if depth == 0 && !after_period { keyword(token) } else { None };
            match word.as_deref() {
                Some("CASE") => cases += 1,
                Some("END") if cases > 0 => cases -= 1,
                Some("ELSE") if cases > 0 => {}
                Some("END" | "ELSE") => break,
                Some("WITH") if extent == Extent::Expression => break,
                Some("SELECT") if select || verb => (select, verb) = (false, false),
                Some("INSERT") if verb => (select, verb) = (true, false),
                Some("UPDATE") if verb => (set, verb) = (true, false),
                Some("DELETE") if verb => verb = false,
                Some("SET") if set => set = false,
                Some("EXEC" | "EXECUTE") if select => break,
                Some("SELECT" | "INSERT" | "UPDATE" | "DELETE" | "SET" | "EXEC" | "EXECUTE") => break,
                Some("UNION" | "EXCEPT" | "INTERSECT") => select = true,
                Some("THROW") if extent == Extent::Expression && position > self.position => break,
                Some(word) if begins_statement(word) => break,
                _ => {}
            }
            position += 1;
        }
        position
    }
}

/// 137.
pub(crate) fn undeclared(name: &str) -> SqlError {
    SqlError::new(137, format!("Must declare the scalar variable \"{name}\".")).with_class(15).with_state(2)
}

/// 1087.
pub(crate) fn no_table_variable(name: &str) -> SqlError {
    SqlError::new(1087, format!("Must declare the table variable \"{name}\".")).with_class(15).with_state(2)
}

/// 156 at a reserved word, 102 at anything else.
pub(crate) fn syntax_error(token: Option<&TokenWithSpan>) -> SqlError {
    let line = token.map_or(1, line_of);
    match token.map(|token| &token.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() && is_reserved(&word.value) => {
            SqlError::new(156, format!("Incorrect syntax near the keyword '{}'.", word.value))
        }
        Some(Token::Word(word)) => SqlError::new(102, format!("Incorrect syntax near '{}'.", word.value)),
        Some(Token::SingleQuotedString(text) | Token::NationalStringLiteral(text)) => {
            SqlError::new(102, format!("Incorrect syntax near '{text}'."))
        }
        Some(token) => SqlError::new(102, format!("Incorrect syntax near '{token}'.")),
        None => SqlError::new(102, "Incorrect syntax near the end of the text."),
    }
    .with_class(15)
    .at_line(line)
}
