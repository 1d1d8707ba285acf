//! The collations besides the database's own: their names, what they tell apart, and their bytes on the wire.
//!
//! Source of the bytes: MS-TDS 2.2.5.1.2: 20 bits of LCID (0x0409 for all of these), 8 flags, 4 bits of version, sort id.

use std::fmt;

use crate::sql::reply::SqlError;
use crate::sql::types::{Collation, Length, SqlType, TextType};
use crate::sql::values::data_type::MAX_BYTES;
use crate::sql::values::errors::unsupported;

/// The database's own collation.
pub(crate) const DATABASE: &str = "SQL_Latin1_General_CP1_CI_AS";

/// Its five bytes on the wire: LCID 0x0409, case, kana and width ignored, sort id 52 (MS-TDS 2.2.5.1.2).
pub(crate) const DATABASE_WIRE: [u8; 5] = [0x09, 0x04, 0xD0, 0x00, 0x34];

const IGNORE_CASE: u32 = 1 << 20;
const IGNORE_KANA: u32 = 1 << 22;
const IGNORE_WIDTH: u32 = 1 << 23;
const BINARY: u32 = 1 << 24;
const BINARY2: u32 = 1 << 25;
const UTF8: u32 = 1 << 26;
/// The version of the collations with `_100_` in their names.
const VERSION_100: u32 = 2 << 28;

/// What a collation looks at when it compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sensitivity {
    /// `_CI_AS`: letters of both cases are equal.
    Accents,
    /// `_CS_AS`: case counts after accents.
    CaseAndAccents,
    /// `_BIN`, `_BIN2`: the code points.
    CodePoints,
}

/// All of them, with name, sensitivity, flags of the wire and sort id.
const ALL: [(Collation, &str, Sensitivity, u32, u8); 12] = [
    (
        Collation::SqlLatin1GeneralCp1CsAs,
        "SQL_Latin1_General_CP1_CS_AS",
        Sensitivity::CaseAndAccents,
        IGNORE_KANA | IGNORE_WIDTH,
        51,
    ),
    (
        Collation::Latin1GeneralCiAs,
        "Latin1_General_CI_AS",
        Sensitivity::Accents,
        IGNORE_CASE | IGNORE_KANA | IGNORE_WIDTH,
        0,
    ),
    (
        Collation::Latin1GeneralCsAs,
        "Latin1_General_CS_AS",
        Sensitivity::CaseAndAccents,
        IGNORE_KANA | IGNORE_WIDTH,
        0,
    ),
    (Collation::Latin1GeneralBin, "Latin1_General_BIN", Sensitivity::CodePoints, BINARY, 0),
    (Collation::Latin1GeneralBin2, "Latin1_General_BIN2", Sensitivity::CodePoints, BINARY2, 0),
    (
        Collation::Latin1General100CiAs,
        "Latin1_General_100_CI_AS",
        Sensitivity::Accents,
        IGNORE_CASE | IGNORE_KANA | IGNORE_WIDTH | VERSION_100,
        0,
    ),
    (
        Collation::Latin1General100CiAsSc,
        "Latin1_General_100_CI_AS_SC",
        Sensitivity::Accents,
        IGNORE_CASE | IGNORE_KANA | IGNORE_WIDTH | VERSION_100,
        0,
    ),
    (
        Collation::Latin1General100CsAsSc,
        "Latin1_General_100_CS_AS_SC",
        Sensitivity::CaseAndAccents,
        IGNORE_KANA | IGNORE_WIDTH | VERSION_100,
        0,
    ),
    (
        Collation::Latin1General100Bin2,
        "Latin1_General_100_BIN2",
        Sensitivity::CodePoints,
        BINARY2 | VERSION_100,
        0,
    ),
    (
        Collation::Latin1General100CiAsScUtf8,
        "Latin1_General_100_CI_AS_SC_UTF8",
        Sensitivity::Accents,
        IGNORE_CASE | IGNORE_KANA | IGNORE_WIDTH | UTF8 | VERSION_100,
        0,
    ),
    (
        Collation::Latin1General100CsAsScUtf8,
        "Latin1_General_100_CS_AS_SC_UTF8",
        Sensitivity::CaseAndAccents,
        IGNORE_KANA | IGNORE_WIDTH | UTF8 | VERSION_100,
        0,
    ),
    (
        Collation::Latin1General100Bin2Utf8,
        "Latin1_General_100_BIN2_UTF8",
        Sensitivity::CodePoints,
        BINARY2 | UTF8 | VERSION_100,
        0,
    ),
];

impl Collation {
    fn entry(self) -> &'static (Self, &'static str, Sensitivity, u32, u8) {
        // Every variant stands in the table; the first line can only be the answer to itself.
        let [first, ..] = &ALL;
        ALL.iter().find(|entry| entry.0 == self).unwrap_or(first)
    }

    pub(crate) fn sensitivity(self) -> Sensitivity {
        self.entry().2
    }

    /// Whether char and varchar are UTF-8, counted in bytes.
    #[must_use]
    pub fn is_utf8(self) -> bool {
        self.entry().3 & UTF8 != 0
    }

    /// The five bytes of a type's `COLLATION`.
    #[must_use]
    pub fn wire(self) -> [u8; 5] {
        let entry = self.entry();
        let [a, b, c, d] = (0x0409 | entry.3).to_le_bytes();
        [a, b, c, d, entry.4]
    }

    /// Bytes by which two collations are told apart and put in order: LCID, version, flags and sort id, each as a number
    /// (Transact-SQL reference, "sql_variant"). None is the database's own.
    pub(crate) fn rank(collation: Option<Self>) -> [u8; 6] {
        let [a, b, c, d, sort_id] = collation.map_or(DATABASE_WIRE, Self::wire);
        let bits = u32::from_le_bytes([a, b, c, d]);
        let [_, high, middle, low] = (bits & 0xF_FFFF).to_be_bytes();
        let [flags, ..] = ((bits >> 20) & 0xFF).to_le_bytes();
        let [version, ..] = (bits >> 28).to_le_bytes();
        [high, middle, low, version, flags, sort_id]
    }

    /// The collation with UTF-8 whose bytes a client sent; None for one without.
    pub(crate) fn utf8_of_wire(bytes: [u8; 5]) -> Option<Self> {
        let [a, b, c, d, _] = bytes;
        let flags = u32::from_le_bytes([a, b, c, d]);
        (flags & UTF8 != 0).then_some(if flags & BINARY2 != 0 {
            Self::Latin1General100Bin2Utf8
        } else if flags & IGNORE_CASE != 0 {
            Self::Latin1General100CiAsScUtf8
        } else {
            Self::Latin1General100CsAsScUtf8
        })
    }

    /// What SQLite calls the order of text under it.
    pub(crate) fn order(self) -> &'static str {
        match self.sensitivity() {
            Sensitivity::Accents => "tsql_ci_as",
            Sensitivity::CaseAndAccents => "tsql_cs_as",
            Sensitivity::CodePoints => "tsql_bin2",
        }
    }
}

impl fmt::Display for Collation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry().1)
    }
}

/// Reads the name behind COLLATE: None for the database's own, also as `DATABASE_DEFAULT`.
///
/// # Errors
/// 40517 for a collation that isn't there.
pub(crate) fn read(name: &str) -> Result<Option<Collation>, SqlError> {
    if name.eq_ignore_ascii_case(DATABASE) || name.eq_ignore_ascii_case("DATABASE_DEFAULT") {
        return Ok(None);
    }
    ALL.iter()
        .find(|entry| entry.1.eq_ignore_ascii_case(name))
        .map(|entry| Some(entry.0))
        .ok_or_else(|| unsupported(&format!("The collation {name}")))
}

/// A collation's name, the database's own for None.
pub(crate) fn name(collation: Option<Collation>) -> &'static str {
    collation.map_or(DATABASE, |collation| collation.entry().1)
}

/// What SQLite calls the order of text of the type.
pub(crate) fn order(sql_type: SqlType) -> &'static str {
    sql_type.collation().map_or("tsql_ci_as", Collation::order)
}

impl SqlType {
    /// The type of text without a collation of its own; any other type as it is.
    #[must_use]
    pub fn plain(self) -> Self {
        match self {
            Self::Collated { text, collation: _ } => match text {
                TextType::Char(n) => Self::Char(n),
                TextType::VarChar(length) => Self::VarChar(length),
                TextType::NChar(n) => Self::NChar(n),
                TextType::NVarChar(length) => Self::NVarChar(length),
            },
            other => other,
        }
    }

    /// The collation of text, unless it is the database's own.
    #[must_use]
    pub fn collation(self) -> Option<Collation> {
        match self {
            Self::Collated { text: _, collation } => Some(collation),
            _ => None,
        }
    }

    /// Text with another collation, None for the database's own; any other type as it is.
    #[must_use]
    pub fn with_collation(self, collation: Option<Collation>) -> Self {
        let plain = self.plain();
        let Some(collation) = collation else { return plain };
        let text = match plain {
            Self::Char(n) => TextType::Char(n),
            Self::VarChar(length) => TextType::VarChar(length),
            Self::NChar(n) => TextType::NChar(n),
            Self::NVarChar(length) => TextType::NVarChar(length),
            other => return other,
        };
        Self::Collated { text, collation }
    }

    /// The type of text that comes under a collation: what was in the code page and becomes UTF-8 needs up to three bytes
    /// for each character. Any other type as it is.
    #[must_use]
    pub(crate) fn under(self, collation: Option<Collation>) -> Self {
        let to = self.with_collation(collation);
        if !to.is_utf8_text() || self.is_utf8_text() {
            return to;
        }
        let length = match to.length() {
            Some(Length::Limit(limit)) => Length::Limit(limit.saturating_mul(3).min(MAX_BYTES)),
            _ => Length::Max,
        };
        Self::VarChar(length).with_collation(collation)
    }

    /// Whether its text is UTF-8: char or varchar under such a collation.
    #[must_use]
    pub fn is_utf8_text(self) -> bool {
        !self.is_unicode_text() && self.collation().is_some_and(Collation::is_utf8)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn names_read_back_in_any_case_and_others_are_refused() {
        for entry in &ALL {
            assert_eq!(read(&entry.1.to_uppercase()).unwrap(), Some(entry.0));
            assert_eq!(entry.0.to_string(), entry.1);
        }
        assert_eq!(read("sql_latin1_general_cp1_ci_as").unwrap(), None);
        assert_eq!(read("database_default").unwrap(), None);
        let refused = read("Japanese_CI_AS").unwrap_err();
        assert_eq!(refused.number, 40517);
        assert!(refused.message.contains("Japanese_CI_AS"));
    }

    #[test]
    fn the_bytes_have_lcid_flags_version_and_sort_id() {
        for (collation, bytes) in [
            (Collation::Latin1GeneralCiAs, [0x09, 0x04, 0xD0, 0x00, 0x00]),
            (Collation::SqlLatin1GeneralCp1CsAs, [0x09, 0x04, 0xC0, 0x00, 0x33]),
            (Collation::Latin1General100CiAsScUtf8, [0x09, 0x04, 0xD0, 0x24, 0x00]),
            (Collation::Latin1General100Bin2Utf8, [0x09, 0x04, 0x00, 0x26, 0x00]),
        ] {
            assert_eq!(collation.wire(), bytes, "{collation}");
            let utf8 = Collation::utf8_of_wire(bytes);
            assert_eq!(utf8, Some(collation).filter(|collation| collation.is_utf8()));
        }
    }

    #[test]
    fn a_type_with_a_collation_is_spelled_with_it() {
        let spelling = "varchar(50) COLLATE Latin1_General_100_CI_AS_SC_UTF8";
        let sql_type = SqlType::parse(spelling).unwrap();
        assert_eq!(sql_type.to_string(), spelling);
        assert_eq!(sql_type.plain().to_string(), "varchar(50)");
        assert_eq!(
            SqlType::parse("nchar(3) collate sql_latin1_general_cp1_ci_as").unwrap(),
            SqlType::NChar(3)
        );
        assert_eq!(SqlType::parse("int COLLATE Latin1_General_BIN").unwrap_err().number, 447);
    }
}
