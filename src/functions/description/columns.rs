//! Holds a command's described columns against the declared result form and what the worker can read.

use super::Finding;
use crate::database::DescribedColumn;
use crate::functions::plan::ResultForm;

const RESULT: &str = "sql.result";

/// Types whose values only their own methods can tell as text.
const WITH_METHODS: [&str; 3] = ["geography", "geometry", "hierarchyid"];

/// What of the first result set does not fit the form, or can't be read.
#[must_use]
pub fn column_findings(form: ResultForm, columns: &[DescribedColumn]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = form_finding(form, columns).into_iter().collect();
    if needs_names(form) {
        findings.extend(unnamed(form, columns));
        findings.extend(repeated(form, columns));
    }
    if form != ResultForm::None {
        findings.extend(columns.iter().enumerate().filter_map(|(index, column)| unreadable(index, column)));
    }
    findings
}

/// Whether rows become objects, so that each column needs a name of its own.
fn needs_names(form: ResultForm) -> bool {
    matches!(form, ResultForm::Rows | ResultForm::Row | ResultForm::ResultSets)
}

fn form_finding(form: ResultForm, columns: &[DescribedColumn]) -> Option<Finding> {
    let message = match (form, columns.len()) {
        (ResultForm::Rows | ResultForm::Row | ResultForm::Value, 0) => {
            "the server says that the command returns no result set; let it SELECT, or declare `rowsAffected` or `none`"
                .to_owned()
        }
        (ResultForm::Value, count @ 2..) => {
            format!("the server says that the command returns {count} columns; SELECT one, or declare `row`")
        }
        (ResultForm::Json, count) if count != 1 => {
            format!("the server says that the command returns {count} columns; let it end in FOR JSON PATH")
        }
        (ResultForm::OutputParameters, 1..) => {
            "the server says that the procedure returns a result set; leave out its SELECT, or declare `resultSets`".to_owned()
        }
        (ResultForm::RowsAffected, 1..) => {
            "the server says that the command returns a result set; leave out its SELECT or OUTPUT, or declare `rows`"
                .to_owned()
        }
        _ => return None,
    };
    Some(Finding::error(RESULT, format!("is `{}`, but {message}", form.name())))
}

fn unnamed(form: ResultForm, columns: &[DescribedColumn]) -> Option<Finding> {
    let index = columns.iter().position(|column| column.name.is_empty())?;
    let message =
        format!("is `{}`, but column {} has no name; write `AS name` after it", form.name(), index + 1);
    Some(Finding::error(RESULT, message))
}

fn repeated(form: ResultForm, columns: &[DescribedColumn]) -> Option<Finding> {
    let again = |index: usize, column: &DescribedColumn| {
        !column.name.is_empty() && columns.iter().take(index).any(|other| other.name == column.name)
    };
    let (_, column) = columns.iter().enumerate().find(|(index, column)| again(*index, column))?;
    let message = format!(
        "is `{}`, but two columns are called `{}`; name one of them otherwise with AS",
        form.name(),
        column.name
    );
    Some(Finding::error(RESULT, message))
}

fn unreadable(index: usize, column: &DescribedColumn) -> Option<Finding> {
    let name = if column.name.is_empty() { (index + 1).to_string() } else { format!("`{}`", column.name) };
    match bare(&column.sql_type) {
        kind if WITH_METHODS.contains(&kind.as_str()) => Some(Finding::error(
            RESULT,
            format!("can't have column {name}: it is {kind}, which can't be read; SELECT its .ToString()"),
        )),
        kind if kind == "money" => Some(Finding::warning(
            RESULT,
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

    fn messages(form: ResultForm, columns: &[DescribedColumn]) -> Vec<String> {
        column_findings(form, columns).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn what_fits_is_not_spoken_of() {
        let columns = [column("Id", "int"), column("Name", "nvarchar(50)")];
        assert!(column_findings(ResultForm::Rows, &columns).is_empty());
        assert!(column_findings(ResultForm::Value, &columns[..1]).is_empty());
        assert!(column_findings(ResultForm::RowsAffected, &[]).is_empty());
        assert!(column_findings(ResultForm::None, &[column("", "geography")]).is_empty());
    }

    #[test]
    fn a_form_that_the_columns_have_no_place_in_is_a_mistake_with_its_cure() {
        for (form, columns, cure) in [
            (ResultForm::Row, vec![], "let it SELECT"),
            (ResultForm::Value, vec![column("A", "int"), column("B", "int")], "SELECT one"),
            (ResultForm::RowsAffected, vec![column("Id", "int")], "leave out its SELECT"),
            (ResultForm::OutputParameters, vec![column("Id", "int")], "declare `resultSets`"),
            (ResultForm::Json, vec![column("A", "int"), column("B", "int")], "FOR JSON PATH"),
            (ResultForm::Rows, vec![column("", "int")], "write `AS name`"),
            (ResultForm::Rows, vec![column("Id", "int"), column("Id", "int")], "with AS"),
        ] {
            let told = messages(form, &columns);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told.iter().all(|message| message.contains(cure)), "{told:?}");
        }
    }

    #[test]
    fn what_the_driver_can_not_tell_is_found_before_a_caller_asks() {
        let told = column_findings(ResultForm::Rows, &[column("Place", "[sys].[geography]")]);
        assert!(told.iter().any(|finding| finding.message.contains(".ToString()")), "{told:?}");
        let told = column_findings(ResultForm::Rows, &[column("Price", "money")]);
        assert!(told.iter().any(|finding| finding.message.contains("decimal(19,4)")), "{told:?}");
        assert!(told.iter().all(|finding| finding.severity == Severity::Warning));
    }
}
