//! Numbers that other clients try again and the table doesn't have, each with the reason.

/// A number of another client's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its number.
    pub number: u32,
    /// Why it is not in the table.
    pub because: &'static str,
}

const fn left_out(number: u32, because: &'static str) -> LeftOut {
    LeftOut { number, because }
}

/// All of them, by number. The first are no SQL errors: .NET's and Java's clients give them to what goes wrong on the
/// way. The driver here tells that as a kind of I/O error, which [`super::Fault::io`] judges.
#[rustfmt::skip] // a table is read by its rows
pub static LEFT_OUT: &[LeftOut] = &[
    left_out(20, "the client's: the server offers no TLS; here an error of TLS, which lasts"),
    left_out(26, "the client's: a named instance was not found; Azure SQL has none"),
    left_out(53, "the client's: the server was not found; here NotFound, HostUnreachable or NetworkUnreachable"),
    left_out(64, "the client's: the connection ended while logging in; here ConnectionReset or UnexpectedEof"),
    left_out(121, "the client's: a time-out of Windows; here TimedOut"),
    left_out(233, "the client's: the server hung up before the login; here ConnectionReset or UnexpectedEof"),
    left_out(997, "the client's: an input or output of Windows was still under way; there is no such kind"),
    left_out(10053, "the client's: here ConnectionAborted"),
    left_out(10054, "the client's: here ConnectionReset"),
    left_out(10060, "the client's: here TimedOut"),
    left_out(11001, "the client's: the name was not found; the resolver's error has no kind of its own (Uncategorized)"),
    left_out(14355, "the directory helper of SQL Server 2005 was busy; Azure SQL has none"),
];
