//! What can be told of the worker's file before it is deployed: whether a Function App on Linux can run it.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fmt, fs};

use object::Endianness;
use object::elf::{EM_X86_64, FileHeader64, PT_INTERP};
use object::read::elf::{FileHeader, ProgramHeader};
use serde_json::{Value as Json, json};

use crate::commands::{LOCAL_PARTS, NAME};

/// The glibc of Debian 12, on which the Functions images of version 4 stand (`docs/deployment.md` has the sources).
const FUNCTIONS_GLIBC: Glibc = Glibc(2, 36);

/// A program that says nothing within this time is no worker.
const VERSION_LIMIT: Duration = Duration::from_secs(10);

/// A version of glibc: `2.36`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Glibc(u32, u32);

impl Glibc {
    /// Reads a symbol version such as `GLIBC_2.34` or `GLIBC_2.2.5`.
    fn parse(symbol_version: &str) -> Option<Self> {
        let mut numbers = symbol_version.strip_prefix("GLIBC_")?.split('.');
        Some(Self(numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The worker's file, examined.
pub(super) struct Binary {
    bytes: usize,
    glibc: Option<Glibc>,
    warnings: Vec<String>,
}

/// What the file's headers tell.
#[derive(Debug, Default, PartialEq, Eq)]
struct Headers {
    machine: u16,
    interpreter: Option<String>,
    glibc: Option<Glibc>,
}

impl Binary {
    /// Examines the packaged file, and asks it for its version if this machine can run it.
    pub(super) fn examine(program: &Path) -> Result<Self, String> {
        let data =
            fs::read(program).map_err(|error| format!("the packaged worker can't be read: {error}"))?;
        let headers = headers(&data);
        let mut warnings = Vec::new();
        let mut runs_here = false;
        match &headers {
            None => warnings.push(
                "the worker is no Linux program (ELF, 64 bits): a Function App on Linux can't start it"
                    .to_owned(),
            ),
            Some(headers) if headers.machine != EM_X86_64 => warnings.push(
                "the worker is not for x86_64, which Function Apps run on; build it with \
                 --target x86_64-unknown-linux-gnu"
                    .to_owned(),
            ),
            Some(headers) => {
                runs_here = cfg!(all(target_os = "linux", target_arch = "x86_64"));
                warnings.extend(library_warning(headers));
            }
        }
        if runs_here {
            warnings.extend(version_warning(version(program).as_deref()));
        } else {
            warnings.push(
                "the worker can't be run here, so nothing tells whether it was built for production"
                    .to_owned(),
            );
        }
        Ok(Self { bytes: data.len(), glibc: headers.and_then(|headers| headers.glibc), warnings })
    }

    pub(super) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// `azsql-worker (11.2 MiB, needs glibc 2.34)`
    pub(super) fn summary(&self) -> String {
        let tenths = self.bytes.saturating_mul(10) >> 20;
        let needs = self.glibc.map(|glibc| format!(", needs glibc {glibc}")).unwrap_or_default();
        format!("azsql-worker ({}.{} MiB{needs})", tenths / 10, tenths % 10)
    }

    pub(super) fn as_json(&self) -> Json {
        let glibc = self.glibc.map(|glibc| glibc.to_string());
        json!({ "bytes": self.bytes, "glibc": glibc, "warnings": self.warnings })
    }
}

/// What the file's headers say; None when it isn't a 64-bit ELF file.
///
/// The crate `object` reads it, which the standard library's own backtraces stand on: offsets and counts of a broken
/// file are checked there.
fn headers(data: &[u8]) -> Option<Headers> {
    let header = FileHeader64::<Endianness>::parse(data).ok()?;
    let endian = header.endian().ok()?;
    Some(Headers {
        machine: header.e_machine(endian),
        interpreter: interpreter(header, endian, data),
        glibc: needed_glibc(header, endian, data).ok().flatten(),
    })
}

fn interpreter(header: &FileHeader64<Endianness>, endian: Endianness, data: &[u8]) -> Option<String> {
    let segments = header.program_headers(endian, data).ok()?;
    let segment = segments.iter().find(|segment| segment.p_type(endian) == PT_INTERP)?;
    let path = segment.data(endian, data).ok()?;
    Some(String::from_utf8_lossy(path).trim_end_matches('\0').to_owned())
}

/// The newest version of glibc's symbols that the file asks for (`.gnu.version_r`).
fn needed_glibc(
    header: &FileHeader64<Endianness>,
    endian: Endianness,
    data: &[u8],
) -> object::read::Result<Option<Glibc>> {
    let sections = header.sections(endian, data)?;
    let Some((mut needs, link)) = sections.gnu_verneed(endian, data)? else { return Ok(None) };
    let strings = sections.strings(endian, data, link)?;
    let mut newest = None;
    while let Some((_, mut versions)) = needs.next()? {
        while let Some(version) = versions.next()? {
            let name = String::from_utf8_lossy(version.name(endian, strings)?);
            newest = newest.max(Glibc::parse(&name));
        }
    }
    Ok(newest)
}

fn library_warning(headers: &Headers) -> Option<String> {
    if headers.interpreter.as_deref().is_some_and(|loader| loader.contains("ld-musl")) {
        return Some(
            "the worker is linked to musl's shared library, which the Functions images don't have; link it statically"
                .to_owned(),
        );
    }
    let needed = headers.glibc.filter(|needed| *needed > FUNCTIONS_GLIBC)?;
    Some(format!(
        "the worker needs glibc {needed}, but the Functions images have {FUNCTIONS_GLIBC}: the host would report \
         \"version `GLIBC_{needed}' not found\"; build it on Debian 12 or older, or see docs/deployment.md"
    ))
}

/// What `--version` prints; None when it can't be run or doesn't end in time.
fn version(program: &Path) -> Option<String> {
    let mut child = Command::new(program)
        .arg("--version")
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let begun = Instant::now();
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status.success(),
            Ok(None) if begun.elapsed() < VERSION_LIMIT => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) | Err(_) => {
                let _it_ended_just_now = child.kill();
                let _nothing_to_learn = child.wait();
                break false;
            }
        }
    };
    let mut text = String::new();
    child.stdout.take()?.take(1000).read_to_string(&mut text).ok()?;
    Some(text.trim().to_owned()).filter(|_| ended)
}

fn version_warning(printed: Option<&str>) -> Option<String> {
    let Some(version) = printed.and_then(|printed| printed.strip_prefix(NAME)).map(str::trim) else {
        return Some(format!("the worker does not say that it is {NAME} when it is run with --version"));
    };
    if version.ends_with(LOCAL_PARTS) {
        return Some(
            "the worker was built with the local parts, which don't belong into production; build it with \
             cargo build --release --no-default-features"
                .to_owned(),
        );
    }
    let own = env!("CARGO_PKG_VERSION");
    (version != own)
        .then(|| format!("the worker is version {version}, but its functions were checked by version {own}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_of_glibc_are_compared_as_numbers() {
        assert_eq!(Glibc::parse("GLIBC_2.2.5"), Some(Glibc(2, 2)));
        assert_eq!(Glibc::parse("GLIBC_PRIVATE"), None);
        assert_eq!(Glibc::parse("GCC_3.0"), None);
        assert!(Glibc::parse("GLIBC_2.9") < Glibc::parse("GLIBC_2.34"));
    }

    #[test]
    fn a_newer_glibc_than_the_images_have_is_warned_of() {
        let needs = |glibc| Headers { machine: EM_X86_64, interpreter: None, glibc };
        assert_eq!(library_warning(&needs(None)), None);
        assert_eq!(library_warning(&needs(Some(Glibc(2, 36)))), None);
        assert!(library_warning(&needs(Some(Glibc(2, 38)))).unwrap().contains("needs glibc 2.38"));
    }

    #[test]
    fn a_program_of_musls_shared_library_is_warned_of() {
        let interpreter = Some("/lib/ld-musl-x86_64.so.1".to_owned());
        let warning = library_warning(&Headers { machine: EM_X86_64, interpreter, glibc: None });
        assert!(warning.unwrap().contains("statically"));
    }

    #[test]
    fn what_is_not_a_production_worker_is_told() {
        let own = format!("{NAME} {}", env!("CARGO_PKG_VERSION"));
        assert_eq!(version_warning(Some(&own)), None);
        assert!(version_warning(Some(&format!("{own} {LOCAL_PARTS}"))).unwrap().contains("local parts"));
        assert!(version_warning(Some("azsql-worker 9.9.9")).unwrap().contains("version 9.9.9"));
        assert!(version_warning(Some("cat (GNU coreutils) 9.1")).unwrap().contains("does not say"));
        assert!(version_warning(None).unwrap().contains("does not say"));
    }

    /// What binutils finds: the newest GLIBC version in the section `.gnu.version_r`; None where there is no readelf.
    fn glibc_by_readelf(program: &Path) -> Option<Option<Glibc>> {
        let output = Command::new("readelf").args(["--wide", "--version-info"]).arg(program).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let needs = text.split("Version needs section").nth(1).unwrap_or_default();
        Some(needs.split_whitespace().filter_map(Glibc::parse).max())
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    fn a_program_needs_what_readelf_says() {
        let own = std::env::current_exe().unwrap();
        let headers = headers(&fs::read(&own).unwrap()).unwrap();
        assert!(headers.interpreter.is_some_and(|loader| loader.contains("ld-")));
        match glibc_by_readelf(&own) {
            None => eprintln!("skipped: readelf can't be started"),
            Some(expected) => assert_eq!(headers.glibc, expected),
        }
    }

    #[test]
    fn a_file_cut_off_anywhere_is_read_without_a_panic() {
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        for length in (0..4096).chain([own.len() / 2, own.len() - 1]) {
            headers(&own[..length]);
        }
        assert_eq!(headers(b"MZ not for Linux"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_after_the_magic_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut data = b"\x7fELF\x02\x01\x01".to_vec();
            data.extend(bytes);
            headers(&data);
        }
    }
}
