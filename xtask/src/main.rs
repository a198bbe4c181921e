//! The project's chores, in one program: `cargo xtask COMMAND`.

mod apt;
mod attack;
mod bench;
mod blind;
mod c;
mod constant_time;
mod coverage;
mod crash;
mod faults;
mod fuzz;
mod instructions;
mod kernel;
mod linear;
mod mutants;
mod phones;
mod prepared;
mod process;
mod pypackage;
mod python;
mod real;
mod sanitize;
mod scale;
mod stages;
mod store;
mod supply;
mod test;
mod tools;
mod twins;
mod valgrind;
mod vectors;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test                       all tests in every language; makes what they need
cargo xtask ci                         formatting, lints with warnings denied, then all tests
cargo xtask attack [--planted 1000000] what a member of a blind feed finds without asking, and with the key
cargo xtask bench [FILTER]             benches, in release
cargo xtask bench peers [--entries 1000000]    bisik next to its peers, and the table and chart of docs/performance.md
cargo xtask bench grid                 how a look-up's cost grows with entries, batch size and feeds: table and plots
cargo xtask bench check                percentiles of single look-ups, in Rust and C
cargo xtask kernel                     the AVX-512 kernel next to dalek on 100,000 elements; blind mode without the kernel
cargo xtask deny                       licences, banned crates and sources by cargo-deny; known faults where their database is
cargo xtask fuzz [--seconds 60] [TARGET]...    each fuzz target in turn, from its committed corpus
cargo xtask constant-time              no jump and no address depends on a secret: memcheck follows them through the optimised library
cargo xtask coverage [--package P] [--lib] [--test T]    lines that the tests of library, store and program reach, by file
cargo xtask crash [--times 200]        kills publish, apply, pull, trust update, the memory and the review log so many times each
cargo xtask faults [SCENE]              lets every call to the system fail once, in each of 18 ways, under every command that keeps something
cargo xtask blind [--entries 1000000] [--requests 1000000]     the blind server under load, under attack, and over a million entries
cargo xtask header [--check]           writes include/bisik.h, or checks that it is current
cargo xtask vectors [--check]          writes tests/vectors/matching.json, or checks that it is current
cargo xtask install --prefix P         builds the C interface in release, and installs it
cargo xtask c-tests [--release] [--plain]      the tests in C, C++ and Java; plain: no valgrind, no sanitizers
cargo xtask python-tests               the Python package: wheel, tests, types, notebook
cargo xtask instructions [--check]     what a value costs on each hot path, next to benches/instructions.json
cargo xtask linear                     counts the instructions of parsing as values get longer, every kind
cargo xtask msrv                       what ships, with the oldest compilers stated, where they are installed
cargo xtask mutants [--file F] [--missed] [--list]    a fault at a time in what verifies, opens, applies and canonicalises
cargo xtask phones [--rounds 21]       so many numbers of each block of the phone table, and of other plans, beside the library
cargo xtask prepared [--entries 1000000]   a feed of so many in a store: prepared, and opened whole, cold and warm
cargo xtask repro                      what ships, built in two folders: the same bytes
cargo xtask sanitize                   src/simd and the C interface under the address sanitizer, reloads under the thread sanitizer
cargo xtask sbom                       bills of materials of what ships, in CycloneDX, under target/sbom
cargo xtask scale [--entries 10000000] [--memory 64000000] [--no-delta]     publishes so many phone numbers, sealed, with so many bytes
                                       of entries in memory; matches and updates them, and checks counts and memory
cargo xtask store [--feeds 100] [--entries 100000]    a store of so many feeds: status, and checks before, during and after a reload
cargo xtask twins [--inputs 10000000]  every fast path next to its plain twin, at each level of BISIK_SIMD";

/// What a chore ends with: nothing, or why it failed.
type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", Default::default()),
    };
    let outcome = match command {
        "test" if rest.is_empty() => test::test(),
        "ci" if rest.is_empty() => test::ci(),
        "python-tests" if rest.is_empty() => test::python_package(),
        "attack" => attack::attack(rest),
        "bench" => bench::bench(rest),
        "kernel" if rest.is_empty() => kernel::kernel(),
        "fuzz" => fuzz::fuzz(rest),
        "instructions" => instructions::chore(rest),
        "linear" => linear::linear(rest),
        "phones" => phones::phones(rest),
        "prepared" => prepared::prepared(rest),
        "blind" => blind::blind(rest),
        "constant-time" if rest.is_empty() => constant_time::chore(),
        "coverage" => coverage::coverage(rest),
        "sanitize" if rest.is_empty() => sanitize::sanitize(),
        "mutants" => mutants::mutants(rest),
        "deny" if rest.is_empty() => supply::deny::deny(),
        "msrv" if rest.is_empty() => supply::msrv::msrv(),
        "repro" if rest.is_empty() => supply::repro::repro(),
        "sbom" if rest.is_empty() => supply::sbom::sbom(),
        "crash" => crash::crash(rest),
        "faults" => faults::faults(rest),
        "scale" => scale::scale(rest),
        "store" => store::store(rest),
        "twins" => twins::twins(rest),
        "vectors" => vectors::vectors(rest),
        "header" | "install" | "c-tests" => c::chore(command, rest),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(format!("there is no `cargo xtask {}`\n\n{HELP}", arguments.join(" "))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the working tree.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// Where everything that is built goes.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |given| root().join(given))
}

/// The value of `--name N` in `arguments`, and the arguments without it.
fn number(arguments: &[String], name: &str, otherwise: u64) -> Outcome<(u64, Vec<String>)> {
    let Some(at) = arguments.iter().position(|argument| argument == name) else {
        return Ok((otherwise, arguments.to_vec()));
    };
    let given = arguments.get(at + 1).ok_or_else(|| format!("{name} needs a number"))?;
    let value = given.replace('_', "").parse().map_err(|_| format!("{name} {given}: not a number"))?;
    let rest = arguments.iter().enumerate().filter(|(index, _)| *index != at && *index != at + 1);
    Ok((value, rest.map(|(_, argument)| argument.clone()).collect()))
}
