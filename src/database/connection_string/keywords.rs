//! Every keyword in every spelling, which driver knows it, and what it becomes here.
//!
//! Sources: Microsoft.Data.SqlClient's `SqlConnection.ConnectionString`, the ODBC driver's "DSN and connection string
//! keywords", mssql-jdbc's "Setting the connection properties", mssql-python's `constants.py`, go-mssqldb's README.

use crate::invocation::nearest;

/// What a keyword says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Server,
    Port,
    Instance,
    Database,
    /// A login's name, or the client id of an identity, whatever each driver calls it.
    User,
    Password,
    Authentication,
    ClientCertificate,
    ClientKey,
    CertificatePassword,
    Encrypt,
    TrustServerCertificate,
    HostNameInCertificate,
    ServerCertificate,
    ApplicationName,
    ConnectTimeout,
    ApplicationIntent,
    IntegratedSecurity,
    ColumnEncryption,
    AttachedFile,
    AccessToken,
    DataSourceName,
    /// Asks for what the worker does anyway, or can't matter to it.
    Ignored,
    /// Asks for something that the worker does otherwise: the text says how.
    Elsewhere(&'static str),
}

/// Which drivers know a spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drivers(u8);

/// SqlClient and go-mssqldb.
const A: Drivers = Drivers(1);
/// The ODBC driver, and mssql-python.
const O: Drivers = Drivers(2);
/// mssql-jdbc.
const J: Drivers = Drivers(4);
const AO: Drivers = Drivers(3);
const AJ: Drivers = Drivers(5);
const OJ: Drivers = Drivers(6);
const ALL: Drivers = Drivers(7);

impl Drivers {
    pub(super) fn have_sql_client(self) -> bool {
        self.0 & A.0 != 0
    }

    pub(super) fn have_odbc(self) -> bool {
        self.0 & O.0 != 0
    }
}

/// A keyword as a driver spells it. Blanks, `_` and case don't count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    pub(super) text: &'static str,
    pub(super) keyword: Keyword,
    pub(super) drivers: Drivers,
}

const fn spelling(text: &'static str, keyword: Keyword, drivers: Drivers) -> Spelling {
    Spelling { text, keyword, drivers }
}

const TIMEOUT: &str = "set `timeout` in the section `sql` of function.json";
const POOL: &str = "set AZSQL_POOL_MAX_SIZE";
const PACKETS: &str = "packets are always as large as TLS carries them";
const PARTNER: &str = "for a failover group write the group's listener as the server";
const LANGUAGE: &str = "write SET LANGUAGE in the command, or set the login's default";
const LOCKS: &str = "write SET LOCK_TIMEOUT in the command";
const TRUST: &str = "set AZSQL_TRUST_CA to a PEM file";
const PIPELINE: &str =
    "Azure Pipelines' own variables count: AZURESUBSCRIPTION_SERVICE_CONNECTION_ID, SYSTEM_ACCESSTOKEN";
const SET_OPTIONS: &str = "write the SET options in the command";
const OWN_APPLICATION: &str = "people sign in to the application of Azure's own tools";

/// See the module. The first spelling of each keyword is the one that sentences use.
const SPELLINGS: &[Spelling] = &{
    use Keyword::*;
    [
        spelling("Server", Server, ALL),
        spelling("Data Source", Server, A),
        spelling("Address", Server, AO),
        spelling("Addr", Server, AO),
        spelling("Network Address", Server, A),
        spelling("serverName", Server, J),
        spelling("portNumber", Port, J),
        spelling("Port", Port, AJ),
        spelling("instanceName", Instance, J),
        spelling("Database", Database, ALL),
        spelling("Initial Catalog", Database, A),
        spelling("databaseName", Database, J),
        spelling("User Id", User, A),
        spelling("UID", User, AO),
        spelling("User", User, AJ),
        spelling("userName", User, J),
        spelling("msiClientId", User, J),
        spelling("AADSecurePrincipalId", User, J),
        spelling("Password", Password, AJ),
        spelling("PWD", Password, AO),
        spelling("AADSecurePrincipalSecret", Password, J),
        spelling("Authentication", Authentication, ALL),
        spelling("fedauth", Authentication, A),
        spelling("clientCertificate", ClientCertificate, OJ),
        spelling("clientcertpath", ClientCertificate, A),
        spelling("clientKey", ClientKey, OJ),
        spelling("clientKeyPassword", CertificatePassword, J),
        spelling("Encrypt", Encrypt, ALL),
        spelling("TrustServerCertificate", TrustServerCertificate, ALL),
        spelling("HostNameInCertificate", HostNameInCertificate, ALL),
        spelling("Server Certificate", ServerCertificate, ALL),
        spelling("Application Name", ApplicationName, AJ),
        spelling("App", ApplicationName, AO),
        spelling("App Name", ApplicationName, A),
        spelling("Connect Timeout", ConnectTimeout, A),
        spelling("Connection Timeout", ConnectTimeout, A),
        spelling("Timeout", ConnectTimeout, A),
        spelling("loginTimeout", ConnectTimeout, OJ),
        spelling("dial timeout", ConnectTimeout, A),
        spelling("ApplicationIntent", ApplicationIntent, ALL),
        spelling("Integrated Security", IntegratedSecurity, AJ),
        spelling("Trusted_Connection", IntegratedSecurity, AO),
        spelling("Column Encryption Setting", ColumnEncryption, AJ),
        spelling("ColumnEncryption", ColumnEncryption, O),
        spelling("AttachDbFilename", AttachedFile, AO),
        spelling("Initial File Name", AttachedFile, A),
        spelling("Extended Properties", AttachedFile, A),
        spelling("accessToken", AccessToken, J),
        spelling("DSN", DataSourceName, O),
        spelling("FileDSN", DataSourceName, O),
        spelling("Driver", Ignored, O),
        // Otherwise than asked.
        spelling("Command Timeout", Elsewhere(TIMEOUT), A),
        spelling("queryTimeout", Elsewhere(TIMEOUT), J),
        spelling("socketTimeout", Elsewhere(TIMEOUT), J),
        spelling("cancelQueryTimeout", Elsewhere(TIMEOUT), J),
        spelling("Max Pool Size", Elsewhere(POOL), A),
        spelling("Min Pool Size", Elsewhere("connections are opened when they are needed"), A),
        spelling("Packet Size", Elsewhere(PACKETS), ALL),
        spelling("Failover Partner", Elsewhere(PARTNER), ALL),
        spelling("Language", Elsewhere(LANGUAGE), AO),
        spelling("Current Language", Elsewhere(LANGUAGE), A),
        spelling("lockTimeout", Elsewhere(LOCKS), J),
        spelling("trustStore", Elsewhere(TRUST), J),
        spelling("certificate", Elsewhere(TRUST), A),
        spelling("serviceconnectionid", Elsewhere(PIPELINE), A),
        spelling("systemtoken", Elsewhere(PIPELINE), A),
        spelling("applicationclientid", Elsewhere(OWN_APPLICATION), A),
        spelling("resource id", Elsewhere("write the identity's client id under `User Id`"), A),
        spelling("AnsiNPW", Elsewhere(SET_OPTIONS), O),
        spelling("QuotedId", Elsewhere(SET_OPTIONS), O),
        // Nothing to do.
        spelling("Asynchronous Processing", Ignored, A),
        spelling("Async", Ignored, A),
        spelling("Attestation Protocol", Ignored, A),
        spelling("Connect Retry Count", Ignored, ALL),
        spelling("Connect Retry Interval", Ignored, ALL),
        spelling("Connection Lifetime", Ignored, A),
        spelling("Connection Reset", Ignored, A),
        spelling("Context Connection", Ignored, A),
        spelling("Enclave Attestation Url", Ignored, AJ),
        spelling("Enlist", Ignored, A),
        spelling("Failover Partner SPN", Ignored, AO),
        spelling("IP Address Preference", Ignored, ALL),
        spelling("Load Balance Timeout", Ignored, A),
        spelling("log", Ignored, A),
        spelling("MultipleActiveResultSets", Ignored, A),
        spelling("MultiSubnetFailover", Ignored, ALL),
        spelling("Network Library", Ignored, A),
        spelling("Network", Ignored, AO),
        spelling("Net", Ignored, AO),
        spelling("Persist Security Info", Ignored, A),
        spelling("Pool Blocking Period", Ignored, A),
        spelling("Pooling", Ignored, A),
        spelling("protocol", Ignored, A),
        spelling("Replication", Ignored, AJ),
        spelling("Server SPN", Ignored, ALL),
        spelling("Transaction Binding", Ignored, A),
        spelling("Transparent Network IP Resolution", Ignored, ALL),
        spelling("Type System Version", Ignored, A),
        spelling("User Instance", Ignored, A),
        spelling("Workstation ID", Ignored, AJ),
        spelling("WSID", Ignored, AO),
        spelling("AutoTranslate", Ignored, O),
        spelling("Description", Ignored, O),
        spelling("KeepAlive", Ignored, AO),
        spelling("KeepAliveInterval", Ignored, O),
        spelling("LongAsMax", Ignored, O),
        spelling("MARS_Connection", Ignored, O),
        spelling("QueryLog_On", Ignored, O),
        spelling("QueryLogFile", Ignored, O),
        spelling("QueryLogTime", Ignored, O),
        spelling("Regional", Ignored, O),
        spelling("SaveFile", Ignored, O),
        spelling("StatsLog_On", Ignored, O),
        spelling("StatsLogFile", Ignored, O),
        spelling("UseFMTONLY", Ignored, O),
        spelling("authenticationScheme", Ignored, J),
        spelling("cacheBulkCopyMetadata", Ignored, J),
        spelling("calcBigDecimalPrecision", Ignored, J),
        spelling("datetimeParameterType", Ignored, J),
        spelling("delayLoadingLobs", Ignored, J),
        spelling("disableStatementPooling", Ignored, J),
        spelling("enablePrepareOnFirstPreparedStatementCall", Ignored, J),
        spelling("fips", Ignored, J),
        spelling("gsscredential", Ignored, J),
        spelling("jaasConfigurationName", Ignored, J),
        spelling("lastUpdateCount", Ignored, J),
        spelling("maxResultBuffer", Ignored, J),
        spelling("prepareMethod", Ignored, J),
        spelling("responseBuffering", Ignored, J),
        spelling("selectMethod", Ignored, J),
        spelling("sendStringParametersAsUnicode", Ignored, J),
        spelling("sendTemporalDataTypesAsStringForBulkCopy", Ignored, J),
        spelling("sendTimeAsDatetime", Ignored, J),
        spelling("serverPreparedStatementDiscardThreshold", Ignored, J),
        spelling("sslProtocol", Ignored, J),
        spelling("statementPoolingCacheSize", Ignored, J),
        spelling("trustManagerClass", Ignored, J),
        spelling("trustStorePassword", Ignored, J),
        spelling("trustStoreType", Ignored, J),
        spelling("useBulkCopyForBatchInsert", Ignored, J),
        spelling("useDefaultGSSCredential", Ignored, J),
        spelling("useFmtOnly", Ignored, J),
        spelling("vectorTypeSupport", Ignored, J),
        spelling("xopenStates", Ignored, J),
    ]
};

/// Blanks, `_` and case taken out.
pub(super) fn folded(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '_').flat_map(char::to_lowercase).collect()
}

/// The keyword that this text spells.
pub(super) fn find(text: &str) -> Option<Spelling> {
    let wanted = folded(text);
    SPELLINGS.iter().find(|spelling| folded(spelling.text) == wanted).copied()
}

/// The spelling that was perhaps meant.
pub(super) fn nearest_to(text: &str) -> Option<&'static str> {
    // What is left of an unquoted password can be as long as it likes, the keywords are not.
    if text.chars().count() > 64 {
        return None;
    }
    nearest(text, SPELLINGS.iter().map(|spelling| spelling.text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_spelling_means_two_things() {
        let mut seen = BTreeMap::new();
        for spelling in SPELLINGS {
            if let Some(other) = seen.insert(folded(spelling.text), spelling) {
                assert_eq!(other.keyword, spelling.keyword, "{} and {}", other.text, spelling.text);
                assert_ne!(other.drivers, spelling.drivers, "{} stands there twice", spelling.text);
            }
        }
    }

    #[test]
    fn a_keyword_is_found_whatever_its_case_and_blanks() {
        for (text, keyword) in [
            ("Data Source", Keyword::Server),
            ("datasource", Keyword::Server),
            (" INITIAL  CATALOG ", Keyword::Database),
            ("Trusted_Connection", Keyword::IntegratedSecurity),
            ("trust_server_certificate", Keyword::TrustServerCertificate),
            ("Application Intent", Keyword::ApplicationIntent),
        ] {
            assert_eq!(find(text).map(|found| found.keyword), Some(keyword), "{text}");
        }
        assert_eq!(find("Databse"), None);
        assert_eq!(nearest_to("Databse"), Some("Database"));
        assert_eq!(nearest_to("pasword"), Some("Password"));
    }
}
