//! What the webhooks of all providers come down to.

use std::fmt;

use cauce_flow::{id::JobId, reason::Reason, time::Timestamp};

use super::phone::Phone;

/// One thing that a provider tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// How far a message has come.
    Status(Status),
    /// Somebody has written.
    Inbound(Inbound),
    /// A gateway's connection to WhatsApp has changed.
    Connection(Connection),
    /// A gateway shows a QR code to log in with.
    Qr {
        /// The instance of the gateway.
        instance: String,
        /// What the code says.
        code: String,
    },
}

/// How far a message has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The provider's id of the message.
    pub provider_id: String,
    /// Our job, where the provider gave its id back.
    pub job: Option<JobId>,
    /// How far.
    pub state: State,
    /// When, where the provider says so.
    pub at: Option<Timestamp>,
}

/// How far a message has come, in the words of the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The provider has it.
    Accepted,
    /// It has left the provider.
    Sent,
    /// It is on the person's phone.
    Delivered,
    /// The person has opened it.
    Read,
    /// It will not arrive. [`Meaning::of`] reads the code.
    Failed(Reason),
}

/// Somebody has written.
#[derive(Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The provider's id of what was written.
    pub provider_id: String,
    /// Who.
    pub from: Phone,
    /// The words; those of a caption or of the button that was pressed, too.
    pub text: Option<String>,
    /// The provider's id of the message that is answered, where the person quoted one.
    pub reply_to: Option<String>,
    /// When, where the provider says so.
    pub at: Option<Timestamp>,
    /// What it is.
    pub kind: InboundKind,
    /// What the person calls himself.
    pub name: Option<String>,
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbound({:?} from {})", self.kind, self.from)
    }
}

/// What somebody has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboundKind {
    /// Words.
    Text,
    /// A button or an entry of a list.
    Button,
    /// A picture, a film, a sound, a file.
    Media,
    /// A place.
    Location,
    /// A sign at a message.
    Reaction,
    /// Anything else.
    Other,
}

impl InboundKind {
    /// The kind in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            InboundKind::Text => "text",
            InboundKind::Button => "button",
            InboundKind::Media => "media",
            InboundKind::Location => "location",
            InboundKind::Reaction => "reaction",
            InboundKind::Other => "other",
        }
    }
}

/// The connection of a gateway's instance to WhatsApp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The instance.
    pub instance: String,
    /// Its state.
    pub state: ConnectionState,
}

/// The state of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// It can send.
    Open,
    /// It is on its way there.
    Connecting,
    /// It cannot send until it is connected again.
    Close,
    /// It shows no more codes to log in with.
    Refused,
}

impl ConnectionState {
    /// The state as the gateway names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ConnectionState::Open => "open",
            ConnectionState::Connecting => "connecting",
            ConnectionState::Close => "close",
            ConnectionState::Refused => "refused",
        }
    }

    /// The state that the gateway names so.
    pub fn named(name: &str) -> Option<ConnectionState> {
        let all = [
            ConnectionState::Open,
            ConnectionState::Connecting,
            ConnectionState::Close,
            ConnectionState::Refused,
        ];
        all.into_iter().find(|state| state.as_str() == name)
    }
}

/// What the code of a failure means beyond its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing.
    ThisMessage,
    /// The person wants no more messages, as the provider knows.
    OptedOut,
    /// The number takes no messages on WhatsApp.
    BadNumber,
    /// The template is paused or disabled: its campaign has to pause.
    TemplatePaused,
    /// The sender's quality is low: its campaign has to pause.
    QualityLow,
}

impl Meaning {
    /// What the code of a failure means, of whichever provider.
    pub fn of(code: &str) -> Meaning {
        match code {
            "twilio_21610" | "whatsapp_131050" => Meaning::OptedOut,
            "twilio_21211"
            | "twilio_21614"
            | "twilio_63003"
            | "twilio_63024"
            | "whatsapp_131026"
            | "evolution_no_whatsapp" => Meaning::BadNumber,
            "whatsapp_132015" | "whatsapp_132016" => Meaning::TemplatePaused,
            "whatsapp_131048" => Meaning::QualityLow,
            _ => Meaning::ThisMessage,
        }
    }
}
