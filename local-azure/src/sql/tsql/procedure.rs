//! CREATE, ALTER and DROP PROCEDURE, and the text of a procedure that is called.

use std::collections::HashSet;

use sqlparser::ast;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::batch::{duplicate, statement};
use super::cursor::{Cursor, syntax_error};
use super::execute::is_constant;
use super::lexer::{keyword, tokenize};
use super::query;
use super::statement::{Name, Statement, StatementKind};
use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;

/// SQL Server takes at most this many parameters.
const MAX_PARAMETERS: usize = 2100;

/// What a definition does with a procedure of its name that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DefinitionVerb {
    Create,
    CreateOrAlter,
    Alter,
}

/// CREATE or ALTER PROCEDURE.
#[derive(Clone, Debug)]
pub(crate) struct ProcedureDefinition {
    pub(crate) verb: DefinitionVerb,
    pub(crate) name: Name,
    /// The whole batch as CREATE would have it: what `sys.sql_modules` shows and what every call reads again.
    pub(crate) text: String,
}

/// A parameter of a procedure.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// With its `@`, as it was written.
    pub(crate) name: String,
    /// Its type; of no meaning where it is a table.
    pub(crate) sql_type: SqlType,
    /// The table type of a table-valued parameter, which is READONLY.
    pub(crate) table: Option<Name>,
    /// A constant.
    pub(crate) default: Option<ast::Expr>,
    pub(crate) output: bool,
}

impl Parameter {
    /// The name as variables are looked up by it.
    pub(crate) fn variable(&self) -> String {
        self.name.to_lowercase()
    }
}

/// A procedure that can be run.
#[derive(Clone, Debug)]
pub(crate) struct Procedure {
    pub(crate) name: Name,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Vec<Statement>,
}

/// Reads a procedure's text, as [`ProcedureDefinition::text`] has it.
///
/// # Errors
/// Those of a batch.
pub(crate) fn read(text: &str) -> Result<Procedure, SqlError> {
    let mut cursor = Cursor::new(tokenize(text)?, HashSet::new());
    while cursor.accept_token(&Token::SemiColon) {}
    match header(&mut cursor) {
        Some(_) => procedure(&mut cursor),
        None => Err(cursor.syntax_error()),
    }
}

/// CREATE or ALTER PROCEDURE, which takes the rest of the batch `text`; None, and nothing taken, when something else comes.
pub(super) fn definition(cursor: &mut Cursor, text: &str) -> Result<Option<Statement>, SqlError> {
    let line = cursor.line();
    let words: Vec<TokenWithSpan> = (0..3).filter_map(|ahead| cursor.ahead(ahead).cloned()).collect();
    let Some(verb) = header(cursor) else { return Ok(None) };
    let text = match (verb, words.as_slice()) {
        (DefinitionVerb::Alter, [alter, ..]) => replaced(text, alter.span.start, alter.span.end, "CREATE"),
        (DefinitionVerb::CreateOrAlter, [_, or, alter]) => replaced(text, or.span.start, alter.span.end, ""),
        _ => text.to_owned(),
    };
    let Procedure { name, parameters: _, body: _ } =
        procedure(cursor).map_err(|error| if error.line <= 1 { error.at_line(line) } else { error })?;
    let kind = StatementKind::DefineProcedure(ProcedureDefinition { verb, name, text });
    Ok(Some(Statement { line, kind }))
}

/// DROP PROCEDURE; None, and nothing taken, when something else comes. A definition that comes here stands in the wrong
/// place.
pub(super) fn drop(cursor: &mut Cursor) -> Result<Option<StatementKind>, SqlError> {
    if cursor.accept(&["DROP", "PROCEDURE"]) || cursor.accept(&["DROP", "PROC"]) {
        let if_exists = cursor.accept(&["IF", "EXISTS"]);
        let mut names = vec![cursor.name()?];
        while cursor.accept_token(&Token::Comma) {
            names.push(cursor.name()?);
        }
        return Ok(Some(StatementKind::DropProcedure { names, if_exists }));
    }
    let line = cursor.line();
    let outermost = cursor.depth <= 1 && !cursor.in_procedure;
    if header(cursor).is_none() {
        return Ok(None);
    }
    let error = if outermost {
        SqlError::new(111, "'CREATE/ALTER PROCEDURE' must be the first statement in a query batch.")
    } else {
        SqlError::new(156, "Incorrect syntax near the keyword 'PROCEDURE'.")
    };
    Err(error.with_class(15).at_line(line))
}

/// The words in front of the name.
fn header(cursor: &mut Cursor) -> Option<DefinitionVerb> {
    let verbs = [
        (&["CREATE"][..], DefinitionVerb::Create),
        (&["CREATE", "OR", "ALTER"], DefinitionVerb::CreateOrAlter),
        (&["ALTER"], DefinitionVerb::Alter),
    ];
    for (words, verb) in verbs {
        for noun in ["PROCEDURE", "PROC"] {
            if cursor.accept(&[words, &[noun][..]].concat()) {
                return Some(verb);
            }
        }
    }
    None
}

/// All from the name to the end of the text.
fn procedure(cursor: &mut Cursor) -> Result<Procedure, SqlError> {
    let name = cursor.name()?;
    if name.object.starts_with('#') {
        return Err(cursor.unsupported("A temporary procedure"));
    }
    if cursor.peek().is_some_and(|token| token.token == Token::SemiColon) {
        return Err(cursor.unsupported("A procedure with a number"));
    }
    let parameters = parameters(cursor)?;
    if cursor.accept(&["WITH"]) {
        let option = match cursor.peek_keyword() {
            Some(word) if matches!(word.as_str(), "EXEC" | "EXECUTE") => "EXECUTE AS".to_owned(),
            Some(word) => word,
            None => return Err(cursor.syntax_error()),
        };
        return Err(cursor.unsupported(&format!("CREATE PROCEDURE ... WITH {option}")));
    }
    if cursor.accept(&["FOR", "REPLICATION"]) {
        return Err(cursor.unsupported("CREATE PROCEDURE ... FOR REPLICATION"));
    }
    cursor.expect(&["AS"])?;
    if cursor.peek_keyword().as_deref() == Some("EXTERNAL") {
        return Err(cursor.unsupported("CREATE PROCEDURE ... AS EXTERNAL NAME"));
    }
    // The body sees its parameters and nothing of what the batch has.
    cursor.declared = parameters.iter().map(Parameter::variable).collect();
    cursor.in_procedure = true;
    let mut body = Vec::new();
    loop {
        while cursor.accept_token(&Token::SemiColon) {}
        if !cursor.at_end() {
            body.push(statement(cursor)?);
        } else if body.is_empty() {
            return Err(cursor.syntax_error());
        } else {
            return Ok(Procedure { name, parameters, body });
        }
    }
}

/// The parameters, in parentheses or without.
fn parameters(cursor: &mut Cursor) -> Result<Vec<Parameter>, SqlError> {
    let parenthesised = cursor.accept_token(&Token::LParen);
    let mut parameters: Vec<Parameter> = Vec::new();
    let is_next =
        matches!(cursor.token_at(0), Some(Token::Word(word)) if word.value.starts_with('@')) || parenthesised;
    while is_next {
        let parameter = parameter(cursor)?;
        if parameters.iter().any(|other| other.variable() == parameter.variable()) {
            return Err(duplicate(&parameter.name));
        }
        parameters.push(parameter);
        if parameters.len() > MAX_PARAMETERS {
            return Err(SqlError::new(180, "There are too many parameters in this CREATE PROCEDURE statement. The maximum number is 2100.").with_class(15).at_line(cursor.line()));
        }
        if !cursor.accept_token(&Token::Comma) {
            break;
        }
    }
    if parenthesised {
        cursor.expect_token(&Token::RParen)?;
    }
    Ok(parameters)
}

fn parameter(cursor: &mut Cursor) -> Result<Parameter, SqlError> {
    let written = match cursor.token_at(0) {
        Some(Token::Word(word)) => word.value.clone(),
        _ => return Err(cursor.syntax_error()),
    };
    cursor.variable()?;
    cursor.accept(&["AS"]);
    if let Some(type_name) = super::table_type::type_name(cursor)? {
        super::batch::read_only(cursor, &written)?;
        let table = Some(type_name);
        return Ok(Parameter { name: written, sql_type: SqlType::Int, table, default: None, output: false });
    }
    let sql_type = parameter_type(cursor)?;
    if cursor.accept(&["NOT", "NULL"]) {
        return Err(cursor.unsupported("A parameter that is NOT NULL"));
    }
    cursor.accept(&["NULL"]);
    let default = if cursor.accept_token(&Token::Eq) { Some(default(cursor)?) } else { None };
    let output = cursor.accept(&["OUTPUT"]) || cursor.accept(&["OUT"]);
    if cursor.peek_keyword().as_deref() == Some("READONLY") {
        return Err(SqlError::new(
            346,
            format!("The parameter \"{written}\" can not be declared READONLY since it is not a table-valued parameter."),
        )
        .with_class(15)
        .at_line(cursor.line()));
    }
    Ok(Parameter { name: written, sql_type, table: None, default, output })
}

/// The type of a parameter that is no table.
fn parameter_type(cursor: &mut Cursor) -> Result<SqlType, SqlError> {
    if cursor.peek_keyword().as_deref() == Some("CURSOR") {
        return Err(cursor.unsupported("A cursor parameter"));
    }
    cursor.sql_type()
}

/// A default: a literal, perhaps with a sign.
fn default(cursor: &mut Cursor) -> Result<ast::Expr, SqlError> {
    let tokens = cursor.until(|token| {
        token.token == Token::Comma
            || matches!(
                keyword(token).as_deref(),
                Some("OUTPUT" | "OUT" | "READONLY" | "AS" | "WITH" | "FOR")
            )
    })?;
    let value = query::expression(&tokens)?;
    match &value {
        ast::Expr::Identifier(_) => Err(cursor.unsupported("A word as a parameter's default")),
        constant if is_constant(constant) => Ok(value),
        _ => Err(syntax_error(tokens.get(1).or(tokens.first()))),
    }
}

/// The text with other words between two places.
fn replaced(text: &str, from: Location, to: Location, words: &str) -> String {
    let (from, to) = (offset(text, from), offset(text, to));
    let (before, after) = (text.get(..from).unwrap_or_default(), text.get(to..).unwrap_or_default());
    format!("{before}{words}{after}")
}

/// The byte at a place that the tokenizer gives: lines and characters, both from 1.
fn offset(text: &str, place: Location) -> usize {
    let (mut line, mut column) = (1, 1);
    for (offset, character) in text.char_indices() {
        if (line, column) == (place.line, place.column) {
            return offset;
        }
        if character == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use super::super::batch::parse;
    use super::*;

    fn defined(text: &str) -> ProcedureDefinition {
        match parse(text, []).unwrap().pop().unwrap().kind {
            StatementKind::DefineProcedure(definition) => definition,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_text_of_alter_is_kept_as_that_of_create() {
        for (text, kept) in [
            ("CREATE PROC p AS SELECT 1", "CREATE PROC p AS SELECT 1"),
            (
                "-- ä\r\n alter  PROCEDURE p AS SELECT N'alter'",
                "-- ä\r\n CREATE  PROCEDURE p AS SELECT N'alter'",
            ),
            ("create or\n alter proc p AS SELECT 1", "create  proc p AS SELECT 1"),
            (";/* x */ALTER PROC p AS SELECT 1", ";/* x */CREATE PROC p AS SELECT 1"),
        ] {
            assert_eq!(defined(text).text, kept);
            assert_eq!(read(&defined(text).text).unwrap().name.object, "p");
        }
    }

    #[test]
    fn parameters_have_types_defaults_and_directions() {
        let text = "CREATE PROC dbo.p (@Name nvarchar(50), @n AS int = -5, @Total decimal(9,2) = NULL OUTPUT, @x varbinary(4) NULL = 0x0A OUT) AS RETURN";
        let shown: Vec<String> = read(text)
            .unwrap()
            .parameters
            .iter()
            .map(|parameter| {
                let default = parameter.default.as_ref().map_or(String::new(), |value| format!(" = {value}"));
                format!("{} {}{default} {}", parameter.name, parameter.sql_type, parameter.output)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "@Name nvarchar(50) false",
                "@n int = -5 false",
                "@Total decimal(9,2) = NULL true",
                "@x varbinary(4) = X'0A' true"
            ]
        );
    }

    #[test]
    fn what_a_definition_can_not_have_is_refused_with_its_number() {
        for (text, number) in [
            ("SELECT 1 CREATE PROC p AS SELECT 1", 111),
            ("IF 1 = 1 CREATE PROC p AS SELECT 1", 156),
            ("CREATE PROC p AS CREATE PROC q AS SELECT 1", 156),
            ("CREATE PROC p AS", 102),
            ("CREATE PROC p", 102),
            ("CREATE PROC p AS SELEC", 102),
            ("CREATE PROC p AS BEGIN SELECT 1", 102),
            ("CREATE PROC p @a int, @A int AS SELECT 1", 134),
            ("CREATE PROC p @a int AS SELECT @b", 137),
            ("CREATE PROC p () AS SELECT 1", 102),
            ("CREATE PROC p @a int, AS SELECT 1", 156),
            ("CREATE PROC p @a int = GETDATE() AS SELECT 1", 102),
            ("CREATE PROC p AS USE master", 154),
            ("CREATE PROC p @a int = word AS SELECT 1", 40517),
            ("CREATE PROC p @a dbo.IdList AS SELECT 1", 352),
            ("CREATE PROC p @a int READONLY AS SELECT 1", 346),
            ("CREATE PROC p @a int NOT NULL AS SELECT 1", 40517),
            ("CREATE PROC p WITH RECOMPILE AS SELECT 1", 40517),
            ("CREATE PROC p WITH EXECUTE AS OWNER AS SELECT 1", 40517),
            ("CREATE PROC p;2 AS SELECT 1", 40517),
            ("CREATE PROC #p AS SELECT 1", 40517),
            ("CREATE FUNCTION f() RETURNS int AS BEGIN RETURN 1 END", 40517),
        ] {
            assert_eq!(parse(text, []).unwrap_err().number, number, "{text}");
        }
    }
}
