//! Reading the fields of a message: little-endian, counted, never past the end.

/// A message that does not follow the protocol; says what was being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the TDS stream is incorrect: {0}")]
pub struct Malformed(pub &'static str);

/// What is left to read of a message.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their start.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rest.len()
    }

    /// Whether all is read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte, which stays.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (head, tail) =
            self.rest.split_at_checked(count).ok_or(Malformed("it ends in the middle of a field"))?;
        self.rest = tail;
        Ok(head)
    }

    /// All that is left.
    pub fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (head, tail) =
            self.rest.split_first_chunk::<N>().ok_or(Malformed("it ends in the middle of a field"))?;
        self.rest = tail;
        Ok(*head)
    }

    /// BYTE
    ///
    /// # Errors
    /// When nothing is left.
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// USHORT
    ///
    /// # Errors
    /// When less is left.
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    /// USHORT in network order, as PRELOGIN has it.
    ///
    /// # Errors
    /// When less is left.
    pub fn u16_be(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    /// DWORD
    ///
    /// # Errors
    /// When less is left.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    /// A DWORD that counts bytes.
    ///
    /// # Errors
    /// When less is left.
    pub fn length32(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.u32()?).map_err(|_| Malformed("a length is too large"))
    }

    /// LONG
    ///
    /// # Errors
    /// When less is left.
    pub fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_le_bytes)
    }

    /// ULONGLONG
    ///
    /// # Errors
    /// When less is left.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    /// `B_VARCHAR`: a byte with the count of UTF-16 units, then the units.
    ///
    /// # Errors
    /// When less is left, or the units are not valid UTF-16.
    pub fn b_varchar(&mut self) -> Result<String, Malformed> {
        let units = usize::from(self.u8()?);
        self.utf16(units)
    }

    /// `units` UTF-16 units.
    ///
    /// # Errors
    /// When less is left, or the units are not valid UTF-16.
    pub fn utf16(&mut self, units: usize) -> Result<String, Malformed> {
        utf16_text(self.take(units.saturating_mul(2))?)
    }
}

/// Text from UTF-16 in little-endian order.
///
/// # Errors
/// When the length is odd or a surrogate stands alone: a Rust string can't hold one, and replacing it would change a value silently.
pub fn utf16_text(bytes: &[u8]) -> Result<String, Malformed> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(Malformed("UTF-16 text has an odd number of bytes"));
    }
    char::decode_utf16(pairs.iter().copied().map(u16::from_le_bytes))
        .collect::<Result<String, _>>()
        .map_err(|_| Malformed("UTF-16 text has a surrogate that stands alone"))
}

/// Appends `text` as UTF-16 in little-endian order.
pub fn put_utf16(out: &mut Vec<u8>, text: &str) {
    out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
}
