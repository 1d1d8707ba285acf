//! Options of tables and indexes that say where and how rows are kept.

use sqlparser::tokenizer::Token;

use super::cursor::Cursor;
use crate::sql::reply::SqlError;

/// Where and how rows are kept, `WITH (...) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY]`: read, and refused by name if it would
/// change more than that.
pub(super) fn storage(cursor: &mut Cursor) -> Result<(), SqlError> {
    loop {
        if cursor.peek_keyword().as_deref() == Some("WITH") && cursor.token_at(1) == Some(&Token::LParen) {
            cursor.advance();
            cursor.advance();
            loop {
                storage_option(cursor)?;
                if !cursor.accept_token(&Token::Comma) {
                    break;
                }
            }
            cursor.expect_token(&Token::RParen)?;
        } else if matches!(cursor.peek_keyword().as_deref(), Some("ON" | "TEXTIMAGE_ON" | "FILESTREAM_ON"))
            && !matches!(cursor.keyword_at(1).as_deref(), Some("DELETE" | "UPDATE"))
        {
            let word = cursor.peek_keyword().unwrap_or_default();
            cursor.advance();
            let group = cursor.identifier()?;
            if !group.eq_ignore_ascii_case("PRIMARY") || word == "FILESTREAM_ON" {
                return Err(cursor.unsupported(&format!("{word} {group}")));
            }
        } else {
            return Ok(());
        }
    }
}

/// One option with its value.
fn storage_option(cursor: &mut Cursor) -> Result<(), SqlError> {
    // Some of them are reserved words.
    let option = match cursor.peek().map(|token| &token.token) {
        Some(Token::Word(word)) if !word.value.starts_with('@') => word.value.to_ascii_uppercase(),
        _ => return Err(cursor.syntax_error()),
    };
    cursor.advance();
    cursor.expect_token(&Token::Eq)?;
    let value = match cursor.peek().map(|token| &token.token) {
        Some(Token::Number(digits, _)) => digits.clone(),
        Some(Token::Word(word)) => word.value.to_ascii_uppercase(),
        _ => return Err(cursor.syntax_error()),
    };
    cursor.advance();
    let harmless = match option.as_str() {
        // Pages, locks, statistics and the building of the index: no result depends on them.
        "PAD_INDEX"
        | "SORT_IN_TEMPDB"
        | "STATISTICS_NORECOMPUTE"
        | "STATISTICS_INCREMENTAL"
        | "ALLOW_ROW_LOCKS"
        | "ALLOW_PAGE_LOCKS"
        | "OPTIMIZE_FOR_SEQUENTIAL_KEY"
        | "ONLINE" => matches!(value.as_str(), "ON" | "OFF"),
        "FILLFACTOR" | "MAXDOP" => value.bytes().all(|byte| byte.is_ascii_digit()),
        "DATA_COMPRESSION" => matches!(value.as_str(), "NONE" | "ROW" | "PAGE"),
        // These change what statements do.
        "IGNORE_DUP_KEY" | "DROP_EXISTING" | "RESUMABLE" => value == "OFF",
        _ => false,
    };
    if harmless { Ok(()) } else { Err(cursor.unsupported(&format!("The option {option} = {value}"))) }
}
