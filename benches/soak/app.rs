//! The app under load: a few functions with short timeouts, and the tables in which their effects can be counted.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};

/// Tables beside those of the sample database. Nothing in them refuses a double: it must show.
pub(crate) const SEED: &str = "
CREATE TABLE dbo.Marks (Id int IDENTITY PRIMARY KEY, Ticket int NOT NULL);
CREATE TABLE dbo.Shadows (Id int IDENTITY PRIMARY KEY, Ticket int NOT NULL);
CREATE TABLE dbo.Totals (Id int NOT NULL PRIMARY KEY, Number int NOT NULL);
INSERT INTO dbo.Totals (Id, Number) VALUES (1, 0);
";

/// The functions of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    /// One row, repeatable.
    Read,
    /// Never ends before its deadline.
    TooSlow,
    /// One INSERT.
    Write,
    /// Two INSERTs and an UPDATE, which happen together or not at all.
    Transaction,
    /// The same under an idempotency key, whose callers repeat what wasn't acknowledged.
    Keyed,
}

impl Function {
    pub(crate) const ALL: [Self; 5] =
        [Self::Read, Self::TooSlow, Self::Write, Self::Transaction, Self::Keyed];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::TooSlow => "TooSlow",
            Self::Write => "Write",
            Self::Transaction => "Transaction",
            Self::Keyed => "Keyed",
        }
    }

    /// Its `timeout`: a request of it must be answered by then.
    pub(crate) fn timeout(self) -> Duration {
        Duration::from_secs(match self {
            Self::TooSlow => 1,
            Self::Read | Self::Write => 2,
            Self::Transaction | Self::Keyed => 3,
        })
    }

    /// Whether it leaves a mark.
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Transaction | Self::Keyed)
    }

    /// Whether it is one transaction of several statements.
    pub(crate) fn is_transaction(self) -> bool {
        matches!(self, Self::Transaction | Self::Keyed)
    }

    /// How often its callers repeat what wasn't acknowledged.
    pub(crate) fn repeats(self) -> usize {
        if self == Self::Keyed { 3 } else { 0 }
    }

    /// How often it is called, in hundredths of all requests.
    pub(crate) fn share(self) -> u32 {
        match self {
            Self::Read => 48,
            Self::TooSlow => 2,
            Self::Write => 20,
            Self::Transaction | Self::Keyed => 15,
        }
    }

    fn command(self) -> &'static str {
        match self {
            Self::Read => {
                "SELECT Id, Name, City, Balance, Created FROM dbo.Persons WHERE Id = @ticket % 200 + 1"
            }
            Self::TooSlow => {
                "WAITFOR DELAY '00:00:10'; SELECT Id FROM dbo.Persons WHERE Id = @ticket % 200 + 1"
            }
            Self::Write => "INSERT INTO dbo.Marks (Ticket) VALUES (@ticket)",
            Self::Transaction | Self::Keyed => {
                "INSERT INTO dbo.Marks (Ticket) VALUES (@ticket);
                 UPDATE dbo.Totals SET Number = Number + 1 WHERE Id = 1;
                 INSERT INTO dbo.Shadows (Ticket) VALUES (@ticket);"
            }
        }
    }

    fn section(self) -> Json {
        let seconds = self.timeout().as_secs();
        let mut section = json!({
            "commandText": self.command(),
            "parameters": { "@ticket": { "from": "query.ticket", "type": "int", "required": true } },
            "result": if self.writes() { "none" } else { "row" },
            "timeout": format!("00:00:{seconds:02}"),
        });
        if !self.writes() {
            section["repeatable"] = true.into();
        }
        if self == Self::Keyed {
            section["idempotencyKey"] = "header.idempotency-key".into();
        }
        section
    }
}

/// Writes host.json and the functions.
pub(crate) fn write(root: &Path) -> std::io::Result<()> {
    std::fs::write(root.join("host.json"), r#"{ "version": "2.0" }"#)?;
    for function in Function::ALL {
        let definition = json!({
            "bindings": [
                { "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["post"], "route": function.name() },
                { "type": "http", "direction": "out", "name": "res" },
            ],
            "sql": function.section(),
        });
        let folder = root.join(function.name());
        std::fs::create_dir(&folder)?;
        std::fs::write(folder.join("function.json"), definition.to_string())?;
    }
    Ok(())
}
