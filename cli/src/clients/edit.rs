//! Adding and removing entries. The rest of the file, comments included, stays as it is.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use bisik::{ErrorKind, KeyId, VerifyingKey};

use super::file::{Clients, check_name};
use super::secret::Digest;
use crate::failure::{About, Failure, Result};
use crate::files::{Access, NewFile, exists, read_public};

const HEAD: &str = "\
# Who may ask this blind server, and how much. Made by `bisik client add`; docs/blind.md explains the fields.
# A running server reads it again on SIGHUP.
";

/// The header line of an entry.
const ENTRY: &str = "[[client]]";

/// What an entry says.
pub(crate) struct NewClient<'a> {
    pub(crate) name: &'a str,
    pub(crate) key: VerifyingKey,
    pub(crate) token: Option<Digest>,
    pub(crate) certificate: Option<Digest>,
    pub(crate) per_day: u64,
    pub(crate) total: Option<u64>,
    pub(crate) batch: u64,
}

/// Appends an entry; makes the file if it is missing. `tell` is called before it takes effect.
pub(crate) fn add(path: &Path, new: &NewClient<'_>, tell: impl FnOnce() -> Result<()>) -> Result<()> {
    check_name(new.name).map_err(|what| Failure::new(ErrorKind::InvalidName, what).help("choose one with --name"))?;
    let _lock = lock(path)?;
    let old = if exists(path)? { read_public(path)? } else { HEAD.to_owned() };
    let before = Clients::parse(&old).map_err(|failure| failure.about(path))?;
    if before.get(&new.key.key_id()).is_some() {
        return Err(Failure::new(ErrorKind::AlreadyExists, "a client with this key is in the file")
            .help("remove it first: bisik client remove")
            .about(path));
    }
    if before.all().iter().any(|client| client.name == new.name) {
        return Err(Failure::new(ErrorKind::AlreadyExists, "a client of this name is in the file")
            .help("choose another with --name")
            .about(path));
    }
    let mut text = old;
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&entry(new));
    // The new text must be one that the server reads.
    Clients::parse(&text).map_err(|failure| failure.about(path))?;
    tell()?;
    replace(path, &text)
}

fn entry(new: &NewClient<'_>) -> String {
    let mut text = format!("\n{ENTRY}\nname = {}\nkey = \"{}\"\n", quoted(new.name), new.key);
    if let Some(token) = &new.token {
        _ = writeln!(text, "token = \"{token}\"");
    }
    if let Some(certificate) = &new.certificate {
        _ = writeln!(text, "certificate = \"{certificate}\"");
    }
    _ = writeln!(text, "per_day = {}", new.per_day);
    if let Some(total) = new.total {
        _ = writeln!(text, "total = {total}");
    }
    _ = writeln!(text, "batch = {}", new.batch);
    text
}

/// A basic TOML string. Names have no control characters.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Removes the entry with this key; its name. `tell` is called before it takes effect.
pub(crate) fn remove(path: &Path, key: &KeyId, tell: impl FnOnce() -> Result<()>) -> Result<String> {
    let _lock = lock(path)?;
    let old = read_public(path)?;
    let before = Clients::parse(&old).map_err(|failure| failure.about(path))?;
    let Some(at) = before.all().iter().position(|client| client.key.key_id() == *key) else {
        return Err(Failure::new(ErrorKind::UnknownClient, "no client with this key is in the file")
            .help("see `bisik client list`")
            .about(path));
    };
    let text = without(&old, at);
    // Entries can be written in ways that lines do not show: what is left must be all the others.
    let after = Clients::parse(&text).ok();
    let kept = before.all().iter().filter(|client| client.key.key_id() != *key).map(|client| client.key);
    if !after.is_some_and(|after| after.all().iter().map(|client| client.key).eq(kept)) {
        return Err(Failure::new(ErrorKind::Malformed, "the entry is not written as `client add` writes it")
            .help("remove its lines with an editor")
            .about(path));
    }
    tell()?;
    replace(path, &text)?;
    Ok(before.all().get(at).map(|client| client.name.clone()).unwrap_or_default())
}

/// The text without the lines of entry number `at`; comments and empty lines behind its fields stay.
fn without(text: &str, at: usize) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let heads: Vec<usize> = (0..lines.len()).filter(|&i| lines.get(i).is_some_and(|l| l.trim() == ENTRY)).collect();
    let Some(&first) = heads.get(at) else { return text.to_owned() };
    let end = heads.get(at + 1).copied().unwrap_or(lines.len());
    let is_field = |i: &usize| lines.get(*i).is_some_and(|l| !l.trim().is_empty() && !l.trim().starts_with('#'));
    let last = (first..end).rev().find(is_field).unwrap_or(first);
    let kept = lines.iter().enumerate().filter(|(i, _)| *i < first || *i > last).map(|(_, line)| *line);
    kept.collect()
}

fn replace(path: &Path, text: &str) -> Result<()> {
    let mut file = NewFile::create(path, Access::Owner)?;
    file.write_all(text.as_bytes()).about(path)?;
    file.commit()
}

/// Keeps two editors apart, by a lock on the folder: the file itself is replaced. Where folders cannot be locked there is none.
fn lock(path: &Path) -> Result<Option<File>> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !fs::metadata(folder).about(folder)?.is_dir() {
        return Err(Failure::new(ErrorKind::Io, "not a folder").about(folder));
    }
    Ok(File::open(folder).ok().filter(|folder| folder.lock().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_goes_without_its_neighbours_comments() {
        let text = "# top\n\n[[client]]\nname = 'a'\n# inside\nbatch = 1\n\n# about b\n[[client]]\nname = 'b'\n";
        assert_eq!(without(text, 0), "# top\n\n\n# about b\n[[client]]\nname = 'b'\n");
        assert_eq!(without(text, 1), "# top\n\n[[client]]\nname = 'a'\n# inside\nbatch = 1\n\n# about b\n");
        assert_eq!(without(text, 2), text);
    }

    #[test]
    fn names_with_quotes_are_written_as_they_are_read() {
        let text = format!("x = {}", quoted(r#"a "b" \c"#));
        let table: toml::Table = toml::from_str(&text).unwrap();
        assert_eq!(table["x"].as_str(), Some(r#"a "b" \c"#));
    }
}
