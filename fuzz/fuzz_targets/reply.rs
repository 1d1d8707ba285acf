//! Arbitrary results of a command, shaped and put into the reply: always JSON, and the caller's body is too.

#![no_main]

use azsql_worker::database::{Cell, ResultColumn, ResultSink};
use azsql_worker::functions::JsonSink;
use azsql_worker::host::reply::{HostReply, HttpAnswer};
use azsql_worker::invocation::Decimal;
use azsql_worker_fuzz::plan;
use chrono::{DateTime, NaiveDate, NaiveTime};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use serde_json::Value as Json;

fuzz_target!(|bytes: &[u8]| {
    // Too few bytes to make a result of: nothing to check.
    let _ = check(&mut Unstructured::new(bytes));
});

fn check(bytes: &mut Unstructured<'_>) -> Result<()> {
    let plan = plan("Http");
    let mut sink = JsonSink::new(plan);
    if fill(bytes, &mut sink)? {
        if sink.complete().is_err() {
            return Ok(());
        }
        let shaped = sink.finish();
        let body = shaped.body.expect("rows have a body");
        serde_json::from_str::<Json>(&body).expect("the caller's JSON");
        let logs = [bytes.arbitrary::<&str>()?.to_owned()];
        let reply = HostReply::http(
            bytes.arbitrary::<&str>()?,
            HttpAnswer::json(200, Some(body.clone())),
            &[],
            &logs,
        );
        let reply: Json = serde_json::from_str(&reply.body).expect("the host's JSON");
        let holds_body = |value: &Json| value["body"].as_str() == Some(&body);
        let outputs = reply["Outputs"].as_object().expect("an object");
        assert!(outputs.values().any(holds_body) || holds_body(&reply["ReturnValue"]), "{reply}");
    }
    Ok(())
}

/// Pushes result sets; whether the sink took all of them.
fn fill(bytes: &mut Unstructured<'_>, sink: &mut JsonSink) -> Result<bool> {
    // A result set of TDS has a column at the least.
    let columns = bytes.int_in_range(1..=4)?;
    let names = (0..columns).map(|_| bytes.arbitrary::<&str>()).collect::<Result<Vec<_>>>()?;
    let described: Vec<_> = names.iter().map(|name| ResultColumn { name, bare_type: "" }).collect();
    if sink.columns(&described).is_err() {
        return Ok(false);
    }
    for _ in 0..bytes.int_in_range(0..=3)? {
        if sink.begin_row().is_err() {
            return Ok(false);
        }
        for _ in &names {
            if sink.cell(cell(bytes)?).is_err() {
                return Ok(false);
            }
        }
        if sink.end_row().is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn cell<'a>(bytes: &mut Unstructured<'a>) -> Result<Cell<'a>> {
    let scale = bytes.int_in_range(0..=7)?;
    let date = NaiveDate::from_ymd_opt(
        bytes.int_in_range(1..=9999)?,
        bytes.int_in_range(1..=12)?,
        bytes.int_in_range(1..=28)?,
    )
    .unwrap_or_default();
    let time = NaiveTime::from_num_seconds_from_midnight_opt(
        bytes.int_in_range(0..=86_399)?,
        bytes.int_in_range(0..=999_999_999)?,
    )
    .unwrap_or_default();
    Ok(match bytes.int_in_range(0..=13)? {
        0 => Cell::Null,
        1 => Cell::Bit(bytes.arbitrary()?),
        2 => Cell::Integer(bytes.arbitrary()?),
        3 => Cell::BigInt(bytes.arbitrary()?),
        4 => {
            let digits = format!("{}e-{scale}", bytes.arbitrary::<i64>()?);
            Decimal::parse(&digits, 38, scale).map_or(Cell::Null, Cell::Decimal)
        }
        5 => Cell::Real(bytes.arbitrary()?),
        6 => Cell::Float(bytes.arbitrary()?),
        7 => Cell::Binary(bytes.arbitrary()?),
        8 => Cell::UniqueIdentifier(uuid::Uuid::from_u128(bytes.arbitrary()?)),
        9 => Cell::Date(date),
        10 => Cell::Time { value: time, scale },
        11 => Cell::DateTime { value: date.and_time(time), scale },
        12 => Cell::DateTimeOffset { value: DateTime::UNIX_EPOCH.fixed_offset(), scale },
        _ => Cell::Text(bytes.arbitrary()?),
    })
}
