//! The outside world of the demo: four stand-ins, and the configuration that points at them.

use std::{io, path::Path};

use cauce_sim::{Options, Platform, StandIn};

/// Stand-ins for the four ad platforms.
pub(super) struct Outside {
    pub(super) meta: StandIn,
    pub(super) google: StandIn,
    pub(super) linkedin: StandIn,
    pub(super) tiktok: StandIn,
    /// The backend of the company whose gateway is chatty.
    pub(super) backend: StandIn,
}

impl Outside {
    pub(super) async fn start(seed: u64) -> io::Result<Outside> {
        let start = |platform| {
            StandIn::start(
                platform,
                Options {
                    seed,
                    ..Options::default()
                },
            )
        };
        Ok(Outside {
            meta: start(Platform::Meta).await?,
            google: start(Platform::GoogleAnalytics).await?,
            linkedin: start(Platform::LinkedIn).await?,
            tiktok: start(Platform::TikTok).await?,
            backend: start(Platform::Backend).await?,
        })
    }

    pub(super) async fn stop(self) {
        let platforms = [self.meta, self.google, self.linkedin, self.tiktok];
        for stand_in in platforms.into_iter().chain([self.backend]) {
            stand_in.stop().await;
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
        format!(
            r#"
data_dir = {folder:?}
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
