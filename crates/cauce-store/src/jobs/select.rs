//! Which jobs are meant: whose, of what kind, and where in a list.

use cauce_flow::{
    id::{AccountName, GroupName, JobId, QueueName, TenantId},
    job::State,
    priority::Priority,
};

/// Whose jobs may be seen: one tenant's, or everybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    All,
    /// One tenant's.
    Tenant(TenantId),
}

impl Scope {
    /// Whether the scope covers a tenant.
    pub fn covers(&self, tenant: &TenantId) -> bool {
        match self {
            Scope::All => true,
            Scope::Tenant(own) => own == tenant,
        }
    }
}

/// Selects jobs. Empty filters select all.
#[derive(Clone, Debug)]
pub struct Select {
    /// Whose.
    pub scope: Scope,
    /// These jobs alone.
    pub ids: Option<Vec<JobId>>,
    /// Of this queue.
    pub queue: Option<QueueName>,
    /// In one of these states.
    pub states: Vec<State>,
    /// Of this group.
    pub group: Option<GroupName>,
    /// Of this account.
    pub account: Option<AccountName>,
    /// Of this priority.
    pub priority: Option<Priority>,
    /// With this text in the last error (its code or its sentence).
    pub text: Option<String>,
}

impl Select {
    /// Everything in the scope.
    pub fn all(scope: Scope) -> Select {
        Select {
            scope,
            ids: None,
            queue: None,
            states: Vec::new(),
            group: None,
            account: None,
            priority: None,
            text: None,
        }
    }
}

/// A place in a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Jobs at most.
    pub limit: usize,
    /// Only those before this one, in the order of the list.
    pub before: Option<JobId>,
}
