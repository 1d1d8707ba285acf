//! CREATE, ALTER, DROP and TRUNCATE.

use sqlparser::tokenizer::Token;

use super::cursor::Cursor;
use super::lexer::{keyword, to_text};
use super::statement::{
    ColumnDefinition, ConstraintDefinition, ConstraintKind, ForeignAction, IndexDefinition, Name,
    StatementKind, TableDefinition, TableElement,
};
use super::storage::storage;
use crate::sql::reply::SqlError;

/// One statement that begins with CREATE, ALTER, DROP or TRUNCATE.
pub(crate) fn statement(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    if cursor.accept(&["CREATE", "TABLE"]) {
        return create_table(cursor);
    }
    if let Some(statement) = super::table_type::statement(cursor)? {
        return Ok(statement);
    }
    if cursor.accept(&["CREATE", "SCHEMA"]) {
        let name = cursor.identifier()?;
        if cursor.accept(&["AUTHORIZATION"]) {
            let owner = cursor.identifier()?;
            if !owner.eq_ignore_ascii_case("dbo") {
                return Err(cursor.unsupported("CREATE SCHEMA ... AUTHORIZATION of anybody but dbo"));
            }
        }
        return Ok(StatementKind::CreateSchema(name));
    }
    for (words, unique) in [
        (&["CREATE", "UNIQUE", "CLUSTERED", "INDEX"][..], true),
        (&["CREATE", "UNIQUE", "NONCLUSTERED", "INDEX"][..], true),
        (&["CREATE", "UNIQUE", "INDEX"][..], true),
        (&["CREATE", "CLUSTERED", "INDEX"][..], false),
        (&["CREATE", "NONCLUSTERED", "INDEX"][..], false),
        (&["CREATE", "INDEX"][..], false),
    ] {
        if cursor.accept(words) {
            return create_index(cursor, unique);
        }
    }
    if cursor.accept(&["ALTER", "TABLE"]) {
        return alter_table(cursor);
    }
    if cursor.accept(&["DROP", "TABLE"]) {
        let if_exists = cursor.accept(&["IF", "EXISTS"]);
        let mut names = vec![cursor.name()?];
        while cursor.accept_token(&Token::Comma) {
            names.push(cursor.name()?);
        }
        return Ok(StatementKind::DropTable { names, if_exists });
    }
    if cursor.accept(&["DROP", "INDEX"]) {
        let if_exists = cursor.accept(&["IF", "EXISTS"]);
        let index = cursor.identifier()?;
        cursor.expect(&["ON"])?;
        return Ok(StatementKind::DropIndex { index, table: cursor.name()?, if_exists });
    }
    if cursor.accept(&["TRUNCATE", "TABLE"]) {
        return Ok(StatementKind::Truncate(cursor.name()?));
    }
    if let Some(statement) = super::procedure::drop(cursor)? {
        return Ok(statement);
    }
    if let Some(statement) = super::security::principal(cursor)? {
        return Ok(StatementKind::Security(statement));
    }
    let first = cursor.keyword_at(0).unwrap_or_default();
    match cursor.keyword_at(1) {
        Some(second) => Err(cursor.unsupported(&format!("The statement {first} {second}"))),
        None => {
            cursor.advance();
            Err(cursor.syntax_error())
        }
    }
}

fn create_table(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    let name = cursor.name()?;
    cursor.expect_token(&Token::LParen)?;
    let mut elements = Vec::new();
    loop {
        elements.push(element(cursor)?);
        if !cursor.accept_token(&Token::Comma)
            || cursor.peek().is_some_and(|token| token.token == Token::RParen)
        {
            break;
        }
    }
    cursor.expect_token(&Token::RParen)?;
    if cursor.peek_keyword().as_deref() == Some("AS") {
        return Err(cursor.unsupported("CREATE TABLE ... AS"));
    }
    storage(cursor)?;
    Ok(StatementKind::CreateTable(TableDefinition { name, elements }))
}

fn alter_table(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    let table = cursor.name()?;
    if cursor.accept(&["DROP", "CONSTRAINT"]) {
        let if_exists = cursor.accept(&["IF", "EXISTS"]);
        let constraint = cursor.identifier()?;
        if cursor.peek().is_some_and(|token| token.token == Token::Comma) {
            return Err(cursor.unsupported("ALTER TABLE ... DROP of several things at once"));
        }
        return Ok(StatementKind::DropConstraint { table, constraint, if_exists });
    }
    // Rows that are there are always checked.
    let _ = cursor.accept(&["WITH", "CHECK"]);
    if !cursor.accept(&["ADD"]) {
        let words = [cursor.keyword_at(0), cursor.keyword_at(1)];
        let what = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
        return Err(cursor.unsupported(&format!("ALTER TABLE ... {what}")));
    }
    let mut elements = vec![element(cursor)?];
    while cursor.accept_token(&Token::Comma) {
        elements.push(element(cursor)?);
    }
    Ok(StatementKind::AlterTableAdd { table, elements })
}

/// A column or a constraint of a table.
pub(super) fn element(cursor: &mut Cursor) -> Result<TableElement, SqlError> {
    let named = cursor.accept(&["CONSTRAINT"]);
    let name = if named { Some(cursor.identifier()?) } else { None };
    let kind = match cursor.peek_keyword().as_deref() {
        Some("PRIMARY") => {
            cursor.expect(&["PRIMARY", "KEY"])?;
            clustered(cursor);
            ConstraintKind::PrimaryKey(key_columns(cursor)?)
        }
        Some("UNIQUE") => {
            cursor.advance();
            clustered(cursor);
            ConstraintKind::Unique(key_columns(cursor)?)
        }
        Some("CHECK") => check(cursor)?,
        Some("FOREIGN") => {
            cursor.expect(&["FOREIGN", "KEY"])?;
            let columns = column_names(cursor)?;
            references(cursor, columns)?
        }
        Some("DEFAULT") if named => {
            cursor.advance();
            let expression = default_text(cursor)?;
            cursor.expect(&["FOR"])?;
            ConstraintKind::Default { column: cursor.identifier()?, expression }
        }
        Some("INDEX") => return Err(cursor.unsupported("An index inside CREATE TABLE")),
        _ if named => return Err(cursor.syntax_error()),
        _ => return column(cursor).map(TableElement::Column),
    };
    Ok(TableElement::Constraint(ConstraintDefinition { name, kind }))
}

fn column(cursor: &mut Cursor) -> Result<ColumnDefinition, SqlError> {
    let name = cursor.identifier()?;
    if cursor.peek_keyword().as_deref() == Some("AS") {
        return Err(cursor.unsupported("A computed column"));
    }
    let sql_type = cursor.sql_type()?;
    let mut column = ColumnDefinition {
        name,
        sql_type,
        nullable: None,
        identity: None,
        default: None,
        constraints: Vec::new(),
    };
    loop {
        let constraint_name = if cursor.accept(&["CONSTRAINT"]) { Some(cursor.identifier()?) } else { None };
        let own = vec![column.name.clone()];
        let kind = match cursor.peek_keyword().as_deref() {
            Some("NULL") => {
                cursor.advance();
                column.nullable = Some(true);
                continue;
            }
            Some("NOT") if cursor.accept(&["NOT", "NULL"]) => {
                column.nullable = Some(false);
                continue;
            }
            Some("IDENTITY") => {
                cursor.advance();
                let mut identity = (1, 1);
                if cursor.accept_token(&Token::LParen) {
                    identity.0 = cursor.integer()?;
                    cursor.expect_token(&Token::Comma)?;
                    identity.1 = cursor.integer()?;
                    cursor.expect_token(&Token::RParen)?;
                }
                if identity.1 == 0 {
                    return Err(SqlError::new(
                        2752,
                        format!("Identity column '{}' contains invalid INCREMENT.", column.name),
                    )
                    .at_line(cursor.line()));
                }
                column.identity = Some(identity);
                continue;
            }
            Some("DEFAULT") => {
                cursor.advance();
                column.default = Some((constraint_name, default_text(cursor)?));
                continue;
            }
            Some("PRIMARY") => {
                cursor.expect(&["PRIMARY", "KEY"])?;
                clustered(cursor);
                ConstraintKind::PrimaryKey(own)
            }
            Some("UNIQUE") => {
                cursor.advance();
                clustered(cursor);
                ConstraintKind::Unique(own)
            }
            Some("CHECK") => check(cursor)?,
            Some("FOREIGN") => {
                cursor.expect(&["FOREIGN", "KEY"])?;
                references(cursor, own)?
            }
            Some("REFERENCES") => references(cursor, own)?,
            Some("COLLATE") => {
                cursor.advance();
                let collation = cursor.identifier()?;
                if !collation.eq_ignore_ascii_case("SQL_Latin1_General_CP1_CI_AS") {
                    return Err(cursor.unsupported(&format!("The collation {collation}")));
                }
                continue;
            }
            Some(
                word @ ("SPARSE" | "ROWGUIDCOL" | "GENERATED" | "MASKED" | "ENCRYPTED" | "HIDDEN" | "INDEX"
                | "PERSISTED" | "FILESTREAM"),
            ) => {
                return Err(cursor.unsupported(&format!("The column option {word}")));
            }
            _ if constraint_name.is_some() => return Err(cursor.syntax_error()),
            _ => return Ok(column),
        };
        column.constraints.push(ConstraintDefinition { name: constraint_name, kind });
    }
}

fn clustered(cursor: &mut Cursor) {
    // Which order rows are stored in changes no result.
    let _ = cursor.accept(&["CLUSTERED"]) || cursor.accept(&["NONCLUSTERED"]);
}

fn check(cursor: &mut Cursor) -> Result<ConstraintKind, SqlError> {
    cursor.advance();
    if cursor.peek_keyword().as_deref() == Some("NOT") {
        return Err(cursor.unsupported("NOT FOR REPLICATION"));
    }
    Ok(ConstraintKind::Check(to_text(&cursor.parenthesised()?)))
}

/// The tokens of a default: they end where the next part of the column begins.
fn default_text(cursor: &mut Cursor) -> Result<String, SqlError> {
    let tokens = cursor.until(|token| {
        matches!(token.token, Token::Comma | Token::SemiColon)
            || matches!(
                keyword(token).as_deref(),
                Some(
                    "NOT"
                        | "CONSTRAINT"
                        | "PRIMARY"
                        | "UNIQUE"
                        | "CHECK"
                        | "REFERENCES"
                        | "IDENTITY"
                        | "FOREIGN"
                        | "FOR"
                        | "WITH"
                        | "COLLATE"
                )
            )
    })?;
    // `DEFAULT 5 NULL`: a NULL behind a value is the column's nullability, and `DEFAULT NULL` is a value.
    let text = to_text(&tokens);
    if tokens.len() > 1 && tokens.last().and_then(keyword).as_deref() == Some("NULL") {
        return Ok(to_text(tokens.get(..tokens.len() - 1).unwrap_or_default()));
    }
    Ok(text)
}

fn column_names(cursor: &mut Cursor) -> Result<Vec<String>, SqlError> {
    cursor.expect_token(&Token::LParen)?;
    let mut names = vec![cursor.identifier()?];
    while cursor.accept_token(&Token::Comma) {
        names.push(cursor.identifier()?);
    }
    cursor.expect_token(&Token::RParen)?;
    Ok(names)
}

/// The columns of a key; their order's direction changes no result.
fn key_columns(cursor: &mut Cursor) -> Result<Vec<String>, SqlError> {
    cursor.expect_token(&Token::LParen)?;
    let mut names = Vec::new();
    loop {
        names.push(cursor.identifier()?);
        let _ = cursor.accept(&["ASC"]) || cursor.accept(&["DESC"]);
        if !cursor.accept_token(&Token::Comma) {
            break;
        }
    }
    cursor.expect_token(&Token::RParen)?;
    storage(cursor)?;
    Ok(names)
}

fn references(cursor: &mut Cursor, columns: Vec<String>) -> Result<ConstraintKind, SqlError> {
    cursor.expect(&["REFERENCES"])?;
    let parent: Name = cursor.name()?;
    let parent_columns = if cursor.peek().is_some_and(|token| token.token == Token::LParen) {
        column_names(cursor)?
    } else {
        Vec::new()
    };
    let mut on_delete = ForeignAction::NoAction;
    let mut on_update = ForeignAction::NoAction;
    while cursor.accept(&["ON"]) {
        let delete = cursor.accept(&["DELETE"]);
        if !delete {
            cursor.expect(&["UPDATE"])?;
        }
        let action = if cursor.accept(&["CASCADE"]) {
            ForeignAction::Cascade
        } else if cursor.accept(&["SET", "NULL"]) {
            ForeignAction::SetNull
        } else if cursor.accept(&["SET", "DEFAULT"]) {
            return Err(cursor.unsupported("ON DELETE or ON UPDATE SET DEFAULT"));
        } else {
            cursor.expect(&["NO", "ACTION"])?;
            ForeignAction::NoAction
        };
        if delete {
            on_delete = action;
        } else {
            on_update = action;
        }
    }
    Ok(ConstraintKind::ForeignKey { columns, parent, parent_columns, on_delete, on_update })
}

fn create_index(cursor: &mut Cursor, unique: bool) -> Result<StatementKind, SqlError> {
    let name = cursor.identifier()?;
    cursor.expect(&["ON"])?;
    let table = cursor.name()?;
    cursor.expect_token(&Token::LParen)?;
    let mut columns = Vec::new();
    loop {
        let column = cursor.identifier()?;
        let descending = !cursor.accept(&["ASC"]) && cursor.accept(&["DESC"]);
        columns.push((column, descending));
        if !cursor.accept_token(&Token::Comma) {
            break;
        }
    }
    cursor.expect_token(&Token::RParen)?;
    let included = if cursor.accept(&["INCLUDE"]) { column_names(cursor)? } else { Vec::new() };
    if cursor.peek_keyword().as_deref() == Some("WHERE") {
        return Err(cursor.unsupported("A filtered index"));
    }
    storage(cursor)?;
    Ok(StatementKind::CreateIndex(IndexDefinition { name, table, unique, columns, included }))
}
