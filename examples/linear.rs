//! Parses long hostile values of one kind and nothing else: `linear KIND LENGTH`. `cargo xtask linear` counts the
//! instructions that it takes.

use std::process::ExitCode;

use bisik::{Identifier, Kind};

#[path = "../tests/common/hostile_values.rs"]
mod values;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, kind, length] = arguments.as_slice() else { return ExitCode::FAILURE };
    let (Ok(kind), Ok(length)) = (kind.parse::<Kind>(), length.parse()) else { return ExitCode::FAILURE };
    let options = values::options();
    let run = |raw: &str| {
        if let Ok(identifier) = Identifier::parse(kind, raw, &options) {
            identifier.for_each_expression(&mut |_| {});
        }
        _ = Identifier::parse_all(kind, raw, &options);
    };
    // What is made once, phone metadata among it, is part of every count.
    values::each(64, run);
    if length > 64 {
        values::each(length, run);
    }
    ExitCode::SUCCESS
}
