//! Load on a blind server: `blind_load rates|hostile|soak|million BISIK FOLDER NUMBER`. `cargo xtask blind` runs all of them.
//!
//! The server is the program `BISIK` in a process of its own, on loopback, with TLS. Every phase fails if the server gives
//! a wrong answer; figures are printed as `name: value unit`.

mod hostile;
mod million;
mod rates;
mod server;
mod soak;

use std::path::PathBuf;

/// What everything here ends with.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [phase, program, folder, number] = arguments.as_slice() else {
        return Err("blind_load rates|hostile|soak|million BISIK FOLDER NUMBER".into());
    };
    let place = server::Place { program: PathBuf::from(program).canonicalize()?, folder: PathBuf::from(folder) };
    let number: u64 = number.parse()?;
    match phase.as_str() {
        "rates" => rates::run(&place, number),
        "hostile" => hostile::run(&place, number),
        "soak" => soak::run(&place, number),
        "million" => million::run(&place, number),
        _ => Err(format!("no phase {phase}").into()),
    }
}
