//! A campaign as somebody wants it, checked as a whole before any of it is kept.

use cauce_destinations::{
    fault::FieldFault,
    message::{Content, Provider, Wording},
};
use cauce_flow::{
    campaign::{variant::Weights, window::TimeZoneDatabase},
    currency::Currency,
    id::{AccountName, GroupName, TenantId},
    time::Timestamp,
};
use cauce_store::campaigns::campaign::{Campaign, Made, Named, NewCampaign};

use super::{Campaigning, Refusal, plan, plan::Plan, senders};
use crate::settings::Settings;

/// Most characters of a campaign's name.
const MAX_NAME_CHARS: usize = 200;
/// Most contacts that are named one by one.
const MAX_CONTACTS: usize = 10_000;
/// Most tags of an audience.
const MAX_TAGS: usize = 50;

/// A campaign as it is to be.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// The account that sends it; may be left out where the tenant has one that does.
    pub sender: Option<AccountName>,
    /// What it sends, when and how.
    pub plan: Plan,
    /// For the contacts with any of these tags.
    pub tags: Vec<String>,
    /// And for these contacts; of a campaign that is changed, none keeps those that it has.
    pub contacts: Option<Vec<Named>>,
    /// When it is to start by itself.
    pub scheduled_at: Option<Timestamp>,
}

impl Draft {
    /// A campaign that is there, as it would have to be handed in. None where its plan was made by
    /// another version.
    pub fn of(campaign: &Campaign) -> Option<Draft> {
        Some(Draft {
            tenant: campaign.tenant.clone(),
            name: campaign.name.clone(),
            sender: Some(campaign.sender.clone()),
            plan: plan(campaign)?,
            tags: campaign.tags.clone(),
            contacts: None,
            scheduled_at: campaign.scheduled_at,
        })
    }

    /// Which of these accounts sends it, or everything that is wrong with it.
    fn check(
        &self,
        senders: &[(AccountName, Provider)],
        zones: &TimeZoneDatabase,
        now: Timestamp,
    ) -> Result<AccountName, Vec<FieldFault>> {
        let mut faults = Faults::default();
        faults.length("/name", &self.name, MAX_NAME_CHARS);
        let sender = self.sender(senders, &mut faults);
        let provider = sender.as_ref().map(|(_, provider)| *provider);
        faults.says(&self.plan, provider);
        faults.window(&self.plan, zones);
        if self
            .plan
            .cost
            .is_some_and(|cost| !(0.0..1e9).contains(&cost))
        {
            faults.add("/cost", "not the price of a message: 0 or more");
        }
        faults.currency(&self.plan);
        if self.tags.len() > MAX_TAGS {
            faults.add("/audience/tags", format!("more than {MAX_TAGS} tags"));
        }
        let named = self.contacts.as_ref().map_or(0, Vec::len);
        if named > MAX_CONTACTS {
            let what = format!(
                "more than {MAX_CONTACTS} contacts; give them a tag, and name that in audience"
            );
            faults.add("/contacts", what);
        }
        if self.scheduled_at.is_some_and(|at| at <= now) {
            let what = "lies in the past; name a later time, or leave it out and start the campaign by its route";
            faults.add("/scheduledAt", what);
        }
        match (sender, faults.0.is_empty()) {
            (Some((name, _)), true) => Ok(name),
            _ => Err(faults.0),
        }
    }

    fn sender(
        &self,
        own: &[(AccountName, Provider)],
        faults: &mut Faults,
    ) -> Option<(AccountName, Provider)> {
        let names: Vec<&str> = own.iter().map(|(name, _)| name.as_str()).collect();
        let found = match (&self.sender, own) {
            (_, []) => {
                let what = "no account of this tenant sends messages; hint: configure one with the \
                            platform twilio, evolution or whatsapp_cloud";
                faults.add("/sender", what);
                None
            }
            (Some(wanted), own) => own.iter().find(|(name, _)| name == wanted),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        if found.is_none() && !own.is_empty() {
            let what = match self.sender {
                Some(_) => "not an account that sends messages; name one of",
                None => "several accounts send messages; name one of",
            };
            faults.add("/sender", format!("{what}: {}", names.join(", ")));
        }
        found.cloned()
    }
}

/// What is wrong, found so far.
#[derive(Default)]
struct Faults(Vec<FieldFault>);

impl Faults {
    fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldFault::at(pointer, detail));
    }

    fn currency(&mut self, plan: &Plan) {
        let Some(code) = &plan.currency else { return };
        if Currency::new(code).is_none() {
            let what = "not a currency; write a code of ISO 4217, such as EUR";
            self.add("/currency", what);
        } else if plan.cost.is_none() {
            let what = "a currency of no cost; leave it out, or add `cost`";
            self.add("/currency", what);
        }
    }

    fn length(&mut self, pointer: &str, text: &str, max_chars: usize) {
        if text.trim().is_empty() {
            self.add(pointer, "empty");
        }
        if text.chars().count() > max_chars {
            self.add(pointer, format!("longer than {max_chars} characters"));
        }
    }

    fn says(&mut self, plan: &Plan, provider: Option<Provider>) {
        if let Some(content) = &plan.content {
            self.content("", content, provider);
        }
        if plan.variants.is_empty() {
            if plan.content.is_none() {
                self.add(
                    "/message",
                    "missing; give a message, a template, or variants",
                );
            }
            return;
        }
        let weights: Vec<u64> = plan.variants.iter().map(|variant| variant.weight).collect();
        if let Err(fault) = Weights::new(&weights) {
            self.add("/variants", fault.to_string());
        }
        for (place, variant) in plan.variants.iter().enumerate() {
            self.length(
                &format!("/variants/{place}/name"),
                &variant.name,
                MAX_NAME_CHARS,
            );
            let before = &plan.variants[..place];
            if before.iter().any(|other| other.name == variant.name) {
                let pointer = format!("/variants/{place}/name");
                self.add(pointer, "another variant has this name");
            }
            self.content(&format!("/variants/{place}"), &variant.content, provider);
        }
    }

    /// Faults of a text are told where the API has it: in `message`.
    fn content(&mut self, within: &str, content: &Content, provider: Option<Provider>) {
        let found = match (Wording::of(content), provider) {
            (Err(found), _) => found,
            (Ok(wording), Some(provider)) => wording.check(provider),
            (Ok(_), None) => Vec::new(),
        };
        for fault in found {
            let pointer = match fault.pointer.strip_prefix("/text") {
                Some(rest) => format!("{within}/message{rest}"),
                None => format!("{within}{}", fault.pointer),
            };
            self.add(pointer, fault.detail);
        }
    }

    fn window(&mut self, plan: &Plan, zones: &TimeZoneDatabase) {
        let Some(window) = &plan.window else { return };
        if let Err(never) = window.hours() {
            self.add("/sendWindow", never.to_string());
        }
        if let Some(zone) = &window.zone
            && zones.get(zone).is_err()
        {
            let what = "not a name of the time zone database; write Europe/Madrid, America/Lima";
            self.add("/sendWindow/timeZone", what);
        }
    }
}

impl Campaigning {
    /// Makes a campaign, with the contacts that come with it.
    pub(crate) async fn make(&self, draft: Draft, settings: &Settings) -> Result<Made, Refusal> {
        let now = self.clock.now();
        let id = new_id();
        let new = self.checked(draft, id, settings, now)?;
        let made = self.store.make_campaign(new, now).await?;
        self.nudge.notify_one();
        Ok(made)
    }

    /// Replaces a campaign that has not started and is still as of then.
    pub(crate) async fn change(
        &self,
        id: GroupName,
        draft: Draft,
        as_of: Timestamp,
        settings: &Settings,
    ) -> Result<Made, Refusal> {
        let now = self.clock.now();
        let new = self.checked(draft, id, settings, now)?;
        let made = self.store.change_campaign(new, as_of, now).await?;
        self.nudge.notify_one();
        Ok(made)
    }

    fn checked(
        &self,
        draft: Draft,
        id: GroupName,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<NewCampaign, Refusal> {
        let own: Vec<_> = senders(settings, &draft.tenant)
            .map(|(account, provider)| (account.name.clone(), provider))
            .collect();
        let sender = draft
            .check(&own, &self.zones, now)
            .map_err(Refusal::Faulty)?;
        let plan = serde_json::to_string(&draft.plan);
        Ok(NewCampaign {
            id,
            tenant: draft.tenant,
            sender,
            name: draft.name,
            plan: plan.expect("texts, numbers and maps with text keys always serialise"),
            tags: draft.tags,
            contacts: draft.contacts,
            scheduled_at: draft.scheduled_at,
        })
    }
}

/// An id that nobody can guess: it is the name of a group of jobs, too.
fn new_id() -> GroupName {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let random: u128 = rand::random();
    let digits = (0..20).map(|place| ALPHABET[(random >> (5 * place)) as usize & 31] as char);
    let id: String = ["campaign_".to_owned(), digits.collect()].concat();
    GroupName::new(&id).expect("letters and digits are a name")
}

#[cfg(test)]
mod tests;
