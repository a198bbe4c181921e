//! `cargo xtask linear`: twice the length costs no more than about twice the instructions, for every kind.
//!
//! Instructions are counted by valgrind, so that the load of the machine does not matter.

use bisik::Kind;

use crate::process::{cargo, run};
use crate::valgrind::instructions;
use crate::{Outcome, apt, target};

/// The longest value that is read, in bytes.
const LONGEST: u32 = 8_192;
/// What doubling the length may multiply the instructions by. A quadratic part beside linear ones shows above it.
const MOST: f64 = 2.2;

pub(crate) fn linear(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(format!("linear: what is {}?", arguments.join(" ")));
    }
    apt::programs()?;
    run(&mut cargo(&["build", "--quiet", "--package", "bisik", "--example", "linear"]))?;
    let program = target().join("debug").join("examples").join("linear");
    let mut steep = Vec::new();
    for &kind in Kind::ALL {
        let of = |length: u32| instructions(&program, &[kind.name(), &length.to_string()]);
        let once = of(0)?;
        let half = of(LONGEST / 2)?.saturating_sub(once);
        let whole = of(LONGEST)?.saturating_sub(once);
        let ratio = whole as f64 / half as f64;
        println!("{kind:<14}{half:>14}{whole:>14}   {ratio:.3}");
        if ratio > MOST {
            steep.push(kind.name());
        }
    }
    if steep.is_empty() { Ok(()) } else { Err(format!("more than linear: {}", steep.join(", "))) }
}
