//! `cauce analytics`: erases people from a running server, and makes sums anew in a data folder.

use cauce_engine::offline;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::{
    api::{Api, query},
    cli::{AnalyticsAction, AnalyticsArgs},
    config,
    failure::Failure,
    global::Global,
    output,
};

/// How often the bar is drawn anew, in events.
const DRAW_EVERY: u64 = 10_000;

/// Runs the command.
pub(crate) async fn run(args: AnalyticsArgs, global: &Global) -> Result<(), Failure> {
    match args.action {
        AnalyticsAction::Erase { tenant, phones } => {
            let api = Api::connect(&args.remote, global)?;
            erase(&api, tenant.as_deref(), &phones, global).await
        }
        AnalyticsAction::Rebuild => rebuild(global).await,
    }
}

async fn erase(
    api: &Api,
    tenant: Option<&str>,
    phones: &[String],
    global: &Global,
) -> Result<(), Failure> {
    let path = format!("/api/analytics/erase{}", query(&[("tenant", tenant)]));
    let erased = api.post(&path, &json!({ "phones": phones })).await?;
    if global.json {
        output::json(&erased);
    } else {
        output::line(&format!(
            "{} people were known and are erased",
            erased["erased"]
        ));
    }
    Ok(())
}

async fn rebuild(global: &Global) -> Result<(), Failure> {
    let config = config::load(&config::inputs(global, Vec::new())).map_err(Failure::usage)?;
    let bar = match global.json {
        true => ProgressBar::hidden(),
        false => ProgressBar::new(0),
    };
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} events");
    bar.set_style(style.map_err(|error| Failure::caused(&error))?);
    let shown = bar.clone();
    let progress = move |done: u64, of: u64| {
        if done.is_multiple_of(DRAW_EVERY) || done == of {
            shown.set_length(of);
            shown.set_position(done);
        }
    };
    let rebuilt = offline::rebuild_analytics(&config.settings, progress).await;
    bar.finish_and_clear();
    let rebuilt = rebuilt.map_err(|error| Failure::caused(&error))?;
    let from = rebuilt.from.map(|from| from.to_string());
    if global.json {
        output::json(&json!({
            "events": rebuilt.events, "from": from, "changed": rebuilt.changed,
        }));
        return Ok(());
    }
    let since = from.map_or_else(String::new, |from| format!(" from {from} on"));
    let said = match rebuilt.changed {
        true => "some sums are others than before",
        false => "all sums are as they were",
    };
    output::line(&format!(
        "counted {} events anew{since}; {said}",
        rebuilt.events
    ));
    Ok(())
}
