//! The letter that a report comes with: what stands out, as text and as HTML.
//!
//! As in letters of alerts, the HTML holds nothing from outside and no script.

use cauce_destinations::mail::{Attachment, Letter};
use cauce_observe::report::{
    Report,
    document::{Tile, Value},
    words::Word,
};

/// The letter to one person.
pub(super) fn letter(report: &Report, name: &str, to: &str, files: &[Attachment]) -> Letter {
    let files: Vec<Attachment> = files.to_vec();
    Letter {
        to: vec![to.to_owned()],
        subject: format!("{} · {} · {}", report.title, report.period, report.tenant),
        text: text(report, name),
        html: Some(html(report, name)),
        attachments: files,
        thread: Some(format!("report-{name}")),
    }
}

/// What it was before, and by how much it has changed.
fn compared(report: &Report, tile: &Tile) -> String {
    let language = report.language;
    let before = language.fill(Word::Before, &[&language.write(&tile.before)]);
    match &tile.change {
        Value::None => before,
        change => format!("{}, {before}", language.write(change)),
    }
}

/// What has to be known of the figures, and why one gets this.
fn ends(report: &Report, name: &str) -> [String; 2] {
    let language = report.language;
    let made_at = language.moment(report.made_at.datetime());
    let made = language.fill(Word::MadeAt, &[&made_at, &report.zone]);
    let compared = language.fill(Word::ComparedWith, &[&report.compared_with]);
    let why = language.fill(Word::LetterFooter, &[name]);
    [format!("{compared}. {made}."), why]
}

fn text(report: &Report, name: &str) -> String {
    let mut text = format!(
        "{} · {}\n{}\n\n",
        report.title, report.tenant, report.period
    );
    for tile in &report.tiles {
        let now = report.language.write(&tile.now);
        let compared = compared(report, tile);
        text.push_str(&format!("{}: {now} ({compared})\n", tile.name));
    }
    let [about, why] = ends(report, name);
    text.push_str(&format!("\n{about}\n"));
    for note in &report.notes {
        text.push_str(&format!("- {note}\n"));
    }
    text.push_str(&format!("\n-- \n{why}\n"));
    text.replace('\u{a0}', " ")
}

fn html(report: &Report, name: &str) -> String {
    let rows: String = report.tiles.iter().map(|tile| row(report, tile)).collect();
    let notes = report.notes.iter();
    let notes: String = notes
        .map(|note| format!("<li>{}</li>", escaped(note)))
        .collect();
    let [about, why] = ends(report, name);
    format!(
        "<!DOCTYPE html><html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
         <title>{title}</title></head>\
         <body style=\"font-family:system-ui,sans-serif;font-size:15px;line-height:1.5;margin:24px\">\
         <h1 style=\"font-size:20px;margin:0;border-left:4px solid #0f766e;padding-left:12px\">{title}</h1>\
         <p style=\"margin:4px 0 20px 16px\">{tenant} · {period}</p>\
         <table style=\"border-collapse:collapse\">{rows}</table>\
         <p>{about}</p><ul style=\"color:#6b7280;font-size:13px;padding-left:18px\">{notes}</ul>\
         <p style=\"color:#6b7280;font-size:13px\">{why}</p></body></html>",
        lang = report.language.as_str(),
        title = escaped(&report.title),
        tenant = escaped(&report.tenant),
        period = escaped(&report.period),
        about = escaped(&about),
        why = escaped(&why),
    )
}

fn row(report: &Report, tile: &Tile) -> String {
    format!(
        "<tr><th scope=\"row\" style=\"text-align:left;font-weight:normal;color:#6b7280;\
         padding:4px 24px 4px 0\">{}</th>\
         <td style=\"text-align:right;font-weight:bold;padding:4px 16px 4px 0\">{}</td>\
         <td style=\"color:#6b7280;font-size:13px;padding:4px 0\">{}</td></tr>",
        escaped(&tile.name),
        escaped(&report.language.write(&tile.now)),
        escaped(&compared(report, tile)),
    )
}

/// The characters that mean something in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
