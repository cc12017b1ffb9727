//! What a stand-in is told before it starts.

use std::collections::{BTreeMap, BTreeSet};

/// How a stand-in starts. The defaults suit a test: a free port, a token for every state, any
/// account.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// The credentials that are known, by their text: access tokens, and GA4's API secrets.
    pub tokens: BTreeMap<String, Token>,
    /// The dataset, measurement id, pixel code, Twilio account, Evolution instance or phone number id
    /// that exists; without one, any does.
    pub account: Option<String>,
    /// The application that may ask LinkedIn about tokens.
    pub client: OauthClient,
    /// The language of the texts that Meta shows to a person.
    pub language: Language,
    /// LinkedIn versions (`YYYYMM`) before this one have been shut down.
    pub oldest_version: u32,
    /// Numbers of LinkedIn conversion rules whose method is not the Conversions API.
    pub foreign_rules: BTreeSet<String>,
    /// What an endpoint checks signatures with (`whsec_…`); none takes any.
    pub signing_secret: Option<String>,
    /// The one bucket of an object store, and the key that may use it.
    pub bucket: Bucket,
    /// Bodies above this are answered with 413. GA4's own limit lies below it and is silent.
    pub max_body_bytes: usize,
    /// Messages kept with their content, the newest; effects are counted of all.
    pub max_messages: usize,
    /// Arrivals kept with their time, 24 bytes each; later ones are only counted.
    pub max_requests: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            port: 0,
            seed: 1,
            tokens: default_tokens(),
            account: None,
            client: OauthClient::default(),
            language: Language::Spanish,
            oldest_version: 202_511,
            foreign_rules: BTreeSet::new(),
            signing_secret: None,
            bucket: Bucket::default(),
            max_body_bytes: 4 << 20,
            max_messages: 200_000,
            max_requests: 8 << 20,
        }
    }
}

fn default_tokens() -> BTreeMap<String, Token> {
    [
        ("ok", Token::Good),
        ("expired", Token::Expired),
        ("revoked", Token::Revoked),
        ("throttled", Token::Throttled),
        ("forbidden", Token::Forbidden),
    ]
    .into_iter()
    .map(|(text, token)| (text.to_owned(), token))
    .collect()
}

/// What a known credential is worth. A text that is not known at all is refused as invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// It works and never ends.
    Good,
    /// It works until this second of Unix time.
    GoodUntil(i64),
    /// It has ended.
    Expired,
    /// Its owner took it back.
    Revoked,
    /// It works, but its account is over its allowance.
    Throttled,
    /// It works, but not for this account.
    Forbidden,
}

/// An OAuth application: what LinkedIn's introspection wants to know.
#[derive(Clone, Debug)]
pub struct OauthClient {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl Default for OauthClient {
    fn default() -> OauthClient {
        OauthClient {
            id: "client".to_owned(),
            secret: "secret".to_owned(),
        }
    }
}

/// A bucket of an object store, and its key.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub region: String,
    /// The id of the key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// Every part but the last has to have so many bytes
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
    pub min_part_bytes: usize,
}

impl Default for Bucket {
    fn default() -> Bucket {
        Bucket {
            name: "events".to_owned(),
            region: "eu-south-2".to_owned(),
            access_key_id: "AKIASTANDIN".to_owned(),
            secret_access_key: "standin/secret+key".to_owned(),
            min_part_bytes: 5 << 20,
        }
    }
}

/// A language that Meta's texts may come in: a client that reads them instead of the codes fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Spanish.
    Spanish,
    /// French.
    French,
}
