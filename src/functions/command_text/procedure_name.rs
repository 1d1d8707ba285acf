//! The name of a stored procedure, taken apart, so that it can go into T-SQL as a name and as nothing else.

use std::fmt;

use super::rights::quoted_name;
use super::scanner::{self, Kind, Token};

/// A procedure's name: with its schema, or without, where the server looks into the user's default schema and `dbo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::functions) struct ProcedureName {
    schema: Option<String>,
    name: String,
}

/// A name of the server's has 128 characters at most (T-SQL reference, "Database identifiers").
const LONGEST: usize = 128;

/// The server's procedures that run T-SQL which comes as a value: with them a caller could bring a command of his own.
/// `sp_cursoropen` and its kin are those that drivers use (MS-TDS, "RPC Request").
const RUN_TEXT: [&str; 9] = [
    "sp_executesql",
    "sp_sqlexec",
    "sp_prepare",
    "sp_prepexec",
    "sp_prepexecrpc",
    "sp_cursoropen",
    "sp_cursorprepare",
    "sp_cursorprepexec",
    "sp_execute_external_script",
];

impl ProcedureName {
    /// Reads `dbo.AddPerson`; parts may be quoted with brackets or double quotes.
    ///
    /// # Errors
    /// A sentence without a subject: what is wrong and what to do.
    pub(in crate::functions) fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "must be the procedure's name and nothing else, such as `dbo.AddPerson`: its parameters stand in \
                            `parameters`";
        let tokens = scanner::scan(text)
            .map_err(|unclosed| format!("has a {} that is never closed", unclosed.what))?;
        let is_call = tokens.first().is_some_and(|first| first.is_any_word(&["EXEC", "EXECUTE"]));
        if is_call && tokens.len() > 1 {
            return Err(format!("{FORM}; leave EXEC out"));
        }
        let mut parts = Vec::new();
        for (index, token) in tokens.iter().enumerate() {
            let is_name = matches!(token.kind, Kind::Word | Kind::QuotedName);
            match index % 2 {
                0 if is_name => parts.push(unquoted(token)),
                1 if token.is_symbol(".") => {}
                _ => return Err(FORM.to_owned()),
            }
        }
        if tokens.len() % 2 == 0 {
            return Err(FORM.to_owned());
        }
        let is_legal = |part: &String| {
            !part.is_empty() && part.encode_utf16().count() <= LONGEST && !part.contains(char::is_control)
        };
        if !parts.iter().all(is_legal) {
            return Err(format!(
                "has a part that is empty, longer than {LONGEST} characters, or not printable"
            ));
        }
        let (schema, name) = match <[String; 2]>::try_from(parts) {
            Ok([schema, name]) => (Some(schema), name),
            Err(parts) => {
                match <[String; 1]>::try_from(parts) {
                    Ok([name]) => (None, name),
                    Err(_) => {
                        return Err("names a database or a server, whose procedures Azure SQL Database doesn't call; \
                                write schema and name, such as `dbo.AddPerson`, and connect to that database"
                        .to_owned());
                    }
                }
            }
        };
        if RUN_TEXT.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            return Err(format!(
                "`{name}` runs T-SQL that comes as a value: a caller could run what he likes. Write the command itself, as Text"
            ));
        }
        Ok(Self { schema, name })
    }
}

/// `[dbo].[AddPerson]`
impl fmt::Display for ProcedureName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(formatter, "{}.", quoted_name(schema))?;
        }
        formatter.write_str(&quoted_name(&self.name))
    }
}

/// A name without its quotes.
pub(super) fn unquoted(token: &Token<'_>) -> String {
    let inside = || {
        let mut characters = token.text.chars();
        characters.next();
        characters.next_back();
        characters.as_str()
    };
    match token.kind {
        Kind::QuotedName if token.text.starts_with('[') => inside().replace("]]", "]"),
        Kind::QuotedName => inside().replace("\"\"", "\""),
        Kind::Text => inside().replace("''", "'"),
        _ => token.text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_taken_apart_and_quoted() {
        for (written, quoted) in [
            ("AddPerson", "[AddPerson]"),
            ("dbo.AddPerson", "[dbo].[AddPerson]"),
            (" [my schema] . \"Add \"\"it\"\"\" ", "[my schema].[Add \"it\"]"),
            ("[a]]; DROP TABLE t; --]", "[a]]; DROP TABLE t; --]"),
            ("dbo.Order", "[dbo].[Order]"),
        ] {
            assert_eq!(ProcedureName::parse(written).unwrap().to_string(), quoted);
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write() {
        for (written, sentence) in [
            ("", "must be the procedure's name"),
            ("EXEC dbo.work", "leave EXEC out"),
            ("dbo.work @id = 1", "must be the procedure's name"),
            ("dbo.work;2", "must be the procedure's name"),
            ("dbo.", "must be the procedure's name"),
            (".work", "must be the procedure's name"),
            ("@name", "must be the procedure's name"),
            ("dbo.work; SELECT 1", "must be the procedure's name"),
            ("dbo.[work", "never closed"),
            ("dbo.[]", "empty"),
            ("shop.dbo.work", "write schema and name"),
            ("far.shop.dbo.work", "write schema and name"),
            ("sys.sp_executesql", "comes as a value"),
        ] {
            let refusal = ProcedureName::parse(written).unwrap_err();
            assert!(refusal.contains(sentence), "{written}: {refusal}");
        }
    }

    proptest! {
        #[test]
        fn whatever_passes_is_one_name_in_the_call(written in "(\\PC|[\\[\\].;'\"@ -]){0,30}") {
            if let Ok(name) = ProcedureName::parse(&written) {
                let quoted = name.to_string();
                let tokens = scanner::scan(&quoted).unwrap();
                prop_assert!(tokens.len() == 1 || tokens.len() == 3, "{}", quoted);
                let is_name = |token: &Token<'_>| token.kind == Kind::QuotedName || token.is_symbol(".");
                prop_assert!(tokens.iter().all(is_name), "{}", quoted);
                prop_assert_eq!(ProcedureName::parse(&quoted), Ok(name));
            }
        }
    }
}
