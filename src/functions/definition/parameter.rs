//! Reads one entry of `sql.parameters` and checks that its parts fit each other.

use std::sync::Arc;

use regex::RegexBuilder;
use serde_json::Value as Json;

use super::section::Section;
use super::table_type;
use crate::functions::conversion::from_json;
use crate::functions::limits::{Bound, Limits, compare, length_of_type};
use crate::functions::plan::{ParameterType, PlannedParameter};
use crate::functions::source::Source;
use crate::functions::table_type::OWN_VARIABLES;
use crate::functions::trigger::Trigger;
use crate::invocation::Mistakes;
use crate::invocation::nearest;
use crate::invocation::{SqlType, SqlValue};

pub(super) const KEYS: [&str; 9] =
    ["from", "type", "required", "default", "min", "max", "maxLength", "pattern", "enum"];
/// Of a command's parameter alone.
pub(super) const OF_COMMAND: [&str; 1] = ["direction"];

/// Reads a parameter; None when a mistake leaves nothing to work with.
pub(super) fn read(
    name: &str,
    path: &str,
    json: &Json,
    trigger: Option<&Trigger>,
    mistakes: &mut Mistakes,
) -> Option<PlannedParameter> {
    if let Err(message) = check_name(name) {
        mistakes.add(path, message);
    }
    let section = Section::of(path, json, mistakes)?;
    if table_type::is_table(&section) {
        return read_table(name, &section, trigger, mistakes);
    }
    section.check_keys(&[KEYS.as_slice(), OF_COMMAND.as_slice()].concat(), &[], mistakes);
    match sql_type(&section, mistakes) {
        Some(sql_type) => read_as(name, &section, sql_type, trigger, mistakes),
        None => {
            // Their mistakes are told all the same.
            source(&section, trigger, mistakes);
            section.flag("required", mistakes);
            None
        }
    }
}

/// Reads what is left of a parameter whose type is known.
pub(super) fn read_as(
    name: &str,
    section: &Section<'_>,
    sql_type: SqlType,
    trigger: Option<&Trigger>,
    mistakes: &mut Mistakes,
) -> Option<PlannedParameter> {
    let source = source(section, trigger, mistakes);
    let required = section.flag("required", mistakes);
    if let Some(Err(message)) = source.as_ref().map(|(_, source)| source.check_type(sql_type)) {
        mistakes.add(section.path_of("type"), message);
    }
    let (limits, default) = constraints(section, sql_type, required, mistakes);
    let (from, source) = source?;
    Some(PlannedParameter {
        name: name.to_owned(),
        from,
        required: required.unwrap_or(default.is_none() && source.required_by_default()),
        source,
        declared: ParameterType::Scalar(sql_type),
        default,
        limits,
    })
}

/// Reads a parameter that is a table.
fn read_table(
    name: &str,
    section: &Section<'_>,
    trigger: Option<&Trigger>,
    mistakes: &mut Mistakes,
) -> Option<PlannedParameter> {
    section.check_keys(&[table_type::KEYS.as_slice(), OF_COMMAND.as_slice()].concat(), &[], mistakes);
    let table = table_type::read(name, section, mistakes);
    let source = source(section, trigger, mistakes);
    let required = section.flag("required", mistakes);
    // The rows come as JSON, whatever the columns are.
    if let Some(Err(message)) = source.as_ref().map(|(_, source)| source.check_type(SqlType::Json)) {
        mistakes.add(section.path_of("from"), format!("gives no rows: its type {message}"));
    }
    let (from, source) = source?;
    Some(PlannedParameter {
        name: name.to_owned(),
        from,
        required: required.unwrap_or(source.required_by_default()),
        source,
        declared: ParameterType::Table(Arc::new(table?)),
        default: None,
        limits: Limits::default(),
    })
}

/// Reads the limits of a value and its default.
pub(super) fn constraints(
    section: &Section<'_>,
    sql_type: SqlType,
    required: Option<bool>,
    mistakes: &mut Mistakes,
) -> (Limits, Option<SqlValue>) {
    let limits = limits(section, sql_type, mistakes);
    let default = value(section, "default", sql_type, mistakes);
    if let Some(default) = &default {
        if let Err(message) = limits.check(&default.value) {
            mistakes.add(
                section.path_of("default"),
                format!("keeps not to the parameter's own limits: {message}"),
            );
        }
        if required == Some(true) {
            mistakes.add(
                section.path_of("required"),
                "is true, but a parameter with a default is never missing; leave one of the two out",
            );
        }
    }
    (limits, default.map(|default| default.value))
}

/// `direction`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// It takes a value of the invocation.
    In,
    /// The procedure writes to it.
    Out,
    /// Both.
    InOut,
}

/// The words of `direction`.
pub(super) const DIRECTIONS: [(&str, Direction); 3] =
    [("in", Direction::In), ("out", Direction::Out), ("inout", Direction::InOut)];

/// Reads `direction`; `in` where there is none.
pub(super) fn direction(path: &str, json: &Json, mistakes: &mut Mistakes) -> Direction {
    const KEY: &str = "direction";
    // What isn't an object is a mistake that `read` notes.
    let Some(keys) = json.as_object() else { return Direction::In };
    let section = Section::new(path, keys);
    let Some(written) = section.text(KEY, mistakes) else { return Direction::In };
    let found = DIRECTIONS.into_iter().find(|(word, _)| *word == written);
    found.map_or_else(
        || {
            mistakes.add(section.path_of(KEY), "must be \"in\", \"out\" or \"inout\"");
            Direction::In
        },
        |(_, direction)| direction,
    )
}

/// Reads a parameter of the direction `out`: a name and a type, since no value goes into it.
pub(super) fn read_out(name: &str, path: &str, json: &Json, mistakes: &mut Mistakes) -> Option<SqlType> {
    if let Err(message) = check_name(name) {
        mistakes.add(path, message);
    }
    let section = Section::of(path, json, mistakes)?;
    for key in KEYS.into_iter().filter(|key| *key != "type" && section.has(key)) {
        mistakes.add(
            section.path_of(key),
            "is for values that go in, and with the direction `out` none does; leave it out, or write `inout`",
        );
    }
    section.check_keys(&[KEYS.as_slice(), OF_COMMAND.as_slice()].concat(), &[], mistakes);
    sql_type(&section, mistakes)
}

/// `@name` as T-SQL allows it, and not one of `sp_executesql`'s own, beside which it would have to stand.
fn check_name(name: &str) -> Result<(), String> {
    let Some(bare) = name.strip_prefix('@') else {
        return Err(format!("must begin with @, as the command writes it: `@{name}`"));
    };
    let begins =
        bare.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_' || first == '#');
    let legal = |character: char| character.is_alphanumeric() || matches!(character, '_' | '#' | '$' | '@');
    if !begins || !bare.chars().all(legal) || name.encode_utf16().count() > 128 {
        return Err(
            "is not a T-SQL variable's name: @, a letter, then letters, digits or _, 128 at most".to_owned()
        );
    }
    let reserved = ["stmt", "statement", "params", "parameters"];
    if reserved.iter().any(|word| word.eq_ignore_ascii_case(bare)) {
        return Err(
            "is a parameter of sp_executesql itself, through which commands run; choose another".to_owned()
        );
    }
    // ASCII, so the length in bytes is one of the name's own.
    if name.get(..OWN_VARIABLES.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(OWN_VARIABLES)) {
        return Err(format!("begins with {OWN_VARIABLES}, as the worker's own variables do; choose another"));
    }
    Ok(())
}

/// Reads `type`.
pub(super) fn sql_type(section: &Section<'_>, mistakes: &mut Mistakes) -> Option<SqlType> {
    if !section.has("type") {
        mistakes.add(section.path_of("type"), "is missing; write the column's SQL type, such as `int`");
        return None;
    }
    let written = section.text("type", mistakes)?;
    SqlType::parse(written)
        .map_err(|error| {
            let word = written.split('(').next().unwrap_or_default().trim();
            let known = SqlType::NAMES.iter().any(|name| name.eq_ignore_ascii_case(word));
            let meant = if known { None } else { nearest(word, SqlType::NAMES) };
            let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            mistakes.add(section.path_of("type"), format!("{error}{meant}"));
        })
        .ok()
}

fn source(
    section: &Section<'_>,
    trigger: Option<&Trigger>,
    mistakes: &mut Mistakes,
) -> Option<(String, Source)> {
    if !section.has("from") {
        mistakes.add(
            section.path_of("from"),
            "is missing; write where the value comes from, such as `query.city`",
        );
        return None;
    }
    let from = section.text("from", mistakes)?;
    // Without a trigger there is already a mistake, and nothing to check the path against.
    match Source::parse(from, trigger?) {
        Ok(source) => Some((from.to_owned(), source)),
        Err(message) => {
            mistakes.add(section.path_of("from"), message);
            None
        }
    }
}

fn limits(section: &Section<'_>, sql_type: SqlType, mistakes: &mut Mistakes) -> Limits {
    let mut limits = Limits { max_length: length_of_type(sql_type), ..Limits::default() };
    if sql_type.is_ordered() {
        limits.min = value(section, "min", sql_type, mistakes);
        limits.max = value(section, "max", sql_type, mistakes);
        if let (Some(min), Some(max)) = (&limits.min, &limits.max)
            && compare(&min.value, &max.value).is_some_and(std::cmp::Ordering::is_gt)
        {
            mistakes.add(section.path_of("min"), "is greater than max: no value would do");
        }
    } else {
        for key in ["min", "max"].into_iter().filter(|key| section.has(key)) {
            let cure = if sql_type.is_text() { "; use maxLength or pattern" } else { "; leave it out" };
            mistakes.add(
                section.path_of(key),
                format!("is for numbers, dates and times, not for {sql_type}{cure}"),
            );
        }
    }
    max_length(section, sql_type, &mut limits, mistakes);
    pattern(section, sql_type, &mut limits, mistakes);
    allowed(section, sql_type, &mut limits, mistakes);
    limits
}

fn max_length(section: &Section<'_>, sql_type: SqlType, limits: &mut Limits, mistakes: &mut Mistakes) {
    let Some(wanted) = section.whole_number("maxLength", mistakes) else { return };
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let message = match limits.max_length {
        _ if !sql_type.is_text() && !sql_type.is_binary() => {
            format!("is for text and binary, not for {sql_type}; leave it out")
        }
        Some(longest) if wanted > longest => format!("is more than {sql_type} holds; {longest} at most"),
        _ => {
            limits.max_length = Some(wanted);
            return;
        }
    };
    mistakes.add(section.path_of("maxLength"), message);
}

fn pattern(section: &Section<'_>, sql_type: SqlType, limits: &mut Limits, mistakes: &mut Mistakes) {
    let Some(pattern) = section.text("pattern", mistakes) else { return };
    if !sql_type.is_text() {
        mistakes.add(
            section.path_of("pattern"),
            format!("is for text, not for {sql_type}; use min, max or enum"),
        );
        return;
    }
    // A megabyte of compiled expression is far above any sensible pattern and far below what hurts.
    match RegexBuilder::new(pattern).size_limit(1 << 20).build() {
        Ok(pattern) => limits.pattern = Some(pattern),
        Err(error) => {
            let reason = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
            mistakes.add(
                section.path_of("pattern"),
                format!("is not a regular expression of the crate regex (no look-around, no back-references): {reason}"),
            );
        }
    }
}

fn allowed(section: &Section<'_>, sql_type: SqlType, limits: &mut Limits, mistakes: &mut Mistakes) {
    let Some(list) = section.list("enum", mistakes) else { return };
    if list.is_empty() {
        mistakes.add(section.path_of("enum"), "is empty: no value would do");
    }
    for (index, json) in list.iter().enumerate() {
        let path = format!("{}[{index}]", section.path_of("enum"));
        let Some(bound) = convert(json, &path, sql_type, mistakes) else { continue };
        if let Err(message) = limits.check_without_enum(&bound.value) {
            mistakes.add(path, format!("keeps not to the parameter's other limits: {message}"));
        }
        limits.allowed.push(bound);
    }
}

fn value(section: &Section<'_>, key: &str, sql_type: SqlType, mistakes: &mut Mistakes) -> Option<Bound> {
    convert(section.get(key)?, &section.path_of(key), sql_type, mistakes)
}

fn convert(json: &Json, path: &str, sql_type: SqlType, mistakes: &mut Mistakes) -> Option<Bound> {
    match from_json(json, sql_type) {
        Ok(SqlValue::Null) => {
            mistakes.add(path, "is null; leave the key out instead");
            None
        }
        Ok(value) => Some(Bound { value, spelling: json.to_string() }),
        Err(message) => {
            mistakes.add(path, format!("is not a value of {sql_type}: {message}"));
            None
        }
    }
}
