//! What came of the campaign: the shop tells of leads and sales, and a report says what it all adds
//! up to, as files that stay.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cauce_engine::Engine;
use cauce_flow::{campaign::window::TimeZone, id::TenantId};
use cauce_observe::report::{Language, Material, Report, Stretch};
use cauce_report::Format;
use serde_json::{Value, json};

use super::{campaign, client::Client};
use crate::{failure::Failure, output};

/// The steps of a sale, and by how many people of the campaign each is taken.
const STEPS: [(&str, u64); 4] = [
    ("lead", 3),
    ("qualified_lead", 6),
    ("appointment", 12),
    ("sale", 24),
];
/// The report is on the last hour.
const LAST_MS: i64 = 3_600_000;

/// What the shop told.
pub(super) struct Told {
    conversions: usize,
}

/// Tells of what people did whom the campaign had reached, and what it cost.
pub(super) async fn tell(client: &Client, campaign: &campaign::Told) -> Result<Told, Failure> {
    let steps = STEPS.into_iter().flat_map(|(kind, every)| {
        let people = campaign.reached().step_by(every as usize);
        people.map(move |n| conversion(kind, n))
    });
    let mut events: Vec<Value> = steps.collect();
    let conversions = events.len();
    events.extend([
        json!({ "type": "campaign", "id": "cost", "campaignId": campaign.id(), "cost": "49.90",
            "currency": "EUR" }),
        json!({ "type": "handoff", "id": "handoff", "conversationId": "piso" }),
        json!({ "type": "conversationEnded", "id": "end", "conversationId": "piso",
            "endedBy": "agent" }),
    ]);
    for some in events.chunks(1_000) {
        client.make("/api/analytics/track", &json!(some)).await?;
    }
    Ok(Told { conversions })
}

fn conversion(kind: &str, n: u64) -> Value {
    let mut event = json!({
        "type": "conversion", "kind": kind, "id": format!("{kind}-{n}"), "phone": campaign::number(n),
    });
    if kind == "sale" {
        event["value"] = json!("29.95");
        event["currency"] = json!("EUR");
    }
    event
}

/// What the report says of it, and where it is.
pub(super) struct Figures {
    told: usize,
    counted: u64,
    owed: u64,
    files: Vec<PathBuf>,
}

impl Figures {
    /// The report on the demo, in both languages, in a folder if there is one.
    pub(super) async fn of(
        engine: &Engine,
        tenant: &TenantId,
        told: &Told,
        folder: Option<&Path>,
    ) -> Result<Figures, Failure> {
        let now = engine.now().as_millis();
        let stretch = Stretch::between(now - LAST_MS, now + 1);
        let stretch = stretch.map_err(|error| Failure::caused(&error))?;
        let zone = (TimeZone::UTC, "UTC".to_owned());
        let material = engine.report_material(tenant, stretch, zone).await;
        let material = material.map_err(|error| Failure::caused(&error))?;
        let files = match folder {
            Some(folder) => write(&material, folder)?,
            None => Vec::new(),
        };
        let campaigns = material.campaigns.iter();
        Ok(Figures {
            told: told.conversions,
            counted: material.now.conversions.count(),
            owed: campaigns.map(|own| own.all.converted).sum(),
            files,
        })
    }

    pub(super) fn is_good(&self) -> bool {
        self.told as u64 == self.counted && self.owed > 0
    }

    pub(super) fn print(&self) {
        output::line(&format!(
            "conversions: {} told, {} in the report, after the campaign those of {} people  {}",
            self.told,
            self.counted,
            self.owed,
            output::mark(self.is_good())
        ));
        for file in &self.files {
            output::line(&format!("report: {}", file.display()));
        }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "conversions": self.told,
            "counted": self.counted,
            "peopleConverted": self.owed,
            "files": self.files,
        })
    }
}

fn write(material: &Material, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |why: std::io::Error| {
        let folder = folder.display();
        Failure::failed(format!("cannot write the report into {folder}: {why}"))
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut files = Vec::new();
    for language in [Language::En, Language::Es] {
        let report = Report::of(material, language);
        for format in [Format::Pdf, Format::Xlsx] {
            let bytes = cauce_report::write(&report, format);
            let bytes = bytes.map_err(|error| Failure::caused(&error))?;
            let name = format!("report-{}.{}", language.as_str(), format.as_str());
            let file = folder.join(name);
            fs::write(&file, bytes).map_err(failed)?;
            files.push(file);
        }
    }
    Ok(files)
}
