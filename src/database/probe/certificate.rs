//! What a person wants to know of an X.509 certificate: whose it is, who issued it, until when it holds (RFC 5280, 4.1).
//!
//! Verifying is rustls' affair; this only reads what is to be shown.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// The common name, or the organisation where there is none.
    pub(crate) subject: Option<String>,
    /// The same of the issuer.
    pub(crate) issuer: Option<String>,
    /// When it ends.
    pub(crate) not_after: Option<DateTime<Utc>>,
}

/// Tags of ASN.1 (X.690).
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0]`, in which the version stands.
const VERSION: u8 = 0xA0;

/// 2.5.4.3 and 2.5.4.10 (RFC 5280, appendix A.1).
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0A];

impl Certificate {
    /// Reads DER; None when it is no certificate.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate, _) = element(der).filter(|(tag, ..)| *tag == SEQUENCE)?;
        let (_, mut fields, _) = element(certificate).filter(|(tag, ..)| *tag == SEQUENCE)?;
        if fields.first() == Some(&VERSION) {
            (_, _, fields) = element(fields)?;
        }
        let (_, _, fields) = element(fields)?; // serialNumber
        let (_, _, fields) = element(fields)?; // signature
        let (_, issuer, fields) = element(fields)?;
        let (_, validity, fields) = element(fields)?;
        let (_, subject, _) = element(fields)?;
        let (_, _, not_after) = element(validity)?;
        let (tag, not_after, _) = element(not_after)?;
        Some(Self { subject: name(subject), issuer: name(issuer), not_after: time(tag, not_after) })
    }
}

/// Tag, content and what follows of the first element.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        // The low bits say in how many bytes the length stands; no certificate takes more than three.
        let count = usize::from(*first & 0x7F);
        let (bytes, rest) = rest.split_at_checked(count).filter(|_| (1..=3).contains(&count))?;
        (bytes.iter().fold(0usize, |length, byte| (length << 8) | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn name(mut sets: &[u8]) -> Option<String> {
    let mut organization = None;
    while let Some((SET, mut attributes, rest)) = element(sets) {
        while let Some((SEQUENCE, attribute, rest)) = element(attributes) {
            if let Some((OBJECT_IDENTIFIER, kind, value)) = element(attribute)
                && let Some((_, text, _)) = element(value)
            {
                let text = shown(text);
                if kind == COMMON_NAME {
                    return Some(text);
                }
                if kind == ORGANIZATION {
                    organization = Some(text);
                }
            }
            attributes = rest;
        }
        sets = rest;
    }
    organization
}

/// What a stranger's certificate says goes to a terminal: no control characters, and not without end.
fn shown(text: &[u8]) -> String {
    const LONGEST: usize = 100;
    String::from_utf8_lossy(text).chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

/// `YYMMDDHHMMSSZ` up to 2049, `YYYYMMDDHHMMSSZ` after it (RFC 5280, 4.1.2.5).
fn time(tag: u8, text: &[u8]) -> Option<DateTime<Utc>> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match tag {
        // 50 to 99 are of the century before.
        UTC_TIME if text.as_bytes().first()? >= &b'5' => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
    if text.len() != 14 {
        return None;
    }
    let year = i32::try_from(number(0, 4)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(4, 6)?, number(6, 8)?)?;
    let moment: NaiveDateTime = date.and_hms_opt(number(8, 10)?, number(10, 12)?, number(12, 14)?)?;
    Some(moment.and_utc())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

    use super::*;

    fn issued(end: i32) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::OrganizationName, "Tailspin Trust");
        let issuer = Issuer::new(authority, key);
        let mut params = CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::OrganizationName, "Tailspin");
        params.distinguished_name.push(DnType::CommonName, "shop.example");
        params.not_after = date_time_ymd(end, 3, 31);
        let key = KeyPair::generate().unwrap();
        params.signed_by(&key, &issuer).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_says_whose_it_is_who_issued_it_and_when_it_ends() {
        for year in [2031, 2051] {
            let certificate = Certificate::read(&issued(year)).unwrap();
            assert_eq!(certificate.subject.as_deref(), Some("shop.example"));
            // rcgen gives an authority a common name of its own.
            assert!(certificate.issuer.is_some());
            assert_eq!(certificate.not_after.unwrap().to_rfc3339(), format!("{year}-03-31T00:00:00+00:00"));
        }
    }

    #[test]
    fn a_name_has_no_control_characters() {
        assert_eq!(shown(b"a\x1b[31mb\n"), "a[31mb");
    }

    #[test]
    fn half_a_certificate_is_none() {
        let whole = issued(2031);
        for cut in 0..whole.len() {
            assert_eq!(Certificate::read(whole.get(..cut).unwrap()), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..128)) {
            Certificate::read(&bytes);
        }
    }
}
