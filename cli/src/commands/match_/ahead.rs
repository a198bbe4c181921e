//! Looking up on several threads: this one reads rows and shows what was found, others match batch after batch in between.
//!
//! A batch is shown when all before it are, so rows and hits come out in the order of the input. At most a few batches for each
//! thread are under way.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use bisik::{ErrorKind, Report};

use super::{Run, next_batch};
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::input::{Input, Item};
use crate::progress::Progress;

/// How many batches are read for each thread before the first of them is waited for.
const AHEAD: usize = 2;

/// A batch, and where what it gives is to go.
struct Job {
    batch: Vec<Item>,
    answer: Sender<(Vec<Item>, bisik::Result<Report>)>,
}

/// A batch that is being looked up, and its input.
struct Waiting {
    input: usize,
    answer: Receiver<(Vec<Item>, bisik::Result<Report>)>,
}

impl Run<'_> {
    /// As [`match_here`](Self::match_here), with so many threads beside this one.
    pub(super) fn match_ahead(&mut self, inputs: &mut [Input], threads: usize, console: &mut Console) -> Result<()> {
        let lookup = self.lookup();
        let (jobs, taken) = mpsc::channel::<Job>();
        let taken = Mutex::new(taken);
        let work = || {
            loop {
                // Held while waiting: the others wait for the same thing.
                let job = taken.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(Job { batch, answer }) = job else { return };
                let report = lookup.report(&batch);
                // Nobody waits for it if the command has failed.
                _ = answer.send((batch, report));
            }
        };
        thread::scope(|scope| {
            for _ in 0..threads {
                thread::Builder::new()
                    .name("match".to_owned())
                    .spawn_scoped(scope, work)
                    .map_err(|error| Failure::from(bisik::Error::from(ErrorKind::Io).caused_by(error)))?;
            }
            // Ends with this, and the threads with it.
            let jobs = jobs;
            let mut under_way = VecDeque::new();
            let mut progress = Progress::new(console, inputs, "matching");
            let names: Vec<String> = inputs.iter().map(|input| input.name().to_owned()).collect();
            for (number, input) in inputs.iter_mut().enumerate() {
                loop {
                    let batch = match next_batch(input) {
                        Ok(Some(batch)) => batch,
                        Ok(None) => break,
                        Err(failure) => {
                            // What was read before is shown, as it is with one thread.
                            self.show_all(&mut under_way, 0, &names, console)?;
                            return Err(failure);
                        }
                    };
                    let (answer, waiting) = mpsc::channel();
                    _ = jobs.send(Job { batch, answer });
                    under_way.push_back(Waiting { input: number, answer: waiting });
                    self.show_all(&mut under_way, AHEAD * threads, &names, console)?;
                    progress.at(input.consumed());
                }
                progress.next_input(input.consumed());
            }
            self.show_all(&mut under_way, 0, &names, console)?;
            progress.finish();
            Ok(())
        })
    }

    /// Shows the first batches under way until only so many are left.
    fn show_all(
        &mut self,
        under_way: &mut VecDeque<Waiting>,
        left: usize,
        names: &[String],
        console: &mut Console,
    ) -> Result<()> {
        while under_way.len() > left {
            let Some(Waiting { input, answer }) = under_way.pop_front() else { break };
            let (batch, report) = answer.recv().map_err(|_| Failure::from(bisik::Error::from(ErrorKind::Panic)))?;
            self.show(names.get(input).map_or("", String::as_str), &batch, &report?, console)?;
        }
        Ok(())
    }
}
