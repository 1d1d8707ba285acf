//! Reads the query of a token request and finds the identity that it asks for.

use std::collections::BTreeMap;

use url::form_urlencoded;

use super::options::{IdentityOptions, ManagedIdentity};

/// The only API version that App Service still serves.
const APP_SERVICE_VERSION: &str = "2019-08-01";

/// The API version of tokens on virtual machines that every client names; later ones are served too.
const MACHINE_VERSION: &str = "2018-02-01";

/// Which endpoint is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    /// App Service's.
    AppService,
    /// The instance metadata service of a virtual machine.
    Machine,
}

impl Api {
    fn serves(self, version: &str) -> bool {
        match self {
            Self::AppService => version == APP_SERVICE_VERSION,
            // Versions are dates, which sort as text.
            Self::Machine => {
                version.len() == MACHINE_VERSION.len()
                    && version >= MACHINE_VERSION
                    && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
            }
        }
    }
}

/// Why a request gets a 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `api-version` is missing or unknown.
    ApiVersion,
    /// `resource` is missing or empty.
    Resource,
    /// More than one id was given.
    ManyIds,
    /// No identity has this id, or the app has no system-assigned identity.
    UnknownIdentity,
}

impl Refusal {
    /// The sentence in the reply.
    pub(super) fn message(&self) -> &'static str {
        match self {
            Self::ApiVersion => {
                "The API version is missing or is not supported: use api-version=2019-08-01 (on a virtual machine 2018-02-01)."
            }
            Self::Resource => "The parameter 'resource' is missing.",
            Self::ManyIds => "Give only one of client_id, principal_id, object_id and mi_res_id.",
            // App Service words it like this; the ODBC driver and azure_identity users search for the phrase.
            Self::UnknownIdentity => {
                "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
            }
        }
    }
}

/// A readable token request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenQuery {
    pub(super) resource: String,
    pub(super) identity: ManagedIdentity,
}

/// Reads the query string.
pub(super) fn parse(api: Api, query: &str, options: &IdentityOptions) -> Result<TokenQuery, Refusal> {
    let pairs: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned()))
        .collect();
    let given = |name: &str| pairs.get(name).filter(|value| !value.is_empty()).cloned();
    if !given("api-version").is_some_and(|version| api.serves(&version)) {
        return Err(Refusal::ApiVersion);
    }
    let resource = given("resource").ok_or(Refusal::Resource)?;
    let by_client = given("client_id");
    let by_object = given("principal_id").or_else(|| given("object_id"));
    // The two endpoints spell it differently; the machine's knows both.
    let by_resource = given("mi_res_id").or_else(|| given("msi_res_id").filter(|_| api == Api::Machine));
    let same = |wanted: &str, id: &str| wanted.eq_ignore_ascii_case(id);
    let everyone = || options.user_assigned.iter().chain(&options.system_assigned);
    let found = match (by_client, by_object, by_resource) {
        (None, None, None) => options.system_assigned.clone(),
        (Some(id), None, None) => everyone().find(|one| same(&one.client_id, &id)).cloned(),
        (None, Some(id), None) => everyone().find(|one| same(&one.object_id, &id)).cloned(),
        (None, None, Some(id)) => everyone().find(|one| same(&one.resource_id, &id)).cloned(),
        _ => return Err(Refusal::ManyIds),
    };
    found.map(|identity| TokenQuery { resource, identity }).ok_or(Refusal::UnknownIdentity)
}
