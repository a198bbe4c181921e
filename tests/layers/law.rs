//! The checker: source texts in, findings out. It reads tokens, so that comments and strings cannot mislead it and
//! macro bodies do not escape it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Crates that make or check secrets, and the files that may name them: a file, or a folder ending in `/`.
const CRYPTO: &[(&str, &[&str])] = &[
    ("chacha20poly1305", &["crypto/"]),
    ("curve25519_dalek", &["crypto/"]),
    ("ed25519_dalek", &["crypto/"]),
    ("x25519_dalek", &["crypto/"]),
    ("hkdf", &["crypto/"]),
    ("hmac", &["crypto/"]),
    // The fixed generator for tests and vectors lies below crypto/, whose keys are made with it.
    ("blake3", &["crypto/", "entropy.rs"]),
    // Checksums inside the public forms of wallet addresses: nothing secret is hashed.
    ("sha2", &["crypto/", "identifier/wallet/"]),
    ("sha3", &["identifier/wallet/"]),
    ("getrandom", &["entropy.rs"]),
];

/// The one room that may hold `unsafe`: it calls what is compiled for instructions that not every machine has.
const UNSAFE: &str = "simd/";

/// What the core does not touch: files, network, clock, processes, global state.
const HOST: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "time"],
    &["std", "net", "TcpStream"],
    &["std", "net", "TcpListener"],
    &["std", "net", "UdpSocket"],
    &["std", "net", "ToSocketAddrs"],
    &["std", "os"],
];

/// A module of the crate: where it is, and what its file declares.
struct Module {
    file: String,
    /// Modules that the file declares, with their floors; and its own marked items.
    floors: BTreeMap<String, Option<u32>>,
    children: BTreeSet<String>,
    tokens: TokenStream,
}

/// A path that a file names, resolved from the root of the crate.
struct Named {
    segments: Vec<String>,
    line: usize,
}

/// The findings in a crate whose files are `sources`: paths under `src/` and their texts.
pub(crate) fn findings(sources: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    let mut modules = BTreeMap::new();
    load(sources, Vec::new(), "lib.rs", &mut modules, &mut found);
    for (path, module) in &modules {
        for (name, floor) in &module.floors {
            if floor.is_none() && module.children.contains(name) {
                found.push(format!("{}: `mod {name};` has no `// floor N` above it", module.file));
            }
        }
        let mut walk = Walk { crate_paths: Vec::new(), foreign: Vec::new(), unsafe_lines: Vec::new() };
        walk.stream(&module.tokens, path);
        if !module.file.starts_with(UNSAFE) {
            found.extend(walk.unsafe_lines.iter().map(|line| format!("{}:{line}: `unsafe`", module.file)));
        }
        for named in &walk.crate_paths {
            if let Some(why) = law(&modules, path, &named.segments) {
                found.push(format!("{}:{}: crate::{}: {why}", module.file, named.line, named.segments.join("::")));
            }
        }
        for named in &walk.foreign {
            if let Some(why) = foreign(&module.file, &named.segments) {
                found.push(format!("{}:{}: {}: {why}", module.file, named.line, named.segments.join("::")));
            }
        }
    }
    found
}

/// Reads a file and those of the modules that it declares. Modules for tests alone are not read.
fn load(
    sources: &BTreeMap<String, String>,
    path: Vec<String>,
    file: &str,
    modules: &mut BTreeMap<Vec<String>, Module>,
    found: &mut Vec<String>,
) {
    let Some(text) = sources.get(file) else {
        return found.push(format!("{file}: declared, but not there"));
    };
    let tokens: TokenStream = match text.parse() {
        Ok(tokens) => without_tests(tokens),
        Err(error) => return found.push(format!("{file}: {error}")),
    };
    let mut children = BTreeSet::new();
    let list: Vec<_> = tokens.clone().into_iter().collect();
    for three in list.windows(3) {
        if let [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Punct(end)] = three
            && word == "mod"
            && end.as_char() == ';'
        {
            children.insert(name.to_string());
        }
    }
    let mut floors = marks(text);
    for child in &children {
        floors.entry(child.clone()).or_insert(None);
        let mut below = path.clone();
        below.push(child.clone());
        let base = below.join("/");
        let (plain, room) = (format!("{base}.rs"), format!("{base}/mod.rs"));
        load(sources, below, if sources.contains_key(&room) { &room } else { &plain }, modules, found);
    }
    modules.insert(path, Module { file: file.to_owned(), floors, children, tokens });
}

/// The names below `// floor N` marks: modules, or items that a room's own file defines.
fn marks(text: &str) -> BTreeMap<String, Option<u32>> {
    let mut marks = BTreeMap::new();
    let mut floor = None;
    for line in text.lines().map(str::trim) {
        if let Some(number) = line.strip_prefix("// floor ") {
            floor = number.trim().parse().ok();
        } else if !line.starts_with("///") && !line.starts_with("#[") && floor.is_some() {
            let words = line.split(|c: char| !c.is_alphanumeric() && c != '_').skip_while(|word| {
                !matches!(*word, "mod" | "struct" | "enum" | "trait" | "fn" | "const" | "type" | "macro_rules")
            });
            if let Some(name) = words.skip(1).find(|word| !word.is_empty()) {
                marks.insert(name.to_owned(), floor);
            }
            floor = None;
        }
    }
    marks
}

/// The stream without items under `#[cfg(test)]`.
fn without_tests(tokens: TokenStream) -> TokenStream {
    let mut kept = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let attribute = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
        let test = attribute
            && matches!(tokens.peek(), Some(TokenTree::Group(group)) if group.stream().to_string().replace(' ', "") == "cfg(test)");
        if test {
            for skipped in tokens.by_ref() {
                let body = matches!(&skipped, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
                if body || matches!(&skipped, TokenTree::Punct(punct) if punct.as_char() == ';') {
                    break;
                }
            }
        } else if let TokenTree::Group(group) = &token {
            let mut inner = proc_macro2::Group::new(group.delimiter(), without_tests(group.stream()));
            inner.set_span(group.span());
            kept.push(TokenTree::Group(inner));
        } else {
            kept.push(token);
        }
    }
    kept.into_iter().collect()
}

/// Collects the paths in a stream of tokens.
struct Walk {
    crate_paths: Vec<Named>,
    foreign: Vec<Named>,
    unsafe_lines: Vec<usize>,
}

impl Walk {
    /// `here` is the module that the tokens stand in, inline modules included.
    fn stream(&mut self, tokens: &TokenStream, here: &[String]) {
        let tokens: Vec<_> = tokens.clone().into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Group(group) => {
                    let inline = inline_module(tokens.get(..at).unwrap_or_default());
                    let mut inner = here.to_vec();
                    inner.extend(inline.filter(|_| group.delimiter() == Delimiter::Brace));
                    self.stream(&group.stream(), &inner);
                    at += 1;
                }
                TokenTree::Ident(word) => {
                    if word == "unsafe" {
                        self.unsafe_lines.push(word.span().start().line);
                    }
                    let follows = continues(tokens.get(..at).unwrap_or_default());
                    let line = word.span().start().line;
                    let imported =
                        at > 0 && matches!(&tokens[at - 1], TokenTree::Ident(word) if word == "use" || word == "crate");
                    let mut paths = Vec::new();
                    let next = tree(&tokens, at, &[], &mut paths);
                    if !follows {
                        for path in paths {
                            self.path(path, here, line, imported);
                        }
                    }
                    at = next.max(at + 1);
                }
                _ => at += 1,
            }
        }
    }

    fn path(&mut self, path: Vec<String>, here: &[String], line: usize, imported: bool) {
        let Some((first, rest)) = path.split_first() else { return };
        if rest.is_empty() && !imported {
            return;
        }
        let mut segments = match first.as_str() {
            "crate" | "bisik" => Vec::new(),
            "self" => here.to_vec(),
            "super" => here.split_last().map(|(_, above)| above.to_vec()).unwrap_or_default(),
            _ => return self.foreign.push(Named { segments: path, line }),
        };
        for segment in rest {
            if segment == "super" {
                segments.pop();
            } else {
                segments.push(segment.clone());
            }
        }
        self.crate_paths.push(Named { segments, line });
    }
}

/// Whether a name after these tokens belongs to the path before it: `Type::name`, not `use ::name`.
fn continues(before: &[TokenTree]) -> bool {
    let [.., owner, TokenTree::Punct(first), TokenTree::Punct(second)] = before else { return false };
    let colons = first.as_char() == ':' && second.as_char() == ':';
    let named = match owner {
        TokenTree::Ident(word) => !["use", "as", "in", "return", "else", "match", "if"].iter().any(|key| word == key),
        TokenTree::Punct(punct) => punct.as_char() == '>',
        _ => false,
    };
    colons && named
}

/// Whether the tokens before a group are `mod name`.
fn inline_module(before: &[TokenTree]) -> Option<String> {
    match before {
        [.., TokenTree::Ident(word), TokenTree::Ident(name)] if word == "mod" => Some(name.to_string()),
        _ => None,
    }
}

/// Reads a path or a tree of imports that begins at `at`; returns where it ends.
fn tree(tokens: &[TokenTree], mut at: usize, prefix: &[String], paths: &mut Vec<Vec<String>>) -> usize {
    let mut path = prefix.to_vec();
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(word)) => path.push(word.to_string()),
            Some(TokenTree::Punct(star)) if star.as_char() == '*' && path.len() > prefix.len().max(1) - 1 => {
                path.push("*".to_owned());
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace && !path.is_empty() => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                for part in inner.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')) {
                    if !part.is_empty() {
                        tree(part, 0, &path, paths);
                    }
                }
                return at + 1;
            }
            _ => break,
        }
        at += 1;
        let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        if !(colon(at) && colon(at + 1)) {
            break;
        }
        at += 2;
    }
    if path.len() > prefix.len() {
        paths.push(path);
    }
    at
}

/// Why the module `here` may not name `target`, if so.
fn law(modules: &BTreeMap<Vec<String>, Module>, here: &[String], target: &[String]) -> Option<String> {
    let common = here.iter().zip(target).take_while(|(mine, theirs)| mine == theirs).count();
    let mine = here.get(common)?;
    let room = modules.get(&here[..common])?;
    let Some(theirs) = target.get(common) else {
        return Some("a whole room above: name the file".to_owned());
    };
    let my_floor = room.floors.get(mine).copied().flatten()?;
    match room.floors.get(theirs) {
        Some(Some(floor)) if *floor < my_floor => None,
        Some(Some(floor)) => Some(format!("`{theirs}` is on floor {floor}, `{mine}` on floor {my_floor}")),
        Some(None) => None,
        None if common == 0 => Some("an import through the root facade: name the module".to_owned()),
        None => Some("an import through the own room's facade: name the file".to_owned()),
    }
}

/// Why `file` may not name a path outside the crate, if so.
fn foreign(file: &str, path: &[String]) -> Option<String> {
    let first = path.first()?;
    // The one thing asked of the process: whether kernels are to be held back, which changes no result.
    if file == "simd/level.rs" && path.join("::") == "std::env::var" {
        return None;
    }
    // The feature `threads`: for callers that have none of their own.
    if file == "threads.rs" && path.starts_with(&["std".to_owned(), "thread".to_owned()]) {
        return None;
    }
    if HOST.iter().any(|host| host.len() <= path.len() && host.iter().zip(path).all(|(a, b)| a == b)) {
        return Some("the core touches no file, network, clock or process".to_owned());
    }
    let (_, allowed) = CRYPTO.iter().find(|(name, _)| name == first)?;
    let fits = allowed.iter().any(|place| if place.ends_with('/') { file.starts_with(place) } else { file == *place });
    (!fits).then(|| "a crypto crate outside the files that may name it".to_owned())
}
