//! The sample events, which are in the program, so that it works wherever it was installed.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use include_dir::{Dir, DirEntry, include_dir};
use quittance_core::crypto::sha256_hex_of;

use crate::output::Failure;

/// Those of this version.
static SAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../events");

/// Where the samples are: the directory as said, else `events` beside us, else those of the program, unpacked once into
/// the user's cache.
pub(crate) fn samples(directory: Option<&Path>) -> io::Result<PathBuf> {
    let here = PathBuf::from("events");
    match directory {
        Some(directory) => Ok(directory.to_owned()),
        None if here.is_dir() => Ok(here),
        None => unpacked(&cache()),
    }
}

/// The file as named, else the sample of that name.
///
/// # Errors
///
/// Where there is neither, with the samples whose names begin so.
pub(crate) fn sample(file: &Path) -> Result<PathBuf, Failure> {
    if file.exists() {
        return Ok(file.to_owned());
    }
    let folder = samples(None)?;
    let sample = folder.join(file).with_extension("json");
    if sample.is_file() {
        return Ok(sample);
    }
    let near = near(&folder, file);
    let shown = file.display();
    Err(match near.as_slice() {
        [] => format!("{shown}: no such file, and no sample's name begins so"),
        near => format!("{shown}: no such file. Samples whose names begin so: {}", near.join(", ")),
    }
    .into())
}

/// The names of the samples in the folder of a name that begin as it does.
fn near(samples: &Path, file: &Path) -> Vec<String> {
    let parent = file.parent().unwrap_or_else(|| Path::new(""));
    let begins = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let entries = std::fs::read_dir(samples.join(parent)).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let names = names.filter(|name| !name.ends_with(".expected.json") && name.starts_with(begins));
    let name = |name: String| parent.join(name.trim_end_matches(".json")).display().to_string();
    let mut names: Vec<String> = names.map(name).collect();
    names.sort();
    names
}

fn cache() -> PathBuf {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    cache.unwrap_or_else(env::temp_dir).join("quittance")
}

/// The samples below this folder. A folder has the name of its contents, and gets it only once it is whole.
fn unpacked(cache: &Path) -> io::Result<PathBuf> {
    let whole = cache.join(format!("samples-{}", digest()));
    if whole.is_dir() {
        return Ok(whole);
    }
    // A folder of its own for each that unpacks: two threads of a process may at once.
    static UNPACKED: AtomicU32 = AtomicU32::new(0);
    let nth = UNPACKED.fetch_add(1, Ordering::Relaxed);
    let part = cache.join(format!("samples-part-{}-{nth}", std::process::id()));
    std::fs::create_dir_all(&part)?;
    SAMPLES.extract(&part)?;
    match std::fs::rename(&part, &whole) {
        // Another was quicker.
        Err(_) if whole.is_dir() => std::fs::remove_dir_all(&part)?,
        renamed => renamed?,
    }
    Ok(whole)
}

fn digest() -> String {
    let mut files: Vec<(&Path, &[u8])> = Vec::new();
    let mut left: Vec<&DirEntry<'_>> = SAMPLES.entries().iter().collect();
    while let Some(entry) = left.pop() {
        match entry {
            DirEntry::Dir(directory) => left.extend(directory.entries()),
            DirEntry::File(file) => files.push((file.path(), file.contents())),
        }
    }
    files.sort();
    let parts =
        files.iter().flat_map(|(path, contents)| [path.as_os_str().as_encoded_bytes(), contents]);
    sha256_hex_of(parts).chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_sample_is_answered_with_those_that_begin_so() {
        let refused = |name: &str| sample(Path::new(name)).unwrap_err().to_string();
        let said = refused("systempay/01");
        assert!(
            said.contains("systempay/01-single-card-captured") && !said.contains("expected"),
            "{said}"
        );
        assert!(refused("systempay/zz").ends_with("no sample's name begins so"));
        assert!(sample(Path::new("systempay/01-single-card-captured")).unwrap().is_file());
    }

    #[test]
    fn samples_are_unpacked_once_and_as_they_are() {
        let cache = tempfile::tempdir().unwrap();
        let first = unpacked(cache.path()).unwrap();
        assert_eq!(unpacked(cache.path()).unwrap(), first);
        assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 1, "no part is left");
        let name = "systempay/01-single-card-captured.json";
        let kept =
            std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(name));
        assert_eq!(std::fs::read(first.join(name)).unwrap(), kept.unwrap());
    }
}
