//! A timer's schedule: NCRONTAB with six or five fields, or a `TimeSpan`. All times are UTC.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::functions::settings::parse_time_span;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// When a timer fires.
#[derive(Clone, Debug)]
pub(in crate::functions) enum Schedule {
    /// At the times of a CRON expression.
    Cron(Box<Cron>),
    /// Again and again after this wait.
    Interval(TimeDelta),
}

impl Schedule {
    /// Reads `0 */5 * * * *`, `*/5 * * * *` or `00:05:00`.
    ///
    /// # Errors
    /// A sentence that shows what to write.
    pub(in crate::functions) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |problem: &str| {
            format!(
                "The schedule expression '{text}' was not recognized as a valid cron expression or timespan string: {problem}"
            )
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        if fields.len() <= 1 {
            let span = parse_time_span(text)
                .filter(|span| !span.is_zero())
                .and_then(|span| TimeDelta::from_std(span).ok());
            return span
                .map(Self::Interval)
                .ok_or_else(|| wrong("write six fields such as \"0 */5 * * * *\", or \"00:05:00\""));
        }
        // Five fields begin with the minute; the seconds are then 0.
        let fields = match fields.as_slice() {
            [minute, hour, day, month, week_day] => ["0", minute, hour, day, month, week_day],
            [second, minute, hour, day, month, week_day] => [*second, minute, hour, day, month, week_day],
            _ => return Err(wrong("it needs six fields, or five without the seconds")),
        };
        let [second, minute, hour, day, month, week_day] = fields;
        // croner knows more than NCrontab (L, W, #, ?, nicknames, a year): what the real host refuses is refused here.
        for (field, names) in [
            (second, [].as_slice()),
            (minute, &[]),
            (hour, &[]),
            (day, &[]),
            (month, &MONTHS),
            (week_day, &DAYS),
        ] {
            if let Some(word) = unknown_word(field, names) {
                return Err(wrong(&format!("'{word}' in the field '{field}' is not known")));
            }
        }
        let normal =
            [second, minute, hour, day, &numbers(month, &MONTHS, 1), &numbers(week_day, &DAYS, 0)].join(" ");
        if normal
            .rsplit(' ')
            .next()
            .is_some_and(|days| days.split([',', '-']).any(|part| part.starts_with('7')))
        {
            return Err(wrong("days of the week are 0 (Sunday) to 6"));
        }
        // NCrontab fires when day of month AND day of week fit; croner's default is OR.
        let parser =
            CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).dom_and_dow(true).build();
        let cron = parser.parse(&normal).map_err(|error| wrong(&error.to_string()))?;
        cron.find_next_occurrence(&Utc::now(), false).map_err(|_| wrong("it never fires"))?;
        Ok(Self::Cron(Box::new(cron)))
    }

    /// The first time after `after`; `None` if there is none within the calendar.
    pub(in crate::functions) fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Cron(cron) => cron.find_next_occurrence(&after, false).ok(),
            Self::Interval(span) => after.checked_add_signed(*span),
        }
    }

    /// Whether two runs can be less than a minute apart. The host then keeps no schedule status
    /// (`TimerTriggerAttributeBindingProvider.cs`).
    pub(in crate::functions) fn is_more_frequent_than_a_minute(&self) -> bool {
        match self {
            Self::Interval(span) => *span < TimeDelta::minutes(1),
            Self::Cron(_) => {
                let mut last = DateTime::UNIX_EPOCH;
                (0..5).any(|_| match self.next_after(last) {
                    Some(next) => {
                        let first = last == DateTime::UNIX_EPOCH;
                        let gap = next.signed_duration_since(last);
                        last = next;
                        !first && gap < TimeDelta::minutes(1)
                    }
                    None => false,
                })
            }
        }
    }

    /// How `Schedule` shows up in the payload: both kinds have the one property `AdjustForDST`, true for CRON
    /// and for constant intervals false.
    pub(in crate::functions) fn adjusts_for_dst(&self) -> bool {
        matches!(self, Self::Cron(_))
    }

    /// The time from `now` until `then`, zero if it has passed.
    pub(in crate::functions) fn wait(now: DateTime<Utc>, then: DateTime<Utc>) -> Duration {
        then.signed_duration_since(now).to_std().unwrap_or_default()
    }
}

/// The first thing in a field that `NCrontab` does not know.
fn unknown_word<'a>(field: &'a str, names: &[&str]) -> Option<&'a str> {
    field.split([',', '-', '/']).find(|word| {
        let known = *word == "*"
            || (!word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()))
            || name_position(word, names).is_some();
        !known
    })
}

/// `NCrontab` takes any beginning of a name, from three letters on to be clear.
fn name_position(word: &str, names: &[&str]) -> Option<usize> {
    let word = word.to_ascii_lowercase();
    (word.len() >= 3).then(|| names.iter().position(|name| name.starts_with(&word)))?
}

/// The field with numbers for names.
fn numbers(field: &str, names: &[&str], first: usize) -> String {
    field
        .split_inclusive([',', '-', '/'])
        .map(|piece| {
            let word = piece.trim_end_matches([',', '-', '/']);
            let mark = piece.get(word.len()..).unwrap_or_default();
            name_position(word, names).map_or_else(
                || piece.to_owned(),
                |position| format!("{}{mark}", position.saturating_add(first)),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::Schedule;
    use chrono::{DateTime, Utc};

    fn next(schedule: &str, after: &str) -> String {
        let after: DateTime<Utc> = after.parse().unwrap();
        Schedule::parse(schedule)
            .unwrap()
            .next_after(after)
            .unwrap()
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    /// The examples of Microsoft's page on timer triggers.
    #[test]
    fn documented_expressions_fire_when_the_page_says() {
        let after = "2026-01-31T07:08:09Z"; // a Saturday
        let cases = [
            ("0 5 * * * *", "2026-01-31T08:05:00Z"),
            ("0 */5 * * * *", "2026-01-31T07:10:00Z"),
            ("5,8,10 * * * * *", "2026-01-31T07:08:10Z"),
            ("0 0 */2 * * *", "2026-01-31T08:00:00Z"),
            ("0 30 9 * * *", "2026-01-31T09:30:00Z"),
            ("0 30 9 * * 1-5", "2026-02-02T09:30:00Z"),
            ("0 30 9 * Jan Mon", "2027-01-04T09:30:00Z"),
            ("0 0 9 * february Monday-Friday", "2026-02-02T09:00:00Z"),
            ("*/5 * * * *", "2026-01-31T07:10:00Z"),
            ("00:05:00", "2026-01-31T07:13:09Z"),
        ];
        for (schedule, expected) in cases {
            assert_eq!(next(schedule, after), expected, "{schedule}");
        }
    }

    #[test]
    fn day_of_month_and_day_of_week_must_both_fit() {
        assert_eq!(next("0 0 0 13 * 5", "2026-01-01T00:00:00Z"), "2026-02-13T00:00:00Z");
    }

    #[test]
    fn what_the_real_host_does_not_know_is_refused() {
        for schedule in [
            "",
            "hello",
            "* * * *",
            "0 0 0 L * *",
            "0 0 0 * * 5#2",
            "@daily x y z a b",
            "0 0 0 ? * *",
            "0 0 0 * * 7",
            "60 * * * * *",
            "0 0 0 30 2 *",
            "00:00:00",
        ] {
            assert!(Schedule::parse(schedule).is_err(), "{schedule}");
        }
    }

    #[test]
    fn only_schedules_of_a_minute_or_more_keep_a_status() {
        let frequent = |text: &str| Schedule::parse(text).unwrap().is_more_frequent_than_a_minute();
        assert_eq!(
            ["*/10 * * * * *", "0 * * * * *", "00:00:59", "00:01:00"].map(frequent),
            [true, false, true, false]
        );
    }
}
