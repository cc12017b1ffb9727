//! One module per platform: where its requests go, what it refuses, and how it says so.

pub(crate) mod backend;
pub(crate) mod evolution;
pub(crate) mod google_analytics;
pub(crate) mod linkedin;
pub(crate) mod meta;
pub(crate) mod s3;
pub(crate) mod sink;
pub(crate) mod tiktok;
pub(crate) mod twilio;
pub(crate) mod webhook;
pub(crate) mod whatsapp_cloud;

use http::{StatusCode, request::Parts};

use crate::{
    Callbacks, Platform, Proof, Said, Token,
    answer::Answer,
    call::{Call, Judged, Refusal, Route},
    world::World,
};

/// Where a request goes; anything that is no delivery is a check, unknown paths too.
pub(crate) fn route(platform: Platform, head: &Parts) -> Route {
    let path = head.uri.path();
    let delivers = match platform {
        Platform::Meta => meta::delivers(path),
        Platform::GoogleAnalytics => path == google_analytics::COLLECT,
        Platform::LinkedIn => path == linkedin::EVENTS,
        Platform::TikTok => path == tiktok::TRACK,
        Platform::Backend => backend::delivers(path),
        Platform::Twilio => twilio::delivers(path),
        Platform::Evolution => evolution::delivers(path),
        Platform::WhatsAppCloud => whatsapp_cloud::delivers(path),
        // Objects are put and removed, too.
        Platform::S3 => return Route::Delivery,
        Platform::Webhook | Platform::Sink => true,
    };
    match delivers && head.method == http::Method::POST {
        true => Route::Delivery,
        false => Route::Check,
    }
}

/// What the platform says to a delivery.
pub(crate) fn deliver(call: &Call) -> Judged {
    match call.world.platform {
        Platform::Meta => meta::deliver(call),
        Platform::GoogleAnalytics => google_analytics::deliver(call),
        Platform::LinkedIn => linkedin::deliver(call),
        Platform::TikTok => tiktok::deliver(call),
        Platform::Backend => backend::deliver(call),
        Platform::Webhook => webhook::deliver(call),
        Platform::Twilio => twilio::deliver(call),
        Platform::Evolution => evolution::deliver(call),
        Platform::WhatsAppCloud => whatsapp_cloud::deliver(call),
        Platform::S3 => s3::deliver(call),
        Platform::Sink => sink::deliver(),
    }
}

/// What the platform says to anything else.
pub(crate) fn check(call: &Call) -> Answer {
    match call.world.platform {
        Platform::Meta => meta::check(call),
        Platform::GoogleAnalytics => google_analytics::check(call),
        Platform::LinkedIn => linkedin::check(call),
        Platform::Backend => backend::check(call),
        Platform::Twilio => twilio::check(call),
        Platform::Evolution => evolution::check(call),
        Platform::WhatsAppCloud => whatsapp_cloud::check(call),
        Platform::TikTok | Platform::Webhook | Platform::S3 | Platform::Sink => {
            Answer::html(StatusCode::NOT_FOUND)
        }
    }
}

/// How the platform refuses a token; none stands for one that it does not know.
pub(crate) fn refuse_token(world: &World, token: Option<Token>) -> Refusal {
    match world.platform {
        Platform::Meta => meta::refuse_token(world, token),
        Platform::LinkedIn => linkedin::refuse_token(token),
        Platform::TikTok => tiktok::refuse_token(world, token),
        Platform::Twilio => twilio::refuse_token(token),
        Platform::Evolution => evolution::refuse_key(),
        Platform::WhatsAppCloud => meta::refuse_token(world, token),
        Platform::S3 => s3::refusal(StatusCode::FORBIDDEN, "InvalidAccessKeyId"),
        Platform::GoogleAnalytics | Platform::Backend | Platform::Webhook | Platform::Sink => {
            Refusal::new("401", Answer::empty(StatusCode::UNAUTHORIZED))
        }
    }
}

/// How the platform says that its allowance is used up.
pub(crate) fn throttle(world: &World, minutes: u32) -> Refusal {
    match world.platform {
        Platform::Meta => meta::throttle(world, "1", minutes),
        Platform::LinkedIn => linkedin::throttle(),
        Platform::TikTok => tiktok::throttle(world),
        Platform::Twilio => twilio::throttle(),
        Platform::Evolution => evolution::throttle(world),
        Platform::WhatsAppCloud => whatsapp_cloud::throttle(world, minutes),
        Platform::S3 => s3::refusal(StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        Platform::GoogleAnalytics | Platform::Backend | Platform::Webhook | Platform::Sink => {
            Refusal::new("429", Answer::empty(StatusCode::TOO_MANY_REQUESTS))
        }
    }
}

/// How the platform says that it is in trouble itself.
pub(crate) fn server_error(world: &World, status: StatusCode) -> Refusal {
    match world.platform {
        Platform::Meta => meta::server_error(world, status),
        Platform::LinkedIn => linkedin::server_error(status),
        Platform::TikTok => tiktok::server_error(world, status),
        Platform::Twilio => twilio::server_error(status),
        Platform::Evolution => evolution::server_error(status),
        Platform::WhatsAppCloud => whatsapp_cloud::server_error(world, status),
        Platform::S3 => s3::refusal(status, "InternalError"),
        Platform::GoogleAnalytics | Platform::Backend | Platform::Webhook | Platform::Sink => {
            let body = serde_json::json!({"error": status.as_u16()});
            Refusal::new(status.as_str(), Answer::json(status, &body))
        }
    }
}

/// How the platform says that the version asked for is gone.
pub(crate) fn sunset(world: &World) -> Refusal {
    match world.platform {
        Platform::Meta | Platform::WhatsAppCloud => meta::unknown_path(world),
        Platform::LinkedIn => linkedin::sunset("asked for"),
        Platform::TikTok
        | Platform::GoogleAnalytics
        | Platform::Backend
        | Platform::Webhook
        | Platform::Twilio
        | Platform::Evolution
        | Platform::S3
        | Platform::Sink => Refusal::new("404", Answer::html(StatusCode::NOT_FOUND)),
    }
}

/// A person writes to a sender of a messenger; the others have no people.
pub(crate) fn say(world: &World, said: &Said) {
    let messages = &world.messages;
    let id = messages.hex(16);
    let account = world.options.account.as_deref();
    let notice = match world.platform {
        Platform::Twilio => {
            let account = account.unwrap_or("AC00000000000000000000000000000001");
            twilio::inbound(&format!("SM{}", id.to_lowercase()), account, said)
        }
        Platform::Evolution => evolution::inbound(&id, said),
        Platform::WhatsAppCloud => whatsapp_cloud::inbound(&format!("wamid.{id}"), said),
        Platform::Meta
        | Platform::GoogleAnalytics
        | Platform::LinkedIn
        | Platform::TikTok
        | Platform::Backend
        | Platform::Webhook
        | Platform::S3
        | Platform::Sink => return,
    };
    messages.notices().tell(notice);
}

/// The phone of an instance is there or not; only Evolution has phones.
pub(crate) fn connect(world: &World, instance: &str, state: &str) {
    world.messages.set_connection(state);
    if world.platform == Platform::Evolution {
        let notice = evolution::connection(instance, state);
        world.messages.notices().tell(notice);
    }
}

/// The header by which a callback shows where it comes from.
pub(crate) fn sign(
    world: &World,
    callbacks: &Callbacks,
    url: &str,
    body: &[u8],
) -> Option<(&'static str, String)> {
    let secret = match callbacks.proof {
        Proof::Right => callbacks.secret.as_str(),
        Proof::Wrong => "another secret",
        Proof::Missing => return None,
    };
    match world.platform {
        Platform::Twilio => Some(("x-twilio-signature", twilio::sign(secret, url, body))),
        Platform::Evolution => {
            let seconds = world.now_ms() / 1000;
            Some(("authorization", evolution::sign(secret, seconds)))
        }
        Platform::WhatsAppCloud => {
            Some(("x-hub-signature-256", whatsapp_cloud::sign(secret, body)))
        }
        Platform::Meta
        | Platform::GoogleAnalytics
        | Platform::LinkedIn
        | Platform::TikTok
        | Platform::Backend
        | Platform::Webhook
        | Platform::S3
        | Platform::Sink => None,
    }
}
