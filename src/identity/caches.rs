//! One cache for each method and scope, so that connection strings that sign in alike share a token.

use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use super::{Clock, Cloud, IdentityEnvironment, Method, TokenCache, TokenFetcher, fetcher_of};

/// The token caches of a process: one environment, one clock.
#[derive(Debug)]
pub struct TokenCaches {
    source: Source,
    clock: Arc<dyn Clock>,
    entries: Mutex<Vec<Entry>>,
}

#[derive(Debug)]
enum Source {
    /// What each method makes of it.
    Environment(Box<IdentityEnvironment>),
    /// One way for all methods.
    Fetcher(Arc<dyn TokenFetcher>),
}

#[derive(Debug)]
struct Entry {
    method: Method,
    cloud: Cloud,
    scope: String,
    cache: Arc<TokenCache>,
}

impl TokenCaches {
    /// No cache yet.
    #[must_use]
    pub fn new(environment: IdentityEnvironment, clock: Arc<dyn Clock>) -> Self {
        Self { source: Source::Environment(Box::new(environment)), clock, entries: Mutex::default() }
    }

    /// The same with one way for all methods, whatever a connection string names: for a program that signs in itself.
    #[must_use]
    pub fn of_fetcher(fetcher: Arc<dyn TokenFetcher>, clock: Arc<dyn Clock>) -> Self {
        Self { source: Source::Fetcher(fetcher), clock, entries: Mutex::default() }
    }

    /// The cache for a method and a scope; made at the first call.
    #[must_use]
    pub fn cache(&self, method: &Method, cloud: Cloud, scope: &str) -> Arc<TokenCache> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let found = entries
            .iter()
            .find(|entry| entry.cloud == cloud && entry.scope == scope && is_same(&entry.method, method));
        if let Some(entry) = found {
            return Arc::clone(&entry.cache);
        }
        let fetcher = match &self.source {
            Source::Environment(environment) => fetcher_of(method, environment, cloud),
            Source::Fetcher(fetcher) => Arc::clone(fetcher),
        };
        let cache = TokenCache::new(fetcher, scope, Arc::clone(&self.clock));
        let entry =
            Entry { method: method.clone(), cloud, scope: scope.to_owned(), cache: Arc::clone(&cache) };
        entries.push(entry);
        cache
    }

    /// The clock that tokens are judged by.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}

/// Whether two methods sign in alike. Client ids are GUIDs, whose case doesn't count; a tenant's name neither.
fn is_same(one: &Method, other: &Method) -> bool {
    // By the first alone, so that a new variant is not forgotten.
    match one {
        Method::Default { client_id } => {
            matches!(other, Method::Default { client_id: id } if same_text(client_id, id))
        }
        Method::ManagedIdentity { client_id } => {
            matches!(other, Method::ManagedIdentity { client_id: id } if same_text(client_id, id))
        }
        Method::ClientSecret { client_id, tenant_id, secret } => {
            matches!(other, Method::ClientSecret { client_id: id, tenant_id: tenant, secret: other }
                if same_text(client_id, id) && same_text(tenant_id, tenant) && same_secret(secret, other))
        }
        Method::ClientCertificate { client_id, tenant_id, certificate } => {
            matches!(other, Method::ClientCertificate { client_id: id, tenant_id: tenant, certificate: other }
                if same_text(client_id, id)
                    && same_text(tenant_id, tenant)
                    && certificate.as_ref().map(|one| (&one.certificate, &one.key))
                        == other.as_ref().map(|one| (&one.certificate, &one.key)))
        }
        Method::Environment => matches!(other, Method::Environment),
        Method::WorkloadIdentity { client_id } => {
            matches!(other, Method::WorkloadIdentity { client_id: id } if same_text(client_id, id))
        }
        Method::AzureCli => matches!(other, Method::AzureCli),
        Method::AzureDeveloperCli => matches!(other, Method::AzureDeveloperCli),
        Method::AzurePipelines => matches!(other, Method::AzurePipelines),
        Method::TokenFile(path) => matches!(other, Method::TokenFile(file) if path == file),
        Method::Interactive { login_hint } => {
            matches!(other, Method::Interactive { login_hint: hint } if same_text(login_hint, hint))
        }
        Method::DeviceCode => matches!(other, Method::DeviceCode),
    }
}

fn same_text(one: &Option<String>, other: &Option<String>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, None) => true,
        _ => false,
    }
}

fn same_secret(one: &Option<SecretString>, other: &Option<SecretString>) -> bool {
    one.as_ref().map(ExposeSecret::expose_secret) == other.as_ref().map(ExposeSecret::expose_secret)
}

#[cfg(test)]
mod tests {
    use super::super::SystemClock;
    use super::*;

    fn secret(client_id: &str, secret: &str) -> Method {
        Method::ClientSecret {
            client_id: Some(client_id.to_owned()),
            tenant_id: None,
            secret: Some(SecretString::from(secret)),
        }
    }

    #[test]
    fn strings_that_sign_in_alike_share_a_cache_and_others_do_not() {
        let caches = TokenCaches::new(IdentityEnvironment::default(), Arc::new(SystemClock));
        let cache = |method: &Method, cloud: Cloud| caches.cache(method, cloud, cloud.sql_scope());
        let first = cache(&secret("a", "one"), Cloud::Public);
        assert!(Arc::ptr_eq(&first, &cache(&secret("A", "one"), Cloud::Public)));
        for (method, cloud) in [
            (secret("a", "two"), Cloud::Public),
            (secret("b", "one"), Cloud::Public),
            (secret("a", "one"), Cloud::China),
            (Method::Environment, Cloud::Public),
        ] {
            assert!(!Arc::ptr_eq(&first, &cache(&method, cloud)), "{method:?} {cloud:?}");
        }
        let scope = "https://ossrdbms-aad.database.windows.net/.default";
        assert!(!Arc::ptr_eq(&first, &caches.cache(&secret("a", "one"), Cloud::Public, scope)));
    }

    #[test]
    fn no_secret_is_shown() {
        let caches = TokenCaches::new(IdentityEnvironment::default(), Arc::new(SystemClock));
        let _ = caches.cache(&secret("a", "CANARY"), Cloud::Public, Cloud::Public.sql_scope());
        assert!(!format!("{caches:?}").contains("CANARY"));
    }
}
