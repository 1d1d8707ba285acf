//! Strings as the Azure portal and the drivers' own pages print them, placeholders filled in.

use super::{login, settings};

const SERVER: &str = "shop.database.windows.net";

/// One string: where it is from, the text, and how it logs in.
type Example = (&'static str, &'static str, &'static str);

const EXAMPLES: [Example; 24] = [
    // The portal's page "Connection strings" of a database.
    (
        "portal, ADO.NET, SQL authentication",
        "Server=tcp:shop.database.windows.net,1433;Initial Catalog=orders;Persist Security Info=False;User ID=ada;Password=s3cret!;MultipleActiveResultSets=False;Encrypt=True;TrustServerCertificate=False;Connection Timeout=30;",
        "sql(ada, s3cret!)",
    ),
    (
        "portal, ADO.NET, Entra passwordless",
        "Server=tcp:shop.database.windows.net,1433;Initial Catalog=orders;Encrypt=True;TrustServerCertificate=False;Connection Timeout=30;Authentication=\"Active Directory Default\";",
        "default()",
    ),
    (
        "portal, JDBC, SQL authentication",
        "jdbc:sqlserver://shop.database.windows.net:1433;database=orders;user=ada@shop;password=s3cret!;encrypt=true;trustServerCertificate=false;hostNameInCertificate=*.database.windows.net;loginTimeout=30;",
        "sql(ada@shop, s3cret!)",
    ),
    (
        "portal, JDBC, Entra passwordless",
        "jdbc:sqlserver://shop.database.windows.net:1433;database=orders;encrypt=true;trustServerCertificate=false;hostNameInCertificate=*.database.windows.net;loginTimeout=30;authentication=ActiveDirectoryDefault",
        "default()",
    ),
    (
        "portal, ODBC, SQL authentication",
        "Driver={ODBC Driver 18 for SQL Server};Server=tcp:shop.database.windows.net,1433;Database=orders;Uid=ada;Pwd={s3cret!;};Encrypt=yes;TrustServerCertificate=no;Connection Timeout=30;",
        "sql(ada, s3cret!;)",
    ),
    (
        "portal, Go",
        "server=shop.database.windows.net;user id=ada;password=s3cret!;port=1433;database=orders;fedauth=SqlPassword;",
        "sql(ada, s3cret!)",
    ),
    (
        "portal, Go, Entra",
        "server=shop.database.windows.net;port=1433;database=orders;fedauth=ActiveDirectoryDefault;",
        "default()",
    ),
    // Service Connector's sample values.
    (
        "Service Connector, .NET, system-assigned",
        "Data Source=shop.database.windows.net,1433;Initial Catalog=orders;Authentication=ActiveDirectoryManagedIdentity",
        "managed-identity()",
    ),
    (
        "Service Connector, .NET, user-assigned",
        "Data Source=shop.database.windows.net,1433;Initial Catalog=orders;User ID=11111111-1111-4111-8111-111111111111;Authentication=ActiveDirectoryManagedIdentity",
        "managed-identity(11111111-1111-4111-8111-111111111111)",
    ),
    (
        "Service Connector, Java, user-assigned",
        "jdbc:sqlserver://shop.database.windows.net:1433;databaseName=orders;msiClientId=11111111-1111-4111-8111-111111111111;authentication=ActiveDirectoryMSI;",
        "managed-identity(11111111-1111-4111-8111-111111111111)",
    ),
    (
        "Service Connector, Java, service principal",
        "jdbc:sqlserver://shop.database.windows.net:1433;databaseName=orders;user=app-id;password=app-secret;authentication=ActiveDirectoryServicePrincipal;",
        "secret(app-id, , app-secret)",
    ),
    // mssql-python.
    (
        "mssql-python",
        "Server=shop.database.windows.net;Database=orders;Authentication=ActiveDirectoryDefault;Encrypt=yes;",
        "default()",
    ),
    (
        "mssql-python, SQL authentication",
        "Server=shop.database.windows.net;Database=orders;UID=ada;PWD={my;complex=password};Encrypt=yes;",
        "sql(ada, my;complex=password)",
    ),
    (
        "mssql-python, a user-assigned identity",
        "Server=shop.database.windows.net;Database=orders;Authentication=ActiveDirectoryMSI;UID=app-id;Encrypt=yes",
        "managed-identity(app-id)",
    ),
    (
        "mssql-python, device code",
        "Server=shop.database.windows.net;Database=orders;Authentication=ActiveDirectoryDeviceCode;Encrypt=yes",
        "device-code",
    ),
    // pyodbc and the ODBC driver.
    (
        "pyodbc, managed identity",
        "Driver={ODBC Driver 17 for SQL Server};Server=shop.database.windows.net;Database=orders;Authentication=ActiveDirectoryMsi",
        "managed-identity()",
    ),
    (
        "pyodbc, interactive",
        "DRIVER={ODBC Driver 18 for SQL Server};SERVER=tcp:shop.database.windows.net,1433;PORT=1433;DATABASE=orders;UID=ada@example.com;Authentication=ActiveDirectoryInteractive;Encrypt=yes;TrustServerCertificate=no;MARS_Connection=yes",
        "interactive(ada@example.com)",
    ),
    (
        "ODBC, service principal with its tenant",
        "Driver={ODBC Driver 18 for SQL Server};Server=shop.database.windows.net;Database=orders;UID=app-id@tenant-id;PWD={app}}secret};Authentication=ActiveDirectoryServicePrincipal",
        "secret(app-id, tenant-id, app}secret)",
    ),
    // SqlClient.
    (
        "SqlClient, managed identity",
        "Server=shop.database.windows.net; Authentication=Active Directory Managed Identity; Encrypt=True; User Id=app-id; Database=orders",
        "managed-identity(app-id)",
    ),
    (
        "SqlClient, workload identity",
        "Server=shop.database.windows.net;Database=orders;Authentication='Active Directory Workload Identity';Application Intent=ReadWrite;Pooling=true;Multi Subnet Failover=True",
        "workload()",
    ),
    // mssql-jdbc.
    (
        "JDBC, certificate",
        "jdbc:sqlserver://shop.database.windows.net;databaseName=orders;authentication=ActiveDirectoryServicePrincipalCertificate;user=app-id;clientCertificate=/run/app.pem;clientKey=/run/app.key",
        "certificate(app-id, , /run/app.pem /run/app.key)",
    ),
    (
        "JDBC, the older names of a service principal",
        "jdbc:sqlserver://;serverName=shop.database.windows.net;portNumber=1433;databaseName=orders;authentication=ActiveDirectoryServicePrincipal;AADSecurePrincipalId=app-id;AADSecurePrincipalSecret={s;}",
        "secret(app-id, , s;)",
    ),
    // go-mssqldb.
    (
        "go-mssqldb, az",
        "server=shop.database.windows.net;database=orders;fedauth=ActiveDirectoryAzCli;encrypt=true",
        "az",
    ),
    (
        "go-mssqldb, certificate",
        "server=shop.database.windows.net;database=orders;fedauth=ActiveDirectoryServicePrincipal;user id=app-id@tenant-id;clientcertpath=/run/app.pem",
        "certificate(app-id, tenant-id, /run/app.pem)",
    ),
];

#[test]
fn strings_of_the_portal_and_the_drivers_mean_what_they_mean_there() {
    for (origin, text, expected) in EXAMPLES {
        let settings = settings(text);
        assert_eq!((settings.host.as_str(), settings.port), (SERVER, 1433), "{origin}");
        assert_eq!(settings.database.as_deref(), Some("orders"), "{origin}");
        assert_eq!(login(&settings), expected, "{origin}");
        assert!(!settings.trust_server_certificate && !settings.strict_encryption, "{origin}");
        assert_eq!(settings.host_name_in_certificate, None, "{origin}");
    }
}

#[test]
fn every_spelling_of_authentication_is_known_in_any_case_and_with_blanks() {
    for (spelling, expected) in [
        ("ActiveDirectoryDefault", "default()"),
        ("ACTIVE DIRECTORY DEFAULT", "default()"),
        ("ActiveDirectoryMSI", "managed-identity()"),
        ("Active Directory MSI", "managed-identity()"),
        ("ActiveDirectoryManagedIdentity", "managed-identity()"),
        ("ActiveDirectoryWorkloadIdentity", "workload()"),
        ("ActiveDirectoryEnvironment", "environment"),
        ("ActiveDirectoryAzCli", "az"),
        ("ActiveDirectoryAzureDeveloperCli", "azd"),
        ("ActiveDirectoryAzurePipelines", "pipelines"),
        ("ActiveDirectoryInteractive", "interactive()"),
        ("ActiveDirectoryDeviceCode", "device-code"),
        ("Active Directory Device Code Flow", "device-code"),
        ("ActiveDirectoryServicePrincipal;PWD=s", "secret(, , s)"),
        ("ActiveDirectoryApplication;PWD=s", "secret(, , s)"),
        ("SqlPassword;UID=u;PWD=p", "sql(u, p)"),
        ("Sql Password;UID=u;PWD=p", "sql(u, p)"),
        ("NotSpecified;UID=u;PWD=p", "sql(u, p)"),
    ] {
        assert_eq!(login(&settings(&format!("Server=h;Authentication={spelling}"))), expected, "{spelling}");
    }
}

#[test]
fn the_server_is_found_in_every_form() {
    for (server, expected) in [
        ("h", ("h", 1433)),
        ("tcp:h,1434", ("h", 1434)),
        ("TCP: h , 1434", ("h", 1434)),
        ("shop.database.windows.net.", (SERVER, 1433)),
        (".", ("localhost", 1433)),
        ("(local),14330", ("localhost", 14330)),
        ("tcp:127.0.0.1,14330", ("127.0.0.1", 14330)),
        ("::1", ("::1", 1433)),
        ("tcp:[::1],14330", ("::1", 14330)),
        ("fe80::1,14330", ("fe80::1", 14330)),
    ] {
        let settings = settings(&format!("Server={server};UID=u;PWD=p"));
        assert_eq!((settings.host.as_str(), settings.port), expected, "{server}");
    }
    for (url, expected) in [
        ("jdbc:sqlserver://h", ("h", 1433)),
        ("JDBC:SQLServer://h:1434", ("h", 1434)),
        ("jdbc:sqlserver://[::1]:1434", ("::1", 1434)),
        ("jdbc:sqlserver://h\\instance:1434;loginTimeout=0", ("h", 1434)),
        ("jdbc:sqlserver://h;instanceName=i;portNumber=1434", ("h", 1434)),
        ("jdbc:sqlserver://;serverName=::1;port=1434", ("::1", 1434)),
    ] {
        let settings = settings(&format!("{url};user=u;password=p"));
        assert_eq!((settings.host.as_str(), settings.port), expected, "{url}");
    }
}

#[test]
fn what_else_a_string_says_is_kept() {
    let settings = settings(
        "Server=h;UID=u;PWD=p;Encrypt=Strict;App=nightly;Connect Timeout=60;ApplicationIntent=ReadOnly;\
         HostNameInCertificate=sql.example.com",
    );
    assert!(settings.strict_encryption && settings.read_only);
    assert_eq!(settings.application_name, "nightly");
    assert_eq!(settings.connect_timeout.as_secs(), 60);
    assert_eq!(settings.host_name_in_certificate.as_deref(), Some("sql.example.com"));
    assert_eq!(settings.database, None);
}

#[test]
fn where_ado_net_and_odbc_differ_the_keywords_tell_which_is_meant() {
    for (text, expected) in [
        // Quotes are quotes in ADO.NET alone, braces in ODBC alone.
        ("Server=h;User Id=u;Password='a'", "sql(u, a)"),
        ("Server=h;User Id=u;Password={a}", "sql(u, {a})"),
        ("Driver={ODBC Driver 18 for SQL Server};Server=h;UID=u;PWD='a'", "sql(u, 'a')"),
        ("Driver={ODBC Driver 18 for SQL Server};Server=h;UID=u;PWD={a}", "sql(u, a)"),
        ("Driver={ODBC Driver 18 for SQL Server};Server=h;UID=u;PWD={a};Connection Timeout=30", "sql(u, a)"),
        // Only one of the two readings is a string that its driver takes.
        ("Server=h;UID=u;PWD={a;b=c}", "sql(u, a;b=c)"),
        ("Server=h;UID=u;PWD={a;b}", "sql(u, a;b)"),
        ("Server=h;UID=u;PWD='a;b'", "sql(u, a;b)"),
        ("Server=h;UID=u;PWD='a", "sql(u, 'a)"),
        ("Driver=d;Server=h;UID=u;PWD={a;b};Connection Timeout=30", "sql(u, a;b)"),
        ("Server=h;UID=u;PWD='a;b=c'", "sql(u, a;b=c)"),
        ("Server=h;UID=u;PWD==a", "sql(u, =a)"),
        ("Server=h;User Id=u;Password='x;Driver=y'", "sql(u, x;Driver=y)"),
        // The same in both.
        ("Server=h;UID=u;PWD=a'b{c}", "sql(u, a'b{c})"),
    ] {
        assert_eq!(login(&settings(text)), expected, "{text}");
    }
}
