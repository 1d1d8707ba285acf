//! The SQLite functions and the collation that stand for T-SQL's operators and built-in functions.
//!
//! This table is the contract between the binder, which emits calls, and this module, which answers them.
//!
//! - A value argument is in its stored form (see [`super::storage`]). Arguments in 'quotes' are texts: a type in its
//!   canonical spelling (`SqlType`'s `Display`), an operator, a part of a date.
//! - `text` = TEXT of any of the four text types; `n` = INTEGER; `float` = REAL. The binder converts other arguments with
//!   `tsql_coerce` first.
//! - NULL in a value argument gives NULL unless the table says otherwise. "same" = the type of the first argument.
//! - An error goes into [`FunctionContext::take_error`]; SQLite only learns that there was one.
//!
//! | SQLite call | T-SQL | result |
//! |---|---|---|
//! | `tsql_convert(x, 'from', 'to', style)` | CAST, CONVERT; style NULL without one | to |
//! | `tsql_try_convert(x, 'from', 'to', style)` | TRY_CAST, TRY_CONVERT: NULL when the value doesn't convert | to |
//! | `tsql_coerce(x, 'from', 'to')` | implicit conversion of operands, arguments, variables, parameters (cuts text silently) | to |
//! | `tsql_assign(x, 'from', 'to', 'table', 'column')` | storing into a column (2628 for text too long) | to |
//! | `tsql_arith('op', a, 'type a', b, 'type b', 'result type')` | `+ - * / %`; types from [`super::arithmetic::result_type`] | result type |
//! | `tsql_negate(x, 'type')` | unary minus; type from [`super::arithmetic::negation_type`] | that type |
//! | `tsql_bit_xor(n, n)` | `^` (`& \| ~` are SQLite's own, on INTEGER) | integer |
//! | `tsql_instant(x)` | what a comparison, GROUP BY or DISTINCT of datetimeoffset looks at | BLOB |
//! | `tsql_binary_key(x)` | what a comparison of binary/varbinary looks at (zeros at the end don't count) | BLOB |
//! | `tsql_like(text, pattern, escape, 'common type')` | LIKE; escape NULL without one; with char or varchar as the common type of text and pattern, blanks at the end of the text don't count | bit |
//! | `tsql_variant_key(x)` | what a comparison of sql_variant looks at | BLOB |
//! | `tsql_variant_property(x, 'name')` | SQL_VARIANT_PROPERTY of a sql_variant | sql_variant |
//! | `x COLLATE tsql_ci_as` | comparison, ORDER BY, GROUP BY, MIN, MAX of text | |
//! | `tsql_len(text)` | LEN | int |
//! | `tsql_datalength(x, 'type')` | DATALENGTH | int |
//! | `tsql_upper(text)` `tsql_lower(text)` | UPPER, LOWER | same |
//! | `tsql_ltrim(text[, characters])` `tsql_rtrim(..)` `tsql_trim(..)` | LTRIM, RTRIM, TRIM([characters FROM] x) | same, varying |
//! | `tsql_left(text, n)` `tsql_right(text, n)` | LEFT, RIGHT | same, varying |
//! | `tsql_substring(text or BLOB, n, n)` | SUBSTRING | same, varying |
//! | `tsql_replace(text, text, text)` | REPLACE | varchar(8000) / nvarchar(4000) / (max) |
//! | `tsql_translate(text, text, text)` | TRANSLATE | same |
//! | `tsql_replicate(text, n, 'type of text')` | REPLICATE | varchar(8000) / nvarchar(4000) / (max) |
//! | `tsql_reverse(text)` | REVERSE | same |
//! | `tsql_space(n)` | SPACE | varchar(8000) |
//! | `tsql_charindex(find, text, start)` | CHARINDEX; start 1 without one | int (bigint for (max)) |
//! | `tsql_patindex(pattern, text)` | PATINDEX | int (bigint for (max)) |
//! | `tsql_stuff(text, n, n, text)` | STUFF | varchar(8000) / nvarchar(4000) / (max) |
//! | `tsql_concat(text, ...)` | CONCAT; NULL is empty | varchar / nvarchar, sum of lengths |
//! | `tsql_concat_ws(separator, text, ...)` | CONCAT_WS; NULLs are left out | varchar / nvarchar |
//! | `tsql_str(float, n, n)` | STR; 10 and 0 without them | varchar(n) |
//! | `tsql_char(n)` `tsql_nchar(n)` | CHAR, NCHAR | char(1), nchar(1) |
//! | `tsql_ascii(text)` `tsql_unicode(text)` | ASCII, UNICODE | int |
//! | `tsql_quotename(text, quote)` | QUOTENAME; quote '[' without one | nvarchar(258) |
//! | `tsql_isnumeric(x, 'type')` | ISNUMERIC; NULL gives 0 | int |
//! | `tsql_now('type')` | GETDATE, GETUTCDATE, CURRENT_TIMESTAMP ('datetime'); SYSDATETIME, SYSUTCDATETIME ('datetime2(7)'); SYSDATETIMEOFFSET ('datetimeoffset(7)'): one instant per statement, the server is in UTC | type |
//! | `tsql_dateadd('part', n, x, 'type')` | DATEADD (text argument: coerce to datetime first) | same |
//! | `tsql_datediff('part', a, 'type a', b, 'type b')` | DATEDIFF (text: coerce to datetimeoffset(7) first) | int |
//! | `tsql_datediff_big(..)` | DATEDIFF_BIG | bigint |
//! | `tsql_datepart('part', x, 'type')` | DATEPART, YEAR, MONTH, DAY (text: coerce to datetimeoffset(7) first) | int |
//! | `tsql_datename('part', x, 'type')` | DATENAME | nvarchar(30) |
//! | `tsql_datetrunc('part', x, 'type')` | DATETRUNC | same |
//! | `tsql_eomonth(x, 'type', months)` | EOMONTH; months NULL without them | date |
//! | `tsql_datefromparts(y, m, d)` | DATEFROMPARTS | date |
//! | `tsql_timefromparts(h, mi, s, fraction, precision)` | TIMEFROMPARTS; precision is a literal | time(precision) |
//! | `tsql_datetimefromparts(y, m, d, h, mi, s, ms)` | DATETIMEFROMPARTS | datetime |
//! | `tsql_smalldatetimefromparts(y, m, d, h, mi)` | SMALLDATETIMEFROMPARTS | smalldatetime |
//! | `tsql_datetime2fromparts(y, m, d, h, mi, s, fraction, precision)` | DATETIME2FROMPARTS | datetime2(precision) |
//! | `tsql_datetimeoffsetfromparts(y, m, d, h, mi, s, fraction, oh, om, precision)` | DATETIMEOFFSETFROMPARTS | datetimeoffset(precision) |
//! | `tsql_isdate(text)` | ISDATE; NULL gives 0 | int |
//! | `tsql_todatetimeoffset(x, 'type', zone)` | TODATETIMEOFFSET; x of datetime2(s); zone as text `+02:00` or minutes | datetimeoffset(s) |
//! | `tsql_switchoffset(x, 'type', zone)` | SWITCHOFFSET; x of datetimeoffset(s) | same |
//! | `tsql_at_time_zone(x, 'type', zone)` | AT TIME ZONE, 'UTC' only | datetimeoffset(s) |
//! | `tsql_abs(x, 'type')` `tsql_ceiling(..)` `tsql_floor(..)` `tsql_sign(..)` | ABS, CEILING, FLOOR, SIGN; type from [`maths::result_type`] | that type |
//! | `tsql_round(x, 'type', n, truncate)` | ROUND; truncate 0 without one; type from [`maths::result_type`] | that type |
//! | `tsql_power(x, 'type', float)` | POWER; type from [`maths::result_type`] | that type |
//! | `tsql_sqrt(float)` `tsql_square` `tsql_exp` `tsql_log10` `tsql_sin` `tsql_cos` `tsql_tan` `tsql_cot` `tsql_asin` `tsql_acos` `tsql_atan` | of the same names | float |
//! | `tsql_log(float[, base])` `tsql_atn2(float, float)` | LOG, ATN2 | float |
//! | `tsql_pi()` `tsql_rand()` | PI, RAND | float |
//! | `tsql_series_step(n)` | the third argument of GENERATE_SERIES; 4199 for 0 | same |
//! | `tsql_newid()` | NEWID | uniqueidentifier |
//! | `tsql_sum(x, 'type', 'result type')` `tsql_avg(..)` | SUM, AVG; type from [`aggregates::sum_type`] | result type |
//! | `tsql_stdev(float)` `tsql_stdevp` `tsql_var` `tsql_varp` | STDEV, STDEVP, VAR, VARP | float |
//! | `tsql_json_value(text, path)` `tsql_json_query(text, path)` | JSON_VALUE, JSON_QUERY | nvarchar(4000), nvarchar |
//! | `tsql_isjson(text, 'kind')` `tsql_json_path_exists(text, path)` | ISJSON, JSON_PATH_EXISTS | int |
//! | `tsql_json_modify(text, path, x, 'type', json)` | JSON_MODIFY; json 1 when x is JSON text | nvarchar(max) |
//! | `tsql_json_array(absent, x, 'type', json, ...)` `tsql_json_object(absent, name, x, 'type', json, ...)` | JSON_ARRAY, JSON_OBJECT; absent 1 leaves NULL out | nvarchar(max) |
//! | `tsql_for_json(shape, columns, c0, ...)` | FOR JSON of a subquery, an aggregate over its rows in their order; NULL without rows | nvarchar(max) |
//! | `tsql_openjson(text, path, given, columns)` | the rows of OPENJSON as a JSON array of arrays of texts, for SQLite's `json_each` | |
//! | `tsql_openjson_value(text, 'type')` | a cell of them in its column's type | type |
//! | `tsql_string_agg(text, separator, 'result type')` | STRING_AGG (an ORDER BY goes inside the parentheses) | varchar(8000) / nvarchar(4000) / (max) |
//!
//! COUNT, MIN, MAX are SQLite's own (MIN and MAX of text with the collation). FORMAT, HASHBYTES, CHECKSUM, PARSE and
//! SOUNDEX are refused by the binder.

pub mod aggregates;
mod arithmetic;
pub(crate) mod collation;
mod context;
mod conversions;
mod dates;
mod json;
pub mod maths;
mod text;
mod variants;

pub use context::FunctionContext;

use std::sync::Arc;

use rusqlite::Connection;

/// Registers every function of the table and the collation on a connection.
///
/// # Errors
/// When SQLite refuses one.
pub fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    collation::register(connection)?;
    conversions::register(connection, context)?;
    arithmetic::register(connection, context)?;
    text::register(connection, context)?;
    variants::register(connection, context)?;
    dates::register(connection, context)?;
    maths::register(connection, context)?;
    json::register(connection, context)?;
    aggregates::register(connection, context)
}
