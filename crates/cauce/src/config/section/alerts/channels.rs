//! `[alerts.email]` and `[[alerts.channels]]`: who is told.

use std::{collections::BTreeMap, sync::Arc};

use cauce_destinations::{
    destination::Destination,
    mail::{self, Mail, Server},
    secret::Secret,
    webhook,
};
use cauce_engine::settings::{Account, Channel, Form};
use cauce_flow::{dispatch::policy::Policy, id::TenantId};
use cauce_observe::alert::{Severity, words::Language};

use super::{
    super::{
        found::{Accounts, tenant},
        relays::{endpoint, url},
    },
    rules::{list, name, severity},
};
use crate::config::{
    read::{choice, filled},
    reader::{Section, Wrong},
    tree::Node,
};

/// The name of the channel of `[alerts.email]`.
const EMAIL: &str = "email";
pub(in super::super) const LANGUAGES: [(&str, Language); 2] =
    [("en", Language::En), ("es", Language::Es)];
const FORMS: [(&str, Form); 3] = [
    ("webhook", Form::Webhook),
    ("slack", Form::Slack),
    ("email", Form::Mail),
];

/// Reads the channels and the server of e-mail, and makes the account of each channel.
pub(super) fn read(
    section: &Section<'_>,
    policy: &Policy,
    accounts: &mut Accounts,
) -> (Vec<Channel>, Option<Server>) {
    let mut reading = Reading {
        policy,
        server: None,
        channels: Vec::new(),
        accounts,
    };
    if let Some(email) = section.section("email") {
        reading.email(email);
    }
    for own in section.sections("channels") {
        reading.one(own);
    }
    (reading.channels, reading.server)
}

struct Reading<'a> {
    policy: &'a Policy,
    /// The server that e-mail leaves through.
    server: Option<Server>,
    channels: Vec<Channel>,
    accounts: &'a mut Accounts,
}

/// What all channels have.
struct Told {
    language: Language,
    least: Severity,
    tenant: Option<TenantId>,
}

impl Reading<'_> {
    /// The server of e-mail, and the channel that comes with it where it says who is told.
    fn email(&mut self, section: Section<'_>) {
        let smtp = section.find("smtp", filled);
        let from = section.find("from", filled);
        let to = section.find("to", people);
        let told = told(&section);
        if smtp.is_none() && (from.is_some() || to.is_some()) {
            let what = "`alerts.email` names no server that e-mail leaves through";
            section.fault("smtp", what, "`smtp = \"smtp://mail.example.com:587\"`");
        }
        if smtp.is_some() && from.is_none() {
            let what = "`alerts.email` does not say who e-mail comes from";
            section.fault("from", what, "`from = \"Cauce <cauce@example.com>\"`");
        }
        self.server = smtp.zip(from).and_then(|(smtp, from)| {
            let config = mail::Config {
                smtp: Secret::new(smtp),
                from,
            };
            server(&config, &section)
        });
        if let Some((server, to)) = self.server.clone().zip(to) {
            self.take(&section, (EMAIL, Form::Mail, to), told, place(server));
        }
        section.finish();
    }

    fn one(&mut self, section: Section<'_>) {
        let name = section.need("name", name);
        let form = section.need("type", choice(&FORMS));
        let told = told(&section);
        let place = match form {
            Some(Form::Mail) => self.server_of(&section).map(place),
            Some(form @ (Form::Webhook | Form::Slack)) => webhook(form, &section),
            None => None,
        };
        let to = match form {
            Some(Form::Mail) => section.need("to", people),
            Some(Form::Webhook | Form::Slack) | None => Some(Vec::new()),
        };
        if let (Some(name), Some(form), Some(place), Some(to)) = (name, form, place, to) {
            self.take(&section, (&name, form, to), told, place);
        }
        section.finish();
    }

    fn server_of(&self, section: &Section<'_>) -> Option<Server> {
        if self.server.is_none() {
            let what = "a channel of e-mail needs a server that it leaves through";
            section.fault("type", what, "`smtp` and `from` in [alerts.email]");
        }
        self.server.clone()
    }

    fn take(
        &mut self,
        section: &Section<'_>,
        (name, form, to): (&str, Form, Vec<String>),
        told: Told,
        (base_url, destination): Place,
    ) {
        let Some(line) = Channel::line_of(name) else {
            return;
        };
        let mut accounts = self.accounts.all.iter();
        if accounts.any(|account| account.name == line.account) {
            let what = format!("another channel or account has the name {name:?}");
            section.fault("name", what, "a name of its own for each channel");
        }
        self.accounts.all.push(Account {
            name: line.account.clone(),
            tenant: Channel::owner(told.tenant.as_ref()),
            queue: line.queue.clone(),
            platform: form.as_str(),
            base_url,
            conversions: None,
            hears: None,
            destination,
            policy: self.policy.clone(),
        });
        self.channels.push(Channel {
            name: name.to_owned(),
            form,
            to,
            language: told.language,
            least: told.least,
            tenant: told.tenant,
            line,
        });
    }
}

/// Where a channel leads to, and its address, fit to be shown.
pub(in super::super) type Place = (String, Arc<dyn Destination>);

fn told(section: &Section<'_>) -> Told {
    let least = section.find("severity", severity);
    Told {
        language: section
            .find("language", choice(&LANGUAGES))
            .unwrap_or_default(),
        least: least.unwrap_or(Severity::Warning),
        tenant: section.find("tenant", tenant),
    }
}

pub(in super::super) fn place(server: Server) -> Place {
    (server.shown().to_owned(), Arc::new(Mail::new(server)))
}

/// The mail server behind the settings, or what is wrong with them.
fn server(config: &mail::Config, section: &Section<'_>) -> Option<Server> {
    match Server::new(config) {
        Ok(server) => Some(server),
        Err(error) => {
            let text = error.to_string();
            let (what, write) = text
                .split_once("; hint: write ")
                .unwrap_or((&text, "another"));
            let setting = error.setting();
            section.fault(
                setting,
                format!("`{}` {what}", section.name_of(setting)),
                write,
            );
            None
        }
    }
}

fn webhook(form: Form, section: &Section<'_>) -> Option<Place> {
    let url = section.need("url", url);
    let secret = section.find("secret", filled);
    if form == Form::Slack && secret.is_some() {
        let what = "a chat checks no signature";
        section.fault("secret", what, "nothing: leave it out");
    }
    let url = url?;
    let shown = shown(&url, form);
    let config = webhook::Config {
        url,
        secret: secret.map(Secret::new),
        headers: BTreeMap::new(),
        // The message is the body.
        body: "\"$item\"".to_owned(),
        results: webhook::default_results(),
    };
    Some((shown, endpoint(config, section)?))
}

/// The path of a chat's webhook is its credential: of that, only the host is shown.
fn shown(url: &str, form: Form) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    match form {
        Form::Slack => {
            let parts: Vec<&str> = bare.splitn(4, '/').collect();
            parts
                .get(..3)
                .map(|parts| parts.join("/"))
                .unwrap_or_default()
        }
        Form::Webhook | Form::Mail => bare.to_owned(),
    }
}

/// Addresses of people.
pub(in super::super) fn people(node: &Node) -> Result<Vec<String>, Wrong> {
    let write = "addresses: [\"admin@example.com\"]";
    let people = list(node, write)?;
    let wrong = people.iter().find(|address| !mail::is_address(address));
    match (wrong, people.is_empty()) {
        (Some(address), _) => Err(Wrong::new(
            format!("holds {address:?}, which is no address"),
            write,
        )),
        (None, true) => Err(Wrong::new("names nobody", write)),
        (None, false) => Ok(people),
    }
}
