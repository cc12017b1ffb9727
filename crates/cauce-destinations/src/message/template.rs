//! Templates that a provider knows: Twilio by their id, the others by name and language.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A template that the provider knows.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub enum Template {
    /// One of Twilio's Content API.
    Content {
        /// Its id: `HX` and 32 hexadecimal digits.
        content_sid: String,
        /// What stands for its placeholders.
        variables: BTreeMap<String, String>,
    },
    /// One of a WhatsApp business account.
    Named {
        /// Its name.
        name: String,
        /// Its language: `es`, `es_MX`.
        language: String,
        /// What stands for its placeholders, as WhatsApp writes it.
        components: Vec<Value>,
    },
}

/// A template as it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Raw {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_sid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variables: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    components: Option<Vec<Value>>,
}

/// Why what is written is no template.
#[derive(Debug, thiserror::Error)]
#[error(
    "a template is either `contentSid` with `variables`, or `name` and `language` with `components`"
)]
struct NoTemplate;

impl TryFrom<Raw> for Template {
    type Error = NoTemplate;
    fn try_from(raw: Raw) -> Result<Template, NoTemplate> {
        match raw {
            Raw {
                content_sid: Some(content_sid),
                variables,
                name: None,
                language: None,
                components: None,
            } => Ok(Template::Content {
                content_sid,
                variables: variables.unwrap_or_default(),
            }),
            Raw {
                content_sid: None,
                variables: None,
                name: Some(name),
                language: Some(language),
                components,
            } => Ok(Template::Named {
                name,
                language,
                components: components.unwrap_or_default(),
            }),
            _ => Err(NoTemplate),
        }
    }
}

impl From<Template> for Raw {
    fn from(template: Template) -> Raw {
        let mut raw = Raw {
            content_sid: None,
            variables: None,
            name: None,
            language: None,
            components: None,
        };
        match template {
            Template::Content {
                content_sid,
                variables,
            } => {
                raw.content_sid = Some(content_sid);
                raw.variables = (!variables.is_empty()).then_some(variables);
            }
            Template::Named {
                name,
                language,
                components,
            } => {
                raw.name = Some(name);
                raw.language = Some(language);
                raw.components = (!components.is_empty()).then_some(components);
            }
        }
        raw
    }
}
