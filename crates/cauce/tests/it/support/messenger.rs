//! A messenger as a stand-in, with the account that leads to it, and people to write to.

use std::{collections::BTreeMap, ops::Range};

use cauce_sim::{Callbacks, Options, Platform, Said, StandIn};
use serde_json::{Value, json};

use super::{Server, Setup, ms};

/// The address under which messengers know the server; a proxy would lead from it to the process.
const PUBLIC: &str = "https://cauce.example";
const ACCOUNT_SID: &str = "AC0123456789abcdef0123456789abcdef";

/// A messenger.
pub(crate) struct Messenger {
    pub(crate) at: StandIn,
}

impl Messenger {
    pub(crate) async fn start(platform: Platform) -> Messenger {
        let account = match platform {
            Platform::Twilio => ACCOUNT_SID,
            Platform::Evolution => "ventas",
            _ => "106540352242922",
        };
        let options = Options {
            account: Some(account.to_owned()),
            ..Options::default()
        };
        Messenger {
            at: StandIn::start(platform, options).await.unwrap(),
        }
    }

    pub(crate) async fn twilio() -> Messenger {
        Messenger::start(Platform::Twilio).await
    }

    /// The name of the account, by which messages choose it.
    pub(crate) fn sender(&self) -> &'static str {
        match self.at.platform() {
            Platform::Twilio => "acme-twilio",
            Platform::Evolution => "ventas",
            _ => "acme-cloud",
        }
    }

    /// Where this platform's jobs wait.
    pub(crate) fn queue(&self) -> &'static str {
        match self.at.platform() {
            Platform::Twilio => "campaigns",
            _ => "whatsapp",
        }
    }

    pub(crate) fn account(&self) -> String {
        let fields = match self.at.platform() {
            Platform::Twilio => format!(
                "platform = \"twilio\"\naccount_sid = \"{ACCOUNT_SID}\"\nauth_token = \"ok\"\n\
                 from = \"whatsapp:+14155238886\""
            ),
            Platform::Evolution => "platform = \"evolution\"\ninstance = \"ventas\"\n\
                 api_key = \"ok\"\nwebhook_secret = \"ok\""
                .to_owned(),
            _ => "platform = \"whatsapp_cloud\"\nphone_number_id = \"106540352242922\"\n\
                 access_token = \"ok\"\napp_secret = \"ok\"\nverify_token = \"verify\""
                .to_owned(),
        };
        let (name, url) = (self.sender(), self.at.base_url());
        format!(
            "[[accounts]]\nname = \"{name}\"\ntenant = \"acme\"\nbase_url = \"{url}\"\n{fields}\n"
        )
    }

    /// A server's configuration with these lines for the messenger's queue.
    pub(crate) fn setup(&self, queue: &str) -> Setup {
        Setup::new(self.account())
            .at_root(&format!("public_url = \"{PUBLIC}\"\n"))
            .with(&format!("queues.{}", self.queue()), queue)
    }

    /// From here on the messenger calls this server, in its own time and order.
    pub(crate) fn listen(&self, server: &Server) {
        let path = match self.at.platform() {
            Platform::Twilio => "/webhooks/twilio".to_owned(),
            Platform::Evolution => format!("/webhooks/evolution/{}", self.sender()),
            _ => "/webhooks/whatsapp-cloud".to_owned(),
        };
        self.at.messages().call_back(Callbacks {
            url: Some(format!("{PUBLIC}{path}")),
            through: Some(server.addr),
            max_delay: ms(300),
            retry: ms(100),
            ..Callbacks::default()
        });
    }

    /// A person writes to the sender.
    pub(crate) fn say(&self, from: &str, text: &str) {
        let to = match self.at.platform() {
            Platform::Twilio => "whatsapp:+14155238886",
            Platform::Evolution => "ventas",
            _ => "106540352242922",
        };
        self.at.say(&Said {
            from: from.to_owned(),
            to: to.to_owned(),
            text: text.to_owned(),
            reply_to: None,
        });
    }

    /// How many messages were taken for each number that got any.
    pub(crate) fn effects(&self) -> BTreeMap<u64, u32> {
        self.at.messages().effects()
    }

    /// Numbers that got more than one message.
    pub(crate) fn twice(&self) -> Vec<u64> {
        let effects = self.effects().into_iter();
        effects.filter(|(_, n)| *n > 1).map(|(to, _)| to).collect()
    }
}

/// The number of a person: a Spanish mobile.
pub(crate) fn number(person: u64) -> String {
    format!("+346{:08}", 10_000_000 + person)
}

/// Contacts with these numbers.
pub(crate) fn contacts(people: Range<u64>) -> Value {
    let make = |person: u64| {
        json!({
            "id": format!("c-{person}"), "phone": number(person), "name": format!("Ana {person}"),
        })
    };
    people.map(make).collect()
}
