//! Threads of the standard library for callers that have none: the feature `threads`, and the only place of this crate that starts
//! any. They live as long as one call.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::executor::Executor;

/// So many threads, the calling one among them.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use bisik::{Executor, Threads};
///
/// let sum = AtomicUsize::new(0);
/// Threads::new(4).run(100, &|number| _ = sum.fetch_add(number, Ordering::Relaxed));
/// assert_eq!(sum.into_inner(), 4_950);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threads {
    count: NonZeroUsize,
}

impl Threads {
    /// So many threads; with 0, as many as the process may run at the same time.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let all = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { count: NonZeroUsize::new(count).unwrap_or_else(all) }
    }

    /// The same, but no more than so many.
    #[must_use]
    pub fn at_most(self, count: usize) -> Self {
        NonZeroUsize::new(count).map_or(self, |most| Self { count: self.count.min(most) })
    }
}

impl Executor for Threads {
    fn width(&self) -> usize {
        self.count.get()
    }

    /// A thread that cannot be started is done without.
    fn run(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        let next = AtomicUsize::new(0);
        let take = || {
            while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&number| number < count) {
                work(number);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.count.get().min(count) {
                if std::thread::Builder::new().name("bisik".to_owned()).spawn_scoped(scope, take).is_err() {
                    break;
                }
            }
            take();
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::{Barrier, Mutex};

    use super::*;

    #[test]
    fn all_threads_work_at_the_same_time() {
        let (together, seen) = (Barrier::new(3), Mutex::new(HashSet::new()));
        // With fewer threads this would never end.
        Threads::new(3).run(3, &|_| {
            together.wait();
            seen.lock().unwrap().insert(std::thread::current().id());
        });
        assert_eq!(seen.into_inner().unwrap().len(), 3);
    }

    #[test]
    fn there_is_always_one_thread() {
        assert!(Threads::new(0).width() >= 1);
        assert_eq!((Threads::new(5).width(), Threads::new(5).at_most(3).width()), (5, 3));
        assert_eq!(Threads::new(5).at_most(9), Threads::new(5));
        Threads::new(1).run(0, &|_| panic!("nothing was to be done"));
    }
}
