//! The rows in which a description is given: their columns, as Microsoft's pages name and type them, and what stands in
//! them.

use super::errors::Refusal;
use super::paths::ResultSet;
use super::type_facts::{ClrFacts, CollationFacts, TypeFacts, type_name};
use crate::sql::engine::bind::parameters::ParameterUse;
use crate::sql::engine::bind::select::OutputColumn;
use crate::sql::types::{Column, Length, SqlType, Value};

/// A column of a description: name, type, whether it may be NULL.
pub(crate) type Heading = (&'static str, SqlType, bool);

/// `sysname`
const NAME: SqlType = SqlType::NVarChar(Length::Limit(128));
const TYPE_NAME: SqlType = SqlType::NVarChar(Length::Limit(256));
const LONG_NAME: SqlType = SqlType::NVarChar(Length::Limit(4000));

/// `sp_describe_first_result_set`
pub(super) static RESULT: [Heading; 39] = [
    ("is_hidden", SqlType::Bit, false),
    ("column_ordinal", SqlType::Int, false),
    ("name", NAME, true),
    ("is_nullable", SqlType::Bit, false),
    ("system_type_id", SqlType::Int, false),
    ("system_type_name", TYPE_NAME, true),
    ("max_length", SqlType::SmallInt, false),
    ("precision", SqlType::TinyInt, false),
    ("scale", SqlType::TinyInt, false),
    ("collation_name", NAME, true),
    ("user_type_id", SqlType::Int, true),
    ("user_type_database", NAME, true),
    ("user_type_schema", NAME, true),
    ("user_type_name", NAME, true),
    ("assembly_qualified_type_name", LONG_NAME, true),
    ("xml_collection_id", SqlType::Int, true),
    ("xml_collection_database", NAME, true),
    ("xml_collection_schema", NAME, true),
    ("xml_collection_name", NAME, true),
    ("is_xml_document", SqlType::Bit, false),
    ("is_case_sensitive", SqlType::Bit, false),
    ("is_fixed_length_clr_type", SqlType::Bit, false),
    ("source_server", NAME, true),
    ("source_database", NAME, true),
    ("source_schema", NAME, true),
    ("source_table", NAME, true),
    ("source_column", NAME, true),
    ("is_identity_column", SqlType::Bit, true),
    ("is_part_of_unique_key", SqlType::Bit, true),
    ("is_updateable", SqlType::Bit, true),
    ("is_computed_column", SqlType::Bit, true),
    ("is_sparse_column_set", SqlType::Bit, true),
    ("ordinal_in_order_by_list", SqlType::SmallInt, true),
    ("order_by_is_descending", SqlType::SmallInt, true),
    ("order_by_list_length", SqlType::SmallInt, true),
    ("tds_type_id", SqlType::Int, false),
    ("tds_length", SqlType::Int, false),
    ("tds_collation_id", SqlType::Int, true),
    ("tds_collation_sort_id", SqlType::TinyInt, true),
];

/// What `sys.dm_exec_describe_first_result_set` gives behind them.
static ERROR: [Heading; 6] = [
    ("error_number", SqlType::Int, true),
    ("error_severity", SqlType::Int, true),
    ("error_state", SqlType::Int, true),
    ("error_message", SqlType::NVarChar(Length::Max), true),
    ("error_type", SqlType::Int, true),
    ("error_type_desc", SqlType::NVarChar(Length::Limit(60)), true),
];

/// `sp_describe_undeclared_parameters`
pub(super) static PARAMETERS: [Heading; 24] = [
    ("parameter_ordinal", SqlType::Int, false),
    ("name", NAME, false),
    ("suggested_system_type_id", SqlType::Int, false),
    ("suggested_system_type_name", TYPE_NAME, true),
    ("suggested_max_length", SqlType::SmallInt, false),
    ("suggested_precision", SqlType::TinyInt, false),
    ("suggested_scale", SqlType::TinyInt, false),
    ("suggested_user_type_id", SqlType::Int, true),
    ("suggested_user_type_database", NAME, true),
    ("suggested_user_type_schema", NAME, true),
    ("suggested_user_type_name", NAME, true),
    ("suggested_assembly_qualified_type_name", LONG_NAME, true),
    ("suggested_xml_collection_id", SqlType::Int, true),
    ("suggested_xml_collection_database", NAME, true),
    ("suggested_xml_collection_schema", NAME, true),
    ("suggested_xml_collection_name", NAME, true),
    ("suggested_is_xml_document", SqlType::Bit, false),
    ("suggested_is_case_sensitive", SqlType::Bit, false),
    ("suggested_is_fixed_length_clr_type", SqlType::Bit, false),
    ("suggested_is_input", SqlType::Bit, false),
    ("suggested_is_output", SqlType::Bit, false),
    ("formal_parameter_name", NAME, true),
    ("suggested_tds_type_id", SqlType::Int, false),
    ("suggested_tds_length", SqlType::Int, false),
];

/// The columns of the table function: all may be NULL, since a row of an error has nothing else.
pub(crate) fn of_function() -> Vec<(&'static str, SqlType)> {
    RESULT.iter().chain(&ERROR).map(|(name, sql_type, _)| (*name, *sql_type)).collect()
}

/// What one of the procedures gives, by its lower-case name, when it is described itself.
pub(super) fn of_procedure(name: &str) -> Option<Vec<OutputColumn>> {
    let headings: &[Heading] = match name {
        "sp_describe_first_result_set" => &RESULT,
        "sp_describe_undeclared_parameters" => &PARAMETERS,
        _ => return None,
    };
    let column = |heading: &Heading| OutputColumn {
        name: heading.0.to_owned(),
        sql_type: heading.1,
        nullable: heading.2,
        identity: false,
        null: false,
        json: false,
        source: None,
        updatable: false,
        parameter: None,
        table: Vec::new(),
    };
    Some(headings.iter().map(column).collect())
}

/// The headings as columns of a reply.
pub(super) fn reply_columns(headings: &[Heading]) -> Vec<Column> {
    headings
        .iter()
        .map(|(name, sql_type, nullable)| Column {
            name: (*name).to_owned(),
            sql_type: *sql_type,
            nullable: *nullable,
            identity: false,
            table: Vec::new(),
        })
        .collect()
}

/// A row for each column of the result set.
pub(crate) fn of_result(result: &ResultSet) -> Vec<Vec<Value>> {
    (1_i64..).zip(&result.columns).map(|(ordinal, column)| of_column(ordinal, column, result)).collect()
}

fn of_column(ordinal: i64, column: &OutputColumn, result: &ResultSet) -> Vec<Value> {
    let facts = TypeFacts::of(column.sql_type, column.nullable);
    let order = result.order.as_deref().unwrap_or_default();
    let ordered = (1_i64..)
        .zip(order)
        .find(|(_, (place, _))| place.is_some_and(|place| i64::try_from(place) == Ok(ordinal - 1)));
    let length = i64::try_from(order.len()).ok().filter(|length| *length > 0);
    let collation = CollationFacts::of(column.sql_type);
    let collation = collation.as_ref();
    let clr = ClrFacts::of(column.sql_type);
    RESULT
        .iter()
        .map(|(heading, _, _)| match *heading {
            "is_hidden"
            | "is_xml_document"
            | "is_fixed_length_clr_type"
            | "is_computed_column"
            | "is_sparse_column_set" => Value::Bit(false),
            "is_case_sensitive" => Value::Bit(
                column.sql_type == SqlType::Xml
                    || collation.is_some_and(|collation| collation.case_sensitive),
            ),
            "column_ordinal" => Value::Integer(ordinal),
            "name" if column.name.is_empty() => Value::Null,
            "name" => text(&column.name),
            "is_nullable" => Value::Bit(column.nullable),
            "system_type_id" => Value::Integer(facts.id),
            "system_type_name" => text_or_null(type_name(column.sql_type).as_deref()),
            "max_length" => Value::Integer(facts.max_length),
            "precision" => Value::Integer(facts.precision),
            "scale" => Value::Integer(facts.scale),
            "collation_name" => text_or_null(collation.map(|collation| collation.name.as_str())),
            "user_type_id" => integer(clr.map(|clr| clr.user_type_id)),
            "user_type_schema" => text_or_null(clr.map(|_| "sys")),
            "user_type_name" => text_or_null(clr.map(|clr| clr.name)),
            "assembly_qualified_type_name" => {
                text_or_null(clr.map(ClrFacts::assembly_qualified_name).as_deref())
            }
            "is_identity_column" => Value::Bit(column.identity),
            "is_updateable" => Value::Bit(column.updatable),
            "ordinal_in_order_by_list" => integer(ordered.map(|(place, _)| place)),
            "order_by_is_descending" => integer(ordered.map(|(_, (_, descending))| i64::from(*descending))),
            "order_by_list_length" => integer(length),
            "tds_type_id" => Value::Integer(facts.wire_id),
            "tds_length" => Value::Integer(facts.wire_length),
            "tds_collation_id" => integer(collation.map(|collation| collation.id)),
            "tds_collation_sort_id" => integer(collation.map(|collation| collation.sort_id)),
            // XML collections there are none; sources and keys belong to the browse modes.
            _ => Value::Null,
        })
        .collect()
}

/// The rows of the table function.
pub(crate) fn of_function_result(result: Result<Option<ResultSet>, Refusal>) -> Vec<Vec<Value>> {
    match result {
        Ok(None) => Vec::new(),
        Ok(Some(result)) => {
            let mut rows = of_result(&result);
            for row in &mut rows {
                row.extend(ERROR.iter().map(|_| Value::Null));
            }
            rows
        }
        Err(Refusal { cause, consequence: _, error_type }) => {
            let mut row: Vec<Value> = RESULT.iter().map(|_| Value::Null).collect();
            row.extend([
                Value::Integer(i64::from(cause.number)),
                Value::Integer(i64::from(cause.class)),
                Value::Integer(i64::from(cause.state)),
                text(&cause.message),
                Value::Integer(i64::from(error_type.number())),
                text(error_type.description()),
            ]);
            vec![row]
        }
    }
}

/// The row of an undeclared parameter that should have the type.
pub(super) fn of_parameter(ordinal: i64, place: &ParameterUse, sql_type: SqlType) -> Vec<Value> {
    let facts = TypeFacts::of(sql_type, true);
    let clr = ClrFacts::of(sql_type);
    PARAMETERS
        .iter()
        .map(|(heading, _, _)| match *heading {
            "parameter_ordinal" => Value::Integer(ordinal),
            "name" => text(&place.name),
            "suggested_system_type_id" => Value::Integer(facts.id),
            "suggested_system_type_name" => text_or_null(type_name(sql_type).as_deref()),
            "suggested_max_length" => Value::Integer(facts.max_length),
            "suggested_precision" => Value::Integer(facts.precision),
            "suggested_scale" => Value::Integer(facts.scale),
            "suggested_user_type_id" => integer(clr.map(|clr| clr.user_type_id)),
            "suggested_user_type_schema" => text_or_null(clr.map(|_| "sys")),
            "suggested_user_type_name" => text_or_null(clr.map(|clr| clr.name)),
            "suggested_assembly_qualified_type_name" => {
                text_or_null(clr.map(ClrFacts::assembly_qualified_name).as_deref())
            }
            "suggested_is_xml_document" | "suggested_is_fixed_length_clr_type" => Value::Bit(false),
            "suggested_is_case_sensitive" => {
                Value::Bit(CollationFacts::of(sql_type).is_some_and(|collation| collation.case_sensitive))
            }
            "suggested_is_input" => Value::Bit(!place.output),
            "suggested_is_output" => Value::Bit(place.output),
            "formal_parameter_name" => place.formal.as_deref().map_or(Value::Null, text),
            "suggested_tds_type_id" => Value::Integer(facts.wire_id),
            "suggested_tds_length" => Value::Integer(facts.wire_length),
            _ => Value::Null,
        })
        .collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn text_or_null(name: Option<&str>) -> Value {
    name.map_or(Value::Null, text)
}

fn integer(number: Option<i64>) -> Value {
    number.map_or(Value::Null, Value::Integer)
}
