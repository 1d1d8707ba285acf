//! What to do about an error, by its number.
//!
//! The numbers are Entra's: from Microsoft's list "Microsoft Entra authentication and authorization error codes", and those
//! marked "reported", which it leaves out, from public reports of Entra's replies and Azure Pipelines' troubleshooting guide.
//! None was seen in a reply of Entra to us. What Entra writes beside them is not repeated: it quotes identifiers and changes.

use super::transport::Reply;

/// What to do when an authority refused.
pub(super) fn entra(reply: &Reply) -> String {
    let known = reply.code.and_then(known_code);
    let sentence = match (known, reply.status) {
        (Some(cure), _) => cure,
        (None, 429) => "it wants to be asked less often; try again later",
        (None, status) if status >= 500 => "the fault is its own; try again later",
        (None, 300..400) => {
            "it sends elsewhere: check AZURE_AUTHORITY_HOST, and look for a proxy or portal in between"
        }
        (None, _) if !reply.is_json => "the reply is not Entra's: look for a proxy or portal in between",
        (None, _) => match reply.code {
            Some(_) => "look the number up at https://login.microsoftonline.com/error",
            None => "check tenant, client id and credential",
        },
    };
    sentence.to_owned()
}

/// The cure for an AADSTS number.
pub(super) fn known_code(code: u32) -> Option<&'static str> {
    Some(match code {
        7_000_215 => {
            "the client secret is wrong: give the secret's value, not its id, and see that it belongs to this client id"
        }
        7_000_222 => {
            "the client secret has ended: make a new one, or do without it through a managed or workload identity"
        }
        // 700038: reported.
        700_016 | 700_038 => "this directory has no such application: check the client id and the tenant",
        // 900021 and 900023: reported.
        90_002 | 900_021 | 900_023 => {
            "there is no such tenant: check AZURE_TENANT_ID, and which cloud it is in"
        }
        // Reported.
        7_000_216 => "no secret, certificate or assertion reached Entra: check the credential",
        700_027 => {
            "the certificate is not the application's, or has ended: upload it to the app registration"
        }
        // Reported.
        700_024 => "the assertion is not valid at this time: check this machine's clock",
        // Reported.
        700_223 | 700_238 => {
            "this directory does not allow federated credentials: ask whoever keeps its policies, or use a managed identity"
        }
        // Reported.
        70_021 | 700_211 | 700_212 | 700_213 => {
            "no federated credential of the application fits: compare its issuer, subject and audience with the token's"
        }
        500_011 => "the resource is not known in this directory: check the scope and the tenant",
        70_011 => "the scope is not valid: it ends with /.default",
        50_076 | 50_079 | 50_158 => {
            "another factor is asked for: sign in again with a browser (`az login --tenant TENANT --scope SCOPE`)"
        }
        53_004 => "a second factor must be registered first: sign in with a browser and register it",
        53_000 | 53_001 | 53_003 => {
            "a Conditional Access policy forbids it: ask whoever keeps the policies of this directory"
        }
        65_001 => "nobody has consented for this application: an administrator can, in the Azure portal",
        65_004 => "consent was declined",
        50_105 => {
            "the person or application is not assigned to the application: an administrator can, in the Azure portal"
        }
        50_173 | 70_043 | 70_008 | 700_082 | 700_084 | 50_132 => "the sign-in has ended: sign in again",
        50_034 | 50_020 => "this directory has no such account: check the tenant",
        50_053 | 50_057 => "the account is locked, blocked or disabled",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, code: Option<u32>, is_json: bool) -> Reply {
        Reply { status, code, is_json, ..Reply::default() }
    }

    #[test]
    fn a_known_number_goes_before_the_status() {
        assert!(entra(&reply(401, Some(7_000_215), true)).contains("secret's value, not its id"));
        assert!(entra(&reply(400, Some(1), true)).contains("https://login.microsoftonline.com/error"));
    }

    #[test]
    fn a_number_is_not_told_as_its_neighbour() {
        let cure = |code| entra(&reply(400, Some(code), true));
        assert!(cure(700_027).contains("upload") && !cure(7_000_216).contains("upload"));
        assert!(cure(700_213).contains("subject") && cure(700_223).contains("does not allow federated"));
        assert!(cure(53_003).contains("Conditional Access") && cure(53_004).contains("second factor"));
        assert!(!cure(90_013).contains("tenant"), "it is any input that isn't valid");
    }

    #[test]
    fn a_status_alone_says_whose_fault_it_is() {
        assert!(entra(&reply(429, None, true)).contains("less often"));
        assert!(entra(&reply(503, None, false)).contains("its own"));
        assert!(entra(&reply(302, None, false)).contains("AZURE_AUTHORITY_HOST"));
        assert!(entra(&reply(403, None, false)).contains("proxy"));
    }
}
