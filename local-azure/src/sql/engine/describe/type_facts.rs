//! What the catalogue and the protocol say about a type: its id, its lengths, its digits.
//!
//! Sources: Microsoft's page on `sys.types` (ids, lengths, digits) and MS-TDS 2.2.5.4 (numbers on the wire, where a column
//! that is never NULL has a number of its own if its width is fixed).

use crate::sql::tds::type_info;
use crate::sql::types::{Collation, Length, SqlType};
use crate::sql::values::collations::{self, Sensitivity};

/// A collation as a description gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CollationFacts {
    /// Its name.
    pub(super) name: &'static str,
    /// LCID and flags as one number, the first four bytes of MS-TDS 2.2.5.1.2.
    pub(super) id: i64,
    /// The sort id.
    pub(super) sort_id: i64,
    /// Whether it tells letters of both cases apart.
    pub(super) is_case_sensitive: bool,
}

impl CollationFacts {
    /// Of the text that has one; None for other types.
    pub(super) fn of(sql_type: SqlType) -> Option<Self> {
        if !sql_type.is_text() && !matches!(sql_type, SqlType::Text | SqlType::NText) {
            return None;
        }
        let collation = sql_type.collation();
        let [a, b, c, d, sort_id] = collation.map_or(type_info::COLLATION, Collation::wire);
        Some(Self {
            name: collations::name(collation),
            id: i64::from(i32::from_le_bytes([a, b, c, d])),
            sort_id: i64::from(sort_id),
            is_case_sensitive: collation
                .is_some_and(|collation| collation.sensitivity() != Sensitivity::Accents),
        })
    }
}

/// What names a CLR type; None for other types.
pub(super) struct ClrFacts {
    /// `user_type_id` of `sys.types`.
    pub(super) id: i64,
    /// Its name in the schema `sys`.
    pub(super) name: &'static str,
    /// The class that it is.
    pub(super) assembly: String,
}

impl ClrFacts {
    pub(super) fn of(sql_type: SqlType) -> Option<Self> {
        let (id, class) = match sql_type {
            SqlType::HierarchyId => (128, "SqlHierarchyId"),
            SqlType::Geometry => (129, "SqlGeometry"),
            SqlType::Geography => (130, "SqlGeography"),
            _ => return None,
        };
        Some(Self { id, name: sql_type.family_name(), assembly: type_info::assembly(class) })
    }
}

/// The length on the wire that means `(max)`.
const WIRE_MAX: i64 = 0xFFFF;
/// The length that the catalogue has for `(max)`.
const CATALOGUE_MAX: i64 = -1;
/// Every decimal is described with the length of the longest.
const WIRE_DECIMAL: i64 = 17;

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
        // The older long types have the length of their text pointer in the catalogue.
        let long =
            |id, wire_length| Self { id, max_length: 16, precision: 0, scale: 0, wire_id: id, wire_length };
        let unlimited = |id, wire_id, wire_length| Self {
            id,
            max_length: CATALOGUE_MAX,
            precision: 0,
            scale: 0,
            wire_id,
            wire_length,
        };
        match sql_type.plain() {
            SqlType::Text => long(35, 0x7FFF_FFFF),
            SqlType::NText => long(99, 0x7FFF_FFFE),
            SqlType::Image => long(34, 0x7FFF_FFFF),
            SqlType::RowVersion => fixed(189, 8, 0, 0, 173, 173),
            SqlType::SqlVariant => {
                Self { id: 98, max_length: 8016, precision: 0, scale: 0, wire_id: 98, wire_length: 8009 }
            }
            SqlType::Xml => unlimited(241, 241, 0),
            // As it travels, see `type_info::write`.
            SqlType::Json => unlimited(244, 231, WIRE_MAX),
            SqlType::HierarchyId => fixed(240, 892, 0, 0, 240, 240),
            SqlType::Geometry | SqlType::Geography => unlimited(240, 240, WIRE_MAX),
            // `plain` gives none of these.
            SqlType::Collated { .. } => unlimited(167, 167, WIRE_MAX),
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
        }
    }
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
    use crate::sql::tds::type_info;

    /// Type, id, length, precision, scale as `sys.types` and `sys.columns` have them on SQL Server.
    const CATALOGUE: [(&str, [i64; 4]); 37] = [
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
        ("timestamp", [189, 8, 0, 0]),
        ("sql_variant", [98, 8016, 0, 0]),
        ("xml", [241, -1, 0, 0]),
        ("json", [244, -1, 0, 0]),
        ("hierarchyid", [240, 892, 0, 0]),
        ("geometry", [240, -1, 0, 0]),
        ("geography", [240, -1, 0, 0]),
        ("varchar(50) COLLATE Latin1_General_100_CI_AS_SC_UTF8", [167, 50, 0, 0]),
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
    fn the_collation_is_that_of_the_wire() {
        let of = |spelling| CollationFacts::of(SqlType::parse(spelling).unwrap());
        let own = CollationFacts {
            name: "SQL_Latin1_General_CP1_CI_AS",
            id: 0x00D0_0409,
            sort_id: 52,
            is_case_sensitive: false,
        };
        assert_eq!(of("nvarchar(5)"), Some(own));
        assert_eq!(of("ntext"), Some(own));
        assert_eq!(of("int"), None);
        let binary = of("varchar(5) COLLATE Latin1_General_100_BIN2_UTF8").unwrap();
        assert_eq!((binary.id, binary.sort_id, binary.is_case_sensitive), (0x2600_0409, 0, true));
    }
}
