//! Days, ticks of 100 ns, and the calendar that SQL Server uses: the Gregorian one, carried back to year 1.

/// Ticks of 100 ns in a second.
pub(crate) const SECOND: i64 = 10_000_000;
/// Ticks in a minute.
pub(crate) const MINUTE: i64 = 60 * SECOND;
/// Ticks in an hour.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// Ticks in a day.
pub(crate) const DAY: i64 = 24 * HOUR;
/// The last day of the year 9999.
pub(crate) const LAST_DAY: i32 = 3_652_058;
/// 1753-01-01, the first day of `datetime`.
pub(crate) const FIRST_DATETIME_DAY: i32 = 639_905;
/// 1900-01-01, day 0 of `datetime`.
pub(crate) const DAY_1900: i32 = 693_595;
/// 2079-06-06, the last day of `smalldatetime`.
pub(crate) const LAST_SMALLDATETIME_DAY: i32 = 759_130;

/// The names of months in us_english.
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// The names of weekdays in us_english, Sunday first.
pub(crate) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CalendarDay {
    /// 1 to 9999.
    pub(crate) year: i32,
    /// 1 to 12.
    pub(crate) month: u32,
    /// 1 to 31.
    pub(crate) day: u32,
}

/// Days from 0001-01-01 to this day; None when the calendar has no such day in the years 1 to 9999.
pub(crate) fn days_of(year: i32, month: u32, day: u32) -> Option<i32> {
    if !(1..=9999).contains(&year) || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let mut days = days_before_year(year);
    for earlier in 1..month {
        days += i32::try_from(days_in_month(year, earlier)).ok()?;
    }
    Some(days + i32::try_from(day).ok()? - 1)
}

/// The calendar's name of a day; days beyond the years 1 to 9999 give the nearest end.
pub(crate) fn day_of(days: i32) -> CalendarDay {
    let days = days.clamp(0, LAST_DAY);
    // A first guess that is never too late, since no year is longer than 366 days.
    let mut year = days / 366 + 1;
    while year < 9999 && days_before_year(year + 1) <= days {
        year += 1;
    }
    let mut rest = u32::try_from(days - days_before_year(year)).unwrap_or_default();
    let mut month = 1;
    while month < 12 && rest >= days_in_month(year, month) {
        rest -= days_in_month(year, month);
        month += 1;
    }
    CalendarDay { year, month, day: rest + 1 }
}

/// How many days a month has; 0 for a month that doesn't exist.
pub(crate) fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 0,
    }
}

fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_before_year(year: i32) -> i32 {
    let past = year - 1;
    past * 365 + past / 4 - past / 100 + past / 400
}

/// The day and the ticks since its midnight.
pub(crate) fn split(ticks: i64) -> (i32, i64) {
    let days = i32::try_from(ticks.div_euclid(DAY)).unwrap_or(LAST_DAY);
    (days, ticks.rem_euclid(DAY))
}

/// The ticks of a day and a time of day.
pub(crate) fn join(days: i32, time: i64) -> i64 {
    i64::from(days) * DAY + time
}

/// `ticks` rounded to a fraction of `scale` digits, half up.
pub(crate) fn round_fraction(ticks: i64, scale: u8) -> i64 {
    let unit = 10_i64.pow(u32::from(7_u8.saturating_sub(scale)));
    ticks.saturating_add(unit / 2).div_euclid(unit) * unit
}

/// `ticks` rounded to the 1/300 s of `datetime`, and back to the nearest tick.
pub(crate) fn round_to_datetime(ticks: i64) -> i64 {
    let (days, time) = split(ticks);
    let units = units_of_datetime(time);
    join(days, time_of_units(units))
}

/// A time of day in units of 1/300 s, rounded.
pub(crate) fn units_of_datetime(time: i64) -> i64 {
    (time * 300 + SECOND / 2).div_euclid(SECOND)
}

/// The ticks of a number of 1/300 s.
pub(crate) fn time_of_units(units: i64) -> i64 {
    (units * SECOND + 150).div_euclid(300)
}

/// The day of the week, 0 for Sunday. 0001-01-01 was a Monday.
pub(crate) fn weekday(days: i32) -> i32 {
    (days + 1).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_days_are_where_the_calendar_has_them() {
        assert_eq!(days_of(1, 1, 1), Some(0));
        assert_eq!(days_of(1753, 1, 1), Some(FIRST_DATETIME_DAY));
        assert_eq!(days_of(1900, 1, 1), Some(DAY_1900));
        assert_eq!(days_of(2079, 6, 6), Some(LAST_SMALLDATETIME_DAY));
        assert_eq!(days_of(9999, 12, 31), Some(LAST_DAY));
        assert_eq!(days_of(2023, 2, 29), None);
        assert_eq!(weekday(DAY_1900), 1, "1900-01-01 was a Monday");
    }

    #[test]
    fn every_day_comes_back_from_its_name_and_agrees_with_chrono() {
        use chrono::Datelike;
        for days in (0..=LAST_DAY).step_by(13) {
            let day = day_of(days);
            assert_eq!(days_of(day.year, day.month, day.day), Some(days));
            let oracle = chrono::NaiveDate::from_num_days_from_ce_opt(days + 1)
                .map(|date| (date.year(), date.month(), date.day()));
            assert_eq!(oracle, Some((day.year, day.month, day.day)));
        }
    }
}
