//! The outside world of the demo: a stand-in of each kind, and the configuration that points at them.

use std::{io, net::SocketAddr, path::Path};

use cauce_sim::{Callbacks, Options, Platform, StandIn};

/// Stand-ins for the four ad platforms.
pub(super) struct Outside {
    pub(super) meta: StandIn,
    pub(super) google: StandIn,
    pub(super) linkedin: StandIn,
    pub(super) tiktok: StandIn,
    /// The backend of the company whose gateway is chatty.
    pub(super) backend: StandIn,
    /// Where campaigns go.
    pub(super) twilio: StandIn,
    /// Where people talk.
    pub(super) cloud: StandIn,
}

impl Outside {
    pub(super) async fn start(seed: u64) -> io::Result<Outside> {
        let known = |platform, account: Option<&str>| {
            StandIn::start(
                platform,
                Options {
                    seed,
                    account: account.map(str::to_owned),
                    ..Options::default()
                },
            )
        };
        let start = |platform| known(platform, None);
        Ok(Outside {
            meta: start(Platform::Meta).await?,
            google: start(Platform::GoogleAnalytics).await?,
            linkedin: start(Platform::LinkedIn).await?,
            tiktok: start(Platform::TikTok).await?,
            backend: start(Platform::Backend).await?,
            twilio: known(Platform::Twilio, Some(TWILIO_ACCOUNT)).await?,
            cloud: known(Platform::WhatsAppCloud, Some(CLOUD_NUMBER)).await?,
        })
    }

    pub(super) async fn stop(self) {
        let platforms = [self.meta, self.google, self.linkedin, self.tiktok];
        let others = [self.backend, self.twilio, self.cloud];
        for stand_in in platforms.into_iter().chain(others) {
            stand_in.stop().await;
        }
    }

    /// From here on the messengers call the server, late, out of order and again.
    pub(super) fn listen(&self, server: SocketAddr) {
        for (stand_in, path) in [
            (&self.twilio, "/webhooks/twilio"),
            (&self.cloud, "/webhooks/whatsapp-cloud"),
        ] {
            stand_in.messages().call_back(Callbacks {
                url: Some(format!("{PUBLIC_URL}{path}")),
                through: Some(server),
                ..Callbacks::default()
            });
        }
    }

    /// The stand-in behind a queue.
    pub(super) fn of(&self, queue: &str) -> &StandIn {
        match queue {
            "meta" => &self.meta,
            "google" => &self.google,
            "linkedin" => &self.linkedin,
            _ => &self.tiktok,
        }
    }

    /// A configuration of which everything is real but the addresses and the patience: batches
    /// wait one second, not sixty, so that a minute shows what a day does.
    pub(super) fn configuration(&self, folder: &Path, tenant: &str) -> String {
        let folder = folder.join("data");
        let (meta, google) = (self.meta.base_url(), self.google.base_url());
        let (linkedin, tiktok) = (self.linkedin.base_url(), self.tiktok.base_url());
        let backend = self.backend.base_url();
        let (twilio, cloud) = (self.twilio.base_url(), self.cloud.base_url());
        format!(
            r#"
data_dir = {folder:?}
public_url = "{PUBLIC_URL}"
[http]
listen = "127.0.0.1:0"
admin_key = "{KEY}"
[limits]
min_free = "64 MiB"
[transport]
connect = "1s"
first_byte = "2s"
total = "3s"
[queues.meta]
batch = {{ max_items = 100, max_wait = "1s", priority_wait = "200ms" }}
retry = {{ max_attempts = 6, base = "500ms", cap = "5s" }}
breaker = {{ failures = 4, open_for = "2s" }}
[queues.google]
batch = {{ max_wait = "1s" }}
rate = [[{GOOGLE_PER_SECOND}, "1s"]]
[queues.linkedin]
rate = [[{LINKEDIN_PER_SECOND}, "1s"], [{LINKEDIN_PER_MINUTE}, "1m"]]
batch = {{ max_wait = "1s" }}
retry = {{ max_attempts = 6, base = "500ms", cap = "5s" }}
[queues.tiktok]
batch = {{ max_wait = "1s" }}
retry = {{ max_attempts = 6, base = "500ms", cap = "5s" }}
[queues.campaigns]
rate = [[{CAMPAIGN_PER_SECOND}, "1s"], [{CAMPAIGN_PER_MINUTE}, "1m"]]
retry = {{ max_attempts = 6, base = "200ms", cap = "2s" }}
breaker = {{ failures = 10, open_for = "1s", probes = 1 }}
[queues.whatsapp]
rate = [[{TALK_PER_SECOND}, "1s"]]

[[accounts]]
name = "demo-meta"
tenant = "{tenant}"
platform = "meta"
dataset_id = "1234567890"
access_token = "ok"
base_url = "{meta}"

[[accounts]]
name = "demo-google"
tenant = "{tenant}"
platform = "google"
measurement_id = "G-DEMO123456"
api_secret = "ok"
base_url = "{google}"

[[accounts]]
name = "demo-linkedin"
tenant = "{tenant}"
platform = "linkedin"
access_token = "ok"
conversions = {{ purchase = "urn:lla:llaPartnerConversion:1", lead = "urn:lla:llaPartnerConversion:2", add_to_cart = "urn:lla:llaPartnerConversion:3", view_content = "urn:lla:llaPartnerConversion:4" }}
client_id = "client"
client_secret = "secret"
base_url = "{linkedin}"

[[accounts]]
name = "demo-tiktok"
tenant = "{tenant}"
platform = "tiktok"
pixel_code = "C4DEMO00000000000000"
access_token = "ok"
base_url = "{tiktok}"

[[accounts]]
name = "demo-backend"
tenant = "{tenant}"
platform = "backend"
token = "ok"
base_url = "{backend}"

[[accounts]]
name = "{CAMPAIGNS}"
tenant = "{tenant}"
platform = "twilio"
account_sid = "{TWILIO_ACCOUNT}"
auth_token = "ok"
from = "{TWILIO_NUMBER}"
base_url = "{twilio}"

[[accounts]]
name = "{CONVERSATIONS}"
tenant = "{tenant}"
platform = "whatsapp_cloud"
phone_number_id = "{CLOUD_NUMBER}"
access_token = "ok"
app_secret = "ok"
verify_token = "verify"
base_url = "{cloud}"

[sessions]
qr_expires = "5s"
"#
        )
    }
}

/// The key of the demo's API; the folder goes with the process, so it opens nothing else.
const KEY: &str = "ck_live_demo0000000000000000000000000000000000000000000000";
/// Requests a second that the demo allows itself to Google.
pub(super) const GOOGLE_PER_SECOND: u32 = 200;
/// The same to LinkedIn, and in a minute.
pub(super) const LINKEDIN_PER_SECOND: u32 = 3;
pub(super) const LINKEDIN_PER_MINUTE: u32 = 150;
/// The address that the messengers know the demo by; nothing leads there.
const PUBLIC_URL: &str = "https://demo.example";
/// The senders of the demo.
pub(super) const CAMPAIGNS: &str = "demo-twilio";
pub(super) const CONVERSATIONS: &str = "demo-cloud";
const TWILIO_ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
pub(super) const TWILIO_NUMBER: &str = "whatsapp:+14155238886";
pub(super) const CLOUD_NUMBER: &str = "106540352242922";
/// Messages that the campaign may send in a second, and in a minute.
pub(super) const CAMPAIGN_PER_SECOND: u32 = 60;
pub(super) const CAMPAIGN_PER_MINUTE: u32 = 3_000;
/// Messages of the conversation's sender in a second.
pub(super) const TALK_PER_SECOND: u32 = 20;
