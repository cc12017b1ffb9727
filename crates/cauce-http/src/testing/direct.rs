//! The routes without a socket: a request that a test can drop at any moment, as a connection that
//! is lost drops it.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Router, body::Body, extract::Request, response::Response};
use cauce_engine::Engine;
use tower_service::Service;

use super::client::Answer;
use crate::{app::App, openapi, router::router, settings::ServerSettings};

/// Every route, behind its gate, on an engine.
pub struct Direct {
    app: Arc<App>,
    router: Router,
}

impl Direct {
    /// The routes of a server with these settings.
    pub fn new(engine: Engine, settings: ServerSettings) -> Direct {
        let app = App::new(engine, settings, openapi::document());
        Direct {
            router: router(&app),
            app,
        }
    }

    /// Answers a request.
    pub fn call(&self, request: http::Request<Vec<u8>>) -> impl Future<Output = Answer> + use<> {
        let request: Request = request.map(Body::from);
        let answer = self.router.clone().call(request);
        async move {
            let Ok(response) = answer.await;
            read(response).await
        }
    }

    /// Waits until no call is being carried out.
    pub async fn settled(&self) {
        self.app.calls.close();
        self.app.calls.wait().await;
        self.app.calls.reopen();
    }
}

async fn read(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await;
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), text)
    };
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers.iter().map(header).collect::<BTreeMap<_, _>>(),
        body: String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned(),
    }
}
