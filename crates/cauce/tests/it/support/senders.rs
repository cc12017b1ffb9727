//! Stand-ins for the providers of messages, with the accounts that lead to them.

use cauce_sim::{Callbacks, Options, Platform, StandIn};
use serde_json::Value;

use super::{Server, Setup};

/// The address under which providers believe to reach the server.
const PUBLIC: &str = "https://cauce.example.com";

/// Fast lines: what is tested is what happens to messages, not how fast they go.
const QUEUE: &str = r#"retry = { max_attempts = 4, base = "50ms", cap = "200ms", jitter = 0.0 }
breaker = { failures = 100, open_for = "200ms" }
rate = []
"#;

/// Stand-ins for the three providers.
pub(crate) struct Senders {
    pub(crate) twilio: StandIn,
    pub(crate) evolution: StandIn,
    pub(crate) cloud: StandIn,
}

impl Senders {
    pub(crate) async fn start() -> Senders {
        let start = |platform| StandIn::start(platform, Options::default());
        Senders {
            twilio: start(Platform::Twilio).await.unwrap(),
            evolution: start(Platform::Evolution).await.unwrap(),
            cloud: start(Platform::WhatsAppCloud).await.unwrap(),
        }
    }

    /// An account at each of them.
    pub(crate) fn accounts(&self) -> String {
        let account = |name: &str, platform: &str, at: &StandIn, fields: &str| {
            format!(
                "[[accounts]]\nname = \"{name}\"\ntenant = \"acme\"\nplatform = \"{platform}\"\n\
                 base_url = \"{}\"\n{fields}\n",
                at.base_url()
            )
        };
        let twilio = "account_sid = \"AC0123456789abcdef0123456789abcdef\"\nauth_token = \"ok\"\n\
                      from = \"whatsapp:+34900000001\"\n";
        let evolution = "instance = \"main\"\napi_key = \"ok\"\nwebhook_secret = \"ok\"\n";
        let cloud = "phone_number_id = \"1234567890\"\naccess_token = \"ok\"\napp_secret = \"ok\"\n\
                     verify_token = \"verify\"\n";
        let accounts = [
            account("twilio", "twilio", &self.twilio, twilio),
            account("evolution", "evolution", &self.evolution, evolution),
            account("cloud", "whatsapp_cloud", &self.cloud, cloud),
        ];
        accounts.concat()
    }

    /// A server's configuration with an account at each of them.
    pub(crate) fn setup(&self) -> Setup {
        let mut setup = Setup::new(self.accounts());
        for queue in ["campaigns", "whatsapp"] {
            setup = setup.with(&format!("queues.{queue}"), QUEUE);
        }
        setup.at_root(&format!("public_url = \"{PUBLIC}\"\n"))
    }

    /// Providers tell the server what they have to tell, from here on.
    pub(crate) fn call_back(&self, server: &Server, how: &Callbacks) {
        for (at, path) in [
            (&self.twilio, "/webhooks/twilio"),
            (&self.evolution, "/webhooks/evolution/evolution"),
            (&self.cloud, "/webhooks/whatsapp-cloud"),
        ] {
            at.messages().call_back(Callbacks {
                url: Some(format!("{PUBLIC}{path}")),
                through: Some(server.addr),
                ..how.clone()
            });
        }
    }

    /// Returns when no provider has anything to tell any more.
    pub(crate) async fn called_back(&self) {
        for at in [&self.twilio, &self.evolution, &self.cloud] {
            at.messages().called_back().await;
        }
    }
}

/// A message, as the server shows it.
pub(crate) async fn message(server: &Server, id: &str) -> Value {
    server.get(&format!("/api/whatsapp/messages/{id}")).await
}
