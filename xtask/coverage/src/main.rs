//! Which lines of the sources the tests reached: `bisik-coverage ROOT PROFILES OBJECT...`.
//!
//! ```text
//! count of a line = the highest of the regions that begin on it and of the innermost region that it begins in (as llvm-cov counts)
//! ```
//!
//! Writes a line a file: path, lines reached, lines with code, and the ranges that were not reached. Tests are no code: what follows
//! `#[cfg(test)]` and a module, and files that are modules of tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use llvm_profparser::{CoverageMapping, merge_profiles};

/// A region: from line and column to line and column, and how often it was entered.
type Region = ((usize, usize), (usize, usize), usize);

fn main() {
    if let Err(why) = report() {
        eprintln!("bisik-coverage: {why}");
        std::process::exit(1);
    }
}

fn report() -> Result<(), String> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(root), Some(profiles)) = (arguments.next(), arguments.next()) else {
        return Err("ROOT PROFILES OBJECT...".to_owned());
    };
    let objects: Vec<PathBuf> = arguments.collect();
    let entries = std::fs::read_dir(&profiles).map_err(|error| format!("{}: {error}", profiles.display()))?;
    let entries = entries.flatten().map(|entry| entry.path());
    // What a process that was killed left unfinished is no profile.
    let files: Vec<_> = entries.filter(|path| std::fs::metadata(path).is_ok_and(|data| data.len() > 0)).collect();
    let merged = merge_profiles(&files).map_err(|error| error.to_string())?;
    let mut regions: BTreeMap<PathBuf, BTreeMap<((usize, usize), (usize, usize)), usize>> = BTreeMap::new();
    for object in &objects {
        let mapping = CoverageMapping::new(std::slice::from_ref(object), &merged, false);
        let mapping = mapping.map_err(|error| format!("{}: {error}", object.display()))?;
        let part = mapping.generate_report().map_err(|error| format!("{}: {error}", object.display()))?;
        for (path, result) in part.files {
            // Paths are as the compiler was given them: below the root of the workspace.
            let path = if path.is_absolute() { path } else { root.join(path) };
            let Ok(path) = path.strip_prefix(&root).map(Path::to_path_buf) else { continue };
            let file = regions.entry(path).or_default();
            for (place, count) in result.hits {
                let place = ((place.line_start, place.column_start), (place.line_end, place.column_end));
                let total = file.entry(place).or_default();
                *total = total.saturating_add(count);
            }
        }
    }
    for (path, regions) in regions {
        let Ok(source) = std::fs::read_to_string(root.join(&path)) else { continue };
        let regions: Vec<Region> = regions.into_iter().map(|((from, to), count)| (from, to, count)).collect();
        let counts = lines(&regions, code(&source));
        let reached = counts.values().filter(|&&count| count > 0).count();
        let missed: Vec<usize> = counts.iter().filter(|(_, count)| **count == 0).map(|(line, _)| *line).collect();
        println!("{}\t{reached}\t{}\t{}", path.display(), counts.len(), ranges(&missed));
    }
    Ok(())
}

/// How many lines come before a file's tests.
fn code(source: &str) -> usize {
    let lines: Vec<&str> = source.lines().collect();
    let tests = lines.windows(2).position(|pair| {
        pair.first().is_some_and(|line| *line == "#[cfg(test)]")
            && pair
                .get(1)
                .is_some_and(|line| line.trim_start_matches("pub(crate) ").starts_with("mod ") && line.ends_with('{'))
    });
    tests.unwrap_or(lines.len())
}

/// How often each line was reached, of those that have code, up to `last`.
fn lines(regions: &[Region], last: usize) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    let end = regions.iter().map(|region| region.1.0).max().unwrap_or(0);
    for line in 1..=end.min(last) {
        let begun = regions.iter().filter(|region| region.0.0 == line).map(|region| region.2).max();
        // The innermost region that was begun before and goes on: the one that begins last, and ends first.
        let inner = regions
            .iter()
            .filter(|region| region.0.0 < line && region.1.0 >= line && region.1 > (line, 1))
            .max_by_key(|region| (region.0, std::cmp::Reverse(region.1)))
            .map(|region| region.2);
        if let Some(count) = begun.into_iter().chain(inner).max() {
            counts.insert(line, count);
        }
    }
    counts
}

/// `3, 7-9`.
fn ranges(lines: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &line in lines {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == line => *last = line,
            _ => ranges.push((line, line)),
        }
    }
    let written =
        ranges.iter().map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") });
    written.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_what_begins_on_it_or_what_it_is_inside() {
        // A function of five lines, the third of which is a branch that was never taken.
        let regions = [((1, 1), (5, 2), 4), ((3, 5), (3, 20), 0), ((2, 8), (4, 6), 0)];
        let counts = lines(&regions, 9);
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), [(1, 4), (2, 4), (3, 0), (4, 0), (5, 4)]);
    }

    #[test]
    fn tests_are_no_code() {
        assert_eq!(code("fn a() {}\n#[cfg(test)]\nmod tests {\n}"), 1);
        assert_eq!(code("fn a() {}\n#[cfg(test)]\npub(crate) mod tests {\n}"), 1);
        assert_eq!(code("#[cfg(test)]\nmod tests;\nfn a() {}"), 3);
    }

    #[test]
    fn neighbours_are_one_range() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1-3, 7, 9-10");
    }
}
