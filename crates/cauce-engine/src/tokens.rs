//! Checks the credentials of each account: at the start, once in a while, and when somebody asks.
//! What was found is kept across restarts. A good answer takes a refused account up again.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cauce_destinations::destination::{CredentialState, Credentials};
use cauce_flow::{id::AccountName, job::Line, reason::Reason, time::Timestamp};
use cauce_store::control::Control;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock, lines::Lines, settings::Account, status::TokenStatus, transport::Transport,
};

/// Facts about credentials stand under this name in the control store.
const FACT_PREFIX: &str = "credentials:";
/// Checks at the start are spread over this time, so that a restart does not ask everybody at once.
const FIRST_CHECK_AFTER: Duration = Duration::from_millis(500);
/// An account that was refused is looked at again so often, in case it was mended elsewhere.
const LOOK_AT_REFUSED_EVERY: Duration = Duration::from_secs(300);

/// What is known of every account's credentials.
#[derive(Clone)]
pub(crate) struct Tokens {
    known: Arc<Mutex<BTreeMap<AccountName, Known>>>,
    transport: Transport,
    clock: Clock,
    control: Control,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Known {
    state: String,
    detail: String,
    expires_at: Option<Timestamp>,
    checked_at: Timestamp,
}

impl Tokens {
    /// What was known before the last stop.
    pub(crate) async fn recall(transport: Transport, clock: Clock, control: Control) -> Tokens {
        let mut known = BTreeMap::new();
        match control.facts(FACT_PREFIX).await {
            Ok(facts) => {
                for (name, fact) in facts {
                    let account = name.strip_prefix(FACT_PREFIX).and_then(|n| n.parse().ok());
                    if let (Some(account), Ok(fact)) = (account, serde_json::from_value(fact)) {
                        known.insert(account, fact);
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "what was known of credentials cannot be read"),
        }
        Tokens {
            known: Arc::new(Mutex::new(known)),
            transport,
            clock,
            control,
        }
    }

    /// What is known of an account's credentials.
    pub(crate) fn of(&self, account: &Account) -> TokenStatus {
        let known = self.known.lock().get(&account.name).cloned();
        let state = known.as_ref().and_then(|known| parse_state(&known.state));
        TokenStatus {
            account: account.name.clone(),
            tenant: account.tenant.clone(),
            platform: account.platform,
            state: state.unwrap_or(CredentialState::Unknown),
            detail: known
                .as_ref()
                .map_or("not checked yet", |known| &known.detail)
                .to_owned(),
            expires_at: known.as_ref().and_then(|known| known.expires_at),
            checked_at: known.map(|known| known.checked_at),
        }
    }

    /// Asks the platform about an account's credentials now.
    pub(crate) async fn check(&self, account: &Account) -> TokenStatus {
        let now = self.clock.now();
        let found = match account.destination.check(now) {
            None => Credentials {
                state: CredentialState::Unknown,
                detail: "this platform offers no way to check them".to_owned(),
                expires_at: None,
            },
            Some(request) => {
                let exchange = self.transport.send(request, || {}).await;
                account
                    .destination
                    .classify_check(&exchange.answer, self.clock.now())
            }
        };
        self.learn(&account.name, found).await;
        self.of(account)
    }

    /// Whether an account may be taken up again after a check. Where the platform offers none, the
    /// next delivery is the check: it costs a request and no attempt, and nothing else would ever
    /// tell that the platform has forgiven the account.
    fn may_go_on(&self, account: &Account, found: CredentialState) -> bool {
        match found {
            CredentialState::Valid | CredentialState::ExpiresSoon => true,
            CredentialState::Unknown => account.destination.check(self.clock.now()).is_none(),
            CredentialState::Invalid | CredentialState::Expired | CredentialState::Disconnected => {
                false
            }
        }
    }

    /// Lets an account's line do as a check has found. Answers whether it may go on.
    pub(crate) fn tell(&self, lines: &Lines, account: &Account, found: &TokenStatus) -> bool {
        let name = &account.name;
        if found.state == CredentialState::Disconnected {
            // The credentials work, or nothing could be told of the connection.
            lines.mended(name);
            lines.hold(name, Reason::new("disconnected", &found.detail));
        }
        let goes_on = self.may_go_on(account, found.state);
        if goes_on {
            lines.mended(name);
            lines.release(name);
        }
        goes_on
    }

    /// The destination refused the account when jobs were sent.
    async fn refused(&self, account: &AccountName, reason: &Reason) {
        let found = Credentials {
            state: CredentialState::Invalid,
            detail: format!("{}: {}", reason.code, reason.detail),
            expires_at: None,
        };
        self.learn(account, found).await;
    }

    async fn learn(&self, account: &AccountName, found: Credentials) {
        let known = Known {
            state: state_name(found.state).to_owned(),
            detail: found.detail,
            expires_at: found.expires_at,
            checked_at: self.clock.now(),
        };
        let before = self.known.lock().insert(account.clone(), known.clone());
        if before
            .as_ref()
            .is_none_or(|before| before.state != known.state)
        {
            say_change(account, before.as_ref(), &known);
        }
        let fact = serde_json::to_value(&known).unwrap_or_default();
        let name = format!("{FACT_PREFIX}{account}");
        if let Err(error) = self.control.put_fact(&name, &fact, known.checked_at).await {
            tracing::warn!(%error, "what is known of credentials could not be kept");
        }
    }
}

/// The name of a state in the API.
pub fn state_name(state: CredentialState) -> &'static str {
    match state {
        CredentialState::Valid => "valid",
        CredentialState::ExpiresSoon => "expiresSoon",
        CredentialState::Expired => "expired",
        CredentialState::Invalid => "invalid",
        CredentialState::Disconnected => "disconnected",
        CredentialState::Unknown => "unknown",
    }
}

fn parse_state(name: &str) -> Option<CredentialState> {
    [
        CredentialState::Valid,
        CredentialState::ExpiresSoon,
        CredentialState::Expired,
        CredentialState::Invalid,
        CredentialState::Disconnected,
        CredentialState::Unknown,
    ]
    .into_iter()
    .find(|state| state_name(*state) == name)
}

fn say_change(account: &AccountName, before: Option<&Known>, after: &Known) {
    let was = before.map_or("not checked", |before| &before.state);
    match after.state.as_str() {
        "valid" | "unknown" => {
            tracing::info!(%account, was, is = after.state, "credentials were checked");
        }
        _ => tracing::warn!(
            %account,
            was,
            is = after.state,
            detail = after.detail,
            "the credentials of an account need a person"
        ),
    }
}

/// What the checks are made with.
#[derive(Clone)]
pub(crate) struct Checks {
    pub(crate) tokens: Tokens,
    pub(crate) lines: Lines,
    /// How often.
    pub(crate) every: Arc<dyn Fn() -> Duration + Send + Sync>,
    /// Accounts that a destination has refused. The loop that runs has it.
    pub(crate) refusals: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<(Line, Reason)>>>,
}

/// Checks every account at the start and then once in a while, and notes refusals as they happen.
pub(crate) async fn run(checks: Checks, stop: CancellationToken) {
    let Checks {
        tokens,
        lines,
        every,
        refusals,
    } = checks;
    let mut refusals = refusals.lock().await;
    let mut wait = FIRST_CHECK_AFTER;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            refusal = refusals.recv() => {
                let Some((line, reason)) = refusal else { return };
                tokens.refused(&line.account, &reason).await;
                wait = wait.min(LOOK_AT_REFUSED_EVERY);
            }
            () = sleep(wait) => {
                let refused = check_all(&tokens, &lines).await;
                wait = if refused { every().min(LOOK_AT_REFUSED_EVERY) } else { every() };
            }
        }
    }
}

/// Checks every account. Answers whether one of them is refused.
async fn check_all(tokens: &Tokens, lines: &Lines) -> bool {
    let mut refused = false;
    for account in lines.accounts() {
        let found = tokens.check(&account).await;
        tokens.tell(lines, &account, &found);
        refused |= matches!(
            found.state,
            CredentialState::Invalid | CredentialState::Expired
        );
    }
    refused
}
