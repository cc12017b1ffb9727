//! Every route behind its gate.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use cauce_store::control::KeyScope;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    around::around,
    control::{
        alerts, analytics, audit, campaigns, contacts, dead, destinations, jobs, keys,
        message_queues, messages, metrics, pixels, probes, queues, relays, sessions, sign_in,
        stream, tracker, tracking,
    },
    cors::cors,
    gate::{behind, write_key},
    ingest, pages,
    problem::{Code, Problem},
};

/// The routes by the scope that they ask for.
pub(crate) struct Routes {
    pub(crate) open: OpenApiRouter<Arc<App>>,
    /// Open to public write keys, too.
    pub(crate) to_pages: OpenApiRouter<Arc<App>>,
    pub(crate) by_scope: Vec<(KeyScope, OpenApiRouter<Arc<App>>)>,
}

impl Routes {
    pub(crate) fn new() -> Routes {
        Routes {
            open: open(),
            to_pages: OpenApiRouter::new().routes(routes!(ingest::tracking::take_events)),
            by_scope: vec![
                (KeyScope::Ingest, ingest_routes()),
                (KeyScope::Send, send()),
                (KeyScope::Read, read()),
                (KeyScope::Manage, manage()),
                (KeyScope::Admin, admin()),
            ],
        }
    }
}

/// Answers every request of the API.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let Routes {
        open,
        to_pages,
        by_scope,
    } = Routes::new();
    let mut routes = open.merge(write_key::behind(app, to_pages));
    for (scope, behind_gate) in by_scope {
        routes = routes.merge(behind(scope, app, behind_gate));
    }
    let (router, _) = routes.split_for_parts();
    let calls = router.clone().with_state(Arc::clone(app));
    router
        .fallback(move |request| no_route(calls.clone(), request))
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(app), around))
        .layer(from_fn_with_state(Arc::clone(app), cors))
        .with_state(Arc::clone(app))
}

fn open() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(probes::livez))
        .routes(routes!(probes::readyz))
        .routes(routes!(probes::version))
        .routes(routes!(probes::document))
        .routes(routes!(metrics::metrics))
        .routes(routes!(tracker::tracker))
        .routes(routes!(sessions::batch))
        .routes(routes!(sessions::cache))
        .routes(routes!(sign_in::begin, sign_in::who, sign_in::end))
        .routes(routes!(ingest::evolution::hear))
        .routes(routes!(ingest::evolution::hear_by_event))
        .routes(routes!(ingest::webhooks::twilio))
        .routes(routes!(
            ingest::webhooks::whatsapp_cloud,
            ingest::webhooks::challenge
        ))
}

fn ingest_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(ingest::pixels::take_events))
        .routes(routes!(ingest::sessions::put_qr))
        .routes(routes!(ingest::sessions::put_status))
        .routes(routes!(ingest::relays::relay))
        .routes(routes!(ingest::analytics::track))
}

fn send() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(campaigns::make))
        .routes(routes!(campaigns::change, campaigns::delete))
        .routes(routes!(campaigns::orders::start))
        .routes(routes!(campaigns::orders::pause))
        .routes(routes!(campaigns::orders::resume))
        .routes(routes!(campaigns::orders::stop))
        .routes(routes!(ingest::messages::send))
        .routes(routes!(ingest::messages::send_many))
        .routes(routes!(messages::change, messages::cancel))
}

fn read() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(campaigns::list))
        .routes(routes!(campaigns::get))
        .routes(routes!(campaigns::preview))
        .routes(routes!(campaigns::recipients::list))
        .routes(routes!(campaigns::orders::status))
        .routes(routes!(campaigns::orders::metrics))
        .routes(routes!(queues::list))
        .routes(routes!(queues::get))
        .routes(routes!(stream::watch))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::get))
        .routes(routes!(jobs::why))
        .routes(routes!(dead::list))
        .routes(routes!(destinations::list))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::rules))
        .routes(routes!(alerts::channels))
        .routes(routes!(relays::list))
        .routes(routes!(sessions::get))
        .routes(routes!(sessions::active))
        .routes(routes!(messages::list))
        .routes(routes!(messages::get))
        .routes(routes!(messages::inbound))
        .routes(routes!(message_queues::metrics))
        .routes(routes!(message_queues::dead))
        .routes(routes!(pixels::tokens))
        .routes(routes!(pixels::stats))
        .routes(routes!(pixels::health))
        .routes(routes!(analytics::messages))
        .routes(routes!(analytics::conversations))
        .routes(routes!(analytics::conversions))
        .routes(routes!(analytics::performance))
        .routes(routes!(analytics::campaign))
        .routes(routes!(analytics::series::series))
        .routes(routes!(analytics::forecast::forecast))
        .routes(routes!(analytics::report::report))
        .routes(routes!(analytics::schedules::list))
        .routes(routes!(tracking::stats::stats))
        .routes(routes!(tracking::stats::health))
        .routes(routes!(tracking::events::list))
        .routes(routes!(tracking::throttling::list))
        .routes(routes!(tracking::stream::watch))
        .routes(routes!(tracking::export::export))
        .routes(routes!(contacts::list))
        .routes(routes!(contacts::tags))
        .routes(routes!(contacts::get))
        .routes(routes!(contacts::imports::list))
        .routes(routes!(contacts::imports::get))
        .routes(routes!(contacts::imports::rejected))
}

fn manage() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(queues::pause))
        .routes(routes!(queues::resume))
        .routes(routes!(queues::drain))
        .routes(routes!(queues::clean))
        .routes(routes!(queues::cancel))
        .routes(routes!(jobs::cancel, jobs::change))
        .routes(routes!(jobs::resolve))
        .routes(routes!(dead::retry))
        .routes(routes!(dead::retry_many))
        .routes(routes!(dead::forget))
        .routes(routes!(message_queues::pause))
        .routes(routes!(message_queues::resume))
        .routes(routes!(message_queues::drain))
        .routes(routes!(message_queues::clean))
        .routes(routes!(message_queues::retry))
        .routes(routes!(message_queues::retry_many))
        .routes(routes!(destinations::test))
        .routes(routes!(alerts::acknowledge))
        .routes(routes!(alerts::test))
        .routes(routes!(sessions::forget))
        .routes(routes!(relays::make))
        .routes(routes!(relays::remove))
        .routes(routes!(pixels::verify))
        .routes(routes!(analytics::erase))
        .routes(routes!(analytics::schedules::send))
        .routes(routes!(
            tracking::throttling::set,
            tracking::throttling::reset
        ))
        .routes(routes!(tracking::events::erase))
        .routes(routes!(contacts::put))
        .routes(routes!(contacts::change, contacts::delete))
        .routes(routes!(contacts::opting::out))
        .routes(routes!(contacts::opting::back_in))
        .routes(routes!(contacts::import::import))
}

fn admin() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::revoke))
        .routes(routes!(audit::list))
}

/// What is no route is a page of the dashboard, which comes with the answers to its first calls.
async fn no_route(calls: Router, request: Request) -> Response {
    let (asked, _) = request.into_parts();
    if let Some(page) = pages::answer(&calls, &asked).await {
        return page;
    }
    let path: String = asked.uri.path().chars().take(100).collect();
    Problem::new(
        Code::NoRoute,
        format!("there is no {path}; GET /openapi.json lists every route"),
    )
    .into_response()
}

async fn wrong_method(request: Request) -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        format!(
            "the route has no {}; the header Allow lists what it has",
            request.method()
        ),
    )
}
