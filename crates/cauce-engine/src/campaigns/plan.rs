//! What a campaign sends, when and how: as it is kept with the campaign, and read for use.

use cauce_destinations::message::{Content, Provider, Wording};
use cauce_flow::{
    campaign::{
        late,
        variant::Weights,
        window::{Clock, NeverOpens, Window},
    },
    priority::Priority,
};
use serde::{Deserialize, Serialize};

/// What a campaign sends, when and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What it says; none where its variants say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Several things to say, of which each person is said one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// The hours in which it may be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<SendWindow>,
    /// How urgent it is.
    pub priority: Priority,
    /// What becomes of it where its time has passed; none for what the settings say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<late::Policy>,
    /// What one message costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// In which currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// One of several things to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// What people call it.
    pub name: String,
    /// How many of all weights together get it.
    pub weight: u64,
    /// What it says.
    pub content: Content,
}

/// The hours of a day in which a campaign may be sent, on each person's own clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SendWindow {
    /// From this time.
    pub from: Clock,
    /// To before this one.
    pub to: Clock,
    /// The zone of people of whom none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

impl SendWindow {
    /// The hours themselves.
    pub fn hours(&self) -> Result<Window, NeverOpens> {
        Window::new(self.from, self.to)
    }
}

/// A plan, read for use.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// What may be said, in the order of the variants.
    pub(crate) wordings: Vec<Wording>,
    /// How people spread over the variants; none where there is but one thing to say.
    pub(crate) weights: Option<Weights>,
    /// The hours, and the zone of people of whom none is known.
    pub(crate) window: Option<(Window, Option<String>)>,
    pub(crate) priority: Priority,
    pub(crate) provider: Provider,
}

impl Script {
    /// Reads a plan that was checked when it was made. None where it does not fit: it was made by
    /// another version, or its sender has another provider now.
    pub(crate) fn of(plan: &Plan, provider: Provider) -> Option<Script> {
        let contents: Vec<&Content> = match plan.variants.is_empty() {
            true => plan.content.iter().collect(),
            false => plan
                .variants
                .iter()
                .map(|variant| &variant.content)
                .collect(),
        };
        let wordings = contents
            .into_iter()
            .map(|content| Wording::of(content).ok());
        let wordings = wordings.collect::<Option<Vec<Wording>>>()?;
        let fits = |wording: &Wording| wording.check(provider).is_empty();
        if wordings.is_empty() || !wordings.iter().all(fits) {
            return None;
        }
        let weights: Vec<u64> = plan.variants.iter().map(|variant| variant.weight).collect();
        let weights = match weights.is_empty() {
            true => None,
            false => Some(Weights::new(&weights).ok()?),
        };
        let window = match &plan.window {
            None => None,
            Some(window) => Some((window.hours().ok()?, window.zone.clone())),
        };
        Some(Script {
            wordings,
            weights,
            window,
            priority: plan.priority,
            provider,
        })
    }

    /// The place of what a person is said.
    pub(crate) fn variant(&self, campaign: &str, person: &str) -> usize {
        match &self.weights {
            None => 0,
            Some(weights) => weights.choose(campaign, person),
        }
    }

    /// The names that have to be known of everybody, whatever they are said. A name that only one
    /// variant needs is not among them.
    pub(crate) fn required(&self) -> Vec<&str> {
        let (first, rest) = self
            .wordings
            .split_first()
            .expect("there is something to say");
        let mut names = first.required();
        names.retain(|name| rest.iter().all(|other| other.required().contains(name)));
        names
    }
}
