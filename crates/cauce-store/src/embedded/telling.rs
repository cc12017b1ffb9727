//! News, as they are taken.

use std::sync::Arc;

use tokio::sync::Notify;

use super::EmbeddedStore;
use crate::jobs::{Call, Error, Follow, NewsBatch};

impl Follow for EmbeddedStore {
    fn instance(&self) -> u32 {
        self.shared.instance
    }

    fn take_news(&self, _max: usize) -> Call<'_, NewsBatch> {
        Box::pin(async { Err(Error::Unread("news are not told yet".into())) })
    }

    fn news(&self) -> Arc<Notify> {
        Arc::default()
    }

    fn news_kept(&self, _through: u64) {}
}
