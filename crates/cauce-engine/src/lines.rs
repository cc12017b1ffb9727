//! The loops of all lines, by account: started, followed through reloads, paused, stopped.

use std::{collections::BTreeMap, sync::Arc};

use cauce_flow::{
    id::{AccountName, GroupName, QueueName, TenantId},
    job::Line,
    reason::Reason,
};
use parking_lot::RwLock;
use tokio::sync::oneshot;

use crate::{
    line::{LineHandle, Surroundings},
    settings::Account,
    status::{GateStatus, LineStatus},
};

/// The loops of all lines. Clones share them.
#[derive(Clone)]
pub(crate) struct Lines {
    handles: Arc<RwLock<BTreeMap<AccountName, LineHandle>>>,
    /// What a line is started with.
    around: Surroundings,
}

impl Lines {
    /// No line yet.
    pub(crate) fn new(around: Surroundings) -> Lines {
        Lines {
            handles: Arc::default(),
            around,
        }
    }

    /// Follows these accounts: new ones start, known ones take their new settings. Answers the
    /// loops of those that are gone, for somebody to wait for.
    pub(crate) fn follow(&self, accounts: &[Account]) -> Vec<LineHandle> {
        let mut handles = self.handles.write();
        let wanted: BTreeMap<&AccountName, &Account> = accounts
            .iter()
            .map(|account| (&account.name, account))
            .collect();
        let stays = |name: &AccountName, handle: &LineHandle| {
            wanted
                .get(name)
                .is_some_and(|account| account.line() == handle.account.line())
        };
        let gone: Vec<LineHandle> = handles
            .extract_if(.., |name, handle| !stays(name, handle))
            .map(|(_, h)| h)
            .collect();
        gone.iter().for_each(LineHandle::stop);
        for (name, account) in wanted {
            match handles.get_mut(name) {
                Some(handle) => handle.follow(account.clone()),
                None => {
                    let handle = LineHandle::start(account.clone(), self.around.clone());
                    handles.insert(name.clone(), handle);
                }
            }
        }
        gone
    }

    /// Takes all loops away, told to finish what is in flight.
    pub(crate) fn stop(&self) -> Vec<LineHandle> {
        let handles = std::mem::take(&mut *self.handles.write());
        handles.values().for_each(LineHandle::stop);
        handles.into_values().collect()
    }

    /// Asks the lines of a queue to do as its gate says, for one tenant or for all.
    pub(crate) fn ask_to_look_at_gate(
        &self,
        queue: &QueueName,
        tenant: Option<&TenantId>,
    ) -> Vec<oneshot::Receiver<()>> {
        let handles = self.handles.read();
        let concerned = handles.values().filter(|handle| {
            let account = &handle.account;
            account.queue == *queue && tenant.is_none_or(|own| account.tenant == *own)
        });
        concerned.map(LineHandle::ask_to_look_at_gate).collect()
    }

    /// The same for the gate of a group.
    pub(crate) fn ask_to_look_at_group(
        &self,
        tenant: &TenantId,
        group: &GroupName,
    ) -> Vec<oneshot::Receiver<()>> {
        let handles = self.handles.read();
        let concerned = handles
            .values()
            .filter(|handle| handle.account.tenant == *tenant);
        concerned
            .map(|handle| handle.ask_to_look_at_group(tenant.clone(), group.clone()))
            .collect()
    }

    /// The configured accounts.
    pub(crate) fn accounts(&self) -> Vec<Account> {
        self.handles
            .read()
            .values()
            .map(|handle| handle.account.clone())
            .collect()
    }

    /// An account's credentials work again.
    pub(crate) fn mended(&self, account: &AccountName) {
        if let Some(handle) = self.handles.read().get(account) {
            handle.mended();
        }
    }

    /// An account is not connected to its platform: its line starts nothing until it is.
    pub(crate) fn hold(&self, account: &AccountName, reason: Reason) {
        if let Some(handle) = self.handles.read().get(account) {
            handle.hold(reason);
        }
    }

    /// An account is connected.
    pub(crate) fn release(&self, account: &AccountName) {
        if let Some(handle) = self.handles.read().get(account) {
            handle.release();
        }
    }

    /// How the line of an account does.
    pub(crate) fn status(&self, account: &AccountName) -> Option<LineStatus> {
        self.handles.read().get(account).map(LineHandle::status)
    }

    /// Fills in the gates that are shut, as each line itself tells them. All lines are asked before
    /// the first one answers.
    pub(crate) async fn tell_gates<'a>(&self, lines: impl IntoIterator<Item = &'a mut LineStatus>) {
        let asked: Vec<_> = {
            let handles = self.handles.read();
            let lines = lines.into_iter();
            let asked =
                lines.map(|line| (handles.get(&line.account).map(LineHandle::ask_why), line));
            asked.collect()
        };
        for (asked, line) in asked {
            if let Some(asked) = asked {
                line.gates = asked.await.unwrap_or_default();
            }
        }
    }

    /// The gates that are shut in an account's line; none where there is no such account.
    pub(crate) async fn why(&self, line: &Line) -> Option<Vec<GateStatus>> {
        let asked = self.ask_why(line)?;
        Some(asked.await.unwrap_or_default())
    }

    /// Asks a line for its gates that are shut; none where there is no such account.
    pub(crate) fn ask_why(&self, line: &Line) -> Option<oneshot::Receiver<Vec<GateStatus>>> {
        let handles = self.handles.read();
        let handle = handles.get(&line.account)?;
        (handle.account.queue == line.queue).then(|| handle.ask_why())
    }
}
