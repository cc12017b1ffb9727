//! `cauce serve`: the engine and its API, until a signal or a failure.
//!
//! ```text
//! configuration -> data folder -> engine -> API -> "listening"
//!                                             |
//!            SIGHUP: reload      SIGTERM, SIGINT: finish what is in flight, 25 s at most
//! ```
//!
//! A service manager is told when it is ready, reloads, stops, and where it asks, that it is alive.

use std::{
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use cauce_engine::Engine;
use cauce_http::Bound;
use sd_notify::NotifyState;
use serde_json::json;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Interval, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::ServeArgs,
    config::{self, Config, Inputs},
    failure::{Failure, chain},
    global::Global,
    logging, output,
    stops::Stops,
};

/// A graceful stop takes no longer.
const STOP: Duration = Duration::from_secs(25);
/// What is kept of it for the engine, however long clients hold on to the server.
const STOP_ENGINE: Duration = Duration::from_secs(5);

/// Runs the command.
pub(crate) async fn run(args: ServeArgs, global: &Global) -> Result<(), Failure> {
    let inputs = config::inputs(global, flags(args));
    let config = config::load(&inputs).map_err(Failure::usage)?;
    logging::start(&config.log);
    for note in &config.notes {
        tracing::warn!("{note}");
    }
    let (mut stops, mut hang_up) = catch_signals().map_err(|error| Failure::caused(&error))?;
    let engine = Engine::start(config.settings.clone())
        .await
        .map_err(|error| Failure::Failed(with_hint(&chain(&error), &config)))?;
    let shutdown = CancellationToken::new();
    let served = cauce_http::serve(engine.clone(), config.server.clone(), shutdown.clone()).await;
    let server = match served {
        Ok(server) => server,
        Err(error) => {
            engine.stop(STOP).await;
            return Err(Failure::caused(&error));
        }
    };
    let running = Running {
        engine,
        server,
        shutdown,
        config,
        inputs,
    };
    running.announce(global).await?;
    running.wait(&mut stops, &mut hang_up).await
}

fn flags(args: ServeArgs) -> Vec<(&'static str, &'static str, String)> {
    let listen = args.listen.map(|value| ("--listen", "http.listen", value));
    let log = args.log.map(|value| ("--log", "log.level", value));
    listen.into_iter().chain(log).collect()
}

/// A start that fails on the data folder says how to choose another, unless it has a better hint.
fn with_hint(why: &str, config: &Config) -> String {
    if why.contains("hint:") {
        return why.to_owned();
    }
    let dir = config.settings.data_dir.display();
    format!("{why}; hint: make {dir} writable for this user, or name another with --data-dir")
}

/// What asks the process to stop, and what asks it to reload.
fn catch_signals() -> io::Result<(Stops, Signal)> {
    Ok((Stops::catch()?, signal(SignalKind::hangup())?))
}

/// A server at work.
struct Running {
    engine: Engine,
    server: Bound,
    shutdown: CancellationToken,
    config: Config,
    inputs: Inputs,
}

impl Running {
    /// Sets the first key and says where the server listens.
    async fn announce(&self, global: &Global) -> Result<(), Failure> {
        let control = self.engine.control();
        let now = self.engine.now();
        control.accept_configured_key(self.config.admin_key.as_deref(), now);
        let first = match self.config.admin_key {
            Some(_) => None,
            None => control
                .ensure_first_admin(now)
                .await
                .map_err(|e| Failure::caused(&e))?,
        };
        let url = format!("http://{}", self.server.addr);
        tracing::info!(%url, data_dir = %self.config.settings.data_dir.display(), "listening");
        let key = first.as_ref().map(|created| created.secret.as_str());
        if global.json {
            output::line(&json!({ "listening": url, "firstKey": key }).to_string());
        } else {
            output::line(&format!("cauce listens on {url}"));
            if let Some(key) = key {
                output::line(&format!(
                    "first API key, all tenants and scopes, shown this once:\n{key}"
                ));
            }
            if io::stdout().is_terminal() {
                output::line("Ctrl-C stops it.");
            }
        }
        tell_systemd(&[NotifyState::Ready]);
        Ok(())
    }

    async fn wait(mut self, stops: &mut Stops, hang_up: &mut Signal) -> Result<(), Failure> {
        let mut watchdog = Watchdog::asked_for();
        loop {
            tokio::select! {
                _ = hang_up.recv() => self.reload(),
                () = watchdog.due() => tell_alive().await,
                why = self.engine.failed() => return Err(self.give_up(why).await),
                name = stops.next() => {
                    tracing::info!(signal = name, "stopping: finishing what is in flight");
                    return self.stop(stops).await;
                }
            }
        }
    }

    /// Takes the new configuration, or keeps the old one and says why.
    fn reload(&mut self) {
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            tell_systemd(&[NotifyState::Reloading, now]);
        }
        match config::load(&self.inputs) {
            Ok(fresh) => self.take(fresh),
            Err(problems) => tracing::error!("the configuration was not reloaded:\n{problems}"),
        }
        tell_systemd(&[NotifyState::Ready]);
    }

    fn take(&mut self, mut fresh: Config) {
        for setting in needs_restart(&self.config, &fresh) {
            tracing::warn!(
                setting,
                "this setting has changed and takes a restart to take effect"
            );
        }
        fresh
            .settings
            .data_dir
            .clone_from(&self.config.settings.data_dir);
        fresh.settings.fsync = self.config.settings.fsync;
        let now = self.engine.now();
        self.engine
            .control()
            .accept_configured_key(fresh.admin_key.as_deref(), now);
        self.engine.reload(fresh.settings.clone());
        tracing::info!(
            accounts = fresh.settings.accounts.len(),
            "the configuration is reloaded"
        );
        self.config.settings = fresh.settings;
        self.config.admin_key = fresh.admin_key;
    }

    /// Finishes what is in flight. A second signal ends the process at once.
    async fn stop(self, stops: &mut Stops) -> Result<(), Failure> {
        tell_systemd(&[NotifyState::Stopping]);
        let graceful = async {
            let began = Instant::now();
            self.shutdown.cancel();
            let patience = STOP.saturating_sub(STOP_ENGINE);
            let _ = tokio::time::timeout(patience, self.server.stopped).await;
            self.engine.stop(STOP.saturating_sub(began.elapsed())).await;
        };
        tokio::select! {
            () = graceful => {
                tracing::info!("stopped");
                Ok(())
            }
            name = stops.next() => Err(Failure::failed(format!(
                "{name} came a second time: left at once; what was in flight is settled at the next start"
            ))),
        }
    }

    /// The store cannot write: whoever waits is answered, and the process leaves.
    async fn give_up(self, why: String) -> Failure {
        const LAST_ANSWERS: Duration = Duration::from_secs(2);
        tell_systemd(&[NotifyState::Stopping]);
        self.shutdown.cancel();
        let leave = async {
            let _ = self.server.stopped.await;
            self.engine.stop(Duration::ZERO).await;
        };
        let _ = tokio::time::timeout(LAST_ANSWERS, leave).await;
        let dir = self.config.settings.data_dir.display().to_string();
        Failure::failed(format!(
            "the data folder {dir} can no longer be written: {why}; hint: look at the disk \
             (`dmesg`, `df -h {dir}`), then start again: what was acknowledged is safe"
        ))
    }
}

/// When the service manager wants to hear that the process is alive; never, where it does not ask.
struct Watchdog {
    ticks: Option<Interval>,
}

impl Watchdog {
    /// Twice as often as it has to be, as `sd_watchdog_enabled(3)` recommends.
    fn asked_for() -> Watchdog {
        let every = sd_notify::watchdog_enabled().map(|within| within / 2);
        let ticks = every.filter(|every| !every.is_zero()).map(|every| {
            let mut ticks = tokio::time::interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
        Watchdog { ticks }
    }

    /// Waits for the next time.
    async fn due(&mut self) {
        match &mut self.ticks {
            Some(ticks) => drop(ticks.tick().await),
            None => std::future::pending().await,
        }
    }
}

/// Says that the process is alive, if it is: the word goes through a worker of the runtime, and where
/// all of them hang, the service manager hears nothing and starts the process anew.
async fn tell_alive() {
    if tokio::spawn(async {}).await.is_ok() {
        tell_systemd(&[NotifyState::Watchdog]);
    }
}

/// Settings that have changed and cannot be taken while the process runs.
fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let changed = [
        ("data_dir", old.settings.data_dir != new.settings.data_dir),
        ("storage", old.settings.fsync != new.settings.fsync),
        (
            "http",
            format!("{:?}", old.server) != format!("{:?}", new.server),
        ),
        ("log", old.log != new.log),
        (
            "tracking.buffer",
            old.settings.tracking.buffer != new.settings.tracking.buffer,
        ),
        (
            "tracking.enable_aggregation",
            old.settings.tracking.aggregation != new.settings.tracking.aggregation,
        ),
    ];
    changed
        .iter()
        .filter(|(_, changed)| *changed)
        .map(|(name, _)| *name)
        .collect()
}

/// Tells the service manager, if there is one.
fn tell_systemd(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd could not be told");
    }
}
