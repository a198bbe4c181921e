//! All faults in one program: `fn f() { body }` becomes `fn f() { match chosen { 1 => return { fault 1 }, … , _ => {} } body }`.
//!
//! cargo-mutants says which faults there are and where; each is the body with the fault's span replaced. One build then serves
//! them all, and a number given at run time chooses.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::Mutant;

/// A source with its faults in it.
pub(super) struct Planted {
    pub(super) text: String,
    /// The lines of each fault, counted from 1, and its number.
    pub(super) lines: Vec<(Range<usize>, u32)>,
    pub(super) choices: Vec<Choice>,
    /// Faults that stand outside every function's body.
    pub(super) outside: Vec<u32>,
}

/// The line that chooses in a function, and the numbers that it chooses from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) function: String,
    pub(super) line: usize,
    pub(super) numbers: Range<u32>,
}

/// A function's body within its file, and the word `const` before it.
struct Body {
    open: usize,
    close: usize,
    constant: Option<Range<usize>>,
}

/// `source` with `mutants`, which are all of one file and numbered in its order. Functions whose first fault is in `constants` stay
/// `const` and get none.
pub(super) fn plant(source: &str, mutants: &[&Mutant], constants: &[u32]) -> Planted {
    let starts: Vec<usize> = std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let mut functions: BTreeMap<usize, (Option<Body>, &str, Vec<&Mutant>)> = BTreeMap::new();
    let mut outside = Vec::new();
    for &mutant in mutants {
        let Some(function) = &mutant.function else {
            outside.push(mutant.number);
            continue;
        };
        let range = offset(source, &starts, function.span.start)..offset(source, &starts, function.span.end);
        let entry = functions.entry(range.start).or_insert_with(|| (body(source, range), &function.name, Vec::new()));
        entry.2.push(mutant);
    }
    // What is put in, and what is cut out, by place.
    let mut edits: BTreeMap<usize, (usize, Vec<Piece>)> = BTreeMap::new();
    for (body, name, mutants) in functions.into_values() {
        let numbers = || mutants.iter().map(|mutant| mutant.number);
        let (Some(body), Some(first), Some(last)) = (body, numbers().min(), numbers().max()) else {
            outside.extend(numbers());
            continue;
        };
        if constants.contains(&first) {
            outside.extend(numbers());
            continue;
        }
        if let Some(word) = body.constant {
            edits.insert(word.start, (word.len(), Vec::new()));
        }
        let mut pieces = vec![Piece::Choice(name.to_owned(), first..last + 1)];
        for mutant in mutants {
            let at = offset(source, &starts, mutant.span.start)..offset(source, &starts, mutant.span.end);
            let (before, after) = (source.get(body.open + 1..at.start), source.get(at.end..body.close));
            match (before, after) {
                (Some(before), Some(after)) => {
                    let text = format!("{before}{}{after}", mutant.replacement);
                    pieces.push(Piece::Fault(mutant.number, text));
                }
                _ if at.start == body.open => pieces.push(Piece::Fault(mutant.number, mutant.replacement.clone())),
                _ => outside.push(mutant.number),
            }
        }
        edits.insert(body.open + 1, (0, pieces));
    }
    let mut planted = Planted { text: String::new(), lines: Vec::new(), choices: Vec::new(), outside };
    let mut done = 0;
    for (at, (cut, pieces)) in edits {
        planted.text.push_str(source.get(done..at).unwrap_or_default());
        done = at + cut;
        if !pieces.is_empty() {
            planted.put(&pieces);
        }
    }
    planted.text.push_str(source.get(done..).unwrap_or_default());
    planted
}

enum Piece {
    Choice(String, Range<u32>),
    Fault(u32, String),
}

impl Planted {
    fn put(&mut self, pieces: &[Piece]) {
        let mut line = self.text.matches('\n').count() + 1;
        for piece in pieces {
            let text = match piece {
                Piece::Choice(function, numbers) => {
                    self.choices.push(Choice { function: function.clone(), line, numbers: numbers.clone() });
                    format!(" match crate::planted::chosen({}, {}) {{\n", numbers.start, numbers.end - 1)
                }
                Piece::Fault(number, text) => {
                    let text = format!("{number} => return {{ {text} }},\n");
                    self.lines.push((line..line + text.matches('\n').count(), *number));
                    text
                }
            };
            line += text.matches('\n').count();
            self.text.push_str(&text);
        }
        self.text.push_str("_ => {} }\n");
    }
}

/// Where a line and a column, counted in characters from 1, are.
fn offset(source: &str, starts: &[usize], (line, column): (usize, usize)) -> usize {
    let start = starts.get(line - 1).copied().unwrap_or(source.len());
    let rest = source.get(start..).unwrap_or_default();
    start + rest.char_indices().nth(column - 1).map_or(rest.len(), |(at, _)| at)
}

/// The last braces of a function.
fn body(source: &str, range: Range<usize>) -> Option<Body> {
    let tokens: TokenStream = source.get(range.clone())?.parse().ok()?;
    let mut constant = None;
    let mut last = None;
    let mut named = false;
    for token in tokens {
        if let TokenTree::Ident(word) = &token {
            named |= word == "fn";
            if word == "const" && !named {
                let at = word.span().byte_range();
                constant = Some(range.start + at.start..range.start + at.end);
            }
        }
        last = Some(token);
    }
    let Some(TokenTree::Group(group)) = last else { return None };
    if group.delimiter() != Delimiter::Brace {
        return None;
    }
    let at = group.span().byte_range();
    Some(Body { open: range.start + at.start, close: range.start + at.end - 1, constant })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::{Function, Span};

    const SOURCE: &str = "struct S;\n\nimpl S {\n    /// Né.\n    pub const fn over(&self, n: u32) -> bool {\n        n > 7 // é {\n    }\n}\n";

    fn mutant(number: u32, start: (usize, usize), end: (usize, usize), replacement: &str) -> Mutant {
        let span = Span { start: (5, 5), end: (7, 6) };
        Mutant {
            number,
            name: String::new(),
            file: "src/lib.rs".to_owned(),
            function: Some(Function { name: "over".to_owned(), span }),
            span: Span { start, end },
            replacement: replacement.to_owned(),
        }
    }

    #[test]
    fn each_fault_is_an_arm_and_the_true_body_comes_last() {
        let faults = [mutant(3, (6, 9), (6, 14), "true"), mutant(4, (6, 11), (6, 12), ">=")];
        let planted = plant(SOURCE, &faults.iter().collect::<Vec<_>>(), &[]);
        let body = "match crate::planted::chosen(3, 4) {\n3 => return { \n        true // é {\n     },\n4 => return { \n        n >= 7 // é {\n     },\n_ => {} }\n\n        n > 7 // é {\n    }";
        assert!(planted.text.contains(body), "{}", planted.text);
        assert!(planted.text.contains("pub  fn over"), "a constant function cannot choose: {}", planted.text);
        assert_eq!(planted.choices, [Choice { function: "over".to_owned(), line: 5, numbers: 3..5 }]);
        assert_eq!(planted.lines, [(6..9, 3), (9..12, 4)]);
        assert!(planted.outside.is_empty());
    }

    #[test]
    fn lines_are_those_of_the_planted_text() {
        let faults = [mutant(1, (6, 9), (6, 14), "true"), mutant(2, (6, 11), (6, 12), ">=")];
        let planted = plant(SOURCE, &faults.iter().collect::<Vec<_>>(), &[]);
        let lines: Vec<&str> = planted.text.lines().collect();
        for (range, number) in &planted.lines {
            assert!(lines[range.start - 1].starts_with(&format!("{number} => return {{")), "{number}");
            assert!(lines[range.end - 2].ends_with("},"), "{number}");
        }
        for choice in &planted.choices {
            assert!(lines[choice.line - 1].contains("planted::chosen"));
        }
    }

    #[test]
    fn what_has_no_body_is_named() {
        let mut outside = mutant(1, (1, 1), (1, 2), "x");
        outside.function = None;
        let constant = mutant(2, (6, 9), (6, 14), "true");
        let planted = plant(SOURCE, &[&outside, &constant], &[2]);
        assert_eq!(planted.text, SOURCE);
        assert_eq!(planted.outside, [1, 2]);
    }
}
