//! CREATE USER, DROP ROLE, ALTER ROLE, GRANT and their kin.

use sqlparser::tokenizer::Token;

use super::batch::statement_ends;
use super::cursor::Cursor;
use super::statement::{Name, StatementKind};
use crate::sql::reply::SqlError;
use crate::sql::values::convert::bytes_of_hex;

/// What a new user stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UserSource {
    /// FROM EXTERNAL PROVIDER, perhaps with the object id as it was written.
    ExternalProvider { object_id: Option<String> },
    /// WITH SID, TYPE = E, or X for a group.
    Sid { sid: Vec<u8>, group: bool },
}

/// GRANT, DENY or REVOKE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Grant,
    Deny,
    Revoke,
}

/// What permissions are given on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// No ON, or DATABASE::name.
    Database(Option<String>),
    Schema(String),
    Object(Name),
    /// TYPE::name
    Type(Name),
}

/// A statement about principals or permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecurityStatement {
    CreateUser {
        name: String,
        source: UserSource,
    },
    DropUser {
        name: String,
        if_exists: bool,
    },
    CreateRole(String),
    DropRole {
        name: String,
        if_exists: bool,
    },
    AlterRole {
        role: String,
        member: String,
        add: bool,
    },
    /// Permissions in upper case.
    Permission {
        verb: Verb,
        permissions: Vec<String>,
        target: Target,
        grantees: Vec<String>,
    },
}

/// CREATE, ALTER or DROP of a user or role; None, and nothing taken, when something else comes.
pub(super) fn principal(cursor: &mut Cursor) -> Result<Option<SecurityStatement>, SqlError> {
    if cursor.accept(&["CREATE", "USER"]) {
        return create_user(cursor).map(Some);
    }
    if cursor.accept(&["CREATE", "ROLE"]) {
        let name = cursor.identifier()?;
        if cursor.accept(&["AUTHORIZATION"]) {
            let owner = cursor.identifier()?;
            if !owner.eq_ignore_ascii_case("dbo") {
                return Err(cursor.unsupported("CREATE ROLE ... AUTHORIZATION of anybody but dbo"));
            }
        }
        return Ok(Some(SecurityStatement::CreateRole(name)));
    }
    if cursor.accept(&["DROP", "USER"]) {
        let if_exists = cursor.accept(&["IF", "EXISTS"]);
        return Ok(Some(SecurityStatement::DropUser { name: cursor.identifier()?, if_exists }));
    }
    if cursor.accept(&["DROP", "ROLE"]) {
        let if_exists = cursor.accept(&["IF", "EXISTS"]);
        return Ok(Some(SecurityStatement::DropRole { name: cursor.identifier()?, if_exists }));
    }
    if cursor.accept(&["ALTER", "ROLE"]) {
        let role = principal_name(cursor)?;
        let add = cursor.accept(&["ADD"]);
        if !add && !cursor.accept(&["DROP"]) {
            return Err(match cursor.peek_keyword().as_deref() {
                Some("WITH") => cursor.unsupported("ALTER ROLE ... WITH NAME"),
                _ => cursor.syntax_error(),
            });
        }
        cursor.expect(&["MEMBER"])?;
        return Ok(Some(SecurityStatement::AlterRole { role, member: principal_name(cursor)?, add }));
    }
    Ok(None)
}

/// A principal's name; `public` is a reserved word and still one.
fn principal_name(cursor: &mut Cursor) -> Result<String, SqlError> {
    if cursor.accept(&["PUBLIC"]) { Ok("public".to_owned()) } else { cursor.identifier() }
}

fn create_user(cursor: &mut Cursor) -> Result<SecurityStatement, SqlError> {
    let name = cursor.identifier()?;
    let external = cursor.accept(&["FROM", "EXTERNAL", "PROVIDER"]);
    if !external {
        for words in [
            &["FOR", "LOGIN"][..],
            &["FROM", "LOGIN"],
            &["WITHOUT", "LOGIN"],
            &["WITH", "PASSWORD"],
            &["FOR", "CERTIFICATE"],
            &["FROM", "CERTIFICATE"],
        ] {
            if cursor.accept(words) {
                return Err(cursor.unsupported(&format!("CREATE USER ... {}", words.join(" "))));
            }
        }
        if cursor.peek_keyword().as_deref() != Some("WITH") {
            return Err(if statement_ends(cursor) {
                cursor.unsupported("CREATE USER for the login of the same name")
            } else {
                cursor.syntax_error()
            });
        }
    }
    let (mut sid, mut group, mut object_id) = (None, None, None);
    if cursor.accept(&["WITH"]) {
        loop {
            let option = cursor.peek_keyword().unwrap_or_default();
            let known = matches!(option.as_str(), "SID" | "TYPE" | "OBJECT_ID" | "DEFAULT_SCHEMA");
            if !known {
                return Err(match option.as_str() {
                    "" => cursor.syntax_error(),
                    _ => cursor.unsupported(&format!("CREATE USER ... WITH {option}")),
                });
            }
            cursor.advance();
            cursor.expect_token(&Token::Eq)?;
            match (option.as_str(), external) {
                ("SID", false) => sid = Some(binary(cursor)?),
                ("TYPE", false) => {
                    let written = cursor.identifier()?;
                    group = Some(match written.to_ascii_uppercase().as_str() {
                        "E" => false,
                        "X" => true,
                        _ => return Err(cursor.unsupported(&format!("CREATE USER ... TYPE = {written}"))),
                    });
                }
                ("OBJECT_ID", true) => object_id = Some(string(cursor)?),
                ("DEFAULT_SCHEMA", _) => {
                    let schema = cursor.identifier()?;
                    if !schema.eq_ignore_ascii_case("dbo") {
                        return Err(cursor.unsupported("A default schema that isn't dbo"));
                    }
                }
                _ => return Err(cursor.syntax_error()),
            }
            if !cursor.accept_token(&Token::Comma) {
                break;
            }
        }
    }
    let source = match (external, sid, group) {
        (true, ..) => UserSource::ExternalProvider { object_id },
        (false, Some(sid), Some(group)) => UserSource::Sid { sid, group },
        (false, Some(_), None) => return Err(cursor.unsupported("CREATE USER ... WITH SID and without TYPE")),
        (false, None, _) => return Err(cursor.syntax_error()),
    };
    Ok(SecurityStatement::CreateUser { name, source })
}

fn binary(cursor: &mut Cursor) -> Result<Vec<u8>, SqlError> {
    match cursor.peek().map(|token| &token.token) {
        Some(Token::HexStringLiteral(digits)) => {
            let bytes = bytes_of_hex(digits).ok_or_else(|| cursor.syntax_error())?;
            cursor.advance();
            Ok(bytes)
        }
        _ => Err(cursor.syntax_error()),
    }
}

fn string(cursor: &mut Cursor) -> Result<String, SqlError> {
    match cursor.peek().map(|token| &token.token) {
        Some(Token::SingleQuotedString(text) | Token::NationalStringLiteral(text)) => {
            let text = text.clone();
            cursor.advance();
            Ok(text)
        }
        _ => Err(cursor.syntax_error()),
    }
}

/// GRANT, DENY or REVOKE.
pub(super) fn permission(cursor: &mut Cursor, verb: &str) -> Result<StatementKind, SqlError> {
    cursor.advance();
    let verb = match verb {
        "GRANT" => Verb::Grant,
        "DENY" => Verb::Deny,
        _ => Verb::Revoke,
    };
    if verb == Verb::Revoke && cursor.accept(&["GRANT", "OPTION", "FOR"]) {
        return Err(cursor.unsupported("REVOKE GRANT OPTION FOR"));
    }
    let mut permissions = vec![permission_name(cursor)?];
    while cursor.accept_token(&Token::Comma) {
        permissions.push(permission_name(cursor)?);
    }
    let target = if cursor.accept(&["ON"]) { target(cursor)? } else { Target::Database(None) };
    let from = verb == Verb::Revoke && cursor.accept(&["FROM"]);
    if !from {
        cursor.expect(&["TO"])?;
    }
    let mut grantees = vec![principal_name(cursor)?];
    while cursor.accept_token(&Token::Comma) {
        grantees.push(principal_name(cursor)?);
    }
    for (words, what) in [
        (&["WITH", "GRANT", "OPTION"][..], "GRANT ... WITH GRANT OPTION"),
        (&["CASCADE"], "DENY or REVOKE ... CASCADE"),
        (&["AS"], "GRANT, DENY or REVOKE ... AS"),
    ] {
        if cursor.accept(words) {
            return Err(cursor.unsupported(what));
        }
    }
    Ok(StatementKind::Security(SecurityStatement::Permission { verb, permissions, target, grantees }))
}

/// The words of a permission, such as VIEW DEFINITION.
fn permission_name(cursor: &mut Cursor) -> Result<String, SqlError> {
    let mut words = Vec::new();
    while let Some(word) = cursor.peek_keyword() {
        if matches!(word.as_str(), "ON" | "TO" | "FROM") {
            break;
        }
        words.push(match word.as_str() {
            "EXEC" => "EXECUTE".to_owned(),
            _ => word,
        });
        cursor.advance();
    }
    if cursor.peek().is_some_and(|token| token.token == Token::LParen) && !words.is_empty() {
        return Err(cursor.unsupported("A permission on columns"));
    }
    match words.as_slice() {
        [] => Err(cursor.syntax_error()),
        [all, ..] if all == "ALL" => Err(cursor.unsupported("The permission ALL")),
        _ => Ok(words.join(" ")),
    }
}

fn target(cursor: &mut Cursor) -> Result<Target, SqlError> {
    let class = (cursor.token_at(1) == Some(&Token::DoubleColon)).then(|| cursor.peek_keyword()).flatten();
    if let Some(class) = &class {
        cursor.advance();
        cursor.advance();
        match class.as_str() {
            "SCHEMA" => return Ok(Target::Schema(cursor.identifier()?)),
            "DATABASE" => return Ok(Target::Database(Some(cursor.identifier()?))),
            "TYPE" => return Ok(Target::Type(cursor.name()?)),
            "OBJECT" => {}
            _ => return Err(cursor.unsupported(&format!("A permission on {class}::"))),
        }
    }
    let name = cursor.name()?;
    if cursor.peek().is_some_and(|token| token.token == Token::LParen) {
        return Err(cursor.unsupported("A permission on columns"));
    }
    Ok(Target::Object(name))
}
