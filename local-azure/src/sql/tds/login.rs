//! LOGIN7 (MS-TDS 2.2.6.4) and the federated-authentication token that can follow it (2.2.6.3).

use std::fmt;

use super::bytes::{Malformed, Reader, utf16_text};

/// TDS 7.4, the highest version this endpoint speaks (MS-TDS 2.2.7.14).
pub const TDS_7_4: u32 = 0x7400_0004;
/// TDS 7.3 revision B, the lowest: from here there are NBCROW tokens and the newer date types.
pub const TDS_7_3_B: u32 = 0x730B_0003;

/// A client's wish to log in.
#[derive(Clone, PartialEq, Eq)]
pub struct Login7 {
    /// The highest TDS version the client speaks.
    pub tds_version: u32,
    /// The packet size it wants; 0 leaves it to the server.
    pub packet_size: u32,
    /// The name of its machine.
    pub host: String,
    /// The SQL login; empty with a token.
    pub user: String,
    /// The password of the SQL login.
    pub password: String,
    /// The name of the program.
    pub application: String,
    /// The language it wants.
    pub language: String,
    /// The database it wants; empty for the login's default.
    pub database: String,
    /// Whether it only reads.
    pub read_only_intent: bool,
    /// Whether it wants Windows authentication, which this endpoint does not have.
    pub integrated_security: bool,
    /// How it wants to log in with a token.
    pub federated: Option<FederatedAuthentication>,
    /// Whether it knows UTF-8 collations (feature 0x0A).
    pub utf8_support: bool,
}

/// How a client logs in with a token (MS-TDS 2.2.6.4, feature FEDAUTH).
#[derive(Clone, PartialEq, Eq)]
pub enum FederatedAuthentication {
    /// The token came with LOGIN7.
    SecurityToken(String),
    /// The client waits for FEDAUTHINFO and fetches a token then (ADAL, MSAL).
    Challenge,
}

impl fmt::Debug for Login7 {
    /// Without password and token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Login7")
            .field("tds_version", &self.tds_version)
            .field("packet_size", &self.packet_size)
            .field("host", &self.host)
            .field("user", &self.user)
            .field("application", &self.application)
            .field("database", &self.database)
            .field("federated", &self.federated.is_some())
            .finish_non_exhaustive()
    }
}

/// Bytes of the fixed part of LOGIN7.
const FIXED_PART: usize = 94;
/// `fIntSecurity` in `OptionFlags2`.
const INTEGRATED_SECURITY: u8 = 0x80;
/// `fReadOnlyIntent` in `TypeFlags`.
const READ_ONLY_INTENT: u8 = 0x20;
/// `fExtension` in `OptionFlags3`.
const EXTENSION: u8 = 0x10;

impl Login7 {
    /// Reads a LOGIN7 message.
    ///
    /// # Errors
    /// When a field lies outside the message, or text in it is not UTF-16.
    pub fn parse(message: &[u8]) -> Result<Self, Malformed> {
        let mut fixed =
            Reader::new(message.get(..FIXED_PART).ok_or(Malformed("LOGIN7 is shorter than its fixed part"))?);
        let length = fixed.length32()?;
        let message = message.get(..length).ok_or(Malformed("LOGIN7 is shorter than it says"))?;
        let tds_version = fixed.u32()?;
        let packet_size = fixed.u32()?;
        fixed.take(12)?; // ClientProgVer, ClientPID, ConnectionID
        let [_, flags2, type_flags, flags3] = fixed.array()?;
        fixed.take(8)?; // ClientTimeZone, ClientLCID
        let host = field(message, &mut fixed)?;
        let user = field(message, &mut fixed)?;
        let password = password(message, &mut fixed)?;
        let application = field(message, &mut fixed)?;
        field(message, &mut fixed)?; // the server's name
        let extension_offset = usize::from(fixed.u16()?);
        let extension_length = usize::from(fixed.u16()?);
        field(message, &mut fixed)?; // the library's name
        let language = field(message, &mut fixed)?;
        let database = field(message, &mut fixed)?;
        let mut login = Self {
            tds_version,
            packet_size,
            host,
            user,
            password,
            application,
            language,
            database,
            read_only_intent: type_flags & READ_ONLY_INTENT != 0,
            integrated_security: flags2 & INTEGRATED_SECURITY != 0,
            federated: None,
            utf8_support: false,
        };
        if flags3 & EXTENSION != 0 && extension_length > 0 {
            // The field holds the offset of the features, not the features themselves.
            let place = message
                .get(extension_offset..)
                .ok_or(Malformed("the LOGIN7 extension lies outside the message"))?;
            let features = message
                .get(Reader::new(place).length32()?..)
                .ok_or(Malformed("the LOGIN7 features lie outside the message"))?;
            login.read_features(Reader::new(features))?;
        }
        Ok(login)
    }

    fn read_features(&mut self, mut features: Reader<'_>) -> Result<(), Malformed> {
        const FEDAUTH: u8 = 0x02;
        const UTF8_SUPPORT: u8 = 0x0A;
        const TERMINATOR: u8 = 0xFF;
        loop {
            let feature = features.u8()?;
            if feature == TERMINATOR {
                return Ok(());
            }
            let length = features.length32()?;
            let data = features.take(length)?;
            match feature {
                FEDAUTH => self.federated = Some(federated(Reader::new(data))?),
                UTF8_SUPPORT => self.utf8_support = true,
                // Session recovery, column encryption and the rest: not acknowledged means not there.
                _ => {}
            }
        }
    }
}

/// One offset and length of the fixed part, and the text that they point at.
fn field(message: &[u8], fixed: &mut Reader<'_>) -> Result<String, Malformed> {
    utf16_text(field_bytes(message, fixed)?)
}

fn field_bytes<'a>(message: &'a [u8], fixed: &mut Reader<'_>) -> Result<&'a [u8], Malformed> {
    let offset = usize::from(fixed.u16()?);
    let length = usize::from(fixed.u16()?).saturating_mul(2);
    if length == 0 {
        return Ok(&[]);
    }
    message
        .get(offset..offset.saturating_add(length))
        .ok_or(Malformed("a LOGIN7 field lies outside the message"))
}

/// Passwords come with the halves of each byte swapped and XOR 0xA5: a disguise, not encryption (MS-TDS 2.2.6.4).
fn password(message: &[u8], fixed: &mut Reader<'_>) -> Result<String, Malformed> {
    let plain: Vec<u8> =
        field_bytes(message, fixed)?.iter().map(|byte| (byte ^ 0xA5).rotate_left(4)).collect();
    utf16_text(&plain)
}

fn federated(mut data: Reader<'_>) -> Result<FederatedAuthentication, Malformed> {
    // Bit 0 echoes FEDAUTHREQUIRED; the rest names the library.
    match data.u8()? >> 1 {
        0x01 => {
            let length = data.length32()?;
            Ok(FederatedAuthentication::SecurityToken(utf16_text(data.take(length)?)?))
        }
        0x02 => Ok(FederatedAuthentication::Challenge),
        _ => Err(Malformed("LOGIN7 names an unknown federated library")),
    }
}

/// The token from a message of type 0x08, the answer to FEDAUTHINFO (MS-TDS 2.2.6.3).
///
/// # Errors
/// When a length is wrong or the token is not UTF-16.
pub fn federated_token(message: &[u8]) -> Result<String, Malformed> {
    let mut reader = Reader::new(message);
    let length = reader.length32()?;
    let mut data = Reader::new(reader.take(length)?);
    let token_length = data.length32()?;
    utf16_text(data.take(token_length)?)
}
