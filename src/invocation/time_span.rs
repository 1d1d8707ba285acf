//! Time spans as .NET and the host's files write them: `hh:mm:ss`, with days before a point where it takes them.

use std::time::Duration;

/// Reads `hh:mm:ss` or `d.hh:mm:ss`, each of one digit or two but for the days, which have four at most (.NET,
/// `TimeSpan.Parse`, without fractions). .NET takes 24:00:00 for 24 days; nobody means that, so it is refused.
pub(crate) fn time_span(text: &str) -> Option<Duration> {
    let (days, clock) = match text.split_once('.') {
        Some((days, clock)) => (number(days, 4, u64::MAX)?, clock),
        None => (0, text),
    };
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (hours, minutes, seconds) = (number(hours, 2, 23)?, number(minutes, 2, 59)?, number(seconds, 2, 59)?);
    Some(Duration::from_secs(((days * 24 + hours) * 60 + minutes) * 60 + seconds))
}

/// So many digits at the most, and nothing but digits: `parse` alone would take a sign.
fn number(text: &str, digits: usize, most: u64) -> Option<u64> {
    let legal = (1..=digits).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if legal { text.parse().ok().filter(|number| *number <= most) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_minutes_seconds_and_days_are_read() {
        assert_eq!(time_span("00:00:05"), Some(Duration::from_secs(5)));
        assert_eq!(time_span("1:00:00"), Some(Duration::from_secs(3600)));
        assert_eq!(time_span("23:59:59"), Some(Duration::from_secs(86_399)));
        assert_eq!(time_span("1.06:00:00"), Some(Duration::from_secs(108_000)));
    }

    #[test]
    fn any_other_form_is_refused() {
        for text in
            ["", "5", "24:00:00", "00:60:00", "00:00:60", "00:00", "1:00:00:00", "-00:00:05", "00:00:0५"]
        {
            assert_eq!(time_span(text), None, "{text}");
        }
    }
}
