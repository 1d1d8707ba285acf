//! Column metadata on request: what `?$meta=1` puts round the rows of an answer.

use std::fmt::Write;
use std::sync::Arc;

use super::json_text::write_string;
use super::plan::ResultForm;
use crate::database::{DescribedColumn, ResultColumn};
use crate::invocation::TriggerInput;

/// The query parameter that asks for it.
pub(super) const PARAMETER: &str = "$meta";

/// The forms that have it: one result set, which is what a server describes.
pub(super) const FORMS: [ResultForm; 3] = [ResultForm::Rows, ResultForm::Row, ResultForm::Value];

/// Whether the caller asks for it: `$meta` without a value, or with `1` or `true`.
pub(super) fn is_asked_for(input: &TriggerInput) -> bool {
    let TriggerInput::Http(request) = input else { return false };
    let value = request.query.iter().find(|(name, _)| name.eq_ignore_ascii_case(PARAMETER));
    value.is_some_and(|(_, value)| matches!(value.to_ascii_lowercase().as_str(), "" | "1" | "true"))
}

/// `{"columns":[...],"rows":` before an answer, and `}` after it.
#[derive(Clone, Debug)]
pub(super) struct ColumnsAround {
    form: ResultForm,
    /// As the server describes them; None when it can't.
    described: Option<Arc<[DescribedColumn]>>,
    before: String,
}

impl ColumnsAround {
    pub(super) fn new(form: ResultForm, described: Option<Arc<[DescribedColumn]>>) -> Self {
        Self { form, described, before: String::new() }
    }

    /// The result set begins with these columns.
    pub(super) fn begin(&mut self, columns: &[ResultColumn<'_>]) {
        // A description of other columns than came is one of another command or of before a change.
        let described = self.described.as_deref().filter(|described| {
            described.len() == columns.len()
                && described.iter().zip(columns).all(|(described, came)| describes(described, came))
        });
        let before = &mut self.before;
        before.clear();
        before.push_str("{\"columns\":[");
        for (index, column) in columns.iter().enumerate() {
            before.push_str(if index == 0 { "" } else { "," });
            match described.and_then(|described| described.get(index)) {
                Some(described) => write_described(before, described),
                None => write_bare(before, column),
            }
        }
        // Writing to a String never fails.
        let _ = write!(before, "],\"{}\":", self.form.name());
    }

    /// The command runs again.
    pub(super) fn restart(&mut self) {
        self.before.clear();
    }

    /// What stands before the answer.
    pub(super) fn before(&self) -> &str {
        &self.before
    }

    /// What stands after it.
    pub(super) const AFTER: &'static str = "}";

    /// The whole answer.
    pub(super) fn wrap(&self, body: &str) -> String {
        [&self.before, body, Self::AFTER].concat()
    }
}

/// Whether the description is of the column that came, as far as the reply tells.
fn describes(described: &DescribedColumn, came: &ResultColumn<'_>) -> bool {
    let declared = Declared::read(&described.sql_type).name.to_ascii_lowercase();
    let on_the_wire: &[&str] = match declared.as_str() {
        "numeric" => &["decimal"],
        "rowversion" | "timestamp" => &["binary", "varbinary"],
        "json" | "vector" => &["varchar", "nvarchar"],
        // The driver has one name for both.
        "smalldatetime" => &["smalldatetime", "datetime"],
        "smallmoney" => &["smallmoney", "money"],
        "sysname" => &["nvarchar"],
        // Text under a UTF-8 collation comes as UTF-16.
        "varchar" => &["varchar", "nvarchar"],
        "char" => &["char", "nchar"],
        "text" => &["text", "ntext"],
        "hierarchyid" | "geometry" | "geography" => &["udt"],
        same => return described.name == came.name && same == came.bare_type,
    };
    described.name == came.name && on_the_wire.contains(&came.bare_type)
}

fn write_described(text: &mut String, column: &DescribedColumn) {
    let declared = Declared::read(&column.sql_type);
    text.push_str("{\"name\":");
    write_string(text, &column.name);
    text.push_str(",\"type\":");
    write_string(text, declared.name);
    text.push_str(",\"declared\":");
    write_string(text, &column.sql_type);
    let _ = write!(text, ",\"nullable\":{}", column.nullable);
    for (key, number) in
        [("length", declared.length), ("precision", declared.precision), ("scale", declared.scale)]
    {
        if let Some(number) = number {
            let _ = write!(text, ",\"{key}\":{number}");
        }
    }
    text.push('}');
}

/// What the reply itself tells of a column.
fn write_bare(text: &mut String, column: &ResultColumn<'_>) {
    text.push_str("{\"name\":");
    write_string(text, column.name);
    text.push_str(",\"type\":");
    write_string(text, column.bare_type);
    text.push('}');
}

/// A declared type in its parts.
#[derive(Debug, PartialEq, Eq)]
struct Declared<'a> {
    name: &'a str,
    /// In characters or bytes, as the declaration counts; None for `(max)` too.
    length: Option<u16>,
    precision: Option<u16>,
    /// Digits after the point, of a number or of a second.
    scale: Option<u16>,
}

impl<'a> Declared<'a> {
    fn read(text: &'a str) -> Self {
        let (name, arguments) = match text.split_once('(') {
            Some((name, arguments)) => (name.trim(), arguments.trim_end_matches(')')),
            None => (text, ""),
        };
        let mut numbers = arguments.split(',').map(|number| number.trim().parse().ok());
        let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
        let declared = Self { name, length: None, precision: None, scale: None };
        match name.to_ascii_lowercase().as_str() {
            "decimal" | "numeric" => {
                Self { precision: first, scale: second.or(first.map(|_| 0)), ..declared }
            }
            "time" | "datetime2" | "datetimeoffset" => Self { scale: first, ..declared },
            "float" => declared,
            _ => Self { length: first, ..declared },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_type_is_told_in_its_parts() {
        let declared = |name, length, precision, scale| Declared { name, length, precision, scale };
        for (text, expected) in [
            ("int", declared("int", None, None, None)),
            ("nvarchar(50)", declared("nvarchar", Some(50), None, None)),
            ("varbinary(max)", declared("varbinary", None, None, None)),
            ("decimal(18,4)", declared("decimal", None, Some(18), Some(4))),
            ("datetime2(3)", declared("datetime2", None, None, Some(3))),
        ] {
            assert_eq!(Declared::read(text), expected, "{text}");
        }
    }

    #[test]
    fn columns_that_did_not_come_are_not_described() {
        let described = |name: &str| DescribedColumn {
            name: name.to_owned(),
            sql_type: "nvarchar(50)".to_owned(),
            nullable: false,
        };
        let came = [ResultColumn { name: "Name", bare_type: "nvarchar" }];
        let mut fits = ColumnsAround::new(ResultForm::Rows, Some(vec![described("Name")].into()));
        let mut stale = ColumnsAround::new(ResultForm::Rows, Some(vec![described("Title")].into()));
        let mut unknown = ColumnsAround::new(ResultForm::Rows, None);
        for around in [&mut fits, &mut stale, &mut unknown] {
            around.begin(&came);
        }
        assert_eq!(
            fits.wrap("[]"),
            r#"{"columns":[{"name":"Name","type":"nvarchar","declared":"nvarchar(50)","nullable":false,"length":50}],"rows":[]}"#
        );
        let bare = r#"{"columns":[{"name":"Name","type":"nvarchar"}],"rows":[]}"#;
        assert_eq!(stale.wrap("[]"), bare);
        assert_eq!(unknown.wrap("[]"), bare);
    }
}
