//! What is done to this repository besides building it: `cargo xtask COMMAND`.

mod c;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["header"] => c::header(false),
        ["header", "--check"] => c::header(true),
        ["install", "--prefix", prefix] => c::install(prefix.as_ref()),
        ["c-tests", options @ ..] => c::tests(options),
        _ => Err("commands: header [--check], install --prefix P, c-tests [--release] [--plain]".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
