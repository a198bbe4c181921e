//! Stages of a longer run, with a summary at the end.

use std::time::{Duration, Instant};

use crate::Outcome;

/// How many tests a stage counted.
#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

struct Stage {
    name: &'static str,
    time: Duration,
    count: Count,
    fault: Option<String>,
}

/// What ran so far.
#[derive(Default)]
pub(crate) struct Stages(Vec<Stage>);

impl Stages {
    /// Runs one stage. One that fails does not stop the others; it counts as a failed test unless it counted one itself.
    pub(crate) fn stage(&mut self, name: &'static str, body: impl FnOnce(&mut Count) -> Outcome) {
        println!("\n== {name}");
        let start = Instant::now();
        let mut count = Count::default();
        let fault = body(&mut count).err();
        if let Some(why) = &fault {
            println!("{name}: {why}");
            count.failed = count.failed.max(1);
        }
        self.0.push(Stage { name, time: start.elapsed(), count, fault });
    }

    /// Prints a line a stage and the sums; an error if anything failed.
    pub(crate) fn finish(self) -> Outcome {
        let mut sum = Count::default();
        println!("\n== summary");
        for Stage { name, time, count, fault } in &self.0 {
            let word = if fault.is_none() && count.failed == 0 { "ok" } else { "FAILED" };
            println!(
                "{word:<7}{name:<44}{:>7} passed {:>4} failed {:>8.1} s",
                count.passed,
                count.failed,
                time.as_secs_f64()
            );
            if let Some(why) = fault {
                println!("       {why}");
            }
            sum.passed += count.passed;
            sum.failed += count.failed;
        }
        println!("{} passed, {} failed", sum.passed, sum.failed);
        if sum.failed == 0 { Ok(()) } else { Err("not everything passed".to_owned()) }
    }
}

impl Count {
    /// One test that passed.
    pub(crate) fn pass(&mut self) -> Outcome {
        self.passed += 1;
        Ok(())
    }

    /// Adds what a line says: `test result: … 3 passed; 0 failed; …`, or `3 passed, 0 failed`.
    pub(crate) fn read(&mut self, line: &str) {
        if !line.starts_with("test result:") && !line.ends_with("failed") {
            return;
        }
        let words: Vec<_> = line.split([' ', ';', ',', '.']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            if let [number, what] = pair
                && let Ok(number) = number.parse::<u64>()
            {
                match *what {
                    "passed" => self.passed += number,
                    "failed" => self.failed += number,
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> (u64, u64) {
        let mut count = Count::default();
        count.read(line);
        (count.passed, count.failed)
    }

    #[test]
    fn counts_are_read_from_result_lines_alone() {
        assert_eq!(read("test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out"), (12, 3));
        assert_eq!(read("7 passed, 0 failed"), (7, 0));
        assert_eq!(read("test a::b ... 3 passed"), (0, 0));
    }

    #[test]
    fn a_stage_that_fails_fails_the_run_and_lets_the_others_go_on() {
        let mut stages = Stages::default();
        let mut ran = false;
        stages.stage("first", |_| Err("no".to_owned()));
        stages.stage("second", |count| {
            ran = true;
            count.pass()
        });
        assert!(stages.finish().is_err());
        assert!(ran);
    }
}
