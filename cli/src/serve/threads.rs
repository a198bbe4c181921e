//! The server's threads.

use std::thread;

use bisik::ErrorKind;
use tokio::runtime::{Builder, Runtime};

use crate::console::Console;
use crate::failure::{Failure, Result};

/// Threads that move bytes and encrypt them; evaluations have their own.
const MOVERS: usize = 2;

/// Starts the threads that move bytes; up to `evaluating` others start when there is work.
///
/// tokio panics where the system gives it no thread, and then waits, on the panic's way out, for those that it has: they
/// were never told to end. So such a panic ends the program, with the line that every failure has.
pub(super) fn start(evaluating: usize) -> Result<Runtime> {
    let starting = thread::current().id();
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if thread::current().id() == starting {
            let none = Failure::new(ErrorKind::Io, "the system gives the server no thread");
            none.help("raise the limits on memory and threads, or end other programs")
                .print(&mut Console::standard(), false);
            std::process::exit(2);
        }
        // Another thread's, which happens to fall into this time.
        eprintln!("{panic}");
    }));
    let runtime = Builder::new_multi_thread()
        .worker_threads(MOVERS)
        .max_blocking_threads(evaluating)
        .thread_name("bisik-serve")
        .enable_all()
        .build();
    std::panic::set_hook(usual);
    runtime.map_err(|error| Failure::new(ErrorKind::Io, error.to_string()))
}
