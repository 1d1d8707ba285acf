//! The ways through a batch, and which statement gives the first result set on each.

use super::errors::{ErrorType, Place, Refusal};
use crate::sql::engine::bind::select::OutputColumn;
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType};

/// A result set that a statement gives.
#[derive(Clone, Debug)]
pub(crate) struct ResultSet {
    pub(crate) columns: Vec<OutputColumn>,
    /// ORDER BY: the column, if it is one of the result, and whether it is descending; None where paths differ in it.
    pub(crate) order: Option<Vec<(Option<usize>, bool)>>,
}

/// What the ways through one or several statements lead to.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// The statements that may give the first result set, in the order of the text.
    pub(super) results: Vec<(Place, ResultSet)>,
    /// Names that aren't there: the way on which the statement lies ends with an error.
    pub(super) failures: Vec<SqlError>,
    /// Statements that make it impossible to say what comes.
    pub(super) refusals: Vec<Refusal>,
    /// Whether a way leads to the statement behind.
    pub(super) passes: bool,
}

impl Paths {
    /// No result set here, on to the next statement.
    pub(super) fn on() -> Self {
        Self { passes: true, ..Self::default() }
    }

    /// The end of all ways: RETURN, THROW.
    pub(super) fn end() -> Self {
        Self::default()
    }

    pub(super) fn result(place: Place, result: ResultSet) -> Self {
        Self { results: vec![(place, result)], ..Self::default() }
    }

    pub(super) fn failure(error: SqlError) -> Self {
        Self { failures: vec![error], ..Self::default() }
    }

    pub(super) fn refusal(refusal: Refusal) -> Self {
        Self { refusals: vec![refusal], ..Self::default() }
    }

    fn take(&mut self, other: Self) {
        self.results.extend(other.results);
        self.failures.extend(other.failures);
        self.refusals.extend(other.refusals);
    }

    /// What comes behind, for the ways that lead there.
    pub(super) fn then(mut self, next: Self) -> Self {
        if self.passes {
            self.passes = next.passes;
            self.take(next);
        }
        self
    }

    /// Another way past the same place.
    pub(super) fn or(mut self, other: Self) -> Self {
        self.passes |= other.passes;
        self.take(other);
        self
    }

    /// For parameters only temporary tables matter, and names that aren't there: wherever the ways lead.
    pub(super) fn temporary_tables_apart(self) -> Result<(), Refusal> {
        if let Some(refusal) =
            self.refusals.into_iter().find(|refusal| refusal.error_type == ErrorType::TemporaryTable)
        {
            return Err(refusal);
        }
        self.failures.into_iter().next().map_or(Ok(()), |failure| Err(Refusal::compile(failure)))
    }

    /// The first result set of all ways, None if there is none.
    pub(super) fn first(self) -> Result<Option<ResultSet>, Refusal> {
        if let Some(refusal) = self.refusals.into_iter().next() {
            return Err(refusal);
        }
        let mut results = self.results.into_iter();
        let Some((place, mut first)) = results.next() else {
            return match self.failures.into_iter().next() {
                Some(failure) if !self.passes => Err(Refusal::every_path_fails(failure)),
                _ => Ok(None),
            };
        };
        for (other_place, other) in results {
            first = merge(first, other).ok_or_else(|| place.conflict(&other_place))?;
        }
        Ok(Some(first))
    }
}

/// What holds whichever of two result sets comes; None if no description fits both. A name that differs is none, and a
/// column that one of them may have NULL in may be NULL.
fn merge(left: ResultSet, right: ResultSet) -> Option<ResultSet> {
    if left.columns.len() != right.columns.len() {
        return None;
    }
    let columns = left
        .columns
        .into_iter()
        .zip(right.columns)
        .map(|(left, right)| {
            Some(OutputColumn {
                sql_type: longer(left.sql_type, right.sql_type)?,
                name: if left.name == right.name { left.name } else { String::new() },
                nullable: left.nullable || right.nullable,
                identity: left.identity && right.identity,
                null: left.null && right.null,
                json: left.json && right.json,
                source: None,
                updatable: left.updatable && right.updatable,
                parameter: left.parameter.or(right.parameter),
                table: Vec::new(),
            })
        })
        .collect::<Option<Vec<_>>>()?;
    let order = left.order.filter(|order| right.order.as_ref() == Some(order));
    Some(ResultSet { columns, order })
}

/// The one type of both: varchar, nvarchar and varbinary may differ in length, no other type in anything.
fn longer(left: SqlType, right: SqlType) -> Option<SqlType> {
    let longest = |left: Length, right: Length| match (left, right) {
        (Length::Limit(left), Length::Limit(right)) => Length::Limit(left.max(right)),
        _ => Length::Max,
    };
    if left.collation() != right.collation() {
        return None;
    }
    let collation = left.collation();
    let longer = match (left.plain(), right.plain()) {
        (SqlType::VarChar(left), SqlType::VarChar(right)) => Some(SqlType::VarChar(longest(left, right))),
        (SqlType::NVarChar(left), SqlType::NVarChar(right)) => Some(SqlType::NVarChar(longest(left, right))),
        (SqlType::VarBinary(left), SqlType::VarBinary(right)) => {
            Some(SqlType::VarBinary(longest(left, right)))
        }
        (left, right) => (left == right).then_some(left),
    };
    longer.map(|sql_type| sql_type.with_collation(collation))
}
