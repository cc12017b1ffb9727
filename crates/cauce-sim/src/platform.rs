//! The outside systems that can be stood in for.

/// An outside system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// Meta Conversions API.
    Meta,
    /// Google Analytics 4 Measurement Protocol.
    GoogleAnalytics,
    /// LinkedIn Conversions API.
    LinkedIn,
    /// TikTok Events API.
    TikTok,
    /// A company's own backend: QR codes and statuses of sessions in batches.
    Backend,
    /// An endpoint that checks the signatures of Standard Webhooks.
    Webhook,
    /// Twilio Programmable Messaging for WhatsApp.
    Twilio,
    /// Evolution API, a gateway to WhatsApp.
    Evolution,
    /// WhatsApp Cloud API.
    WhatsAppCloud,
    /// An object store that speaks S3.
    S3,
    /// Takes any POST, looks at nothing and answers 200: the cheapest receiver for measurements.
    Sink,
}

impl Platform {
    /// Every platform.
    pub const ALL: [Platform; 11] = [
        Platform::Meta,
        Platform::GoogleAnalytics,
        Platform::LinkedIn,
        Platform::TikTok,
        Platform::Backend,
        Platform::Webhook,
        Platform::Twilio,
        Platform::Evolution,
        Platform::WhatsAppCloud,
        Platform::S3,
        Platform::Sink,
    ];

    /// Its name in lower case, as on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Platform::Meta => "meta",
            Platform::GoogleAnalytics => "google",
            Platform::LinkedIn => "linkedin",
            Platform::TikTok => "tiktok",
            Platform::Backend => "backend",
            Platform::Webhook => "webhook",
            Platform::Twilio => "twilio",
            Platform::Evolution => "evolution",
            Platform::WhatsAppCloud => "whatsapp",
            Platform::S3 => "s3",
            Platform::Sink => "sink",
        }
    }
}
