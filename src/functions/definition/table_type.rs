//! Reads a parameter's table type: its name, its columns and how many rows may come.

use serde_json::{Map, Value as Json};

use super::parameter;
use super::section::Section;
use crate::functions::ObjectName;
use crate::functions::table_type::{TableColumn, TableType};
use crate::invocation::Mistakes;

/// The keys of a parameter with a table type.
pub(super) const KEYS: [&str; 5] = ["from", "type", "required", "columns", "maxItems"];

/// The keys of a column that is more than its type.
const COLUMN_KEYS: [&str; 8] = ["type", "required", "default", "min", "max", "maxLength", "pattern", "enum"];

/// How many rows may come when the definition doesn't say. OPENJSON reads as many in well under a second.
pub(super) const DEFAULT_MAX_ROWS: u64 = 10_000;

/// The most rows that a definition may let in: beyond it a bulk load is the better tool.
pub(super) const MOST_ROWS: u64 = 1_000_000;

/// The columns that a table may have (T-SQL reference, "Maximum capacity specifications for SQL Server").
pub(super) const MOST_COLUMNS: usize = 1024;

/// The characters that a name may have.
pub(super) const LONGEST_NAME: usize = 128;

/// Whether the parameter is a table: it has columns, or a type with a schema.
pub(super) fn is_table(section: &Section<'_>) -> bool {
    section.has("columns")
        || section.get("type").and_then(Json::as_str).is_some_and(|written| written.contains('.'))
}

/// Reads the table type of the parameter `variable`; None when a mistake leaves nothing to work with.
pub(super) fn read(variable: &str, section: &Section<'_>, mistakes: &mut Mistakes) -> Option<TableType> {
    let carrier = TableType::carrier_of(variable);
    if carrier.encode_utf16().count() > LONGEST_NAME {
        mistakes.add(section.path(), "is too long a name for a table parameter; 116 characters at most");
    }
    let name = section.text("type", mistakes).and_then(|written| {
        let name = type_name(written);
        name.map_err(|message| mistakes.add(section.path_of("type"), message)).ok()
    });
    if !section.has("type") {
        mistakes
            .add(section.path_of("type"), "is missing; write the table type's name, such as `dbo.IdList`");
    }
    let max_rows = section.whole_number("maxItems", mistakes).unwrap_or(DEFAULT_MAX_ROWS);
    if !(1..=MOST_ROWS).contains(&max_rows) {
        mistakes.add(section.path_of("maxItems"), format!("must be from 1 to {MOST_ROWS}"));
    }
    let columns = columns(section, mistakes)?;
    Some(TableType {
        name: name?,
        columns,
        max_rows: usize::try_from(max_rows).unwrap_or(usize::MAX),
        carrier,
    })
}

fn columns(section: &Section<'_>, mistakes: &mut Mistakes) -> Option<Vec<TableColumn>> {
    let path = section.path_of("columns");
    let Some(json) = section.get("columns") else {
        mistakes.add(
            path,
            "is missing: a type with a schema is a table type; write its columns, such as { \"Id\": \"int\" }, or for \
             another type of your own the type that it stands for",
        );
        return None;
    };
    let columns = Section::of(path.as_str(), json, mistakes)?;
    let mut names: Vec<String> = Vec::new();
    let mut read = Vec::new();
    for (name, json) in columns.entries() {
        let path = columns.path_of(name);
        if name.is_empty() || name.encode_utf16().count() > LONGEST_NAME {
            mistakes.add(path.as_str(), "must be a column's name of 1 to 128 characters");
        }
        if names.contains(&name.to_lowercase()) {
            mistakes.add(path.as_str(), "is there twice: the server's names have no case");
        }
        names.push(name.to_lowercase());
        read.extend(column(name, &path, json, mistakes));
    }
    if names.is_empty() || names.len() > MOST_COLUMNS {
        mistakes.add(path, format!("must have 1 to {MOST_COLUMNS} columns"));
    }
    Some(read)
}

/// One column: `"int"`, or an object with the words of a parameter but `from`.
fn column(name: &str, path: &str, json: &Json, mistakes: &mut Mistakes) -> Option<TableColumn> {
    let of_type: Map<String, Json>;
    let section = match json {
        Json::String(_) => {
            of_type = Map::from_iter([("type".to_owned(), json.clone())]);
            Section::new(path, &of_type)
        }
        Json::Object(_) => Section::of(path, json, mistakes)?,
        _ => {
            mistakes.add(path, "must be a type such as \"int\", or an object with `type`");
            return None;
        }
    };
    section.check_keys(&COLUMN_KEYS, &[], mistakes);
    let sql_type = parameter::sql_type(&section, mistakes)?;
    let required = section.flag("required", mistakes);
    let (limits, default) = parameter::constraints(&section, sql_type, required, mistakes);
    Some(TableColumn {
        name: name.to_owned(),
        sql_type,
        required: required.unwrap_or(false),
        default,
        limits,
    })
}

/// Reads `dbo.IdList`, `[dbo].[Id List]` or `"dbo"."Id List"`.
fn type_name(written: &str) -> Result<ObjectName, String> {
    let mut parts = Vec::new();
    let mut rest = written.trim();
    loop {
        let (part, after) = name_part(rest).ok_or_else(|| {
            format!("`{written}` is not a table type's name; write it like `dbo.IdList` or `[dbo].[Id List]`")
        })?;
        parts.push(part);
        match after.trim_start().strip_prefix('.') {
            Some(next) => rest = next.trim_start(),
            None if after.trim().is_empty() => break,
            None if after.trim().eq_ignore_ascii_case("readonly") => {
                return Err("has READONLY behind it; leave that out".to_owned());
            }
            None => {
                return Err(format!("`{written}` is not a table type's name; write it like `dbo.IdList`"));
            }
        }
    }
    match parts.as_slice() {
        [schema, _] if schema.eq_ignore_ascii_case("sys") => {
            Err("names a type of the server's own, and none of those is a table type".to_owned())
        }
        [schema, name] => Ok(ObjectName::user_type(schema, name)),
        [name] => Err(format!("has `columns`, so it is a table type, and needs its schema: `dbo.{name}`")),
        _ => Err("has more than two parts; a table type must be in the connection's own database".to_owned()),
    }
}

/// The first part of a name without its quotes, and what follows.
fn name_part(text: &str) -> Option<(String, &str)> {
    let (close, inside) = match text.chars().next()? {
        '[' => (']', text.get(1..)?),
        '"' => ('"', text.get(1..)?),
        _ => {
            let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '#' | '$' | '@')));
            let (name, after) = text.split_at(end.unwrap_or(text.len()));
            let begins = name.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_');
            let fits = begins && name.encode_utf16().count() <= LONGEST_NAME;
            return fits.then(|| (name.to_owned(), after));
        }
    };
    let mut name = String::new();
    let mut characters = inside.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character != close {
            name.push(character);
            continue;
        }
        if characters.next_if(|(_, next)| *next == close).is_some() {
            name.push(close);
            continue;
        }
        let fits = !name.is_empty() && name.encode_utf16().count() <= LONGEST_NAME;
        return fits.then(|| (name, inside.get(at + character.len_utf8()..).unwrap_or_default()));
    }
    None
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_a_quoted_name_writes_is_read_back(schema in "\\PC{1,20}", name in "\\PC{1,20}") {
            prop_assume!(!schema.eq_ignore_ascii_case("sys"));
            let written = ObjectName::user_type(schema.as_str(), name.as_str());
            let read = type_name(&written.to_string()).unwrap();
            prop_assert_eq!((read.schema(), read.name()), (schema.as_str(), name.as_str()));
        }

        #[test]
        fn any_text_is_a_name_or_refused_without_a_panic(text in "[\\[\\]\".a #]{0,12}") {
            let _ = type_name(&text);
        }
    }

    #[test]
    fn a_name_is_two_parts_and_nothing_else() {
        for written in ["dbo.IdList", " [dbo] . \"IdList\" ", "[dbo].IdList"] {
            assert_eq!(type_name(written).unwrap().to_string(), "[dbo].[IdList]", "{written}");
        }
        for (written, sentence) in [
            ("IdList", "`dbo.IdList`"),
            ("db.dbo.IdList", "more than two parts"),
            ("dbo.IdList READONLY", "leave that out"),
            ("sys.geography", "the server's own"),
            ("dbo.IdList; DROP TABLE t", "not a table type's name"),
            ("dbo.[IdList", "not a table type's name"),
            ("dbo.1st", "not a table type's name"),
            ("dbo.", "not a table type's name"),
            ("", "not a table type's name"),
        ] {
            let message = type_name(written).unwrap_err();
            assert!(message.contains(sentence), "{written}: {message}");
        }
    }
}
