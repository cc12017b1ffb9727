//! `cauce demo`: the real engine and its API on embedded storage in a temporary folder, against
//! stand-ins that refuse and fail like the real platforms, with realistic traffic.
//!
//! ```text
//! traffic --> POST /api/pixels/events --> engine --> stand-ins (faults on a schedule)
//!                   |                                    |
//!                   +------ what was accepted -----------+--> summary: checked against the
//!                                                             stand-ins' own ledgers
//! ```

mod campaign;
pub(crate) mod client;
mod conversation;
mod gateway;
mod outside;
mod progress;
mod sales;
mod scenario;
mod summary;
mod web;

use std::{path::PathBuf, sync::Arc, time::Duration};

use cauce_engine::Engine;
use cauce_flow::id::TenantId;
use cauce_store::jobs::Scope;
use tokio_util::sync::CancellationToken;

use self::{
    client::Client,
    outside::Outside,
    scenario::Accepted,
    summary::{Beside, Summary},
};
use crate::{
    config::{self, Format, Inputs, Log},
    failure::Failure,
    global::Global,
    logging, output,
};

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End after the summary: exit code 0 only if nothing was lost and no limit was passed
    #[arg(long)]
    pub(crate) exit: bool,
    /// Seconds of traffic
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(5..=600))]
    pub(crate) seconds: u64,
    /// Events a second
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(10..=5_000))]
    pub(crate) rate: u32,
    /// Events of web sites a second
    #[arg(long, default_value_t = 1_500, value_parser = clap::value_parser!(u32).range(100..=20_000))]
    pub(crate) web_rate: u32,
    /// The seed of the traffic and the faults
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Leave the report on what happened in this folder, as PDF and XLSX in both languages
    #[arg(long, value_name = "FOLDER")]
    pub(crate) report: Option<PathBuf>,
}

/// The tenant of the demo.
const TENANT: &str = "demo-shop";
/// What is left to deliver after the traffic has this long.
const CATCH_UP: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(10);

/// Runs the command.
pub(crate) async fn run(args: Args, global: &Global) -> Result<(), Failure> {
    // The troubles of the demo are meant: the log would only repeat them.
    logging::start(&Log {
        level: "off".to_owned(),
        format: Format::Human,
    });
    let folder = tempfile::tempdir().map_err(|error| Failure::caused(&error))?;
    let outside = Outside::start(args.seed)
        .await
        .map_err(|error| Failure::caused(&error))?;
    let file = folder.path().join("cauce.toml");
    std::fs::write(&file, outside.configuration(folder.path(), TENANT))
        .map_err(|error| Failure::caused(&error))?;
    let config = config::load(&Inputs {
        file: Some(file),
        ..Inputs::default()
    })
    .map_err(Failure::usage)?;
    let engine = Engine::start(config.settings.clone())
        .await
        .map_err(|e| Failure::caused(&e))?;
    let key = config.admin_key.clone().unwrap_or_default();
    engine
        .control()
        .accept_configured_key(Some(&key), engine.now());
    let shutdown = CancellationToken::new();
    let server = cauce_http::serve(engine.clone(), config.server, shutdown.clone())
        .await
        .map_err(|error| Failure::caused(&error))?;
    let url = format!("http://{}", server.addr);
    if !global.json {
        introduce(&url, &key, &args);
    }
    let client = Arc::new(Client::new(&url, &key)?);
    let tenant = TenantId::new(TENANT).expect("the demo's tenant has a good name");
    let scope = Scope::Tenant(tenant.clone());
    let shown = CancellationToken::new();
    let progress = tokio::spawn(progress::show(
        engine.clone(),
        scope.clone(),
        shown.clone(),
        global.json,
    ));
    let chatter = gateway::chatter(Arc::clone(&client), args.seconds, args.seed);
    let chatter = tokio::spawn(chatter);
    let load = (args.web_rate, args.seconds);
    let burst = web::burst(Arc::clone(&client), load, args.seed, engine.now());
    let burst = tokio::spawn(burst);
    outside.listen(server.addr);
    let (accepted, sent, talked) = tokio::try_join!(
        scenario::play(&args, &client, &outside, &engine),
        campaign::send(&client, &outside.twilio, args.seconds),
        conversation::hold(&client, &outside.cloud, args.seconds),
    )?;
    let sold = sales::tell(&client, &sent).await?;
    let told = chatter.await.map_err(|error| Failure::caused(&error))??;
    let seen = burst.await.map_err(|error| Failure::caused(&error))??;
    scenario::catch_up(&engine, &scope, CATCH_UP).await;
    shown.cancel();
    let _ = progress.await;
    let gateway = gateway::Figures::of(&engine, &scope, &outside.backend, &told).await?;
    let web = web::Figures::of(&engine, &tenant, seen).await?;
    let campaign = campaign::Figures::of(sent, &outside.twilio);
    let conversation = conversation::Figures::of(talked, &outside.cloud);
    let sales = sales::Figures::of(&engine, &tenant, &sold, args.report.as_deref()).await?;
    let beside = Beside {
        gateway,
        web,
        campaign,
        conversation,
        sales,
    };
    let summary = Summary::of(&engine, &scope, &outside, &accepted, beside).await?;
    summary.print(global.json);
    let good = summary.is_good();
    if !args.exit {
        output::note("The API stays up until Ctrl-C; nothing is kept afterwards.");
        let _ = tokio::signal::ctrl_c().await;
    }
    shutdown.cancel();
    let _ = tokio::time::timeout(STOP, server.stopped).await;
    engine.stop(STOP).await;
    outside.stop().await;
    match good {
        true => Ok(()),
        false => Err(Failure::Reported),
    }
}

fn introduce(url: &str, key: &str, args: &Args) {
    output::line(&format!(
        "Cauce demo: {} s of shop traffic, {} events/s, over HTTP into the engine on {url}\n\
         and on to stand-ins for Meta, Google, LinkedIn and TikTok, which refuse what the real\n\
         ones refuse and will throttle, fail, go down and lose answers on the way. Beside them a\n\
         gateway of 1,000 WhatsApp sessions tells a minute's worth of changes, 40,000, and visitors\n\
         of two web sites make {} events a second. A campaign goes to {} people, some of whom cannot be\n\
         reached and some of whom write BAJA, and somebody is answered at once all along.\n\n\
         Look inside meanwhile (key for this run only):\n  \
         curl -s -H 'Authorization: Bearer {key}' {url}/api/queues\n",
        args.seconds,
        args.rate,
        args.web_rate,
        campaign::people(args.seconds)
    ));
}

/// Waits a moment that a person does not notice.
async fn moment() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// The queues of the demo, in the order they are shown.
const QUEUES: [&str; 4] = ["meta", "google", "linkedin", "tiktok"];

/// The engine's status of the demo's queues.
fn statuses(engine: &Engine, scope: &Scope) -> Vec<cauce_engine::status::QueueStatus> {
    let all = engine.queues(scope);
    let of = |name: &&str| {
        all.iter()
            .find(|queue| queue.name.as_str() == *name)
            .cloned()
    };
    QUEUES.iter().filter_map(of).collect()
}

/// Events that the API took, by platform.
type ByPlatform = std::collections::BTreeMap<String, Accepted>;
