//! `sys.types` and `sys.table_types`.

use super::Binder;
use super::system::{NAME, View};
use crate::sql::engine::errors;
use crate::sql::engine::security::rights::Securable;
use crate::sql::engine::table_types::catalog::{self, TableType};
use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};

/// The `schema_id` of `sys`.
const SYS: i64 = 4;
/// The `system_type_id` of a table type.
const TABLE: i64 = 243;

/// The system's types: name, `system_type_id`, `user_type_id`, `max_length`, `precision`, `scale` (Transact-SQL reference,
/// "sys.types"). Of types with a collation it is the database's.
const SYSTEM_TYPES: [(&str, i64, i64, i64, i64, i64); 34] = [
    ("image", 34, 34, 16, 0, 0),
    ("text", 35, 35, 16, 0, 0),
    ("uniqueidentifier", 36, 36, 16, 0, 0),
    ("date", 40, 40, 3, 10, 0),
    ("time", 41, 41, 5, 16, 7),
    ("datetime2", 42, 42, 8, 27, 7),
    ("datetimeoffset", 43, 43, 10, 34, 7),
    ("tinyint", 48, 48, 1, 3, 0),
    ("smallint", 52, 52, 2, 5, 0),
    ("int", 56, 56, 4, 10, 0),
    ("smalldatetime", 58, 58, 4, 16, 0),
    ("real", 59, 59, 4, 24, 0),
    ("money", 60, 60, 8, 19, 4),
    ("datetime", 61, 61, 8, 23, 3),
    ("float", 62, 62, 8, 53, 0),
    ("sql_variant", 98, 98, 8016, 0, 0),
    ("ntext", 99, 99, 16, 0, 0),
    ("bit", 104, 104, 1, 1, 0),
    ("decimal", 106, 106, 17, 38, 38),
    ("numeric", 108, 108, 17, 38, 38),
    ("smallmoney", 122, 122, 4, 10, 4),
    ("bigint", 127, 127, 8, 19, 0),
    ("hierarchyid", 240, 128, 892, 0, 0),
    ("geometry", 240, 129, -1, 0, 0),
    ("geography", 240, 130, -1, 0, 0),
    ("varbinary", 165, 165, 8000, 0, 0),
    ("varchar", 167, 167, 8000, 0, 0),
    ("binary", 173, 173, 8000, 0, 0),
    ("char", 175, 175, 8000, 0, 0),
    ("timestamp", 189, 189, 8, 0, 0),
    ("nvarchar", 231, 231, 8000, 0, 0),
    ("nchar", 239, 239, 8000, 0, 0),
    ("xml", 241, 241, -1, 0, 0),
    ("sysname", 231, 256, 256, 0, 0),
];

impl Binder<'_> {
    /// None when it is none of these views.
    pub(super) fn types_view(&mut self, schema: &str, view: &str) -> Result<Option<View>, SqlError> {
        let is_table_types = match (schema, view) {
            ("sys", "types") => false,
            ("sys", "table_types") => true,
            _ => return Ok(None),
        };
        let mut columns = vec![
            ("name", NAME),
            ("system_type_id", SqlType::TinyInt),
            ("user_type_id", SqlType::Int),
            ("schema_id", SqlType::Int),
            ("max_length", SqlType::SmallInt),
            ("precision", SqlType::TinyInt),
            ("scale", SqlType::TinyInt),
            ("is_nullable", SqlType::Bit),
            ("is_user_defined", SqlType::Bit),
            ("is_table_type", SqlType::Bit),
        ];
        let row = |name: &str, numbers: [i64; 6], flags: [bool; 3]| {
            let mut row = vec![Value::Text(name.to_owned())];
            row.extend(numbers.map(Value::Integer));
            row.extend(flags.map(Value::Bit));
            row
        };
        let mut rows = Vec::new();
        if !is_table_types {
            for (name, system, user, length, precision, scale) in SYSTEM_TYPES {
                // Names of objects are never NULL.
                rows.push(row(
                    name,
                    [system, user, SYS, length, precision, scale],
                    [name != "sysname", false, false],
                ));
            }
        }
        let schemas = crate::sql::engine::catalog::schema_ids(self.connection)
            .map_err(|error| errors::internal(&error))?;
        for found in self.visible_types()? {
            let schema = schemas
                .iter()
                .find(|(_, name)| crate::sql::engine::catalog::same_name(name, &found.schema))
                .map_or(1, |(id, _)| *id);
            let mut cells = row(&found.name, [TABLE, found.id, schema, -1, 0, 0], [false, true, true]);
            if is_table_types {
                cells.push(Value::Integer(found.object_id));
            }
            rows.push(cells);
        }
        if is_table_types {
            columns.push(("type_table_object_id", SqlType::Int));
        }
        Ok(Some((columns, rows)))
    }

    /// The table types on which the session's user has any right.
    pub(super) fn visible_types(&mut self) -> Result<Vec<TableType>, SqlError> {
        let mut types = catalog::all(self.connection).map_err(|error| errors::internal(&error))?;
        if !self.facts.user.is_dbo() {
            let rights = self.rights()?;
            types.retain(|found| {
                let schema = rights.schema(&found.schema).unwrap_or_default();
                rights.sees(Securable::Type { id: found.id, schema })
            });
        }
        Ok(types)
    }
}
