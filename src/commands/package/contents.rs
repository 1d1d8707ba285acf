//! What goes into a package: the worker, `host.json`, the functions' folders, and nothing that stays at the desk.

use std::fs;
use std::path::{Path, PathBuf};

use super::host_json::PROGRAM;

/// A file of the package.
pub(super) struct PackagedFile {
    /// Its path below the package's folder, with `/`.
    pub(super) path: String,
    /// What is in it.
    pub(super) content: Content,
    /// Whether it can be run.
    pub(super) executable: bool,
}

/// Where a file's bytes come from.
pub(super) enum Content {
    /// From here.
    Text(String),
    /// From this file.
    File(PathBuf),
}

/// Keeps what belongs to the desk out of a deployment by Core Tools.
const FUNC_IGNORE: &str = ".azsql-worker-package\n.env\n.git*\n.vscode/\nlocal.settings.json\n";

/// Deeper folders below a function's are nobody's intention.
const MAX_DEPTH: usize = 16;

/// All files of the package, in the order of their paths.
pub(super) fn gather(
    script_root: &Path,
    functions: &[String],
    host_json: String,
    program: &Path,
) -> Result<Vec<PackagedFile>, String> {
    let text = |path: &str, text: String| PackagedFile {
        path: path.to_owned(),
        content: Content::Text(text),
        executable: false,
    };
    let mut files = vec![
        text("host.json", host_json),
        text(".funcignore", FUNC_IGNORE.to_owned()),
        PackagedFile {
            path: PROGRAM.to_owned(),
            content: Content::File(program.to_path_buf()),
            executable: true,
        },
    ];
    for function in functions {
        if function.eq_ignore_ascii_case(PROGRAM) {
            return Err(format!(
                "a function can't be called {function} in a package: the worker's own file is; rename its folder"
            ));
        }
        let folder = script_root.join(function);
        add_folder(&folder, &folder, function, 0, &mut files)?;
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// Adds the files of a folder, which is the function's own or lies in it.
fn add_folder(
    function: &Path,
    folder: &Path,
    path: &str,
    depth: usize,
    files: &mut Vec<PackagedFile>,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("{} is nested too deep for a function's folder", folder.display()));
    }
    let unreadable = |error: std::io::Error| format!("{} can't be read: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let name = name
            .to_str()
            .ok_or_else(|| format!("{} has a name that is not UTF-8", entry.path().display()))?;
        if stays_at_the_desk(name) {
            continue;
        }
        let path = format!("{path}/{name}");
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            add_folder(function, &entry.path(), &path, depth + 1, files)?;
            continue;
        }
        if kind.is_symlink() && !leads_to_file_inside(&entry.path(), function) {
            return Err(format!(
                "{} is a symbolic link that leads out of its function's folder, or to a folder; put a copy there",
                entry.path().display()
            ));
        }
        if !kind.is_file() && !kind.is_symlink() {
            return Err(format!("{} is neither a file nor a folder; take it away", entry.path().display()));
        }
        files.push(PackagedFile { path, content: Content::File(entry.path()), executable: false });
    }
    Ok(())
}

fn leads_to_file_inside(link: &Path, folder: &Path) -> bool {
    match (link.canonicalize(), folder.canonicalize()) {
        (Ok(file), Ok(folder)) => file.is_file() && file.starts_with(folder),
        _ => false,
    }
}

/// What editors and systems drop beside a file, and settings, which hold secrets.
fn stays_at_the_desk(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let suffixes = ["~", ".bak", ".orig", ".rej", ".swo", ".swp", ".tmp"];
    lower.starts_with('.')
        || lower.starts_with('#')
        || suffixes.iter().any(|suffix| lower.ends_with(suffix))
        || ["local.settings.json", "thumbs.db", "desktop.ini"].contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn function_with(names: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for name in names {
            let file = root.path().join("Work").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, name).unwrap();
        }
        root
    }

    fn paths(root: &Path, functions: &[&str]) -> Result<Vec<String>, String> {
        let functions: Vec<String> = functions.iter().map(|name| (*name).to_owned()).collect();
        let files = gather(root, &functions, "{}".to_owned(), Path::new("/w"))?;
        Ok(files.into_iter().map(|file| file.path).collect())
    }

    #[test]
    fn a_functions_files_go_along_and_editor_droppings_do_not() {
        let root = function_with(&[
            "function.json",
            "query.sql",
            "notes/read me.txt",
            "query.sql~",
            ".query.sql.swp",
            "#query.sql#",
            ".DS_Store",
            "query.sql.BAK",
            "local.settings.json",
            ".env",
            "Thumbs.db",
        ]);
        assert_eq!(
            paths(root.path(), &["Work"]).unwrap(),
            [
                ".funcignore",
                "Work/function.json",
                "Work/notes/read me.txt",
                "Work/query.sql",
                "azsql-worker",
                "host.json"
            ]
        );
    }

    #[test]
    fn a_link_that_leads_out_is_refused_and_one_inside_is_followed() {
        let root = function_with(&["function.json", "query.sql"]);
        fs::write(root.path().join("secret"), "secret").unwrap();
        let work = root.path().join("Work");
        std::os::unix::fs::symlink("query.sql", work.join("same.sql")).unwrap();
        assert!(paths(root.path(), &["Work"]).unwrap().contains(&"Work/same.sql".to_owned()));
        std::os::unix::fs::symlink("../secret", work.join("out.sql")).unwrap();
        assert!(paths(root.path(), &["Work"]).unwrap_err().contains("out.sql is a symbolic link"));
    }

    #[test]
    fn what_can_not_be_copied_is_refused() {
        let root = function_with(&["function.json"]);
        let _socket = std::os::unix::net::UnixListener::bind(root.path().join("Work/socket")).unwrap();
        assert!(paths(root.path(), &["Work"]).unwrap_err().contains("neither a file nor a folder"));
    }

    #[test]
    fn a_function_does_not_take_the_workers_place() {
        assert!(paths(Path::new("/nowhere"), &["Azsql-Worker"]).unwrap_err().contains("rename its folder"));
    }
}
