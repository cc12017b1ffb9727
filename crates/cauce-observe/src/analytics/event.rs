//! Events as analytics sees them: numbers alone. Names are numbered by whoever keeps the events.

use cauce_flow::currency::Currency;

/// A step that a person takes towards a sale, in the order of the funnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Has shown interest.
    Lead,
    /// Is fit to buy.
    QualifiedLead,
    /// Will meet.
    Appointment,
    /// Has bought.
    Sale,
}

impl Kind {
    /// All of them, in the order of the funnel.
    pub const ALL: [Kind; 4] = [
        Kind::Lead,
        Kind::QualifiedLead,
        Kind::Appointment,
        Kind::Sale,
    ];

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Lead => "lead",
            Kind::QualifiedLead => "qualified_lead",
            Kind::Appointment => "appointment",
            Kind::Sale => "sale",
        }
    }

    /// The kind with this name.
    pub fn of_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Its place in the funnel.
    pub const fn step(self) -> usize {
        self as usize
    }
}

/// An amount of money in smallest units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// The currency.
    pub currency: Currency,
    /// Smallest units.
    pub units: i64,
}

/// A campaign and one of its variants, by their numbers; 0 stands for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// The campaign.
    pub campaign: u32,
    /// The variant.
    pub variant: u32,
}

impl Cell {
    /// No campaign.
    pub const NONE: Cell = Cell {
        campaign: 0,
        variant: 0,
    };

    /// Whether it is no campaign.
    pub fn is_none(self) -> bool {
        self.campaign == 0
    }
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, in epoch milliseconds.
    pub at: i64,
    /// The campaign that it belongs to.
    pub cell: Cell,
    /// What kind of message, which error, who ended it: by number, 0 for none.
    pub label: u32,
    /// The channel, by number; 0 for none.
    pub channel: u32,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A message went to a person.
    Sent {
        /// Whether it counts as having reached the person: it has not failed since.
        reached: bool,
        /// Milliseconds from when it was due until the provider had it, where that is known.
        took_ms: Option<i64>,
        /// Whether it took more than one attempt.
        retried: bool,
    },
    /// A person has written.
    Received,
    /// A message is on the person's device.
    Delivered {
        /// Milliseconds from when it was due, where that is known.
        took_ms: Option<i64>,
    },
    /// A message was read.
    Read,
    /// A message will not arrive.
    Failed {
        /// Whether the provider had taken it, so that it counts as sent, too.
        was_sent: bool,
    },
    /// A message of a campaign was answered.
    Answered,
    /// A conversation has begun.
    Started,
    /// A conversation is over.
    Ended,
    /// A conversation went from a program to a person.
    HandedOff,
    /// A person has taken a step.
    Converted {
        /// Which.
        kind: Kind,
        /// What it is worth.
        value: Option<Money>,
    },
    /// A campaign has cost something.
    Spent(Money),
    /// An attempt to send a message has failed.
    TryFailed {
        /// Whether it was not the first of its message.
        again: bool,
    },
}

/// The order of events of one conversation or person: by time; at one moment, what leads to
/// something stands before that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order {
    /// When.
    pub at: i64,
    /// What comes first at one moment.
    pub rank: u8,
}

impl Event {
    /// Its place among others.
    pub fn order(&self) -> Order {
        let rank = match self.what {
            What::Started => 0,
            What::Received | What::Answered => 1,
            What::Sent { .. } => 2,
            What::Delivered { .. } | What::Read | What::Failed { .. } | What::TryFailed { .. } => 3,
            What::HandedOff => 4,
            What::Spent(_) => 5,
            What::Converted { kind, .. } => 6 + kind as u8,
            What::Ended => 10,
        };
        Order { at: self.at, rank }
    }

    /// Whether it is one of those that make a conversation.
    pub fn is_of_conversation(&self) -> bool {
        match self.what {
            What::Sent { .. } | What::Received | What::Started | What::Ended | What::HandedOff => {
                true
            }
            What::Delivered { .. }
            | What::Read
            | What::Failed { .. }
            | What::Answered
            | What::Converted { .. }
            | What::Spent(_)
            | What::TryFailed { .. } => false,
        }
    }

    /// Whether it is one of those that follow each other in the story of a person: a campaign has
    /// reached them, they have answered one that they name, or they have converted.
    pub fn is_of_person(&self) -> bool {
        match self.what {
            What::Sent { reached, .. } => reached && !self.cell.is_none(),
            What::Received => !self.cell.is_none(),
            What::Converted { .. } => true,
            What::Started
            | What::Ended
            | What::HandedOff
            | What::Delivered { .. }
            | What::Read
            | What::Failed { .. }
            | What::Answered
            | What::Spent(_)
            | What::TryFailed { .. } => false,
        }
    }
}
