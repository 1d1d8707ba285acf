//! A command's tokens with what stands in parentheses gathered, so that each level can be read on its own.

use super::super::scanner::{Kind, Token};

/// Nobody writes deeper T-SQL; the bound keeps the reader's recursion off the stack's end.
const DEEPEST: usize = 100;

/// A token, or all that stands between a pair of parentheses.
#[derive(Debug)]
pub(super) enum Node<'a> {
    Token(Token<'a>),
    Group { line: usize, nodes: Vec<Node<'a>> },
}

/// Why parentheses can't be gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unbalanced {
    /// One is opened and not closed, or the other way round.
    Unmatched { line: usize },
    /// More than a hundred within each other.
    TooDeep { line: usize },
}

impl<'a> Node<'a> {
    pub(super) fn token(&self) -> Option<&Token<'a>> {
        match self {
            Self::Token(token) => Some(token),
            Self::Group { .. } => None,
        }
    }

    pub(super) fn group(&self) -> Option<&[Self]> {
        match self {
            Self::Token(_) => None,
            Self::Group { nodes, .. } => Some(nodes),
        }
    }

    pub(super) fn is_group(&self) -> bool {
        matches!(self, Self::Group { .. })
    }

    pub(super) fn line(&self) -> usize {
        match self {
            Self::Token(token) => token.line,
            Self::Group { line, .. } => *line,
        }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.token().is_some_and(|token| token.is_word(word))
    }

    pub(super) fn is_any_word(&self, words: &[&str]) -> bool {
        self.token().is_some_and(|token| token.is_any_word(words))
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.token().is_some_and(|token| token.is_symbol(symbol))
    }

    pub(super) fn is_kind(&self, kind: Kind) -> bool {
        self.token().is_some_and(|token| token.kind == kind)
    }

    /// Whether it can be a part of a name.
    pub(super) fn is_name(&self) -> bool {
        self.is_kind(Kind::Word) || self.is_kind(Kind::QuotedName)
    }
}

/// Gathers what stands in parentheses.
pub(super) fn gather<'a>(tokens: &[Token<'a>]) -> Result<Vec<Node<'a>>, Unbalanced> {
    let mut outer: Vec<(usize, Vec<Node<'a>>)> = Vec::new();
    let mut level = Vec::new();
    for token in tokens {
        if token.is_symbol("(") {
            if outer.len() >= DEEPEST {
                return Err(Unbalanced::TooDeep { line: token.line });
            }
            outer.push((token.line, std::mem::take(&mut level)));
        } else if token.is_symbol(")") {
            let (line, before) = outer.pop().ok_or(Unbalanced::Unmatched { line: token.line })?;
            let nodes = std::mem::replace(&mut level, before);
            level.push(Node::Group { line, nodes });
        } else {
            level.push(Node::Token(*token));
        }
    }
    match outer.pop() {
        None => Ok(level),
        Some((line, _)) => Err(Unbalanced::Unmatched { line }),
    }
}
