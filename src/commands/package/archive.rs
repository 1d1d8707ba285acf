//! The package as a zip file: the same files give the same bytes, and unix modes go along.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::contents::PackagedFile;

/// What a zip file begins with: a file's heading, or the end of an empty one (PKWARE APPNOTE 4.3.7, 4.3.16).
const SIGNATURES: [&[u8; 4]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// A zip file beside its place; removed when it is dropped before [`StagedArchive::commit`].
pub(super) struct StagedArchive {
    file: PathBuf,
    target: PathBuf,
}

/// Whether the zip file may be written: there is nothing yet, or a zip file, and it is not in the package's folder.
pub(super) fn may_write(zip: &Path, package: &Path) -> Result<(), String> {
    let place = std::path::absolute(zip).map_err(|error| format!("{} is no path: {error}", zip.display()))?;
    let folder = place.parent().map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf()));
    if folder.is_some_and(|folder| folder.starts_with(package)) {
        return Err(format!("{} is in the package's own folder; name another place", zip.display()));
    }
    let mut beginning = Vec::new();
    match File::open(zip).and_then(|file| file.take(4).read_to_end(&mut beginning)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) if SIGNATURES.iter().any(|signature| beginning == signature.as_slice()) => Ok(()),
        Ok(_) => Err(format!("{} is there and is no zip file; name another", zip.display())),
        Err(error) => Err(format!("{} can't be written: {error}", zip.display())),
    }
}

/// Writes the zip file beside its place, from a package's folder and the list of its files.
pub(super) fn stage(zip: &Path, package: &Path, files: &[PackagedFile]) -> Result<StagedArchive, String> {
    let failed = |error: io::Error| format!("{} can't be written: {error}", zip.display());
    let target = std::path::absolute(zip).map_err(failed)?;
    let folder = target.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(failed)?;
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let staged = StagedArchive {
        file: folder.join(format!(".{name}.new-{}", uuid::Uuid::new_v4())),
        target: target.clone(),
    };
    File::create_new(&staged.file).and_then(|file| write(file, package, files)).map_err(failed)?;
    Ok(staged)
}

fn write(file: File, package: &Path, files: &[PackagedFile]) -> io::Result<()> {
    let mut archive = ZipWriter::new(io::BufWriter::new(file));
    for file in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            // The oldest that the format knows: today's would make every zip another one.
            .last_modified_time(DateTime::default())
            .unix_permissions(if file.executable { 0o755 } else { 0o644 });
        archive.start_file(file.path.as_str(), options)?;
        io::copy(&mut File::open(package.join(&file.path))?, &mut archive)?;
    }
    archive.finish()?.flush()
}

impl StagedArchive {
    /// Moves it to its place.
    pub(super) fn commit(self) -> Result<(), String> {
        fs::rename(&self.file, &self.target)
            .map_err(|error| format!("{} can't be written: {error}", self.target.display()))
    }
}

impl Drop for StagedArchive {
    fn drop(&mut self) {
        // After a commit there is nothing left at this path.
        let _nothing_there = fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::contents::Content;
    use super::*;

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let file = PackagedFile {
            path: "query.sql".to_owned(),
            content: Content::Text(String::new()),
            executable: false,
        };
        fs::write(folder.path().join("query.sql"), "SELECT 1\n".repeat(100)).unwrap();
        let write = |name: &str| {
            let zip = folder.path().join(name);
            stage(&zip, folder.path(), std::slice::from_ref(&file)).unwrap().commit().unwrap();
            fs::read(zip).unwrap()
        };
        let (first, second) = (write("a.zip"), write("b.zip"));
        assert_eq!(first, second);
        assert!(first.len() < 500, "not compressed: {}", first.len());
    }

    #[test]
    fn only_a_zip_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (zip, other) = (folder.path().join("a.zip"), folder.path().join("thesis.txt"));
        let package = folder.path().join("package");
        assert_eq!(may_write(&zip, &package), Ok(()));
        stage(&zip, &package, &[]).unwrap().commit().unwrap();
        assert_eq!(may_write(&zip, &package), Ok(()));
        fs::write(&other, "mine").unwrap();
        assert!(may_write(&other, &package).unwrap_err().contains("no zip file"));
        assert!(may_write(&package.join("a.zip"), &package).is_err());
    }

    #[test]
    fn a_zip_that_is_not_committed_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        drop(stage(&folder.path().join("a.zip"), folder.path(), &[]).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
