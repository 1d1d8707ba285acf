//! All functions below a script root, whether they can be called or not.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use super::definition::{self, DefinitionError};
use super::plan::Function;

/// The functions of a script root by name, in the folders' case. A wrong definition is kept as its mistakes: it fails
/// that function alone.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// By the folder's name.
    pub functions: BTreeMap<String, Result<Arc<Function>, DefinitionError>>,
}

impl Catalogue {
    /// The functions that can be called.
    pub fn valid(&self) -> impl Iterator<Item = &Function> {
        self.functions.values().filter_map(|function| function.as_ref().ok().map(Arc::as_ref))
    }

    /// The functions that can't, by name, with all that is wrong with each.
    pub fn invalid(&self) -> impl Iterator<Item = (&str, &DefinitionError)> {
        self.functions.iter().filter_map(|(name, function)| Some((name.as_str(), function.as_ref().err()?)))
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    /// The function of this name, which the host matches without case; one that matches exactly goes first.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Result<Arc<Function>, DefinitionError>> {
        self.functions.get(name).or_else(|| {
            self.functions.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, found)| found)
        })
    }
}

/// Reads every immediate sub-folder of the script root that holds a `function.json`.
///
/// # Errors
/// Only when the root itself can't be read.
pub fn load(script_root: &Path) -> io::Result<Catalogue> {
    let mut catalogue = Catalogue::default();
    for entry in fs::read_dir(script_root)? {
        let folder = entry?.path();
        if !folder.join("function.json").is_file() {
            continue;
        }
        let Some(name) = folder.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        let function = definition::read(&name, &folder).map(Arc::new);
        catalogue.functions.insert(name, function);
    }
    Ok(catalogue)
}
