//! PRELOGIN (MS-TDS 2.2.6.5): versions, and whether the connection is encrypted.

use super::bytes::{Malformed, Reader};

/// The version this endpoint reports: 12.0.2000.8, what Azure SQL Database calls itself.
pub const VERSION: [u8; 6] = [12, 0, 0x07, 0xD0, 0, 8];

/// How much of the connection a client wants encrypted, or a server grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptionOption {
    /// 0x00: the login only.
    Off,
    /// 0x01: all of it.
    On,
    /// 0x02: nothing.
    NotSupported,
    /// 0x03: all of it, or no connection.
    Required,
}

impl EncryptionOption {
    fn byte(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::On => 1,
            Self::NotSupported => 2,
            Self::Required => 3,
        }
    }
}

/// How the endpoint treats encryption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// All traffic, as on Azure; a client without TLS is turned away.
    #[default]
    Required,
    /// What the client asks for: all, the login only, or nothing. As on a SQL Server that does not force it.
    Offered,
    /// None.
    Off,
}

/// What follows from both sides' options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TLS from here to the end.
    Encrypted,
    /// TLS for LOGIN7 alone.
    EncryptedLogin,
    /// No TLS.
    Clear,
    /// The two can't agree: the connection ends after the answer.
    Impossible,
}

impl Encryption {
    /// The answer to a client's option, and what happens next (MS-TDS 2.2.6.5, table of encryption negotiation).
    #[must_use]
    pub fn negotiate(self, client: EncryptionOption) -> (EncryptionOption, Transport) {
        use EncryptionOption as Wants;
        match (self, client) {
            (Self::Required, Wants::NotSupported) => (Wants::Required, Transport::Impossible),
            (Self::Required, Wants::Off) => (Wants::Required, Transport::Encrypted),
            (Self::Required | Self::Offered, Wants::On | Wants::Required) => {
                (Wants::On, Transport::Encrypted)
            }
            (Self::Offered, Wants::Off) => (Wants::Off, Transport::EncryptedLogin),
            (Self::Offered, Wants::NotSupported) | (Self::Off, Wants::Off | Wants::NotSupported) => {
                (Wants::NotSupported, Transport::Clear)
            }
            (Self::Off, Wants::On | Wants::Required) => (Wants::NotSupported, Transport::Impossible),
        }
    }
}

/// A client's PRELOGIN message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreLogin {
    /// The client's version.
    pub version: [u8; 6],
    /// What it wants encrypted.
    pub encryption: EncryptionOption,
    /// The named instance it wants; empty for the default one.
    pub instance: String,
    /// Whether it wants several result sets at a time (MARS); this endpoint declines.
    pub mars: bool,
    /// Its answer to whether it must log in with a token; None when it said nothing.
    pub federated_authentication: Option<bool>,
}

mod option {
    pub(super) const VERSION: u8 = 0;
    pub(super) const ENCRYPTION: u8 = 1;
    pub(super) const INSTANCE: u8 = 2;
    pub(super) const THREAD_ID: u8 = 3;
    pub(super) const MARS: u8 = 4;
    pub(super) const FEDERATED_AUTHENTICATION: u8 = 6;
    pub(super) const TERMINATOR: u8 = 0xFF;
}

impl PreLogin {
    /// Reads a client's message; options that it does not know are skipped.
    ///
    /// # Errors
    /// When an option lies outside the message or has a wrong length.
    pub fn parse(message: &[u8]) -> Result<Self, Malformed> {
        let mut prelogin = Self {
            version: [0; 6],
            encryption: EncryptionOption::NotSupported,
            instance: String::new(),
            mars: false,
            federated_authentication: None,
        };
        let mut table = Reader::new(message);
        loop {
            let name = table.u8()?;
            if name == option::TERMINATOR {
                return Ok(prelogin);
            }
            let offset = usize::from(table.u16_be()?);
            let length = usize::from(table.u16_be()?);
            let data = offset
                .checked_add(length)
                .and_then(|end| message.get(offset..end))
                .ok_or(Malformed("a PRELOGIN option lies outside the message"))?;
            match name {
                option::VERSION => {
                    prelogin.version = Reader::new(data).array()?;
                }
                option::ENCRYPTION => {
                    prelogin.encryption = match Reader::new(data).u8()? {
                        0 => EncryptionOption::Off,
                        1 => EncryptionOption::On,
                        2 => EncryptionOption::NotSupported,
                        3 => EncryptionOption::Required,
                        _ => return Err(Malformed("PRELOGIN has an unknown encryption option")),
                    };
                }
                option::INSTANCE => {
                    let name = data.split(|&byte| byte == 0).next().unwrap_or_default();
                    prelogin.instance = String::from_utf8_lossy(name).into_owned();
                }
                option::MARS => prelogin.mars = data.first().is_some_and(|&wanted| wanted != 0),
                option::FEDERATED_AUTHENTICATION => {
                    prelogin.federated_authentication = Some(Reader::new(data).u8()? != 0);
                }
                _ => {}
            }
        }
    }

    /// The server's answer. FEDAUTHREQUIRED is in it only if the client sent it (MS-TDS 2.2.6.5).
    #[must_use]
    pub fn answer(&self, encryption: EncryptionOption) -> Vec<u8> {
        let mut options: Vec<(u8, &[u8])> = Vec::new();
        let encryption = [encryption.byte()];
        options.push((option::VERSION, &VERSION));
        options.push((option::ENCRYPTION, &encryption));
        options.push((option::INSTANCE, &[0]));
        options.push((option::THREAD_ID, &[]));
        options.push((option::MARS, &[0]));
        if self.federated_authentication.is_some() {
            options.push((option::FEDERATED_AUTHENTICATION, &[1]));
        }
        let mut table = Vec::new();
        let mut data = Vec::new();
        // Five bytes per option and the terminator; seven options at most, so it fits u16.
        let start = options.len().saturating_mul(5).saturating_add(1);
        for (name, value) in options {
            let offset = u16::try_from(start.saturating_add(data.len())).unwrap_or(u16::MAX);
            let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
            table.push(name);
            table.extend_from_slice(&offset.to_be_bytes());
            table.extend_from_slice(&length.to_be_bytes());
            data.extend_from_slice(value);
        }
        table.push(option::TERMINATOR);
        table.extend_from_slice(&data);
        table
    }
}
