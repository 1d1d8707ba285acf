//! What the catalogue and the protocol say about a type: its id, its lengths, its digits.
//!
//! Sources: Microsoft's page on `sys.types` (ids, lengths, digits) and MS-TDS 2.2.5.4 (numbers on the wire, where a column
//! that is never NULL has a number of its own if its width is fixed).

use crate::sql::tds::type_info::{self, COLLATION};
use crate::sql::types::{Collation, Length, SqlType};
use crate::sql::values::collations::{self, Sensitivity};

/// The length on the wire that means `(max)`.
const WIRE_MAX: i64 = 0xFFFF;
/// The length that the catalogue has for `(max)`.
const CATALOGUE_MAX: i64 = -1;
/// Every decimal is described with the length of the longest.
const WIRE_DECIMAL: i64 = 17;
/// Every xml is described with this length (seen on SQL Server by others).
const WIRE_XML: i64 = 8100;
/// In a row, text, ntext and image are a pointer of so many bytes.
const TEXT_POINTER: i64 = 16;
/// The most bytes of text and image.
const LONGEST: i64 = 0x7FFF_FFFF;

/// What is known of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TypeFacts {
    /// `system_type_id` of `sys.types`.
    pub(super) id: i64,
    /// In bytes; -1 for `(max)`.
    pub(super) max_length: i64,
    /// Decimal digits of a number, or all characters of a date and time; 0 for others.
    pub(super) precision: i64,
    /// Digits after the point.
    pub(super) scale: i64,
    /// The number of the type on the wire.
    pub(super) wire_id: i64,
    /// The length on the wire.
    pub(super) wire_length: i64,
}

impl TypeFacts {
    /// The facts about a column's type; `nullable` decides the number on the wire.
    pub(super) fn of(sql_type: SqlType, nullable: bool) -> Self {
        let fixed = |id, length, precision, scale, never_null, may_be_null| Self {
            id,
            max_length: length,
            precision,
            scale,
            wire_id: if nullable { may_be_null } else { never_null },
            wire_length: length,
        };
        let sized = |id, length: Length, unit: i64| {
            let (max_length, wire_length) = match length {
                Length::Limit(limit) => (i64::from(limit) * unit, i64::from(limit) * unit),
                Length::Max => (CATALOGUE_MAX, WIRE_MAX),
            };
            Self { id, max_length, precision: 0, scale: 0, wire_id: id, wire_length }
        };
        let long =
            |id, wire_length| Self { max_length: TEXT_POINTER, wire_length, ..sized(id, Length::Max, 1) };
        match sql_type.plain() {
            SqlType::Bit => fixed(104, 1, 1, 0, 50, 104),
            SqlType::TinyInt => fixed(48, 1, 3, 0, 48, 38),
            SqlType::SmallInt => fixed(52, 2, 5, 0, 52, 38),
            SqlType::Int => fixed(56, 4, 10, 0, 56, 38),
            SqlType::BigInt => fixed(127, 8, 19, 0, 127, 38),
            SqlType::Money => fixed(60, 8, 19, 4, 60, 110),
            SqlType::SmallMoney => fixed(122, 4, 10, 4, 122, 110),
            SqlType::Real => fixed(59, 4, 24, 0, 59, 109),
            SqlType::Float => fixed(62, 8, 53, 0, 62, 109),
            SqlType::DateTime => fixed(61, 8, 23, 3, 61, 111),
            SqlType::SmallDateTime => fixed(58, 4, 16, 0, 58, 111),
            SqlType::Date => fixed(40, 3, 10, 0, 40, 40),
            SqlType::UniqueIdentifier => fixed(36, 16, 0, 0, 36, 36),
            SqlType::Time { scale } => {
                fixed(41, time_bytes(scale), digits(8, scale), i64::from(scale), 41, 41)
            }
            SqlType::DateTime2 { scale } => {
                fixed(42, time_bytes(scale) + 3, digits(19, scale), i64::from(scale), 42, 42)
            }
            SqlType::DateTimeOffset { scale } => {
                fixed(43, time_bytes(scale) + 5, digits(26, scale), i64::from(scale), 43, 43)
            }
            SqlType::Decimal { precision, scale } => Self {
                id: 106,
                max_length: decimal_bytes(precision),
                precision: i64::from(precision),
                scale: i64::from(scale),
                wire_id: 106,
                wire_length: WIRE_DECIMAL,
            },
            SqlType::Char(length) => sized(175, Length::Limit(length), 1),
            SqlType::VarChar(length) => sized(167, length, 1),
            SqlType::NChar(length) => sized(239, Length::Limit(length), 2),
            SqlType::NVarChar(length) => sized(231, length, 2),
            SqlType::Binary(length) => sized(173, Length::Limit(length), 1),
            SqlType::VarBinary(length) => sized(165, length, 1),
            SqlType::Text => long(35, LONGEST),
            SqlType::NText => long(99, LONGEST - 1),
            SqlType::Image => long(34, LONGEST),
            // It travels as binary(8).
            SqlType::RowVersion => fixed(189, 8, 0, 0, 173, 173),
            SqlType::Xml => Self { wire_length: WIRE_XML, ..sized(241, Length::Max, 1) },
            // It travels as nvarchar(max).
            SqlType::Json => Self { wire_id: 231, ..sized(244, Length::Max, 1) },
            SqlType::SqlVariant => Self { max_length: 8016, wire_length: 8009, ..fixed(98, 0, 0, 0, 98, 98) },
            SqlType::HierarchyId => fixed(240, 892, 0, 0, 240, 240),
            SqlType::Geometry | SqlType::Geography => sized(240, Length::Max, 1),
            // `plain` gives none of these.
            SqlType::Collated { .. } => fixed(0, 0, 0, 0, 0, 0),
        }
    }
}

/// The collation of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CollationFacts {
    pub(super) name: String,
    /// LCID and flags as one number, the first four bytes of MS-TDS 2.2.5.1.2.
    pub(super) id: i64,
    pub(super) sort_id: i64,
    pub(super) case_sensitive: bool,
}

impl CollationFacts {
    /// None for a type without a collation.
    pub(super) fn of(sql_type: SqlType) -> Option<Self> {
        if !sql_type.is_text() && !matches!(sql_type, SqlType::Text | SqlType::NText) {
            return None;
        }
        let collation = sql_type.collation();
        let [a, b, c, d, sort_id] = collation.map_or(COLLATION, Collation::wire);
        Some(Self {
            name: collation
                .map_or_else(|| collations::DATABASE.to_owned(), |collation| collation.to_string()),
            id: i64::from(i32::from_le_bytes([a, b, c, d])),
            sort_id: i64::from(sort_id),
            case_sensitive: collation
                .is_some_and(|collation| collation.sensitivity() != Sensitivity::Accents),
        })
    }
}

/// A type that isn't the system's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClrFacts {
    /// `user_type_id` of `sys.types`.
    pub(super) user_type_id: i64,
    pub(super) name: &'static str,
    class: &'static str,
}

impl ClrFacts {
    /// None for a type of the system.
    pub(super) fn of(sql_type: SqlType) -> Option<Self> {
        let clr = |user_type_id, name, class| Some(Self { user_type_id, name, class });
        match sql_type {
            SqlType::HierarchyId => clr(128, "hierarchyid", "SqlHierarchyId"),
            SqlType::Geometry => clr(129, "geometry", "SqlGeometry"),
            SqlType::Geography => clr(130, "geography", "SqlGeography"),
            _ => None,
        }
    }

    /// The class and its assembly, as a client gets them with a column.
    pub(super) fn assembly_qualified_name(self) -> String {
        type_info::assembly_qualified_name(self.class)
    }
}

/// A type as a declaration has it, without a collation; None for a CLR type.
pub(super) fn type_name(sql_type: SqlType) -> Option<String> {
    (!sql_type.is_clr()).then(|| sql_type.plain().to_string())
}

/// The characters of a type with a fraction of a second: `whole` without one, and the point counts too.
fn digits(whole: i64, scale: u8) -> i64 {
    if scale == 0 { whole } else { whole + 1 + i64::from(scale) }
}

fn time_bytes(scale: u8) -> i64 {
    match scale {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

fn decimal_bytes(precision: u8) -> i64 {
    match precision {
        0..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    /// Type, id, length, precision, scale as `sys.types` and `sys.columns` have them on SQL Server.
    const CATALOGUE: [(&str, [i64; 4]); 34] = [
        ("bit", [104, 1, 1, 0]),
        ("tinyint", [48, 1, 3, 0]),
        ("smallint", [52, 2, 5, 0]),
        ("int", [56, 4, 10, 0]),
        ("bigint", [127, 8, 19, 0]),
        ("decimal(9,2)", [106, 5, 9, 2]),
        ("decimal(18,4)", [106, 9, 18, 4]),
        ("decimal(38,0)", [106, 17, 38, 0]),
        ("money", [60, 8, 19, 4]),
        ("smallmoney", [122, 4, 10, 4]),
        ("real", [59, 4, 24, 0]),
        ("float", [62, 8, 53, 0]),
        ("date", [40, 3, 10, 0]),
        ("time(0)", [41, 3, 8, 0]),
        ("time(7)", [41, 5, 16, 7]),
        ("datetime", [61, 8, 23, 3]),
        ("smalldatetime", [58, 4, 16, 0]),
        ("datetime2(0)", [42, 6, 19, 0]),
        ("datetime2(7)", [42, 8, 27, 7]),
        ("datetimeoffset(7)", [43, 10, 34, 7]),
        ("char(10)", [175, 10, 0, 0]),
        ("nchar(10)", [239, 20, 0, 0]),
        ("nvarchar(50)", [231, 100, 0, 0]),
        ("varchar(max)", [167, -1, 0, 0]),
        ("varbinary(8000)", [165, 8000, 0, 0]),
        ("uniqueidentifier", [36, 16, 0, 0]),
        ("text", [35, 16, 0, 0]),
        ("ntext", [99, 16, 0, 0]),
        ("image", [34, 16, 0, 0]),
        ("xml", [241, -1, 0, 0]),
        ("sql_variant", [98, 8016, 0, 0]),
        ("timestamp", [189, 8, 0, 0]),
        ("hierarchyid", [240, 892, 0, 0]),
        ("geography", [240, -1, 0, 0]),
    ];

    #[test]
    fn types_have_the_numbers_of_the_catalogue() {
        for (spelling, expected) in CATALOGUE {
            let facts = TypeFacts::of(SqlType::parse(spelling).unwrap(), true);
            assert_eq!([facts.id, facts.max_length, facts.precision, facts.scale], expected, "{spelling}");
        }
    }

    #[test]
    fn a_nullable_column_has_the_number_that_goes_over_the_wire() {
        for (spelling, _) in CATALOGUE {
            let sql_type = SqlType::parse(spelling).unwrap();
            let mut wire = Vec::new();
            type_info::write(sql_type, &mut wire);
            assert_eq!(TypeFacts::of(sql_type, true).wire_id, i64::from(wire[0]), "{spelling}");
        }
        assert_eq!(TypeFacts::of(SqlType::Int, false).wire_id, 56);
    }

    #[test]
    fn text_has_its_collation() {
        let own = CollationFacts::of(SqlType::NVarChar(Length::Limit(5))).unwrap();
        assert_eq!(own.name, "SQL_Latin1_General_CP1_CI_AS");
        assert_eq!((own.id, own.sort_id, own.case_sensitive), (13_632_521, 52, false));
        let other = SqlType::parse("varchar(5) COLLATE Latin1_General_100_CS_AS_SC_UTF8").unwrap();
        let facts = CollationFacts::of(other).unwrap();
        assert_eq!((facts.name.as_str(), facts.case_sensitive), ("Latin1_General_100_CS_AS_SC_UTF8", true));
        assert_eq!(type_name(other).unwrap(), "varchar(5)");
        assert_eq!(CollationFacts::of(SqlType::Int), None);
    }
}
