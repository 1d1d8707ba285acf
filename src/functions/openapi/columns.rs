//! The schema of what a column's values are written as (docs/definitions.md, "Results").

use serde_json::{Map, Value as Json, json};

use crate::database::DescribedColumn;
use crate::functions::plan::Numbers;

/// The object of a row: with all its columns when they are known, else with any.
pub(super) fn row(columns: Option<&[DescribedColumn]>, numbers: Numbers) -> Json {
    // The server tells no name where ways through the command have different ones.
    let Some(columns) = columns.filter(|columns| columns.iter().all(|column| !column.name.is_empty())) else {
        return json!({ "type": "object" });
    };
    let properties: Map<String, Json> =
        columns.iter().map(|column| (column.name.clone(), value(column, numbers))).collect();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    json!({ "type": "object", "properties": properties, "required": names, "additionalProperties": false })
}

/// A column's value.
pub(super) fn value(column: &DescribedColumn, numbers: Numbers) -> Json {
    let name = column.sql_type.split('(').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut schema = of_type(&name, numbers);
    if column.nullable
        && let Some(kind) = schema.get_mut("type")
    {
        *kind = json!([kind.take(), "null"]);
    }
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".to_owned(), format!("SQL type {}.", column.sql_type).into());
    }
    schema
}

/// Types that are refused, or that we don't know, have no declared form.
fn of_type(name: &str, numbers: Numbers) -> Json {
    let digits = |kind: &str, format: Option<&str>| match (numbers, format) {
        (Numbers::String, _) => json!({ "type": "string" }),
        (Numbers::Exact, Some(format)) => json!({ "type": kind, "format": format }),
        (Numbers::Exact, None) => json!({ "type": kind }),
    };
    match name {
        "bit" => json!({ "type": "boolean" }),
        "tinyint" => json!({ "type": "integer", "format": "int32", "minimum": 0, "maximum": 255 }),
        "smallint" => {
            json!({ "type": "integer", "format": "int32", "minimum": i16::MIN, "maximum": i16::MAX })
        }
        "int" => json!({ "type": "integer", "format": "int32" }),
        "bigint" => digits("integer", Some("int64")),
        "decimal" | "numeric" | "money" | "smallmoney" => digits("number", None),
        "real" => json!({ "type": "number", "format": "float" }),
        "float" => json!({ "type": "number", "format": "double" }),
        "date" => json!({ "type": "string", "format": "date" }),
        "time" => json!({ "type": "string", "pattern": "^[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,7})?$" }),
        "datetime" | "smalldatetime" | "datetime2" => json!({
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,7})?$",
        }),
        "datetimeoffset" => json!({ "type": "string", "format": "date-time" }),
        "uniqueidentifier" => json!({ "type": "string", "format": "uuid" }),
        "binary" | "varbinary" | "image" | "rowversion" | "timestamp" => {
            json!({ "type": "string", "contentEncoding": "base64" })
        }
        "char" | "varchar" | "nchar" | "nvarchar" | "text" | "ntext" | "sysname" | "xml" | "json"
        | "vector" => {
            json!({ "type": "string" })
        }
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(sql_type: &str, nullable: bool, numbers: Numbers) -> Json {
        let column = DescribedColumn { name: "c".to_owned(), sql_type: sql_type.to_owned(), nullable };
        value(&column, numbers)
    }

    #[test]
    fn a_column_has_the_form_of_its_type() {
        let balance = column("decimal(18,4)", true, Numbers::Exact);
        assert_eq!(balance, json!({ "type": ["number", "null"], "description": "SQL type decimal(18,4)." }));
        let balance = column("decimal(18,4)", false, Numbers::String);
        assert_eq!(balance["type"], "string");
        assert_eq!(column("INT", false, Numbers::String)["format"], "int32");
    }

    #[test]
    fn a_column_whose_type_has_no_form_may_be_anything() {
        assert_eq!(column("sql_variant", true, Numbers::Exact).get("type"), None);
    }
}
