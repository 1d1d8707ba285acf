//! Holds a command's described columns against the declared results and what the worker can read.

use super::Finding;
use crate::database::DescribedColumn;
use crate::functions::output::OutputForm;
use crate::functions::plan::{Plan, ResultForm};
use crate::functions::shape::Wanted;

/// Types whose values only their own methods can tell as text.
const WITH_METHODS: [&str; 3] = ["geography", "geometry", "hierarchyid"];

/// What a text of FOR JSON can be.
const TEXTS: [&str; 8] = ["char", "json", "nchar", "ntext", "nvarchar", "sysname", "text", "varchar"];

/// What of the first result set does not fit what the definition wants of it, or can't be read.
///
/// The server describes the first result set that can come, on whatever way through the command, and merges those of several
/// ways: what it says of a branch is no mistake for certain, and is a warning.
#[must_use]
pub fn column_findings(plan: &Plan, columns: &[DescribedColumn]) -> Vec<Finding> {
    let outputs: Vec<OutputForm> = plan.outputs().iter().map(|output| output.form).collect();
    findings(plan.answer().form, &outputs, columns)
}

fn findings(form: ResultForm, outputs: &[OutputForm], columns: &[DescribedColumn]) -> Vec<Finding> {
    let wanted = Wanted::new(form, outputs);
    let mut findings: Vec<Finding> = form_finding(form, wanted, columns).into_iter().collect();
    if wanted.objects {
        findings.extend(unnamed(wanted, columns));
        findings.extend(repeated(wanted, columns));
    }
    if wanted.rows() {
        findings.extend(
            columns.iter().enumerate().filter_map(|(index, column)| unreadable(wanted, index, column)),
        );
    }
    findings
}

fn key(wanted: Wanted) -> String {
    format!("sql.{}", wanted.key)
}

fn form_finding(form: ResultForm, wanted: Wanted, columns: &[DescribedColumn]) -> Option<Finding> {
    let word = wanted.word;
    let error = |message: String| Some(Finding::error(key(wanted), message));
    let warning = |message: String| Some(Finding::warning(key(wanted), message));
    match columns {
        [] if wanted.rows() && !wanted.many => error(format!(
            "is `{word}`, but the server says that the command returns no result set; let it SELECT, or declare `rowsAffected` or \
             `none`"
        )),
        [_, _, ..] if wanted.value => error(format!(
            "takes a `value`, but the server says that the command returns {} columns; SELECT one, or declare `row`",
            columns.len()
        )),
        [_, _, ..] if wanted.text => error(format!(
            "is `{word}`, but the server says that the command returns {} columns; let it end in FOR JSON PATH",
            columns.len()
        )),
        [column] if wanted.text && !TEXTS.contains(&bare(&column.sql_type).as_str()) => error(format!(
            "is `{word}`, but the server says that the command returns {}; let it end in FOR JSON PATH",
            column.sql_type
        )),
        [_, ..] if form == ResultForm::OutputParameters && !wanted.rows() => warning(format!(
            "is `{word}`, but the server says that the procedure may return a result set; leave out its SELECT, or declare \
             `resultSets`"
        )),
        [_, ..] if form == ResultForm::RowsAffected && !wanted.rows() => warning(format!(
            "is `{word}`, but the server says that the command may return a result set; leave out its SELECT or OUTPUT, or declare \
             `rows`"
        )),
        _ => None,
    }
}

/// Of ways with different names the server tells none, so this is not certain.
fn unnamed(wanted: Wanted, columns: &[DescribedColumn]) -> Option<Finding> {
    let index = columns.iter().position(|column| column.name.is_empty())?;
    let message = format!(
        "is `{}`, but the server tells no name of column {}; write `AS name` after it, the same in every branch",
        wanted.word,
        index + 1
    );
    Some(Finding::warning(key(wanted), message))
}

fn repeated(wanted: Wanted, columns: &[DescribedColumn]) -> Option<Finding> {
    let again = |index: usize, column: &DescribedColumn| {
        !column.name.is_empty() && columns.iter().take(index).any(|other| other.name == column.name)
    };
    let (_, column) = columns.iter().enumerate().find(|(index, column)| again(*index, column))?;
    let message = format!(
        "is `{}`, but two columns are called `{}`; name one of them otherwise with AS",
        wanted.word, column.name
    );
    Some(Finding::error(key(wanted), message))
}

fn unreadable(wanted: Wanted, index: usize, column: &DescribedColumn) -> Option<Finding> {
    let name = if column.name.is_empty() { (index + 1).to_string() } else { format!("`{}`", column.name) };
    match bare(&column.sql_type) {
        kind if WITH_METHODS.contains(&kind.as_str()) => Some(Finding::error(
            key(wanted),
            format!("can't have column {name}: it is {kind}, which can't be read; SELECT its .ToString()"),
        )),
        kind if kind == "money" => Some(Finding::warning(
            key(wanted),
            format!(
                "has column {name} as money, of which values from 549,755,813,888 on are refused; SELECT CAST({} AS decimal(19,4))",
                if column.name.is_empty() { "..." } else { &column.name }
            ),
        )),
        _ => None,
    }
}

/// A type's name without its length: `nvarchar` of `nvarchar(50)`, `geography` of `[sys].[geography]`.
pub(super) fn bare(sql_type: &str) -> String {
    let name = sql_type.split('(').next().unwrap_or_default();
    let name = name.rsplit('.').next().unwrap_or_default();
    name.trim().trim_matches(['[', ']']).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invocation::Severity;

    fn column(name: &str, sql_type: &str) -> DescribedColumn {
        DescribedColumn { name: name.to_owned(), sql_type: sql_type.to_owned(), nullable: false }
    }

    #[test]
    fn what_fits_is_not_spoken_of() {
        let columns = [column("Id", "int"), column("Name", "nvarchar(50)")];
        assert!(findings(ResultForm::Rows, &[], &columns).is_empty());
        assert!(findings(ResultForm::Value, &[], &columns[..1]).is_empty());
        assert!(findings(ResultForm::RowsAffected, &[], &[]).is_empty());
        assert!(findings(ResultForm::ResultSets, &[], &[]).is_empty());
        assert!(findings(ResultForm::Json, &[], &columns[1..]).is_empty());
        assert!(findings(ResultForm::None, &[], &[column("", "geography")]).is_empty());
        assert!(findings(ResultForm::RowsAffected, &[OutputForm::Rows], &columns).is_empty());
    }

    #[test]
    fn results_that_the_columns_have_no_place_in_are_a_mistake_with_its_cure() {
        let two = || vec![column("A", "int"), column("B", "int")];
        for (form, outputs, columns, cure) in [
            (ResultForm::Row, vec![], vec![], "let it SELECT"),
            (ResultForm::Value, vec![], two(), "SELECT one"),
            (ResultForm::Json, vec![], two(), "FOR JSON PATH"),
            (ResultForm::Json, vec![], vec![column("n", "int")], "FOR JSON PATH"),
            (ResultForm::Rows, vec![], vec![column("Id", "int"), column("Id", "int")], "with AS"),
            (ResultForm::None, vec![OutputForm::Value], two(), "SELECT one"),
            (ResultForm::None, vec![OutputForm::Row], vec![], "let it SELECT"),
        ] {
            let told = findings(form, &outputs, &columns);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told.iter().all(|finding| finding.message.contains(cure)), "{told:?}");
            assert!(told.iter().all(|finding| finding.severity == Severity::Error), "{told:?}");
        }
    }

    #[test]
    fn what_may_come_of_a_branch_is_a_warning() {
        for (form, columns, cure) in [
            (ResultForm::RowsAffected, vec![column("Id", "int")], "leave out its SELECT"),
            (ResultForm::OutputParameters, vec![column("Id", "int")], "declare `resultSets`"),
            (ResultForm::Rows, vec![column("", "int")], "write `AS name`"),
        ] {
            let told = findings(form, &[], &columns);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told.iter().all(|finding| finding.message.contains(cure)), "{told:?}");
            assert!(told.iter().all(|finding| finding.severity == Severity::Warning), "{told:?}");
        }
    }

    #[test]
    fn what_the_driver_can_not_tell_is_found_before_a_caller_asks() {
        let told = findings(ResultForm::Rows, &[], &[column("Place", "[sys].[geography]")]);
        assert!(told.iter().any(|finding| finding.message.contains(".ToString()")), "{told:?}");
        let told = findings(ResultForm::Rows, &[], &[column("Price", "money")]);
        assert!(told.iter().any(|finding| finding.message.contains("decimal(19,4)")), "{told:?}");
        assert!(told.iter().all(|finding| finding.severity == Severity::Warning));
    }
}
