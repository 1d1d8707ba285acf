//! What the process was given to sign in with: the variables of Azure's SDKs and platforms, read once.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;

/// See the module. The names are those of Azure's SDKs.
#[derive(Clone, Debug, Default)]
pub struct IdentityEnvironment {
    /// `AZURE_CLIENT_ID`
    pub client_id: Option<String>,
    /// `AZURE_TENANT_ID`
    pub tenant_id: Option<String>,
    /// `AZURE_CLIENT_SECRET`
    pub client_secret: Option<SecretString>,
    /// `AZURE_CLIENT_CERTIFICATE_PATH`
    pub client_certificate_path: Option<PathBuf>,
    /// `AZURE_FEDERATED_TOKEN_FILE`
    pub federated_token_file: Option<PathBuf>,
    /// `AZURE_AUTHORITY_HOST`; None is that of the server's cloud.
    pub authority_host: Option<String>,
    /// `AZURE_TOKEN_CREDENTIALS`: which sources `ActiveDirectoryDefault` has.
    pub token_credentials: Option<String>,
    /// Whether `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` are set, as App Service and Functions do.
    pub has_identity_endpoint: bool,
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST`: another address of IMDS.
    pub imds_host: Option<String>,
    /// `AZSQL_ACCESS_TOKEN_FILE`
    pub access_token_file: Option<PathBuf>,
    /// What Azure Pipelines sets.
    pub pipeline: PipelineSettings,
    /// `BROWSER`: the program that opens a page for the person; None is the system's way.
    pub browser: Option<String>,
    /// Why no person can sign in here; None where one can.
    pub no_person: Option<&'static str>,
    /// The PEM text of `AZSQL_TRUST_CA`: authorities to trust beside the system's.
    pub trusted_authorities: Option<Arc<[u8]>>,
}

/// The variables of an Azure Pipelines task.
#[derive(Clone, Debug, Default)]
pub struct PipelineSettings {
    /// `AZURESUBSCRIPTION_CLIENT_ID`
    pub client_id: Option<String>,
    /// `AZURESUBSCRIPTION_TENANT_ID`
    pub tenant_id: Option<String>,
    /// `AZURESUBSCRIPTION_SERVICE_CONNECTION_ID`
    pub service_connection_id: Option<String>,
    /// `SYSTEM_ACCESSTOKEN`
    pub access_token: Option<SecretString>,
    /// `SYSTEM_OIDCREQUESTURI`
    pub request_uri: Option<String>,
}

impl IdentityEnvironment {
    /// Reads the variables. `trusted_authorities` is the text of the file that `AZSQL_TRUST_CA` names.
    #[must_use]
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>, trusted_authorities: Option<Arc<[u8]>>) -> Self {
        let text =
            |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let path = |name: &str| text(name).map(PathBuf::from);
        let secret = |name: &str| text(name).map(SecretString::from);
        Self {
            client_id: text("AZURE_CLIENT_ID"),
            tenant_id: text("AZURE_TENANT_ID"),
            client_secret: secret("AZURE_CLIENT_SECRET"),
            client_certificate_path: path("AZURE_CLIENT_CERTIFICATE_PATH"),
            federated_token_file: path("AZURE_FEDERATED_TOKEN_FILE"),
            authority_host: text("AZURE_AUTHORITY_HOST"),
            token_credentials: text("AZURE_TOKEN_CREDENTIALS"),
            has_identity_endpoint: text("IDENTITY_ENDPOINT").is_some() && text("IDENTITY_HEADER").is_some(),
            imds_host: text("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
            access_token_file: path("AZSQL_ACCESS_TOKEN_FILE"),
            pipeline: PipelineSettings {
                client_id: text("AZURESUBSCRIPTION_CLIENT_ID"),
                tenant_id: text("AZURESUBSCRIPTION_TENANT_ID"),
                service_connection_id: text("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"),
                access_token: secret("SYSTEM_ACCESSTOKEN"),
                request_uri: text("SYSTEM_OIDCREQUESTURI"),
            },
            browser: text("BROWSER").and_then(|list| first_program(&list)),
            no_person: no_person(&text),
            trusted_authorities,
        }
    }
}

/// `BROWSER` is a list of programs in some systems; the first is the preferred one. Its separator is that of PATH, which is
/// not the colon where drives have one.
fn first_program(list: &str) -> Option<String> {
    let first = std::env::split_paths(list).next()?;
    first.to_str().filter(|program| !program.is_empty()).map(ToOwned::to_owned)
}

/// Why nobody sits here to sign in. `WEBSITE_INSTANCE_ID` is set on App Service and Functions only,
/// `KUBERNETES_SERVICE_HOST` in every pod, `TF_BUILD` and `CI` in pipelines. A Functions host elsewhere is a desk's if it is
/// Core Tools', which sets `AZURE_FUNCTIONS_ENVIRONMENT` (`StartHostAction.cs`), as `azsql-worker dev` does.
fn no_person(text: &dyn Fn(&str) -> Option<String>) -> Option<&'static str> {
    let set = |name: &str| text(name).is_some();
    if set("WEBSITE_INSTANCE_ID") || set("CONTAINER_APP_NAME") {
        Some("this is Azure, where no person sits: use ActiveDirectoryMSI")
    } else if set("KUBERNETES_SERVICE_HOST") {
        Some("this is a pod, where no person sits: use ActiveDirectoryWorkloadIdentity")
    } else if set("TF_BUILD") || set("CI") || set("GITHUB_ACTIONS") {
        Some(
            "this is a pipeline, where no person sits: use ActiveDirectoryAzurePipelines or ActiveDirectoryServicePrincipal",
        )
    } else if set("FUNCTIONS_CUSTOMHANDLER_PORT")
        && !text("AZURE_FUNCTIONS_ENVIRONMENT").is_some_and(|name| name.eq_ignore_ascii_case("Development"))
    {
        Some(
            "this Functions host is none of a desk's, where no person sits: use ActiveDirectoryMSI or \
             ActiveDirectoryDefault (at a desk set AZURE_FUNCTIONS_ENVIRONMENT=Development, as Core Tools does)",
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_browsers_the_first_is_taken() {
        let list = if cfg!(windows) { "C:\\one.exe;two" } else { "/usr/bin/one:two" };
        let first = if cfg!(windows) { "C:\\one.exe" } else { "/usr/bin/one" };
        let browser = |text: &str| {
            let text = text.to_owned();
            IdentityEnvironment::read(&move |name| (name == "BROWSER").then(|| text.clone()), None).browser
        };
        assert_eq!(browser(list).as_deref(), Some(first));
        assert_eq!(browser("  "), None);
    }
}
