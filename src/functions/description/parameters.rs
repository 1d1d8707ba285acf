//! Holds the declared parameters against the types that the server would give them: those of the columns they meet.

use super::Finding;
use super::columns::bare;
use crate::database::SuggestedParameter;
use crate::functions::plan::Plan;
use crate::invocation::SqlType;

/// The types by precedence, the highest first: of two that meet, the lower one is converted to the higher one (Microsoft's
/// documentation, "Data type precedence"). Types in one line are converted into each other without harm to an index.
const PRECEDENCE: [&[&str]; 17] = [
    &["sql_variant"],
    &["xml"],
    &["datetimeoffset"],
    &["datetime2"],
    &["datetime"],
    &["smalldatetime"],
    &["date"],
    &["time"],
    &["float"],
    &["real"],
    &["decimal", "numeric"],
    &["money", "smallmoney"],
    &["bigint", "int", "smallint", "tinyint", "bit"],
    &["uniqueidentifier"],
    &["nvarchar", "nchar"],
    &["varchar", "char"],
    &["varbinary", "binary"],
];

/// The declared types for which the server would convert the column instead of the parameter.
#[must_use]
pub fn parameter_findings(plan: &Plan, suggested: &[SuggestedParameter]) -> Vec<Finding> {
    // The arguments of a procedure are converted, and no column.
    if plan.procedure().is_some() {
        return Vec::new();
    }
    let declared = |suggestion: &SuggestedParameter| {
        let names_it = |name: &str| name.eq_ignore_ascii_case(&suggestion.name);
        plan.scalar_parameters().find(|(name, _)| names_it(name))
    };
    suggested
        .iter()
        .filter_map(|suggestion| {
            let (name, sql_type) = declared(suggestion)?;
            converts_column(sql_type, &suggestion.sql_type).then(|| {
                Finding::warning(
                    format!("sql.parameters.{name}.type"),
                    format!(
                        "is {sql_type} where the server would take {}: if it is compared with a column of that type, the server \
                         converts the column and uses no index on it; declare `{}` then",
                        suggestion.sql_type, suggestion.sql_type
                    ),
                )
            })
        })
        .collect()
}

fn converts_column(declared: SqlType, suggested: &str) -> bool {
    match (rank(&declared.to_string()), rank(suggested)) {
        (Some(declared), Some(suggested)) => declared < suggested,
        // Of a type that isn't in the list nothing is known.
        _ => false,
    }
}

fn rank(sql_type: &str) -> Option<usize> {
    let name = bare(sql_type);
    PRECEDENCE.iter().position(|types| types.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn converts(declared: &str, suggested: &str) -> bool {
        converts_column(SqlType::parse(declared).unwrap(), suggested)
    }

    #[test]
    fn a_higher_type_makes_the_server_convert_the_column() {
        for (declared, column) in [
            ("nvarchar(50)", "varchar(20)"),
            ("datetime2(7)", "datetime"),
            ("datetimeoffset(7)", "datetime2(7)"),
            ("decimal(18,2)", "int"),
            ("float", "decimal(10,2)"),
            ("nvarchar(36)", "varbinary(16)"),
        ] {
            assert!(converts(declared, column), "{declared} and {column}");
        }
    }

    #[test]
    fn the_same_family_and_lower_types_do_no_harm() {
        for (declared, column) in [
            ("varchar(20)", "nvarchar(50)"),
            ("nvarchar(10)", "nvarchar(50)"),
            ("bigint", "tinyint"),
            ("int", "decimal(18,2)"),
            ("date", "datetime2(3)"),
            ("decimal(18,2)", "numeric(9,0)"),
            ("nvarchar(36)", "uniqueidentifier"),
            ("int", "hierarchyid"),
        ] {
            assert!(!converts(declared, column), "{declared} and {column}");
        }
    }

    #[test]
    fn every_type_that_a_parameter_can_have_is_in_the_list() {
        for name in SqlType::NAMES {
            assert!(rank(name).is_some() || name == "json", "{name}");
        }
    }
}
