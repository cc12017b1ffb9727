//! A webhook that is told of alerts, and a server that tells it at once.

use std::collections::BTreeSet;

use cauce_sim::{Hook, Options, Platform, StandIn};
use serde_json::{Value, json};

use super::{Server, Setup, secs, until};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A channel of alerts, as a stand-in.
pub(crate) struct Pager {
    pub(crate) at: StandIn,
}

impl Pager {
    pub(crate) async fn start() -> Pager {
        let options = Options {
            signing_secret: Some(SECRET.to_owned()),
            ..Options::default()
        };
        let at = StandIn::start(Platform::Webhook, options).await;
        Pager { at: at.unwrap() }
    }

    /// The channel that leads to it, with these lines more.
    pub(crate) fn channel(&self, more: &str) -> String {
        format!(
            "[[alerts.channels]]\nname = \"pager\"\ntype = \"webhook\"\nurl = \"{}/in\"\n\
             secret = \"{SECRET}\"\n{more}\n",
            self.at.base_url()
        )
    }

    /// A configuration with alerts that look often.
    pub(crate) fn watches(&self, setup: Setup, rules: &str) -> Setup {
        setup
            .with("alerts", "every = \"100ms\"")
            .with(
                "alerts.defaults",
                &format!("disk_full = {{ enabled = false }}\n{rules}\n"),
            )
            .with(
                "queues.alerts",
                "retry = { base = \"100ms\", cap = \"200ms\" }\n\
                 breaker = { failures = 3, open_for = \"200ms\" }",
            )
    }

    /// What it was told, each once: whoever is killed before it knows of an answer asks again, with
    /// the same id.
    fn messages(&self) -> Vec<Hook> {
        let mut seen = BTreeSet::new();
        let mut taken = self.at.hooks().taken();
        taken.retain(|hook| seen.insert(hook.id.clone()));
        taken
    }

    /// What it was told, as kinds and events.
    pub(crate) fn told(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.messages()
            .iter()
            .map(|hook| (text(&hook.body["data"]["kind"]), text(&hook.body["type"])))
            .collect()
    }

    /// Waits until it is told; answers what is said of the alert.
    pub(crate) async fn hears(&self, kind: &str, event: &str) -> Value {
        let wanted = (kind.to_owned(), event.to_owned());
        until(&format!("{event} of {kind}"), secs(30), async || {
            self.told().contains(&wanted)
        })
        .await;
        let place = self.told().iter().position(|told| *told == wanted);
        let hook = &self.messages()[place.unwrap()];
        hook.body["data"].clone()
    }

    /// Waits until the end of an alarm is told. It is the same alert.
    pub(crate) async fn hears_the_end(&self, alarm: &Value) -> Value {
        let over = self
            .hears(alarm["kind"].as_str().unwrap(), "alert.over")
            .await;
        for same in ["id", "rule", "subject", "since"] {
            assert_eq!(over[same], alarm[same], "{over}");
        }
        assert!(over["endedAt"].is_string(), "{over}");
        over
    }
}

/// The alerts that fire.
pub(crate) async fn firing(server: &Server) -> Vec<Value> {
    let page = server.get("/api/alerts?state=firing").await;
    page["items"].as_array().unwrap().clone()
}

/// The subject of an alert.
pub(crate) fn subject(kind: &str, name: &str) -> Value {
    json!({ "kind": kind, "name": name })
}
