//! The package's folder on disk: written beside its place first and moved there as a whole, so that there is never half
//! a package; and never over files that no package put there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::contents::{Content, PackagedFile};

/// Lists a package's files, so that another can take its place without touching what isn't its own.
const MARKER: &str = ".azsql-worker-package";

/// A user's file in a package: `func start` wants it there, and it holds secrets that exist nowhere else.
const LOCAL_SETTINGS: &str = "local.settings.json";

/// A place where a package may be written.
pub(super) struct OutputFolder {
    path: PathBuf,
    parent: PathBuf,
    name: String,
}

/// A whole package beside its place; removed when it is dropped before [`StagedPackage::commit`].
pub(super) struct StagedPackage {
    folder: PathBuf,
    output: OutputFolder,
}

impl OutputFolder {
    /// The place, if a package may go there: there is nothing yet, an empty folder, or a package of ours.
    pub(super) fn examine(output: &Path) -> Result<Self, String> {
        let path = output.canonicalize().or_else(|_| std::path::absolute(output));
        let path = path.map_err(|error| format!("{} is no folder's path: {error}", output.display()))?;
        let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str()))
        else {
            return Err(format!("{} is no place for a package; name a new folder", output.display()));
        };
        may_replace(&path, output)?;
        Ok(Self { parent: parent.to_path_buf(), name: name.to_owned(), path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses a place that is the script root itself, in one of its functions, or under the feet of whoever asks: a
    /// folder that is replaced takes the current one along.
    pub(super) fn keep_apart_from(&self, script_root: &Path, functions: &[String]) -> Result<(), String> {
        let is_inside =
            |folder: &Path| folder.canonicalize().is_ok_and(|folder| self.path.starts_with(folder));
        if script_root.canonicalize().is_ok_and(|root| root == self.path) {
            return Err("the output must be another folder than the script root".to_owned());
        }
        if let Some(function) = functions.iter().find(|function| is_inside(&script_root.join(function))) {
            return Err(format!("the output must not be in the folder of the function {function}"));
        }
        if std::env::current_dir().is_ok_and(|here| here.starts_with(&self.path)) {
            return Err("the output must not be the current folder; go elsewhere and name it".to_owned());
        }
        Ok(())
    }

    /// Writes the files beside the place.
    pub(super) fn stage(self, files: &[PackagedFile]) -> Result<StagedPackage, String> {
        let folder = self.parent.join(format!(".{}.new-{}", self.name, uuid::Uuid::new_v4()));
        let staged = StagedPackage { folder, output: self };
        let failed = |error: io::Error| format!("{} can't be written: {error}", staged.output.path.display());
        fs::create_dir_all(&staged.output.parent)
            .and_then(|()| fs::create_dir(&staged.folder))
            .map_err(failed)?;
        for file in files {
            write(&staged.folder.join(&file.path), file)
                .map_err(|error| format!("{} can't be written: {error}", file.path))?;
        }
        let list: String = files.iter().map(|file| format!("{}\n", file.path)).collect();
        fs::write(staged.folder.join(MARKER), list).map_err(failed)?;
        Ok(staged)
    }
}

impl StagedPackage {
    /// Where it is until it is committed.
    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// Moves it to its place. A package that was there is gone then, but for the user's local settings; if it can't be
    /// removed, where it stands.
    pub(super) fn commit(self) -> Result<Option<PathBuf>, String> {
        let output = &self.output;
        let failed = |error: io::Error| {
            format!(
                "{} can't be replaced: {error}; if it is a mount or a volume, name a folder in it",
                output.path.display()
            )
        };
        if !output.path.exists() {
            return fs::rename(&self.folder, &output.path).map(|()| None).map_err(failed);
        }
        let settings = output.path.join(LOCAL_SETTINGS);
        if settings.is_file() {
            fs::copy(&settings, self.folder.join(LOCAL_SETTINGS)).map_err(failed)?;
        }
        let former = output.parent.join(format!(".{}.old-{}", output.name, uuid::Uuid::new_v4()));
        fs::rename(&output.path, &former).map_err(failed)?;
        // A build takes minutes, in which the user may have put a file there. Nobody finds the folder now.
        let replaced = may_replace(&former, &output.path)
            .and_then(|()| fs::rename(&self.folder, &output.path).map_err(failed));
        if let Err(sentence) = replaced {
            // Back to what was there; if even that fails, it still stands beside.
            let _stays_beside = fs::rename(&former, &output.path);
            return Err(sentence);
        }
        Ok(fs::remove_dir_all(&former).is_err().then_some(former))
    }
}

impl Drop for StagedPackage {
    fn drop(&mut self) {
        // After a commit there is nothing left at this path.
        let _nothing_there = fs::remove_dir_all(&self.folder);
    }
}

/// Whether a package may take the place of a folder, which the user knows by this name.
fn may_replace(folder: &Path, name: &Path) -> Result<(), String> {
    let name = name.display();
    match owner(folder) {
        Ok(Owner::Nobody | Owner::Package) => Ok(()),
        Ok(Owner::User(file)) => Err(format!(
            "{name} holds {file}, which no package of ours put there; name another folder, or move that file away"
        )),
        Err(error) => Err(format!("{name} can't be read: {error}")),
    }
}

/// Whose files are in a folder.
enum Owner {
    /// There are none.
    Nobody,
    /// A former package's, and perhaps the user's local settings.
    Package,
    /// A user's; this is one of them.
    User(String),
}

fn owner(folder: &Path) -> io::Result<Owner> {
    match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Ok(Owner::User("a file's content".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Owner::Nobody),
        Err(error) => return Err(error),
    }
    let listed = match fs::read_to_string(folder.join(MARKER)) {
        Ok(listed) => listed,
        Err(_) => {
            return Ok(match fs::read_dir(folder)?.next().transpose()? {
                None => Owner::Nobody,
                Some(entry) => Owner::User(entry.file_name().to_string_lossy().into_owned()),
            });
        }
    };
    let own: Vec<&str> = listed.lines().chain([MARKER, LOCAL_SETTINGS]).collect();
    Ok(foreign_file(folder, "", &own)?.map_or(Owner::Package, Owner::User))
}

/// A file below the folder that is not listed. Links are not followed.
fn foreign_file(folder: &Path, path: &str, own: &[&str]) -> io::Result<Option<String>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{path}{}", entry.file_name().to_string_lossy());
        let foreign = if entry.file_type()?.is_dir() {
            // A folder's own files lie below it; what is nested deeper than any of them is foreign itself.
            let inside = format!("{path}/");
            if own.iter().any(|file| file.starts_with(&inside)) {
                foreign_file(&entry.path(), &inside, own)?
            } else {
                Some(path)
            }
        } else {
            Some(path).filter(|path| !own.contains(&path.as_str()))
        };
        if foreign.is_some() {
            return Ok(foreign);
        }
    }
    Ok(None)
}

fn write(target: &Path, file: &PackagedFile) -> io::Result<()> {
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    match &file.content {
        Content::Text(text) => fs::write(target, text)?,
        Content::File(source) => {
            fs::copy(source, target)?;
        }
    }
    set_mode(target, if file.executable { 0o755 } else { 0o644 })
}

#[cfg(unix)]
fn set_mode(file: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(mode))
}

/// Other systems have no such modes; in the zip they are all the same.
#[cfg(not(unix))]
fn set_mode(_file: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn files(names: &[&str]) -> Vec<PackagedFile> {
        let file = |name: &&str| PackagedFile {
            path: (*name).to_owned(),
            content: Content::Text((*name).to_owned()),
            executable: *name == "run",
        };
        names.iter().map(file).collect()
    }

    fn write_package(output: &Path, names: &[&str]) -> Result<(), String> {
        OutputFolder::examine(output)?.stage(&files(names))?.commit().map(|_leftover| ())
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_package_takes_the_place_of_a_former_one_wholly() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        write_package(&output, &["host.json", "Old/function.json"]).unwrap();
        fs::write(output.join(LOCAL_SETTINGS), "mine").unwrap();

        write_package(&output, &["host.json", "New/function.json", "run"]).unwrap();

        assert_eq!(names(&output), [MARKER, "New", "host.json", LOCAL_SETTINGS, "run"]);
        assert_eq!(fs::read_to_string(output.join(LOCAL_SETTINGS)).unwrap(), "mine");
        assert_eq!(fs::metadata(output.join("run")).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::metadata(output.join("host.json")).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(names(folder.path()), ["out"], "nothing is left beside it");
    }

    #[test]
    fn files_that_no_package_wrote_are_never_touched() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        fs::create_dir(&output).unwrap();
        fs::write(output.join("thesis.txt"), "mine").unwrap();
        assert!(write_package(&output, &["host.json"]).unwrap_err().contains("holds thesis.txt"));
        assert_eq!(names(&output), ["thesis.txt"]);

        let output = folder.path().join("package");
        write_package(&output, &["host.json", "Work/function.json"]).unwrap();
        for file in ["notes.txt", "Work/mine.sql", "Mine/deep/file"] {
            let file = output.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "mine").unwrap();
            assert!(write_package(&output, &["host.json"]).unwrap_err().contains("which no package of ours"));
            assert!(file.exists());
            fs::remove_file(file).unwrap();
            let _only_for_the_last = fs::remove_dir_all(output.join("Mine"));
        }
    }

    #[test]
    fn a_file_that_comes_while_the_package_is_made_is_kept_too() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        write_package(&output, &["host.json"]).unwrap();
        let staged = OutputFolder::examine(&output).unwrap().stage(&files(&["host.json", "run"])).unwrap();
        fs::write(output.join("thesis.txt"), "mine").unwrap();

        let refused = staged.commit();

        assert!(refused.unwrap_err().contains("holds thesis.txt"));
        assert_eq!(names(&output), [MARKER, "host.json", "thesis.txt"]);
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn a_file_or_the_root_is_no_place_for_a_package() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "mine").unwrap();
        assert!(write_package(&file, &["host.json"]).is_err());
        assert!(OutputFolder::examine(Path::new("/")).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    }

    #[test]
    fn a_package_that_fails_leaves_nothing_and_the_former_one_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        write_package(&output, &["host.json"]).unwrap();
        let mut broken = files(&["host.json", "Work/function.json"]);
        broken[1].content = Content::File("/no/such/file".into());

        let staged = OutputFolder::examine(&output).unwrap().stage(&broken);

        assert!(staged.is_err_and(|sentence| sentence.contains("Work/function.json")));
        assert_eq!(names(folder.path()), ["out"]);
        assert_eq!(names(&output), [MARKER, "host.json"]);
    }
}
