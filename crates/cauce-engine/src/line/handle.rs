//! What the rest of the engine holds of a line: a way to tell its loop something, and what it shows.

use std::sync::Arc;

use cauce_flow::{
    id::{GroupName, TenantId},
    reason::Reason,
};
use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    Shown, Surroundings,
    heard::Order,
    keeper::{Keeper, Suspects},
};
use crate::{
    settings::Account,
    status::{GateStatus, LineStatus},
};

/// A handle to the loop of one line.
pub(crate) struct LineHandle {
    pub(crate) account: Account,
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
    shown: Arc<Mutex<Shown>>,
}

impl LineHandle {
    /// Starts the loop of an account's line.
    pub(crate) fn start(account: Account, around: Surroundings) -> LineHandle {
        let (orders, received) = mpsc::unbounded_channel();
        let shown = Arc::new(Mutex::new(Shown {
            status: initial_status(&account),
        }));
        let keeper = Keeper {
            account: account.clone(),
            around,
            orders: received,
            shown: Arc::clone(&shown),
            suspects: Suspects::default(),
            stopping: false,
        };
        LineHandle {
            account,
            orders,
            task: tokio::spawn(keeper.run()),
            shown,
        }
    }

    /// Asks the loop to do as its queue's gate says. If that is shut, no new attempt starts after
    /// it has answered.
    pub(crate) fn ask_to_look_at_gate(&self) -> oneshot::Receiver<()> {
        let (done, looked) = oneshot::channel();
        let _ = self.orders.send(Order::Gate(done));
        looked
    }

    /// The same for the gate of a group.
    pub(crate) fn ask_to_look_at_group(
        &self,
        tenant: TenantId,
        group: GroupName,
    ) -> oneshot::Receiver<()> {
        let (done, looked) = oneshot::channel();
        let _ = self.orders.send(Order::Group(tenant, group, done));
        looked
    }

    /// The account's credentials work again.
    pub(crate) fn mended(&self) {
        let _ = self.orders.send(Order::Mended);
    }

    /// The account is not connected to its platform: no new attempt starts until it is.
    pub(crate) fn hold(&self, reason: Reason) {
        let _ = self.orders.send(Order::Connection(Some(reason)));
    }

    /// The account is connected.
    pub(crate) fn release(&self) {
        let _ = self.orders.send(Order::Connection(None));
    }

    /// Follows new settings of the account.
    pub(crate) fn follow(&mut self, account: Account) {
        let _ = self.orders.send(Order::Follow(Box::new(account.clone())));
        self.account = account;
    }

    /// Asks for the gates that are shut now.
    pub(crate) fn ask_why(&self) -> oneshot::Receiver<Vec<GateStatus>> {
        let (answer, gates) = oneshot::channel();
        let _ = self.orders.send(Order::Why(answer));
        gates
    }

    /// How the line does.
    pub(crate) fn status(&self) -> LineStatus {
        self.shown.lock().status.clone()
    }

    /// Asks the loop to finish what is in flight and end.
    pub(crate) fn stop(&self) {
        let _ = self.orders.send(Order::Stop);
    }

    /// Waits for the end of the loop.
    pub(crate) async fn ended(self) {
        let _ = self.task.await;
    }
}

fn initial_status(account: &Account) -> LineStatus {
    LineStatus {
        account: account.name.clone(),
        tenant: account.tenant.clone(),
        breaker: "closed",
        in_flight: 0,
        rate: Vec::new(),
        gates: Vec::new(),
        last_batch_at: None,
        last_error: None,
        failing: None,
        requests: 0,
        requests_ms: 0,
        breaker_openings: 0,
        holds: 0,
        restarts: 0,
        batches_bisected: 0,
    }
}
