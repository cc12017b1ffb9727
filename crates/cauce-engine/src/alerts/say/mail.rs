//! What is told by e-mail: the same as text and as HTML.
//!
//! The HTML holds nothing from outside and no script, and its colours can be read on light and dark:
//! mail programs allow little more.

use cauce_destinations::mail::Letter;
use cauce_observe::alert::words::{Language, Words};

/// The letter to one person. `mark` stands before the subject, `color` beside the title.
pub(super) struct Paper<'a> {
    pub(super) words: &'a Words,
    pub(super) language: Language,
    pub(super) mark: &'a str,
    pub(super) color: &'a str,
    pub(super) url: Option<&'a str>,
    /// Letters of one alert are shown together.
    pub(super) thread: Option<String>,
}

impl Paper<'_> {
    /// The letter to these people.
    pub(super) fn letter(&self, to: Vec<String>) -> Letter {
        Letter {
            to,
            subject: match self.mark {
                "" => format!("[Cauce] {}", self.words.title),
                mark => format!("[Cauce] {mark}: {}", self.words.title),
            },
            text: self.text(),
            html: Some(self.html()),
            attachments: Vec::new(),
            thread: self.thread.clone(),
        }
    }

    fn text(&self) -> String {
        let words = self.words;
        let mut text = format!("{}\n\n", words.title);
        for (label, said) in &words.facts {
            text.push_str(&format!("{label}: {said}\n"));
        }
        if !words.advice.is_empty() {
            text.push_str(&format!("\n{}\n", words.advice));
        }
        if let Some(url) = self.url {
            text.push_str(&format!("\n{}: {url}\n", words.open));
        }
        text.push_str(&format!("\n-- \n{}\n", words.footer));
        text
    }

    fn html(&self) -> String {
        let words = self.words;
        let row = |(label, said): &(&str, String)| {
            let label = escaped(label);
            let said = escaped(said);
            format!(
                "<tr><th scope=\"row\" style=\"text-align:left;font-weight:normal;color:#6b7280;\
                 padding:2px 16px 2px 0;vertical-align:top\">{label}</th>\
                 <td style=\"padding:2px 0\">{said}</td></tr>"
            )
        };
        let rows: String = words.facts.iter().map(row).collect();
        let advice = match words.advice {
            "" => String::new(),
            advice => format!("<p>{}</p>", escaped(advice)),
        };
        let link = self.url.map_or(String::new(), |url| {
            format!(
                "<p><a href=\"{}\" style=\"display:inline-block;padding:8px 16px;border-radius:6px;\
                 background:#1f2937;color:#ffffff;text-decoration:none\">{}</a></p>",
                escaped(url),
                escaped(words.open)
            )
        });
        format!(
            "<!DOCTYPE html><html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
             <title>{title}</title></head>\
             <body style=\"font-family:system-ui,sans-serif;font-size:15px;line-height:1.5;margin:24px\">\
             <h1 style=\"font-size:18px;border-left:4px solid {color};padding-left:12px\">{title}</h1>\
             <table>{rows}</table>{advice}{link}\
             <p style=\"color:#6b7280;font-size:13px\">{footer}</p></body></html>",
            lang = self.language.as_str(),
            title = escaped(&words.title),
            color = self.color,
            footer = escaped(words.footer),
        )
    }
}

/// The characters that mean something in HTML: those of chats, and what ends an attribute.
fn escaped(text: &str) -> String {
    super::escaped(text).replace('"', "&quot;")
}
