//! What a session is told of the invocation before its command runs, for row-level security.

use tiberius::Command as RemoteCall;

use super::connect::DriverClient;
use super::execute::TryError;
use super::faults::{Fault, FaultClass};
use super::values::to_driver;
use crate::invocation::Parameter;

/// Sets every key, read-only, in one round trip. Keys and values are parameters: nothing is pasted into the text.
///
/// # Errors
/// Faults of the stage before anything of the command was sent, after which any command may be tried again.
pub(super) async fn set(client: &mut DriverClient, values: &[Parameter]) -> Result<(), TryError> {
    let (statement, declarations) = statement(values);
    let mut call = RemoteCall::new("sp_executesql");
    call.bind_param("@stmt", statement);
    call.bind_param("@params", declarations);
    for (index, value) in values.iter().enumerate() {
        call.bind_param(format!("@key{index}"), value.name.as_str());
        call.bind_param(format!("@value{index}"), to_driver(value.sql_type, &value.value));
    }
    let run = async { call.exec(client).await?.into_command_result().await };
    match run.await {
        Ok(result) if result.return_code() == 0 => Ok(()),
        // Without an error and without success: the command must not run on what may not be there.
        Ok(_) => Err(TryError::Fault(Fault::without_number(
            FaultClass::Permanent,
            "the server did not take the session context",
        ))),
        Err(error) => Err(TryError::from(error).before_the_command()),
    }
}

/// The statement and the declarations of its parameters: they tell how many values there are and of which types, and
/// nothing else.
fn statement(values: &[Parameter]) -> (String, String) {
    let numbered = || values.iter().enumerate();
    let statement = numbered().map(|(index, _)| {
        format!("EXEC sys.sp_set_session_context @key = @key{index}, @value = @value{index}, @read_only = 1;")
    });
    let declarations = numbered()
        .map(|(index, value)| format!("@key{index} nvarchar(64), @value{index} {}", value.sql_type));
    (statement.collect::<Vec<_>>().join("\n"), declarations.collect::<Vec<_>>().join(", "))
}
