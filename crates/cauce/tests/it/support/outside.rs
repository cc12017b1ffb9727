//! The four platforms, as stand-ins inside the test.

use cauce_sim::{Ledger, Options, Platform, StandIn};

/// Every queue, in the order of the stand-ins.
pub(crate) const QUEUES: [&str; 4] = ["meta", "google", "linkedin", "tiktok"];

/// Stand-ins for the ad platforms.
pub(crate) struct Outside {
    pub(crate) meta: StandIn,
    pub(crate) google: StandIn,
    pub(crate) linkedin: StandIn,
    pub(crate) tiktok: StandIn,
}

impl Outside {
    pub(crate) async fn start() -> Outside {
        let start = |platform| StandIn::start(platform, Options::default());
        Outside {
            meta: start(Platform::Meta).await.unwrap(),
            google: start(Platform::GoogleAnalytics).await.unwrap(),
            linkedin: start(Platform::LinkedIn).await.unwrap(),
            tiktok: start(Platform::TikTok).await.unwrap(),
        }
    }

    /// The stand-in behind a queue.
    pub(crate) fn of(&self, queue: &str) -> &StandIn {
        let place = QUEUES.iter().position(|name| *name == queue);
        let all = [&self.meta, &self.google, &self.linkedin, &self.tiktok];
        all[place.unwrap()]
    }

    /// What arrived at the stand-in behind a queue.
    pub(crate) fn ledger(&self, queue: &str) -> &Ledger {
        self.of(queue).ledger()
    }

    /// An account for each platform; the token is good.
    pub(crate) fn accounts(&self, tenant: &str) -> String {
        QUEUES
            .iter()
            .map(|queue| self.account(queue, tenant, "ok"))
            .collect()
    }

    /// An account of a platform with this credential.
    pub(crate) fn account(&self, queue: &str, tenant: &str, token: &str) -> String {
        let fields = match queue {
            "meta" => format!("dataset_id = \"1234567890\"\naccess_token = \"{token}\""),
            "google" => format!("measurement_id = \"G-TEST123456\"\napi_secret = \"{token}\""),
            "linkedin" => format!("access_token = \"{token}\"\n{LINKEDIN}"),
            _ => format!("pixel_code = \"C4TEST00000000000000\"\naccess_token = \"{token}\""),
        };
        let url = self.of(queue).base_url();
        format!(
            "[[accounts]]\nname = \"{tenant}-{queue}\"\ntenant = \"{tenant}\"\n\
             platform = \"{queue}\"\nbase_url = \"{url}\"\n{fields}\n"
        )
    }
}

const LINKEDIN: &str = r#"client_id = "client"
client_secret = "secret"
conversions = { purchase = "urn:lla:llaPartnerConversion:1", lead = "urn:lla:llaPartnerConversion:2", add_to_cart = "urn:lla:llaPartnerConversion:3", view_content = "urn:lla:llaPartnerConversion:4" }"#;
