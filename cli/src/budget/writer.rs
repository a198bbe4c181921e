//! The one writer: takes every charge that waits, stores them in one transaction, then wakes their owners.
//!
//! While one transaction is synchronised the next ones queue up, so the more clients wait, the more share an fsync.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use bisik::ErrorKind;

use super::charge::{Charge, Charged, Refusal};
use super::store::Store;
use crate::failure::{Failure, Result};

/// The most charges in one transaction.
const MOST: usize = 1_024;

type Reply = Box<dyn FnOnce(std::result::Result<Charged, Refusal>) + Send>;

type Order = (Charge, Reply);

/// A store with its writer.
pub(crate) struct Budgets {
    orders: Option<SyncSender<Order>>,
    writer: Option<JoinHandle<()>>,
}

impl Budgets {
    /// Starts the writer. At most `waiting` charges wait for it; more block their caller.
    pub(crate) fn start(store: Store, waiting: usize) -> Result<Self> {
        let (orders, received) = sync_channel(waiting);
        let writer = thread::Builder::new().name("budgets".to_owned()).spawn(move || write(store, &received));
        let writer = writer.map_err(|error| Failure::new(ErrorKind::Io, error.to_string()))?;
        Ok(Self { orders: Some(orders), writer: Some(writer) })
    }

    /// Asks for a charge; `reply` is called once it is on the disk, or refused.
    pub(crate) fn charge(
        &self,
        charge: Charge,
        reply: impl FnOnce(std::result::Result<Charged, Refusal>) + Send + 'static,
    ) {
        // A writer that is gone drops the order, and with it the reply: its owner sees that nobody will answer.
        if let Some(orders) = &self.orders {
            _ = orders.send((charge, Box::new(reply)));
        }
    }

    /// Like [`charge`](Self::charge), and waits for it.
    pub(crate) fn charge_and_wait(&self, charge: Charge) -> std::result::Result<Charged, Refusal> {
        let (sender, receiver) = sync_channel(1);
        self.charge(charge, move |result| _ = sender.send(result));
        receiver.recv().unwrap_or_else(|_| Err(Refusal::Store(STOPPED.to_owned())))
    }
}

const STOPPED: &str = "the budget store has stopped";

impl Drop for Budgets {
    /// Lets the writer finish what it has taken.
    fn drop(&mut self) {
        self.orders = None;
        if let Some(writer) = self.writer.take() {
            _ = writer.join();
        }
    }
}

fn write(store: Store, orders: &Receiver<Order>) {
    while let Ok(first) = orders.recv() {
        let mut charges = Vec::new();
        let mut replies = Vec::new();
        let mut next = Some(first);
        while let Some((charge, reply)) = next {
            charges.push(charge);
            replies.push(reply);
            next = if charges.len() < MOST { orders.try_recv().ok() } else { None };
        }
        for (reply, result) in replies.into_iter().zip(store.charge_all(&charges)) {
            reply(result);
        }
    }
}
