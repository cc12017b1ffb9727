//! What a provider cannot carry, by JSON Pointer (RFC 6901).
//!
//! Sources: Twilio, "Messages resource" (Body, MediaUrl); WhatsApp Cloud API, "Messages" reference
//! (text.body, caption, template.name). Evolution has no limits of its own; WhatsApp's are taken.

use super::{
    Message,
    content::{Content, Location, Media, MediaKind, Reaction},
    provider::Provider,
    template::Template,
};
use crate::fault::FieldFault;

/// Most bytes of `metadata`.
pub const MAX_METADATA_BYTES: usize = 4096;
/// Most bytes of `conversationId`.
pub const MAX_CONVERSATION_BYTES: usize = 256;
/// Most bytes of an address.
const MAX_URL_BYTES: usize = 2048;
/// Most characters of a file's name, a place's name or its address.
const MAX_NAME_CHARS: usize = 1000;
/// Most bytes of the provider's id of a message.
const MAX_ID_BYTES: usize = 256;
/// Most characters of the name of a template (WhatsApp, "Template guidelines").
const MAX_TEMPLATE_NAME_CHARS: usize = 512;
/// Most bytes of what stands for a template's placeholders.
const MAX_TEMPLATE_BYTES: usize = 32 << 10;

impl Provider {
    /// Most characters of a text.
    const fn max_text_chars(self) -> usize {
        match self {
            Provider::Twilio => 1_600,
            Provider::Evolution => 65_536,
            Provider::WhatsappCloud => 4_096,
        }
    }

    /// Most characters of a caption.
    const fn max_caption_chars(self) -> usize {
        match self {
            Provider::Twilio => 1_600,
            Provider::Evolution | Provider::WhatsappCloud => 1_024,
        }
    }
}

impl Message {
    /// Every field that the provider could not carry; none means that the message is fit to be taken.
    /// Pointers begin with the name of the content: `/text`, `/media/url`.
    pub fn check(&self, provider: Provider) -> Vec<FieldFault> {
        let mut faults = self.content.check(provider);
        if self.conversation_id.as_ref().is_some_and(String::is_empty) {
            faults.push(FieldFault::at("/conversationId", "empty"));
        }
        let conversation = self.conversation_id.as_ref().map_or(0, String::len);
        if conversation > MAX_CONVERSATION_BYTES {
            let detail = format!("longer than {MAX_CONVERSATION_BYTES} bytes");
            faults.push(FieldFault::at("/conversationId", detail));
        }
        let metadata = serde_json::to_vec(&self.metadata).map_or(0, |bytes| bytes.len());
        if metadata > MAX_METADATA_BYTES {
            let detail = format!("longer than {MAX_METADATA_BYTES} bytes");
            faults.push(FieldFault::at("/metadata", detail));
        }
        faults
    }
}

impl Content {
    /// Every field that the provider could not carry.
    pub fn check(&self, provider: Provider) -> Vec<FieldFault> {
        let mut faults = Faults {
            provider,
            found: Vec::new(),
        };
        match self {
            Content::Text(text) => faults.text("/text", text, provider.max_text_chars()),
            Content::Media(media) => faults.media(media),
            Content::Template(template) => faults.template(template),
            Content::Location(location) => faults.location(location),
            Content::Reaction(reaction) => faults.reaction(reaction),
        }
        faults.found
    }
}

/// The faults found so far.
struct Faults {
    provider: Provider,
    found: Vec<FieldFault>,
}

impl Faults {
    fn add(&mut self, pointer: &str, detail: impl Into<String>) {
        self.found.push(FieldFault::at(pointer, detail));
    }

    /// A text that has to be there.
    fn text(&mut self, pointer: &str, text: &str, max_chars: usize) {
        if text.trim().is_empty() {
            self.add(pointer, "empty");
        }
        self.length(pointer, text, max_chars);
    }

    fn length(&mut self, pointer: &str, text: &str, max_chars: usize) {
        // Characters are never more than bytes, so most texts need not be counted.
        if text.len() > max_chars && text.chars().count() > max_chars {
            let provider = self.provider.shown();
            let detail = format!("longer than the {max_chars} characters that {provider} takes");
            self.add(pointer, detail);
        }
    }

    fn media(&mut self, media: &Media) {
        if !is_web_address(&media.url) {
            let detail = format!("not an http or https address of at most {MAX_URL_BYTES} bytes");
            self.add("/media/url", detail);
        }
        if let Some(caption) = &media.caption {
            if media.kind == MediaKind::Audio && self.provider != Provider::Twilio {
                self.add("/media/caption", "a sound has no caption on WhatsApp");
            }
            let max_chars = self.provider.max_caption_chars();
            self.length("/media/caption", caption, max_chars);
        }
        if let Some(filename) = &media.filename {
            if media.kind != MediaKind::Document {
                self.add("/media/filename", "only a document has a file name");
            }
            self.length("/media/filename", filename, MAX_NAME_CHARS);
        }
    }

    fn template(&mut self, template: &Template) {
        let provider = self.provider;
        match (template, provider) {
            (
                Template::Content {
                    content_sid,
                    variables,
                },
                Provider::Twilio,
            ) => {
                if !is_content_sid(content_sid) {
                    let detail = "not the id of a template; one is HX and 32 hexadecimal digits";
                    self.add("/template/contentSid", detail);
                }
                self.bytes("/template/variables", variables);
            }
            (
                Template::Named {
                    name,
                    language,
                    components,
                },
                Provider::Evolution | Provider::WhatsappCloud,
            ) => {
                self.text("/template/name", name, MAX_TEMPLATE_NAME_CHARS);
                if !is_language(language) {
                    self.add("/template/language", "not a language such as es or es_MX");
                }
                let values = components.iter().enumerate();
                for (place, _) in values.filter(|(_, value)| !value.is_object()) {
                    self.add(&format!("/template/components/{place}"), "not an object");
                }
                self.bytes("/template/components", components);
            }
            (Template::Named { .. }, Provider::Twilio) => {
                let detail = "Twilio knows templates by contentSid, with variables";
                self.add("/template", detail);
            }
            (Template::Content { .. }, Provider::Evolution | Provider::WhatsappCloud) => {
                let provider = provider.shown();
                let detail = format!("{provider} knows templates by name and language");
                self.add("/template", detail);
            }
        }
    }

    fn bytes(&mut self, pointer: &str, value: &impl serde::Serialize) {
        let len = serde_json::to_vec(value).map_or(0, |bytes| bytes.len());
        if len > MAX_TEMPLATE_BYTES {
            self.add(pointer, format!("longer than {MAX_TEMPLATE_BYTES} bytes"));
        }
    }

    fn location(&mut self, location: &Location) {
        if !(-90.0..=90.0).contains(&location.latitude) {
            self.add("/location/latitude", "degrees from -90 to 90");
        }
        if !(-180.0..=180.0).contains(&location.longitude) {
            self.add("/location/longitude", "degrees from -180 to 180");
        }
        let texts = [
            ("/location/name", &location.name),
            ("/location/address", &location.address),
        ];
        for (pointer, text) in texts {
            if let Some(text) = text {
                self.length(pointer, text, MAX_NAME_CHARS);
            }
        }
        // Twilio shows the place under the words of the message, and takes no message without.
        if self.provider == Provider::Twilio && location.name.is_none() {
            self.add("/location/name", "Twilio needs the name of the place");
        }
    }

    fn reaction(&mut self, reaction: &Reaction) {
        if self.provider == Provider::Twilio {
            self.add("/reaction", "Twilio carries no reactions");
            return;
        }
        if reaction.message_id.is_empty() || reaction.message_id.len() > MAX_ID_BYTES {
            let detail = format!("the provider's id of a message, {MAX_ID_BYTES} bytes at most");
            self.add("/reaction/messageId", detail);
        }
        // One emoji may be made of several characters: skin, gender, flags of regions.
        if reaction.emoji.chars().count() > 16
            || reaction.emoji.is_ascii() && !reaction.emoji.is_empty()
        {
            self.add("/reaction/emoji", "one emoji, or nothing to take it away");
        }
    }
}

fn is_web_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let unfit = |c: char| c.is_whitespace() || c.is_control();
    text.len() <= MAX_URL_BYTES
        && !text.contains(unfit)
        && rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '['))
}

fn is_content_sid(text: &str) -> bool {
    text.strip_prefix("HX")
        .is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_language(text: &str) -> bool {
    (2..=20).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
