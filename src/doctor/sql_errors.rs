//! Errors of a login, and of a script of GRANTs, that have a known cure.
//!
//! Sources: Microsoft's "Troubleshoot common connection issues to Azure SQL Database" and "Database engine events and
//! errors"; for 47073 the text that the server sends; for others as named beside them.

use std::net::IpAddr;

/// What a cure has to name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances<'a> {
    /// The host that the connection string names.
    pub(super) host: &'a str,
    /// The database that the connection string names.
    pub(super) database: Option<&'a str>,
    /// Who logs in, as far as it is known: `managed identity 1111...`.
    pub(super) identity: &'a str,
    /// Whether it logs in with a token.
    pub(super) with_token: bool,
    /// The server's own text, of which only an address is ever shown.
    pub(super) server_message: Option<&'a str>,
}

impl Circumstances<'_> {
    fn database(&self) -> &str {
        self.database.unwrap_or("master (the connection string names none)")
    }

    /// The first label of the host: the logical server's name.
    fn server(&self) -> &str {
        self.host.split('.').next().unwrap_or(self.host)
    }

    /// The address that the firewall's message names.
    pub(super) fn address(&self) -> Option<IpAddr> {
        let candidates =
            self.server_message?.split(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | ':')));
        candidates
            .filter(|part| part.len() > 2)
            .find_map(|part| part.trim_end_matches(['.', ':']).parse().ok())
    }
}

/// What a number means, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Explanation {
    pub(super) what: String,
    pub(super) cure: String,
}

/// None for a number without a known cure.
pub(super) fn at_login(number: u32, at: &Circumstances<'_>) -> Option<Explanation> {
    let (what, cure) = match number {
        18456 if at.with_token => (
            format!("the server refused the token of {}", at.identity),
            format!(
                "there is no user for it in this database: in {} (not in master) run CREATE USER [<name of the identity>] \
                 FROM EXTERNAL PROVIDER, or print the whole script with `azsql-worker doctor --grant --identity <name>`. \
                 If the user is there: is the server in the token's tenant, has it a Microsoft Entra administrator, and was the \
                 identity made anew under the same name (then drop the user and create it again)?",
                at.database()
            ),
        ),
        18456 => (
            "the server refused the SQL login".to_owned(),
            "check User Id and Password; a server with Microsoft Entra-only authentication takes no SQL login: use \
             Authentication=ActiveDirectoryMSI without a password"
                .to_owned(),
        ),
        40615 | 40914 => {
            let address = at.address();
            let of = address.map_or_else(|| "our address".to_owned(), |address| format!("our address {address}"));
            let ip = address.map_or_else(|| "<address>".to_owned(), |address| address.to_string());
            if number == 40615 {
                (
                    format!("the server's firewall doesn't let in {of}"),
                    format!(
                        "az sql server firewall-rule create --resource-group <group> --server {} --name azsql-worker \
                         --start-ip-address {ip} --end-ip-address {ip}; or in the portal: the server, Networking, Firewall \
                         rules. A Function App has several outbound addresses: prefer a private endpoint, or a virtual network \
                         rule. A new rule takes up to five minutes",
                        at.server()
                    ),
                )
            } else {
                (
                    "the server takes no connection from this virtual network".to_owned(),
                    format!(
                        "add the subnet of the Function App: az sql server vnet-rule create --resource-group <group> --server {} \
                         --name azsql-worker --vnet-name <network> --subnet <subnet>; or use a private endpoint",
                        at.server()
                    ),
                )
            }
        }
        4060 => (
            format!("the database {} can't be opened by this login", at.database()),
            "check the database's name (Database= in the connection string) and that it is on this server; if both are right, \
             the identity has no user in it: see `azsql-worker doctor --grant --identity <name>`"
                .to_owned(),
        ),
        40532 => (
            format!("the login was for a server {} that the gateway doesn't take it for", at.server()),
            "check that Server= is the full name <server>.database.windows.net of the server that has the database; for a SQL \
             login behind an old client write User Id as user@server; with a virtual network rule the subnet may be the one \
             that is refused"
                .to_owned(),
        ),
        40613 => (
            format!("the database {} is not available now", at.database()),
            "a serverless database that was paused needs up to about a minute: run the doctor again; if it stays so, look at \
             Resource health of the database in the portal"
                .to_owned(),
        ),
        40197 | 40143 | 40166 | 40540 => (
            "the service had an error of its own".to_owned(),
            "a failover or an update is likely: run the doctor again; the worker itself tries again".to_owned(),
        ),
        40501 | 49918 | 49919 | 49920 => (
            "the service is too busy for another connection".to_owned(),
            "run the doctor again in ten seconds; if it stays so, scale the database".to_owned(),
        ),
        10928 | 10929 => (
            "the database has no session or worker left".to_owned(),
            "lower AZSQL_POOL_MAX_SIZE or the number of instances, or scale the database".to_owned(),
        ),
        18470 => (
            "the login is disabled".to_owned(),
            "an administrator has to enable it: ALTER LOGIN [<name>] ENABLE in master".to_owned(),
        ),
        18487 | 18488 => (
            "the SQL login's password has ended".to_owned(),
            "change it, or better: use Authentication=ActiveDirectoryMSI, which has none".to_owned(),
        ),
        47072 => (
            "the server wants a newer version of TLS".to_owned(),
            "this worker speaks TLS 1.2 and 1.3: look for a proxy in between that speaks an older one".to_owned(),
        ),
        47073 => (
            "the server denies access over its public address".to_owned(),
            "connect from a network with a private endpoint to the server, in which its name leads to that endpoint; or enable \
             public network access: the server, Networking, Public access, Selected networks"
                .to_owned(),
        ),
        18452 => (
            "the login is from a domain that the server doesn't trust".to_owned(),
            "use an Authentication of Microsoft Entra, such as ActiveDirectoryMSI".to_owned(),
        ),
        37396 => (
            "the token has expired".to_owned(),
            "look at the clock of this machine; else run the doctor again: it asks for a new token".to_owned(),
        ),
        _ => return None,
    };
    Some(Explanation { what, cure })
}

/// What a failed statement of the GRANT script means; None for a number without a known cure.
pub(super) fn at_grant(number: u32) -> Option<Explanation> {
    let (what, cure) = match number {
        15247 => (
            "you may not create users or give rights here",
            "run it as the Microsoft Entra administrator of the server, or as a member of db_owner that signed in with Entra",
        ),
        33130 | 33131 | 33134 => match number {
            33131 => ("more than one identity has this name", "name it by --object-id or --client-id"),
            _ => (
                "the server can't find the identity in the directory, or may not read it",
                "check the name; else give --client-id (for a person or a group --object-id), with which the directory isn't \
                 asked; or give the server's own identity the role Directory Readers",
            ),
        },
        33159 => (
            "only somebody who signed in with Entra may create such a user",
            "use a connection string with an Authentication of Entra, such as ActiveDirectoryAzCli",
        ),
        15023 => {
            ("there is a user of that name already", "drop it first if it is another identity's: DROP USER")
        }
        15063 => (
            "the identity has a user of another name already",
            "give the rights to that user: --identity with its name",
        ),
        15151 => (
            "there is no such object, or you may not see it",
            "create the objects that the functions use first, and check the spelling in their commands",
        ),
        4606 => (
            "this right doesn't fit this object",
            "see what the object is: a view, a procedure or a function by the name that the command uses as another kind?",
        ),
        4613 | 262 | 229 => (
            "you may not give this right",
            "run it as the Microsoft Entra administrator of the server, or as a member of db_owner",
        ),
        _ => return None,
    };
    Some(Explanation { what: what.to_owned(), cure: cure.to_owned() })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn with_message(server_message: &str) -> Circumstances<'_> {
        Circumstances {
            host: "shop.database.windows.net",
            database: Some("sales"),
            identity: "a managed identity",
            with_token: true,
            server_message: Some(server_message),
        }
    }

    #[test]
    fn the_firewalls_cure_names_the_address_of_the_servers_text() {
        let text = "Cannot open server 'shop' requested by the login. Client with IP address '203.0.113.24' is not allowed to \
                    access the server.";
        let explanation = at_login(40615, &with_message(text)).unwrap();
        assert!(explanation.what.contains("203.0.113.24"), "{explanation:?}");
        assert!(explanation.cure.contains("--server shop "), "{explanation:?}");
        assert!(explanation.cure.contains("--start-ip-address 203.0.113.24"), "{explanation:?}");
        let text = "Client with IP address '2001:db8::7' is not allowed.";
        assert!(at_login(40615, &with_message(text)).unwrap().what.contains("2001:db8::7"));
    }

    #[test]
    fn a_text_without_an_address_leaves_a_place_for_it() {
        for text in ["", "no address: 12 or 1.2.3", "ab:cd"] {
            let explanation = at_login(40615, &with_message(text)).unwrap();
            assert!(explanation.cure.contains("--start-ip-address <address>"), "{explanation:?}");
        }
    }

    #[test]
    fn a_right_that_does_not_fit_is_no_matter_of_who_gives_it() {
        assert!(at_grant(4613).unwrap().cure.contains("administrator"));
        assert!(!at_grant(4606).unwrap().cure.contains("administrator"));
    }

    #[test]
    fn nothing_of_the_servers_text_but_an_address_is_shown() {
        for number in 0..60_000 {
            let explanation = at_login(number, &with_message("CANARY"));
            assert!(explanation.is_none_or(|it| !format!("{it:?}").contains("CANARY")));
        }
    }
}
