//! Writes the sample deliveries to `events/` and removes those that are no longer in the table.

use std::fs;
use std::io;
use std::path::Path;

use quittance_testing::samples::{files, folder};

#[expect(clippy::print_stdout, reason = "a command tells what it did")]
fn main() -> io::Result<()> {
    let (root, files) = (folder(), files());
    for old in written(&root)? {
        if !files.iter().any(|(path, _)| root.join(path) == old) {
            fs::remove_file(&old)?;
            println!("removed {}", old.display());
        }
    }
    for (path, contents) in &files {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, contents)?;
    }
    println!("{} files in {}", files.len(), root.display());
    Ok(())
}

/// The JSON files one folder below the root; anything else there is not ours.
fn written(root: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for folder in fs::read_dir(root)? {
        let folder = folder?.path();
        if !folder.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder)? {
            let file = file?.path();
            if file.extension().is_some_and(|ending| ending == "json") {
                found.push(file);
            }
        }
    }
    Ok(found)
}
