//! Reads .NET's `TimeSpan`: `[d.]hh:mm[:ss[.fffffff]]`, or a number of days.

use std::time::Duration;

/// A span that isn't negative, or `None` if the text is no such span.
pub(in crate::functions) fn parse_time_span(text: &str) -> Option<Duration> {
    let text = text.trim();
    if !text.contains(':') {
        return whole(text)?.checked_mul(86_400).map(Duration::from_secs);
    }
    let mut parts = text.split(':');
    let (first, minutes, seconds) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let (days, hours) = first.split_once('.').unwrap_or(("0", first));
    let (seconds, fraction) =
        seconds.map_or(("0", None), |text| text.split_once('.').map_or((text, None), |(s, f)| (s, Some(f))));
    let (days, hours, minutes, seconds) = (whole(days)?, whole(hours)?, whole(minutes)?, whole(seconds)?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let nanos = match fraction {
        None => 0,
        Some(digits) if digits.len() <= 7 && !digits.is_empty() => {
            u32::try_from(whole(&format!("{digits:0<9}"))?).ok()?
        }
        Some(_) => return None,
    };
    let total = days.checked_mul(86_400)?.checked_add(hours * 3600 + minutes * 60 + seconds)?;
    Some(Duration::new(total, nanos))
}

fn whole(digits: &str) -> Option<u64> {
    // `parse` alone would take a sign. Eight digits are .NET's limit for days; nine are a fraction.
    (!digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

/// The span as .NET writes it: `00:05:00`, `1.02:03:04`, `00:00:00.5000000`.
pub(in crate::functions) fn format_time_span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes, rest) =
        (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let days = if days == 0 { String::new() } else { format!("{days}.") };
    let ticks = span.subsec_nanos() / 100;
    let fraction = if ticks == 0 { String::new() } else { format!(".{ticks:07}") };
    format!("{days}{hours:02}:{minutes:02}:{rest:02}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::{format_time_span, parse_time_span};
    use std::time::Duration;

    #[test]
    fn spans_are_read_as_dotnet_reads_them() {
        let cases = [
            ("00:00:30", Some(Duration::from_secs(30))),
            ("1.02:03:04", Some(Duration::from_secs(93_784))),
            ("00:00:00.5", Some(Duration::from_millis(500))),
            ("01:30", Some(Duration::from_secs(5400))),
            ("2", Some(Duration::from_secs(172_800))),
            ("24:00:00", None),
            ("-1", None),
            ("+1", None),
            ("00:00:00.12345678", None),
            ("99999999999999999999", None),
            ("", None),
            ("5 minutes", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_time_span(text), expected, "{text}");
        }
    }

    #[test]
    fn a_span_survives_writing_and_reading() {
        for text in ["00:05:00", "1.02:03:04", "00:00:00.5000000"] {
            assert_eq!(parse_time_span(text).map(format_time_span).as_deref(), Some(text));
        }
    }
}
