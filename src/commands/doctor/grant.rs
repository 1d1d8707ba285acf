//! `doctor --grant`: prints the script that gives an identity its user and its rights, or runs it.

use std::process::ExitCode;

use uuid::Uuid;

use super::{Screen, print, take_steps, usage};
use crate::doctor::Doctor;
use crate::doctor::grant::{GrantScript, Grants, Identity, Lookup, PrincipalKind, UserName};
use crate::functions::Catalogue;

/// Options of `doctor --grant`.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::commands) struct GrantOptions {
    /// Print the script that creates a database user for --identity with the least rights that the functions need; nothing
    /// is connected to
    #[arg(long, requires = "identity")]
    grant: bool,
    /// The identity's name: of the Function App (system-assigned), of the user-assigned identity, of a person or a group
    #[arg(long, value_name = "NAME", requires = "grant")]
    identity: Option<String>,
    /// Its client (application) id: the server then need not read the directory
    #[arg(long, value_name = "ID", requires = "grant", conflicts_with_all = ["object_id", "group"])]
    client_id: Option<Uuid>,
    /// Its object id, where more than one has the name; with --group the server then need not read the directory
    #[arg(long, value_name = "ID", requires = "grant")]
    object_id: Option<Uuid>,
    /// It is a group
    #[arg(long, requires = "object_id")]
    group: bool,
    /// Run the script with the login of the connection string, which must be an Entra administrator's
    #[arg(long, requires = "grant")]
    apply: bool,
}

impl GrantOptions {
    pub(super) fn is_asked_for(&self) -> bool {
        self.grant
    }

    fn identity(&self) -> Result<Identity, String> {
        let name = self.identity.as_deref().unwrap_or_default();
        let name = UserName::parse(name).map_err(|error| error.to_string())?;
        let lookup = match (self.client_id, self.object_id) {
            (Some(id), _) => Lookup::BySid(id, PrincipalKind::UserOrApplication),
            (None, Some(id)) if self.group => Lookup::BySid(id, PrincipalKind::Group),
            (None, Some(id)) => Lookup::ByObjectId(id),
            (None, None) => Lookup::ByName,
        };
        Ok(Identity { name, lookup })
    }
}

pub(super) fn run(
    options: &GrantOptions,
    doctor: &Doctor,
    functions: &Catalogue,
    screen: &Screen,
) -> ExitCode {
    let identity = match options.identity() {
        Ok(identity) => identity,
        Err(sentence) => return usage(&sentence),
    };
    let script = |setting: &str| GrantScript::new(identity.clone(), Grants::of_functions(functions, setting));
    if options.apply {
        return take_steps(screen, async |on_step| doctor.apply(&script, on_step).await);
    }
    let settings: Vec<_> = doctor.settings().collect();
    for setting in &settings {
        if settings.len() > 1 {
            print(&format!("-- For the database of {setting}:"));
        }
        print(&script(setting).script());
    }
    ExitCode::SUCCESS
}
