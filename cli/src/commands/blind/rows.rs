//! All rows of the inputs, and the different values among them: each is asked once, whatever its number of rows.

use std::collections::HashMap;

use bisik::{Error, Hit, Kind, ParseOptions, RawInput, Rejection, Report};

use crate::console::Console;
use crate::failure::Result;
use crate::input::{Input, Item, Row};
use crate::progress::Progress;

/// The rows of one input.
pub(in crate::commands) struct Rows {
    pub(in crate::commands) input: String,
    pub(in crate::commands) items: Vec<Item>,
    /// For each item that is a row, which of the different values it asks about.
    pub(in crate::commands) asks: Vec<usize>,
}

/// One of the different values.
struct Distinct {
    kind: Kind,
    value: String,
    options: Option<Box<ParseOptions>>,
}

/// What rows differ by.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    kind: Kind,
    value: String,
    region: Option<String>,
    bank: Option<String>,
    country: Option<String>,
}

/// Every row, and every different value.
pub(in crate::commands) struct All {
    pub(in crate::commands) inputs: Vec<Rows>,
    distinct: Vec<Distinct>,
}

impl All {
    /// Reads the inputs to their ends.
    pub(in crate::commands) fn read(inputs: &mut [Input], console: &Console) -> Result<Self> {
        let mut progress = Progress::new(console, inputs, "reading");
        let mut all = Self { inputs: Vec::new(), distinct: Vec::new() };
        let mut known = HashMap::new();
        for input in inputs {
            let mut rows = Rows { input: input.name().to_owned(), items: Vec::new(), asks: Vec::new() };
            while let Some(item) = input.next()? {
                if let Item::Row(row) = &item {
                    rows.asks.push(all.enter(row, &mut known));
                }
                rows.items.push(item);
                if rows.items.len().is_multiple_of(8_192) {
                    progress.at(input.consumed());
                }
            }
            progress.next_input(input.consumed());
            all.inputs.push(rows);
        }
        progress.finish();
        Ok(all)
    }

    fn enter(&mut self, row: &Row, known: &mut HashMap<Key, usize>) -> usize {
        let options = row.options.as_deref();
        let field = |field: fn(&ParseOptions) -> &Option<String>| options.and_then(|options| field(options).clone());
        let key = Key {
            kind: row.kind,
            value: row.value.clone(),
            region: field(|options| &options.region),
            bank: field(|options| &options.bank),
            country: field(|options| &options.country),
        };
        *known.entry(key).or_insert_with(|| {
            self.distinct.push(Distinct { kind: row.kind, value: row.value.clone(), options: row.options.clone() });
            self.distinct.len() - 1
        })
    }

    /// The different values, as the library takes them.
    pub(in crate::commands) fn raw<'r>(&'r self, defaults: &'r ParseOptions) -> Vec<RawInput<'r>> {
        let raw = |distinct: &'r Distinct| RawInput {
            kind: distinct.kind,
            value: &distinct.value,
            options: distinct.options.as_deref().unwrap_or(defaults),
        };
        self.distinct.iter().map(raw).collect()
    }
}

/// What became of each different value.
pub(in crate::commands) struct Found(Vec<(Vec<Hit>, Vec<Error>)>);

impl Found {
    /// Nothing is known yet of so many values.
    pub(in crate::commands) fn new(values: usize) -> Self {
        Self((0..values).map(|_| Default::default()).collect())
    }

    /// Enters the report on the values from `first` on.
    pub(in crate::commands) fn enter(&mut self, first: usize, report: Report) {
        for hit in report.hits {
            if let Some((hits, _)) = self.0.get_mut(first + hit.index) {
                hits.push(hit);
            }
        }
        for rejection in report.rejected {
            if let Some((_, errors)) = self.0.get_mut(first + rejection.index) {
                errors.push(rejection.error);
            }
        }
    }

    /// The report on rows that ask about these values.
    pub(in crate::commands) fn report(&self, asks: &[usize]) -> Report {
        let mut report = Report::default();
        for (index, ask) in asks.iter().enumerate() {
            let Some((hits, errors)) = self.0.get(*ask) else { continue };
            for mut hit in hits.iter().cloned() {
                hit.index = index;
                report.hits.push(hit);
            }
            report.rejected.extend(errors.iter().map(|error| Rejection { index, error: again(error) }));
        }
        report
    }
}

/// The same error for another row.
fn again(error: &Error) -> Error {
    let again = Error::new(error.kind(), error.message());
    match error.position() {
        Some(position) => again.at(position),
        None => again,
    }
}
