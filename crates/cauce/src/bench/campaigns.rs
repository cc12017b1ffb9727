//! A campaign to a million contacts: how long until it is accepted, until each has a message of its
//! own, and what a look at it costs then; how fast one leaves that no rate holds back, beside its
//! transport alone; and how soon the provider has its answers, to what it tells of one that leaves at
//! 200 messages a second.
//!
//! The contacts come from a file, through the command that users have. The big campaign goes through
//! a sender that may send one message an hour, so that what is timed is the listing of its audience.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use cauce_sim::{Callbacks, Options, Platform, StandIn};
use serde_json::{Value, json};

use super::{
    Measured, gauge,
    server::{KEY, Link, PUBLIC, Server},
    transport::{self, ACCOUNT_SID},
};
use crate::failure::Failure;

const TENANT: &str = "bench";
/// Contacts of the campaign that is sent without a rate.
const SENT: u64 = 20_000;
/// Contacts of the campaign whose messages the provider tells of.
const TOLD: u64 = 4_000;
/// How soon a provider answers that is not near: few are as quick.
const AFAR: Duration = Duration::from_millis(20);
/// Looks at the big campaign.
const LOOKS: usize = 200;
/// How long any part of this may take.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// Imports the contacts, then runs the two campaigns.
pub(super) async fn run(contacts: u64) -> Result<Measured, Failure> {
    let caused = |error: std::io::Error| Failure::caused(&error);
    let folder = gauge::folder()?;
    let twilio = StandIn::start(Platform::Twilio, Options::default());
    let twilio = twilio.await.map_err(caused)?;
    let server = Server::start(folder.path(), &settings(&twilio.base_url()))?;
    let imported = import(&server, folder.path(), contacts)?;
    let mut at = Bench {
        link: Link::open(server.address).map_err(caused)?,
        server: &server,
        most_bytes: 0,
    };
    let listing = at.list(contacts).await?;
    let mut looks = at.look(&listing.campaign)?;
    looks.sort_unstable();
    let followed = listing.seconds + at.follow(&listing.campaign, contacts).await?;
    let sent = SENT.min(contacts);
    let at_once = at.send(&twilio, sent, Duration::ZERO).await?;
    let from_afar = at.send(&twilio, sent, AFAR).await?;
    transport::answer_after(&twilio, Duration::ZERO);
    at.be_told(&twilio, TOLD.min(contacts)).await?;
    let mut told = twilio.messages().callback_times();
    told.sort_unstable();
    Ok(Measured {
        jobs: contacts,
        seconds: listing.seconds,
        cpu_seconds: listing.cpu_seconds,
        memory_bytes: at.most_bytes,
        more: vec![
            ("imported_per_second", contacts as f64 / imported),
            ("accepted_ms", listing.accepted.as_secs_f64() * 1_000.0),
            ("followed_per_second", contacts as f64 / followed),
            ("status_p50_ms", gauge::quantile_ms(&looks, 0.5)),
            ("status_p99_ms", gauge::quantile_ms(&looks, 0.99)),
            ("transport_per_second", at_once.transport),
            ("sent_per_second", at_once.per_second()),
            ("sent_cpu_s_per_10k", at_once.cpu_s_per_10k()),
            ("afar_transport_per_second", from_afar.transport),
            ("afar_sent_per_second", from_afar.per_second()),
            ("afar_sent_cpu_s_per_10k", from_afar.cpu_s_per_10k()),
            ("webhooks", told.len() as f64),
            ("webhook_p50_ms", gauge::quantile_ms(&told, 0.5)),
            ("webhook_p99_ms", gauge::quantile_ms(&told, 0.99)),
        ],
    })
}

fn settings(twilio: &str) -> String {
    let account = |name: &str, rate: &str| {
        format!(
            r#"
[[accounts]]
name = "{name}"
tenant = "{TENANT}"
platform = "twilio"
account_sid = "{ACCOUNT_SID}"
auth_token = "ok"
from = "whatsapp:+14155238886"
base_url = "{twilio}"
limits = {{ rate = [[{rate}]], concurrency = 50 }}
"#
        )
    };
    [
        account("slow", r#"1, "1h""#),
        account("fast", r#"1000000, "1s""#),
        account("even", r#"200, "1s""#),
    ]
    .concat()
}

/// Has a file of contacts imported by the command; the seconds that took.
fn import(server: &Server, folder: &Path, contacts: u64) -> Result<f64, Failure> {
    let caused = |error: std::io::Error| Failure::caused(&error);
    let path = folder.join("contacts.csv");
    let mut file = BufWriter::new(File::create(&path).map_err(caused)?);
    writeln!(file, "id,phone,name,tags,city").map_err(caused)?;
    for n in 0..contacts {
        let tag = match n {
            ..TOLD => "all,some,few",
            TOLD..SENT => "all,some",
            SENT.. => "all",
        };
        let phone = 600_000_000 + n;
        writeln!(file, "c-{n},+34{phone},Ana {n},\"{tag}\",Jaén").map_err(caused)?;
    }
    file.flush().map_err(caused)?;
    let began = Instant::now();
    let status = Command::new(std::env::current_exe().map_err(caused)?)
        .args(["import", "contacts"])
        .arg(&path)
        .args(["--tenant", TENANT, "--key", KEY])
        .args(["--url", &format!("http://{}", server.address)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(caused)?;
    match status.success() {
        true => Ok(began.elapsed().as_secs_f64()),
        false => Err(Failure::failed("the contacts were not imported")),
    }
}

/// What a campaign came to.
struct Ran {
    campaign: String,
    accepted: Duration,
    seconds: f64,
    cpu_seconds: f64,
}

/// What a campaign that was sent came to, and its transport alone.
struct Sent {
    messages: u64,
    ran: Ran,
    /// Requests a second that the transport makes by itself.
    transport: f64,
}

impl Sent {
    fn per_second(&self) -> f64 {
        self.messages as f64 / self.ran.seconds
    }

    fn cpu_s_per_10k(&self) -> f64 {
        self.ran.cpu_seconds / self.messages as f64 * 10_000.0
    }
}

struct Bench<'a> {
    link: Link,
    server: &'a Server,
    most_bytes: u64,
}

impl Bench<'_> {
    /// Starts a campaign for all, and waits until each contact has a message.
    async fn list(&mut self, contacts: u64) -> Result<Ran, Failure> {
        self.campaign("slow", "all", |counts| counts("accepted") >= contacts)
            .await
    }

    /// Waits until each message of a campaign is in its figures, so that nothing is left to do for it;
    /// the seconds that took.
    async fn follow(&mut self, id: &str, contacts: u64) -> Result<f64, Failure> {
        let path = format!("/api/campaigns/{id}/queue-status");
        let began = Instant::now();
        loop {
            let status = self.ask("GET", &path, "")?;
            let states = status["status"]["metrics"]["messages"].as_object();
            let counts = states.into_iter().flat_map(|states| states.values());
            if counts.filter_map(Value::as_u64).sum::<u64>() >= contacts {
                return Ok(began.elapsed().as_secs_f64());
            }
            if began.elapsed() > PATIENCE {
                return Err(Failure::failed(format!("the figures stay at {status}")));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Starts a campaign for some, and waits until all of it has been sent to a provider that answers
    /// after so long.
    async fn send(
        &mut self,
        provider: &StandIn,
        messages: u64,
        delay: Duration,
    ) -> Result<Sent, Failure> {
        transport::answer_after(provider, delay);
        let transport = transport::per_second(provider, messages).await?;
        let before = self.completed()?;
        let ran = self
            .campaign("fast", "some", |counts| {
                counts("completed") >= before + messages
            })
            .await?;
        Ok(Sent {
            messages,
            ran,
            transport,
        })
    }

    /// The same at an even rate, with a provider that tells what becomes of each message.
    async fn be_told(&mut self, twilio: &StandIn, contacts: u64) -> Result<(), Failure> {
        twilio.messages().call_back(Callbacks {
            url: Some(format!("{PUBLIC}/webhooks/twilio")),
            through: Some(self.server.address),
            max_delay: Duration::from_secs(1),
            ..Callbacks::default()
        });
        let before = self.completed()?;
        self.campaign("even", "few", |counts| {
            counts("completed") >= before + contacts
        })
        .await?;
        twilio.messages().called_back().await;
        Ok(())
    }

    fn completed(&mut self) -> Result<u64, Failure> {
        Ok(self.counts()?["completed"].as_u64().unwrap_or(0))
    }

    async fn campaign(
        &mut self,
        sender: &str,
        tag: &str,
        is_through: impl Fn(&dyn Fn(&str) -> u64) -> bool,
    ) -> Result<Ran, Failure> {
        let draft = json!({
            "tenant": TENANT, "name": tag, "sender": sender,
            "message": "Hola {{name}} de {{city}}", "audience": {"tags": [tag]},
        });
        let made = self.ask("POST", "/api/campaigns", &draft.to_string())?;
        let id = made["id"].as_str().unwrap_or_default().to_owned();
        let process = self.server.process();
        let (began, cpu_before) = (Instant::now(), gauge::cpu_seconds_of(&process));
        self.ask("POST", &format!("/api/campaigns/{id}/start"), "")?;
        let accepted = began.elapsed();
        loop {
            let counts = self.counts()?;
            let bytes = gauge::resident_bytes_of(&process);
            self.most_bytes = self.most_bytes.max(bytes);
            if is_through(&|name| counts[name].as_u64().unwrap_or(0)) {
                break;
            }
            if began.elapsed() > PATIENCE {
                return Err(Failure::failed(format!("the campaign stays at {counts}")));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Ran {
            campaign: id,
            accepted,
            seconds: began.elapsed().as_secs_f64(),
            cpu_seconds: gauge::cpu_seconds_of(&process) - cpu_before,
        })
    }

    /// Times looks at a campaign.
    fn look(&mut self, id: &str) -> Result<Vec<Duration>, Failure> {
        let path = format!("/api/campaigns/{id}/queue-status");
        let mut looks = Vec::with_capacity(LOOKS);
        for _ in 0..LOOKS {
            let asked = Instant::now();
            self.ask("GET", &path, "")?;
            looks.push(asked.elapsed());
        }
        Ok(looks)
    }

    fn counts(&mut self) -> Result<Value, Failure> {
        Ok(self.ask("GET", "/api/queues/campaigns", "")?["counts"].take())
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<Value, Failure> {
        let exchange = self.link.exchange(method, path, body);
        let (status, answer) = exchange.map_err(|error| Failure::caused(&error))?;
        match status {
            200..300 => serde_json::from_str(&answer).map_err(|error| Failure::caused(&error)),
            _ => Err(Failure::failed(format!("{path}: {status} {answer}"))),
        }
    }
}
