//! What is refused: the sentence says what to do and repeats no value.

use super::parse;
use crate::database::connection_string::ConnectionSettings;
use crate::identity::IdentityEnvironment;

#[test]
fn every_refusal_says_what_to_do_and_repeats_no_value() {
    let cases = [
        // Grammar.
        ("CANARY", "part 1"),
        ("Server=h;CANARY", "part 2"),
        ("Server=h;=CANARY", "part 2"),
        ("Server=h;User Id=u;Password='CANARY", "part 3 of the connection string begins with a quote"),
        ("Server=h;User Id=u;Password={a;CANARY}", "look at part 4"),
        ("Driver=d;Server=h;UID=u;PWD={CANARY", "part 4"),
        ("Driver=d;Server=h;UID=u;PWD={CANARY}CANARY", "text after the quoted value of part 4"),
        ("Server=h;User Id=u;Password='CANARY'CANARY;a", "part 3"),
        (
            "Server=h;UID=u;PWD={CANARY}",
            "part 3 of the connection string has a quote, brace or blank that ADO.NET and ODBC",
        ),
        ("Server=h;UID=u;PWD=CANARY\u{a0}", "quote, brace or blank"),
        ("Server=h;UID=u;PWD='CANARY'", "write `User Id` and `Password` rather than UID and PWD"),
        ("jdbc:sqlserver://h;user=u;password=CANARY{CANARY", "part 3 of the JDBC URL"),
        ("jdbc:mysql://CANARY", "jdbc:sqlserver://"),
        ("sqlserver://CANARY:CANARY@CANARY?database=CANARY", "is a URL that this worker doesn't read"),
        // The server.
        ("Database=CANARY", "names no server: add `Server=tcp:"),
        ("Sever=CANARY;UID=u;PWD=p", "part 1 begins with an unknown keyword (did you mean `Server`?)"),
        ("Server=h\\CANARY;UID=u;PWD=p", "names an instance"),
        ("Server=h\\CANARY,1433;UID=u;PWD=p", "names an instance"),
        ("jdbc:sqlserver://h\\CANARY;user=u;password=p", "names an instance"),
        ("jdbc:sqlserver://h;instanceName=CANARY;user=u;password=p", "names an instance"),
        ("Server=np:CANARY;UID=u;PWD=p", "named pipe"),
        ("Server=\\\\.\\pipe\\CANARY;UID=u;PWD=p", "named pipe"),
        ("Server=lpc:CANARY;UID=u;PWD=p", "shared memory"),
        ("Server=admin:CANARY;UID=u;PWD=p", "administrator's connection"),
        ("Server=(localdb)\\CANARY;UID=u;PWD=p", "LocalDB"),
        ("Server=https://CANARY;UID=u;PWD=p", "begins with a scheme"),
        ("Server=CANARY/CANARY;UID=u;PWD=p", "has a path"),
        ("jdbc:sqlserver://CANARY:1433/CANARY;user=u;password=p", "has a path"),
        ("Server=CANARY:1433;UID=u;PWD=p", "with a comma"),
        ("Server=CANARY,CANARY;UID=u;PWD=p", "no port from 1 to 65535"),
        ("Server=CANARY,0;UID=u;PWD=p", "no port from 1 to 65535"),
        ("Server=CANARY,65536;UID=u;PWD=p", "no port from 1 to 65535"),
        ("Server=CANARY@CANARY;UID=u;PWD=p", "has an `@`"),
        ("Server=<CANARY>.database.windows.net;UID=u;PWD=p", "brackets of an example"),
        ("Server=CANARY CANARY;UID=u;PWD=p", "is no host name"),
        ("Server=h;Port=14330;UID=u;PWD=p", "write `Server=tcp:<host>,<port>`"),
        // What contradicts itself.
        ("Server=CANARY1;Data Source=CANARY2;UID=u;PWD=p", "`Server` and `Data Source`"),
        (
            "jdbc:sqlserver://CANARY1;serverName=CANARY2;user=u;password=p",
            "say different things (parts 1 and 2)",
        ),
        (
            "Server=h;UID=CANARY1;User Id=CANARY2;PWD=p",
            "`UID` and `User Id` in the connection string say different",
        ),
        ("Server=h;UID=u;PWD=CANARY1;PWD=CANARY2", "(parts 3 and 4)"),
        ("Server=h;UID=u;PWD=p;Encrypt=strict;TrustServerCertificate=yes", "contradicts `Encrypt=strict`"),
        (
            "Server=h;Authentication=ActiveDirectoryMSI;Password=CANARY",
            "contradicts `Authentication=ActiveDirectoryMSI`",
        ),
        ("Server=h;Authentication=ActiveDirectoryDefault;PWD=CANARY", "`Password` contradicts"),
        (
            "Server=h;Authentication=ActiveDirectoryMSI;clientCertificate=CANARY",
            "ServicePrincipalCertificate` alone",
        ),
        ("Server=h;UID=u;PWD=p;clientCertificate=CANARY", "ServicePrincipalCertificate` alone"),
        // Logging in.
        ("Server=h", "doesn't say how to log in"),
        ("Server=h;UID=CANARY", "doesn't say how to log in"),
        ("Server=h;Authentication=SqlPassword;PWD=CANARY", "doesn't say how to log in"),
        ("Server=h;UID=CANARY;Pasword=CANARY", "(did you mean `Password`?)"),
        ("Server=h;Authentication=CANARY", "must be ActiveDirectoryDefault, ActiveDirectoryMSI"),
        ("Server=h;Authentication=ActiveDirectoryIntegrated", "joined to a domain"),
        ("Server=h;Authentication=Active Directory Password;UID=CANARY;PWD=CANARY", "multi-factor"),
        (
            "Server=h;fedauth=ActiveDirectoryServicePrincipalAccessToken;password=CANARY",
            "AZSQL_ACCESS_TOKEN_FILE",
        ),
        ("Server=h;fedauth=ActiveDirectoryOnBehalfOf;password=CANARY", "sessionContext"),
        ("Server=h;fedauth=ActiveDirectoryClientAssertion;user id=CANARY", "AZURE_FEDERATED_TOKEN_FILE"),
        ("jdbc:sqlserver://h;accessToken=CANARY", "AZSQL_ACCESS_TOKEN_FILE"),
        ("Server=h;Authentication=ActiveDirectoryServicePrincipal;UID=CANARY", "AZURE_CLIENT_SECRET"),
        ("Server=h;Integrated Security=SSPI", "Windows' authentication"),
        ("Server=h;Trusted_Connection=yes", "`Trusted_Connection=true`"),
        // What can't be done.
        ("Server=h;UID=u;PWD=p;Encrypt=no", "Encrypt=false"),
        ("Server=h;UID=u;PWD=p;Encrypt=Optional", "Encrypt=false"),
        ("Server=h;UID=u;PWD=p;Encrypt=CANARY", "`Encrypt`"),
        (
            "Server=h;UID=u;PWD=p;TrustServerCertificate=CANARY",
            "`TrustServerCertificate` in the connection string must be true",
        ),
        ("Server=h;UID=u;PWD=p;Connect Timeout=CANARY", "from 1 to 300"),
        ("Server=h;UID=u;PWD=p;Connect Timeout=0", "from 1 to 300"),
        ("Server=h;UID=u;PWD=p;ApplicationIntent=CANARY", "ReadWrite or ReadOnly"),
        ("Server=h;UID=u;PWD=p;HostNameInCertificate=*.CANARY", "begins with `*.`"),
        ("Server=h;UID=u;PWD=p;ServerCertificate=CANARY", "AZSQL_TRUST_CA"),
        ("Server=h;UID=u;PWD=p;Column Encryption Setting=Enabled", "Always Encrypted"),
        ("Server=h;UID=u;PWD=p;AttachDbFilename=CANARY", "write `Database=<name>`"),
        ("DSN=CANARY;UID=u;PWD=p", "names a data source"),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        match parse(text) {
            Ok(_) => wrong.push(format!("{text}: is not refused")),
            Err(error) => {
                let sentence = error.to_string();
                if !sentence.contains(expected) || format!("{sentence} {error:?}").contains("CANARY") {
                    wrong.push(format!("{text}: {expected}: {sentence} {error:?}"));
                }
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn a_certificate_with_a_password_is_refused_rather_than_its_password_taken_for_a_secret() {
    for more in ["password=CANARY", "clientKeyPassword=CANARY"] {
        let text = format!(
            "jdbc:sqlserver://h;authentication=ActiveDirectoryServicePrincipalCertificate;user=u;clientCertificate=/c;{more}"
        );
        let sentence = parse(&text).map(|_| ()).unwrap_err().to_string();
        assert!(sentence.contains("store certificate and key as PEM"), "{sentence}");
    }
}

#[test]
fn what_is_harmless_is_not_refused() {
    for more in [
        "Integrated Security=False",
        "Trusted_Connection=no",
        "Column Encryption Setting=Disabled",
        "AttachDbFilename=",
        "UID=u",
        "Port=1433",
        "Encrypt=Mandatory",
        "Password=",
    ] {
        let text = format!("Server=h;UID=u;PWD=p;{more}");
        assert!(ConnectionSettings::parse(&text, &IdentityEnvironment::default()).is_ok(), "{more}");
    }
}
