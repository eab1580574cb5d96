//! No two files of a crate need each other, straight or through others: each can be understood, tested and moved
//! after those that it uses. Text is read here, not Rust: what a path in a file means, as far as a path begins
//! with `crate`, `super` or `self`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The crates, from the root of the workspace.
const CRATES: [&str; 13] = [
    "cli",
    "functions/dispatch",
    "functions/example-fulfilment",
    "functions/expected",
    "functions/orders",
    "functions/reconcile",
    "shared/aws",
    "shared/core",
    "shared/evidence",
    "shared/fakes",
    "shared/psp",
    "shared/simulator",
    "shared/testing",
];

/// Which file uses which.
type Arrows = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_files_need_each_other() {
    for name in CRATES {
        let arrows = arrows(name);
        assert!(!arrows.is_empty(), "{name} has no files");
        let circles = in_circles(&arrows);
        let tie = |file| (file, arrows[file].intersection(&circles).collect());
        let ties: Vec<(&String, Vec<&String>)> = circles.iter().map(tie).collect();
        assert!(ties.is_empty(), "files that need each other: {ties:#?}");
    }
}

/// The files that lead back to themselves.
fn in_circles(arrows: &Arrows) -> BTreeSet<String> {
    let leads_back = |start: &&String| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![*start]);
        while let Some(file) = left.pop() {
            left.extend(arrows.get(file).into_iter().flatten().filter(|next| seen.insert(*next)));
        }
        seen.contains(start)
    };
    arrows.keys().filter(leads_back).cloned().collect()
}

fn arrows(name: &str) -> Arrows {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let source = root.join(name).join("src");
    let mut files = Vec::new();
    collect(&source, &mut files);
    let module = |file: &PathBuf| {
        let path = file.strip_prefix(&source).unwrap().with_extension("");
        let mut path: Vec<String> =
            path.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        if matches!(path.last().unwrap().as_str(), "lib" | "main" | "mod") {
            path.pop();
        }
        path
    };
    let modules: BTreeMap<Vec<String>, &PathBuf> =
        files.iter().map(|file| (module(file), file)).collect();
    let shown = |file: &Path| file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    let arrows = files.iter().map(|file| {
        let text = std::fs::read_to_string(file).unwrap();
        let here = module(file);
        let used = paths(&text).into_iter().filter_map(|path| {
            let path = absolute(&here, &path)?;
            let lengths = (0..=path.len()).rev();
            let used = lengths.filter_map(|length| modules.get(&path[..length])).next()?;
            // What a face hands on is no need of its own.
            (!is_face(used) && *used != file).then(|| shown(used))
        });
        (shown(file), used.collect())
    });
    arrows.collect()
}

/// Whether a file only says which files there are, and hands names on.
fn is_face(file: &Path) -> bool {
    let name = file.file_name().unwrap();
    ["lib.rs", "main.rs"].iter().any(|face| name == *face)
        || name == "mod.rs" && std::fs::read_to_string(file).unwrap().lines().count() < 80
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = folder.read_dir().unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// A path from the crate's root, where it stands in this module.
fn absolute(here: &[String], path: &[String]) -> Option<Vec<String>> {
    let (first, mut rest) = path.split_first()?;
    let mut whole = if first == "crate" { Vec::new() } else { here.to_vec() };
    if first == "super" {
        whole.pop();
        while let [next, tail @ ..] = rest
            && next == "super"
        {
            whole.pop();
            rest = tail;
        }
    }
    whole.extend(rest.iter().cloned());
    Some(whole)
}

/// Every path in a file outside its tests that begins with `crate`, `super` or `self`.
fn paths(text: &str) -> Vec<Vec<String>> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let code: Vec<&str> =
        code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("::") {
        let before = &code[..at];
        let start = before.rfind(|c: char| !is_of_name(c)).map_or(0, |end| end + 1);
        let begins = matches!(&before[start..], "crate" | "super" | "self");
        if begins && !before[..start].ends_with("::") {
            expand(&mut &code[start..], &[], &mut found);
        }
    }
    found
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Reads one path, or each in a group, and leaves what comes behind.
fn expand(rest: &mut &str, prefix: &[String], found: &mut Vec<Vec<String>>) {
    let mut path = prefix.to_vec();
    loop {
        let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        *rest = behind;
        // Within a group, `self` is what stands before it.
        let is_prefix = name == "self" && !path.is_empty();
        if !name.is_empty() && !is_prefix {
            path.push(name.to_owned());
        }
        let Some(behind) = rest.strip_prefix("::") else { break };
        *rest = behind;
        if let Some(group) = rest.strip_prefix('{') {
            *rest = group;
            loop {
                *rest = rest.trim_start_matches([',', ' ', '\n']);
                match rest.chars().next() {
                    None => return,
                    Some('}') => {
                        *rest = &rest[1..];
                        return;
                    }
                    Some(_) => {
                        expand(rest, &path, found);
                        *rest = &rest[rest.find([',', '}']).unwrap_or(rest.len())..];
                    }
                }
            }
        }
    }
    found.push(path);
}

#[test]
fn paths_are_found_in_imports_and_in_code() {
    let text = "use crate::a::{self, b::{C, d as e},\n    f};\n// use crate::comment;\n\
                fn g(h: super::super::i::J) { self::k::<u8>(std::io::stdin()); my_crate::x(); }\n\
                #[cfg(test)]\nmod tests { use super::tested; }";
    let found: Vec<String> = paths(text).iter().map(|path| path.join("::")).collect();
    let expected = [
        "crate::a",
        "crate::a::b::C",
        "crate::a::b::d",
        "crate::a::f",
        "super::super::i::J",
        "self::k",
    ];
    assert_eq!(found, expected);
    let here = ["x".to_owned(), "y".to_owned(), "z".to_owned()];
    assert_eq!(absolute(&here, &paths(text)[4]).unwrap(), ["x", "i", "J"]);
}

#[test]
fn a_circle_is_found_and_what_leads_to_it_is_none() {
    let arrow =
        |from: &str, to: &[&str]| (from.to_owned(), to.iter().map(|to| (*to).to_owned()).collect());
    let arrows = [
        arrow("a", &["b"]),
        arrow("b", &["c", "d"]),
        arrow("c", &["d"]),
        arrow("d", &["b"]),
        arrow("e", &[]),
    ];
    let found = in_circles(&arrows.into());
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["b", "c", "d"]);
}
