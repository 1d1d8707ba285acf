//! How to log in: what `Authentication` says, and what the environment adds to it.

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;

use super::{ConnectionStringError, ConnectionStringWarning, UnknownPart, keywords};
use crate::identity::{ClientCertificate, IdentityEnvironment, Method};

/// How the worker proves who it is. Its `Debug` shows the kind alone.
#[derive(Clone)]
pub enum Authentication {
    /// With an Entra token.
    Entra(Method),
    /// A SQL login: `User Id` and `Password`.
    SqlPassword {
        /// The login's name.
        user: String,
        /// Its password.
        password: SecretString,
    },
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entra(_) => f.write_str("Entra"),
            Self::SqlPassword { .. } => f.write_str("SqlPassword"),
        }
    }
}

/// What a connection string says about logging in.
#[derive(Default)]
pub(super) struct Credentials {
    pub(super) method: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) has_certificate_password: bool,
}

/// The values of `Authentication` that the worker has, by the name that its sentences use.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Default,
    ManagedIdentity,
    ServicePrincipal,
    ServicePrincipalCertificate,
    WorkloadIdentity,
    Environment,
    AzCli,
    AzureDeveloperCli,
    AzurePipelines,
    Interactive,
    DeviceCode,
    SqlPassword,
}

impl Named {
    /// Reads a value in the spelling of any driver; None when it says nothing.
    fn parse(text: &str) -> Result<Option<Self>, ConnectionStringError> {
        let unsupported = |method, instead| Err(ConnectionStringError::Unsupported { method, instead });
        Ok(Some(match keywords::folded(text).as_str() {
            "" | "notspecified" => return Ok(None),
            "activedirectorydefault" => Self::Default,
            "activedirectorymsi" | "activedirectorymanagedidentity" => Self::ManagedIdentity,
            "activedirectoryserviceprincipal" | "activedirectoryapplication" => Self::ServicePrincipal,
            "activedirectoryserviceprincipalcertificate" => Self::ServicePrincipalCertificate,
            "activedirectoryworkloadidentity" => Self::WorkloadIdentity,
            "activedirectoryenvironment" => Self::Environment,
            "activedirectoryazcli" | "activedirectoryazurecli" => Self::AzCli,
            "activedirectoryazuredevelopercli" => Self::AzureDeveloperCli,
            "activedirectoryazurepipelines" => Self::AzurePipelines,
            "activedirectoryinteractive" => Self::Interactive,
            "activedirectorydevicecode" | "activedirectorydevicecodeflow" => Self::DeviceCode,
            "sqlpassword" => Self::SqlPassword,
            "activedirectoryintegrated" => {
                return unsupported(
                    "ActiveDirectoryIntegrated",
                    "it needs a Windows machine that is joined to a domain; write ActiveDirectoryDefault at a desk \
                     (with `az login`), ActiveDirectoryMSI in Azure",
                );
            }
            "activedirectorypassword" => {
                return unsupported(
                    "ActiveDirectoryPassword",
                    "Entra has retired signing in with a person's password, which can't meet multi-factor \
                     authentication; write ActiveDirectoryDefault or ActiveDirectoryInteractive at a desk, \
                     ActiveDirectoryMSI in Azure, and remove the password",
                );
            }
            "activedirectoryserviceprincipalaccesstoken" => {
                return unsupported(
                    "ActiveDirectoryServicePrincipalAccessToken",
                    "a token in a connection string ends within hours; set AZSQL_ACCESS_TOKEN_FILE",
                );
            }
            "activedirectoryclientassertion" => {
                return unsupported(
                    "ActiveDirectoryClientAssertion",
                    "write ActiveDirectoryWorkloadIdentity, and the assertion into AZURE_FEDERATED_TOKEN_FILE",
                );
            }
            "activedirectoryonbehalfof" => {
                return unsupported(
                    "ActiveDirectoryOnBehalfOf",
                    "a pool has one identity for all callers; use `sessionContext` for row-level security",
                );
            }
            _ => return Err(ConnectionStringError::UnknownAuthentication),
        }))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Default => "ActiveDirectoryDefault",
            Self::ManagedIdentity => "ActiveDirectoryMSI",
            Self::ServicePrincipal => "ActiveDirectoryServicePrincipal",
            Self::ServicePrincipalCertificate => "ActiveDirectoryServicePrincipalCertificate",
            Self::WorkloadIdentity => "ActiveDirectoryWorkloadIdentity",
            Self::Environment => "ActiveDirectoryEnvironment",
            Self::AzCli => "ActiveDirectoryAzCli",
            Self::AzureDeveloperCli => "ActiveDirectoryAzureDeveloperCli",
            Self::AzurePipelines => "ActiveDirectoryAzurePipelines",
            Self::Interactive => "ActiveDirectoryInteractive",
            Self::DeviceCode => "ActiveDirectoryDeviceCode",
            Self::SqlPassword => "SqlPassword",
        }
    }
}

/// What the string says, together with the environment.
///
/// `AZSQL_ACCESS_TOKEN_FILE` goes before every `Authentication` with Entra, and stands in for a missing one. A SQL login in
/// the string goes before it.
pub(super) fn resolve(
    credentials: Credentials,
    environment: &IdentityEnvironment,
    unknown: Option<UnknownPart>,
    warnings: &mut Vec<ConnectionStringWarning>,
) -> Result<Authentication, ConnectionStringError> {
    let named = match &credentials.method {
        Some(text) => Named::parse(text)?,
        None => None,
    };
    let is_login = matches!(named, None | Some(Named::SqlPassword));
    if is_login && (credentials.certificate.is_some() || credentials.key.is_some()) {
        return Err(ConnectionStringError::CertificateNotUsed);
    }
    let token_file = environment.access_token_file.clone();
    let Some(named) = named.filter(|_| !is_login) else {
        return match (credentials.user, credentials.password, token_file) {
            (None, None, Some(file)) if named.is_none() => Ok(Authentication::Entra(Method::TokenFile(file))),
            (Some(user), Some(password), token_file) => {
                warnings.extend(token_file.map(|_| ConnectionStringWarning::TokenFileNotUsed));
                Ok(Authentication::SqlPassword { user, password })
            }
            _ => Err(ConnectionStringError::NoAuthentication { unknown }),
        };
    };
    // What contradicts itself is told, token file or not.
    let method = method(named, credentials, environment, warnings)?;
    Ok(Authentication::Entra(match token_file {
        Some(file) => {
            warnings.push(ConnectionStringWarning::TokenFileInstead { method: named.name() });
            Method::TokenFile(file)
        }
        None => method,
    }))
}

fn method(
    named: Named,
    credentials: Credentials,
    environment: &IdentityEnvironment,
    warnings: &mut Vec<ConnectionStringWarning>,
) -> Result<Method, ConnectionStringError> {
    let Credentials { user, password, certificate, key, has_certificate_password, .. } = credentials;
    let has_certificate = certificate.is_some() || key.is_some() || has_certificate_password;
    let is_principal = matches!(named, Named::ServicePrincipal | Named::ServicePrincipalCertificate);
    if has_certificate && !is_principal {
        return Err(ConnectionStringError::CertificateNotUsed);
    }
    if password.is_some() && !is_principal {
        return Err(ConnectionStringError::PasswordWithIdentity { method: named.name() });
    }
    let mut user_not_used = |instead| {
        if user.is_some() {
            warnings.push(ConnectionStringWarning::UserNotUsed { method: named.name(), instead });
        }
    };
    Ok(match named {
        Named::Interactive => Method::Interactive { login_hint: user },
        Named::DeviceCode => {
            user_not_used("whoever enters the code signs in");
            Method::DeviceCode
        }
        Named::AzCli => {
            user_not_used("the account of `az login` is used");
            Method::AzureCli
        }
        Named::AzureDeveloperCli => {
            user_not_used("the account of `azd auth login` is used");
            Method::AzureDeveloperCli
        }
        Named::AzurePipelines => {
            user_not_used("AZURESUBSCRIPTION_CLIENT_ID and AZURESUBSCRIPTION_TENANT_ID count");
            Method::AzurePipelines
        }
        // SQL logins were dealt with before.
        Named::Environment | Named::SqlPassword => {
            user_not_used("AZURE_CLIENT_ID counts");
            Method::Environment
        }
        Named::Default | Named::ManagedIdentity | Named::WorkloadIdentity => {
            let (client_id, tenant_id) = client_and_tenant(user);
            if tenant_id.is_some() {
                warnings.push(ConnectionStringWarning::TenantNotUsed { method: named.name() });
            }
            match named {
                Named::ManagedIdentity => Method::ManagedIdentity { client_id },
                Named::WorkloadIdentity => Method::WorkloadIdentity { client_id },
                _ => Method::Default { client_id },
            }
        }
        Named::ServicePrincipal | Named::ServicePrincipalCertificate => {
            let (client_id, tenant_id) = client_and_tenant(user);
            let by_certificate = named == Named::ServicePrincipalCertificate || has_certificate;
            if by_certificate {
                // Beside a certificate every driver takes the password for that of the key.
                if has_certificate_password || password.is_some() {
                    return Err(ConnectionStringError::CertificatePassword);
                }
                let certificate = certificate.map(|certificate| ClientCertificate { certificate, key });
                if certificate.is_none() && environment.client_certificate_path.is_none() {
                    return Err(ConnectionStringError::NoSecret);
                }
                Method::ClientCertificate { client_id, tenant_id, certificate }
            } else if password.is_some() || environment.client_secret.is_some() {
                Method::ClientSecret { client_id, tenant_id, secret: password }
            } else if environment.client_certificate_path.is_some() {
                Method::ClientCertificate { client_id, tenant_id, certificate: None }
            } else {
                return Err(ConnectionStringError::NoSecret);
            }
        }
    })
}

/// `clientId@tenantId`, as go-mssqldb and the ODBC driver take it.
fn client_and_tenant(user: Option<String>) -> (Option<String>, Option<String>) {
    let Some(user) = user else { return (None, None) };
    match user.split_once('@') {
        Some((client, tenant)) if !client.is_empty() && !tenant.is_empty() => {
            (Some(client.to_owned()), Some(tenant.to_owned()))
        }
        _ => (Some(user), None),
    }
}
