//! The spellings of SQL types, found out by asking their reader.

use serde_json::{Value as Json, json};

use super::words::any_case_pattern;
use crate::invocation::SqlType;

/// T-SQL's other names of types, beside [`SqlType::NAMES`].
const SYNONYMS: [&str; 13] = [
    "integer",
    "dec",
    "numeric",
    "double precision",
    "character",
    "char varying",
    "character varying",
    "national char",
    "national character",
    "national char varying",
    "national character varying",
    "sysname",
    "binary varying",
];

/// A SQL type as a parameter declares it.
pub(super) fn sql_type() -> Json {
    let mut patterns: Vec<String> = SqlType::NAMES.into_iter().chain(SYNONYMS).filter_map(pattern).collect();
    patterns.sort_unstable();
    patterns.dedup();
    let pattern = format!(r"^\s*(?:{})\s*$", patterns.join("|"));
    let usual: Vec<String> = SqlType::NAMES.into_iter().flat_map(usual_spellings).collect();
    json!({ "type": "string", "anyOf": [{ "enum": usual }, { "pattern": pattern }] })
}

/// What may stand behind a name: each with a text to ask the reader with.
const ARGUMENTS: [(&str, &str); 4] = [
    ("", ""),
    ("(5)", r"\s*\(\s*[0-9]+\s*\)"),
    ("(5,2)", r"\s*\(\s*[0-9]+\s*,\s*[0-9]+\s*\)"),
    ("(max)", r"\s*\(\s*[Mm][Aa][Xx]\s*\)"),
];

fn pattern(name: &str) -> Option<String> {
    let taken = |(tried, _): &&(&str, &str)| SqlType::parse(&format!("{name}{tried}")).is_ok();
    let arguments: Vec<&str> = ARGUMENTS.iter().filter(taken).map(|(_, pattern)| *pattern).collect();
    (!arguments.is_empty()).then(|| format!("{}(?:{})", any_case_pattern(name), arguments.join("|")))
}

/// What an editor proposes.
fn usual_spellings(name: &str) -> Vec<String> {
    let spellings = [name.to_owned(), format!("{name}(18,4)"), format!("{name}(50)"), format!("{name}(max)")];
    let alone = SqlType::parse(name).is_ok();
    let is_usual = |spelling: &String| {
        SqlType::parse(spelling).is_ok() && (*spelling == name || !alone || spelling.ends_with("4)"))
    };
    spellings.into_iter().filter(is_usual).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use regex::Regex;

    use super::*;

    #[test]
    fn a_type_is_taken_as_the_reader_takes_it() {
        let schema = sql_type();
        let pattern = Regex::new(schema["anyOf"][1]["pattern"].as_str().unwrap()).unwrap();
        for written in [
            "int",
            "INT",
            " Int ",
            "intt",
            "varchar",
            "varchar(50)",
            "VarChar ( MAX )",
            "decimal",
            "decimal(18, 4)",
            "decimal(18)",
            "int(5)",
            "double precision",
            "double  PRECISION",
            "national character varying(10)",
            "time",
            "time(3)",
            "money",
            "text",
            "uniqueidentifier",
            "",
            "sysname",
            "float(53)",
            "nchar(max)",
            "dec(5,2)",
        ] {
            assert_eq!(pattern.is_match(written), SqlType::parse(written).is_ok(), "{written}");
        }
    }

    #[test]
    fn every_name_is_proposed_in_a_form_that_the_reader_takes() {
        let schema = sql_type();
        let proposed: Vec<&str> = schema["anyOf"][0]["enum"]
            .as_array()
            .unwrap()
            .iter()
            .map(|word| word.as_str().unwrap())
            .collect();
        for name in SqlType::NAMES {
            assert!(proposed.iter().any(|word| word.starts_with(name)), "{name}");
        }
        assert!(proposed.iter().all(|word| SqlType::parse(word).is_ok()), "{proposed:?}");
        assert!(proposed.contains(&"nvarchar(max)") && proposed.contains(&"int"), "{proposed:?}");
    }
}
