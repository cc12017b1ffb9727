//! What alerts are told: the rules, and the channels that they are told to.

use std::{collections::BTreeMap, time::Duration};

use cauce_flow::{
    campaign::window::{TimeZone, Window},
    id::{AccountName, QueueName, TenantId},
    job::Line,
};
use cauce_observe::alert::{Rule, Severity, words::Language};

/// The queue that carries what is told to channels.
const QUEUE: &str = "alerts";
/// Whose channels are that no tenant has to itself: the name belongs to nobody.
const HOUSE: &str = "_cauce";

/// The alerts part.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    /// How often everything is looked at; none for never.
    pub every: Option<Duration>,
    /// The rules by their names.
    pub rules: BTreeMap<String, Rule>,
    /// The channels. Their accounts stand among the others.
    pub channels: Vec<Channel>,
    /// The hours in which only what is critical is told, and the clock that shows them.
    pub quiet: Option<(Window, TimeZone)>,
    /// Where people find the dashboard, for links.
    pub public_url: Option<String>,
}

/// Where alerts are told.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// In which form.
    pub form: Form,
    /// The addresses of its people, where it is told by e-mail.
    pub to: Vec<String>,
    /// In which language.
    pub language: Language,
    /// What is less bad is not told.
    pub least: Severity,
    /// Whose alerts it is told, if not everybody's.
    pub tenant: Option<TenantId>,
    /// The line that carries it.
    pub line: Line,
}

/// The form in which a channel is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An object for a program.
    Webhook,
    /// A message for a chat that understands Slack's.
    Slack,
    /// A letter to each of its people.
    Mail,
}

impl Form {
    /// Its name in the configuration and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Form::Webhook => "webhook",
            Form::Slack => "slack",
            Form::Mail => "email",
        }
    }
}

impl Channel {
    /// The tenant that its account and its jobs belong to.
    pub fn owner(tenant: Option<&TenantId>) -> TenantId {
        let house = || TenantId::new(HOUSE).expect("it is a name");
        tenant.cloned().unwrap_or_else(house)
    }

    /// The line of the channel of this name, if it can be one.
    pub fn line_of(name: &str) -> Option<Line> {
        Some(Line {
            queue: alert_queue(),
            account: AccountName::new(&format!("alerts:{name}")).ok()?,
        })
    }
}

/// The queue that carries what is told to channels.
pub fn alert_queue() -> QueueName {
    QueueName::new(QUEUE).expect("it is a name")
}
