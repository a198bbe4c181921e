//! Work that can be done side by side, and who does it: the caller. This library starts no thread of its own.
//!
//! ```text
//! map(executor, jobs, work) = [work(job) for job in jobs]        whatever the executor, in the jobs' order
//! ```

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{ErrorKind, Result};

/// Does several pieces of work, side by side where the caller has threads to spare.
///
/// What comes out never depends on the executor: not the bytes, not the order, not which error is reported.
///
/// ```
/// use bisik::Executor;
///
/// /// One thread for each piece.
/// struct Scoped;
///
/// impl Executor for Scoped {
///     fn width(&self) -> usize {
///         4
///     }
///
///     fn run(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
///         std::thread::scope(|scope| (0..count).for_each(|number| _ = scope.spawn(move || work(number))));
///     }
/// }
/// ```
pub trait Executor: Send + Sync {
    /// How many pieces it does at the same time; work is cut accordingly, into a few times as many.
    fn width(&self) -> usize;

    /// Calls `work` once with each number below `count`, in any order and on any threads, and returns when all calls have.
    ///
    /// What is left out is done afterwards by the thread that asked.
    fn run(&self, count: usize, work: &(dyn Fn(usize) + Sync));
}

/// Does one piece after the other, on the thread that asks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline;

impl Executor for Inline {
    fn width(&self) -> usize {
        1
    }

    fn run(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..count).for_each(work);
    }
}

enum Slot<J, R> {
    Waiting(J),
    Taken,
    Done(R),
}

/// What `work` makes of each job, in the jobs' order.
///
/// # Errors
/// [`ErrorKind::Panic`] if a piece of work panicked and the executor kept that to itself.
pub(crate) fn map<J: Send, R: Send>(
    executor: &dyn Executor,
    jobs: Vec<J>,
    work: impl Fn(J) -> R + Sync,
) -> Result<Vec<R>> {
    let slots: Vec<Mutex<Slot<J, R>>> = jobs.into_iter().map(|job| Mutex::new(Slot::Waiting(job))).collect();
    let step = |number: usize| {
        let Some(slot) = slots.get(number) else { return };
        let taken = std::mem::replace(&mut *lock(slot), Slot::Taken);
        let after = match taken {
            Slot::Waiting(job) => Slot::Done(work(job)),
            other => other,
        };
        *lock(slot) = after;
    };
    if slots.len() > 1 {
        executor.run(slots.len(), &step);
    }
    (0..slots.len()).for_each(step);
    let results = slots.into_iter().map(|slot| match slot.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Slot::Done(result) => Ok(result),
        Slot::Waiting(_) | Slot::Taken => Err(ErrorKind::Panic.into()),
    });
    results.collect()
}

fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Threads of its own, so many at a time.
    pub(crate) struct Scoped(pub(crate) usize);

    impl Executor for Scoped {
        fn width(&self) -> usize {
            self.0
        }

        fn run(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
            let next = AtomicUsize::new(0);
            let take = || {
                while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&number| number < count) {
                    work(number);
                }
            };
            std::thread::scope(|scope| (0..self.0).for_each(|_| _ = scope.spawn(take)));
        }
    }

    /// Does nothing, or the same twice, from the end.
    struct Careless(usize);

    impl Executor for Careless {
        fn width(&self) -> usize {
            3
        }

        fn run(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
            (0..self.0).for_each(|_| (0..count + 2).rev().for_each(work));
        }
    }

    #[test]
    fn results_stand_in_the_jobs_order_whoever_did_them() {
        let executors: [&dyn Executor; 5] = [&Inline, &Scoped(1), &Scoped(7), &Careless(0), &Careless(2)];
        for executor in executors {
            for count in [0, 1, 2, 100] {
                let calls = AtomicUsize::new(0);
                let squares = map(executor, (0..count).collect(), |n: usize| {
                    calls.fetch_add(1, Ordering::Relaxed);
                    n * n
                });
                assert_eq!(squares.unwrap(), (0..count).map(|n| n * n).collect::<Vec<_>>());
                assert_eq!(calls.into_inner(), count);
            }
        }
    }

    /// Keeps panics to itself.
    struct Deaf;

    impl Executor for Deaf {
        fn width(&self) -> usize {
            2
        }

        fn run(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
            for number in 0..count {
                _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(number)));
            }
        }
    }

    #[test]
    fn a_lost_result_is_an_error() {
        let error = map(&Deaf, vec![1, 2, 3], |n| assert_ne!(n, 2)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Panic);
    }
}
