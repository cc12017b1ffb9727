//! Contacts, as callers of the engine see them.

use bytes::Bytes;
use cauce_destinations::normalize::country::Country;
use cauce_flow::id::TenantId;
use cauce_store::campaigns::imports::Import;
use futures_util::Stream;

use super::Engine;
use crate::contacts::{BodyFault, ImportError, Options, Report, import};

impl Engine {
    /// The country that completes national phone numbers of a tenant, where the settings name one.
    pub fn country_of(&self, tenant: &TenantId) -> Option<Country> {
        let settings = self.inner.settings.read();
        let own = settings.pixels.default_country.get(tenant);
        let country = own.or(settings.pixels.fallback_country.as_ref());
        country.and_then(|code| Country::find(code))
    }

    /// Takes a file of contacts while it comes; none where as many come already as may.
    pub async fn import_contacts(
        &self,
        options: Options,
        body: impl Stream<Item = Result<Bytes, BodyFault>>,
    ) -> Option<Result<(Import, Report), ImportError>> {
        let _turn = self.inner.imports.try_acquire().ok()?;
        let now = || self.now();
        Some(import(self.campaigns(), options, body, now, |_| {}).await)
    }
}
