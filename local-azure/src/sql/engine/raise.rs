//! THROW, RAISERROR and WAITFOR.

use std::time::{Duration, Instant};

use sqlparser::ast::Expr;

use super::run::Frame;
use super::session::{Failure, Session};
use crate::sql::reply::{ReplySink, SqlError};
use crate::sql::types::Value;
use crate::sql::values::errors::unsupported;

impl Session {
    /// THROW, with its number, message and state or with the error that CATCH handles.
    pub(super) fn throw(&mut self, parts: Option<&[Expr; 3]>, frame: &Frame) -> Result<(), Failure> {
        let Some([number, message, state]) = parts else {
            let error = frame.caught.last().cloned().ok_or_else(|| SqlError::new(10704, "To rethrow an error, a THROW statement must be used inside a CATCH block. Insert the THROW statement inside a CATCH block, or add error parameters to the THROW statement.").with_class(15))?;
            return Err(Failure::Thrown(error));
        };
        let number = self.integer(number, frame)?;
        let message = self.text(message, frame)?.unwrap_or_default();
        let state = u8::try_from(self.integer(state, frame)?).unwrap_or(1);
        let number = i32::try_from(number).ok().filter(|number| *number >= 50000).ok_or_else(|| {
            SqlError::new(35100, format!("Error number {number} in the THROW statement is outside the valid range. Specify an error number in the valid range of 50000 to 2147483647."))
        })?;
        Err(Failure::Thrown(SqlError::new(number, message).with_state(state)))
    }

    /// RAISERROR with a text: an error from severity 11, a message below.
    pub(super) fn raise_error(
        &mut self,
        message: &Expr,
        severity: &Expr,
        state: &Expr,
        arguments: &[Expr],
        frame: &Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<(), Failure> {
        let mut texts = Vec::new();
        for argument in arguments {
            texts.push(self.text(argument, frame)?.unwrap_or_else(|| "(null)".to_owned()));
        }
        let (message, message_type) = self.evaluate(message, None, frame)?;
        let Value::Text(message) = message else {
            return Err(unsupported(&format!(
                "RAISERROR with a {} instead of a text",
                message_type.family_name()
            ))
            .into());
        };
        let severity = self.integer(severity, frame)?;
        if severity > 18 {
            return Err(SqlError::new(2754, "Error severity levels greater than 18 can only be specified by members of the sysadmin role, using the WITH LOG option.").into());
        }
        let severity = u8::try_from(severity).unwrap_or(0);
        let state = u8::try_from(self.integer(state, frame)?.clamp(0, 255)).unwrap_or(1);
        let error = SqlError::new(50000, formatted(&message, &texts)?).with_class(severity).with_state(state);
        if severity > 10 {
            return Err(Failure::Sql(error));
        }
        reply.info(&error);
        Ok(())
    }

    /// WAITFOR DELAY: looks for a cancel every 10 ms.
    pub(super) fn wait(&mut self, delay: &Expr, frame: &Frame) -> Result<(), Failure> {
        let delay = parse_delay(&self.text(delay, frame)?.unwrap_or_default())?;
        let start = Instant::now();
        while let Some(left) = delay.checked_sub(start.elapsed()) {
            if self.cancelled() {
                return Err(Failure::Stopped);
            }
            std::thread::sleep(left.min(Duration::from_millis(10)));
        }
        Ok(())
    }
}
/// RAISERROR's `%s`, `%d` and `%%`.
fn formatted(message: &str, arguments: &[String]) -> Result<String, SqlError> {
    let mut text = String::new();
    let mut arguments = arguments.iter();
    let mut characters = message.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('%') => text.push('%'),
            Some('s' | 'd' | 'i' | 'u') => text.push_str(arguments.next().map_or("(null)", String::as_str)),
            _ => return Err(unsupported("A RAISERROR format other than %s, %d, %i, %u")),
        }
    }
    Ok(text)
}

/// `hh:mm[:ss[.mmm]]`, below 24 hours.
fn parse_delay(text: &str) -> Result<Duration, SqlError> {
    let wrong = || {
        SqlError::new(148, format!("Incorrect time syntax in time string '{text}' used with WAITFOR."))
            .with_class(15)
    };
    let mut parts = text.trim().split(':');
    let mut number = |most: f64| -> Result<f64, SqlError> {
        let part = parts.next().unwrap_or("0");
        if part.is_empty() || !part.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return Err(wrong());
        }
        part.parse::<f64>().ok().filter(|value| *value <= most).ok_or_else(wrong)
    };
    let (hours, minutes, seconds) = (number(23.0)?, number(59.0)?, number(59.999)?);
    Duration::try_from_secs_f64(hours * 3600.0 + minutes * 60.0 + seconds).map_err(|_| wrong())
}
