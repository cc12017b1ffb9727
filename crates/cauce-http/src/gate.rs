//! The gate before every protected route: key, scope, rate limit, idempotency.

pub(crate) mod write_key;

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use cauce_store::control::KeyScope;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    app::App,
    auth::{Caller, signed_in::authenticate_any},
    idempotency,
};

/// Puts routes behind a gate that asks for this scope.
pub(crate) fn behind(
    scope: KeyScope,
    app: &Arc<App>,
    routes: OpenApiRouter<Arc<App>>,
) -> OpenApiRouter<Arc<App>> {
    routes.route_layer(from_fn_with_state((Arc::clone(app), scope), pass))
}

type Gate = (Arc<App>, KeyScope);

async fn pass(State((app, scope)): State<Gate>, request: Request, next: Next) -> Response {
    let engine = &app.engine;
    let public_url = app.settings.public_url.as_deref();
    match authenticate_any(&request, public_url, engine.control(), scope, engine.now()) {
        Ok(caller) => pass_as(&app, caller, request, next).await,
        Err(problem) => problem.into_response(),
    }
}

/// Lets a caller through whose key opens the route, within the rate of that key.
async fn pass_as(app: &App, caller: Caller, mut request: Request, next: Next) -> Response {
    let left = match app.rate_limit.take(&caller.key.id) {
        Ok(left) => left,
        Err(refused) => {
            let (problem, left) = *refused;
            let mut response = problem.into_response();
            left.tell(response.headers_mut());
            return response;
        }
    };
    request.extensions_mut().insert(caller.clone());
    let mut response = match idempotency::key_of(&request) {
        None => next.run(request).await,
        Some(key) => idempotency::once(app, &caller, key, request, next).await,
    };
    left.tell(response.headers_mut());
    response
}
