//! `cauce keys`: API keys, in the data folder or through a server.
//!
//! The control store takes writers from several processes, so the folder is the plain way and works
//! whether or not a server runs on it. With `--url` the server is asked, from anywhere.

use std::{collections::BTreeSet, time::SystemTime};

use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_store::{
    control::{self, Control, Key, KeyScope, NewKey, audit::Action},
    jobs::Scope,
};
use serde_json::{Value, json};

use crate::{
    api::{Api, escape},
    cli::{CreateKey, Keys, Remote},
    config,
    failure::Failure,
    global::Global,
    output::{self, field, rows},
};

/// Runs the command.
pub(crate) async fn run(keys: Keys, global: &Global) -> Result<(), Failure> {
    match keys {
        Keys::Create(create) => {
            let key = match remote(&create.remote, global)? {
                Some(api) => api.post("/api/keys", &wanted(&create)).await?,
                None => create_in_folder(&create, global).await?,
            };
            show_created(&key, global);
        }
        Keys::List { remote: at } => {
            let keys = match remote(&at, global)? {
                Some(api) => api.get("/api/keys?limit=500").await?,
                None => list_in_folder(global).await?,
            };
            show_list(&keys, global);
        }
        Keys::Revoke { id, remote: at } => {
            match remote(&at, global)? {
                Some(api) => api
                    .delete(&format!("/api/keys/{}", escape(&id)))
                    .await
                    .map(drop)?,
                None => revoke_in_folder(&id, global).await?,
            }
            show_revoked(&id, global);
        }
    }
    Ok(())
}

/// The server, if one is named.
fn remote(remote: &Remote, global: &Global) -> Result<Option<Api>, Failure> {
    remote
        .url
        .is_some()
        .then(|| Api::connect(remote, global))
        .transpose()
}

fn wanted(create: &CreateKey) -> Value {
    let mut body = json!({
        "name": create.name,
        "tenant": create.tenant,
        "scopes": scope_names(create),
    });
    if let Some(site) = &create.site {
        body["site"] = json!(site);
        body["origins"] = json!(create.origins);
    }
    if let Some(expires_at) = &create.expires_at {
        body["expiresAt"] = json!(expires_at);
    }
    body
}

async fn create_in_folder(create: &CreateKey, global: &Global) -> Result<Value, Failure> {
    let new = NewKey {
        name: create.name.clone(),
        tenant: tenant(&create.tenant)?,
        scopes: scopes(&scope_names(create))?,
        expires_at: create
            .expires_at
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(Failure::usage)?,
        site: create.site.clone(),
        origins: create.origins.clone(),
    };
    let control = open(global, true)?;
    let now = now();
    let created = control.create_key(new, now).await.map_err(Failure::usage)?;
    record(&control, "key.create", &created.key.id, now).await?;
    control.close().await;
    let mut shown = show(&created.key);
    shown["key"] = json!(created.secret);
    Ok(shown)
}

async fn list_in_folder(global: &Global) -> Result<Value, Failure> {
    let control = open(global, false)?;
    let keys: Vec<_> = control
        .keys(&Scope::All)
        .iter()
        .map(|key| show(key))
        .collect();
    control.close().await;
    Ok(json!({ "items": keys, "nextCursor": null }))
}

async fn revoke_in_folder(id: &str, global: &Global) -> Result<(), Failure> {
    let control = open(global, false)?;
    let now = now();
    control
        .revoke_key(id, &Scope::All, now)
        .await
        .map_err(Failure::failed)?;
    record(&control, "key.revoke", id, now).await?;
    control.close().await;
    Ok(())
}

/// Opens the keys of the data folder; `make` them where there are none.
fn open(global: &Global, make: bool) -> Result<Control, Failure> {
    let config = config::load(&config::inputs(global, Vec::new())).map_err(Failure::usage)?;
    let dir = &config.settings.data_dir;
    if !make && !dir.join(control::FILE).exists() {
        let what = format!("{} holds no keys; hint: {ELSEWHERE}", dir.display());
        return Err(Failure::failed(what));
    }
    cauce_engine::data_dir::make(dir).map_err(|why| {
        Failure::failed(format!(
            "cannot make the folder {}: {why}; hint: {ELSEWHERE}",
            dir.display()
        ))
    })?;
    Control::open(dir).map_err(Failure::failed)
}

const ELSEWHERE: &str = "name another folder with --data-dir or the setting data_dir";

/// Who was at the terminal is not known; that it was one is.
async fn record(
    control: &Control,
    verb: &str,
    object: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    let action = Action {
        key_id: "cli".to_owned(),
        key_name: "command line".to_owned(),
        tenant: None,
        verb: verb.to_owned(),
        object: object.to_owned(),
        outcome: "ok".to_owned(),
    };
    control.record(action, now).await.map_err(Failure::failed)
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::EPOCH + since
}

fn tenant(text: &str) -> Result<Scope, Failure> {
    match text {
        "*" => Ok(Scope::All),
        name => TenantId::new(name)
            .map(Scope::Tenant)
            .map_err(Failure::usage),
    }
}

/// The scopes that are named; a public write key has one and need not name it.
fn scope_names(create: &CreateKey) -> Vec<String> {
    match create.scopes.is_empty() && create.site.is_some() {
        true => vec![KeyScope::Ingest.as_str().to_owned()],
        false => create.scopes.clone(),
    }
}

fn scopes(names: &[String]) -> Result<BTreeSet<KeyScope>, Failure> {
    names
        .iter()
        .map(|name| name.trim().parse().map_err(Failure::usage))
        .collect()
}

fn show(key: &Key) -> Value {
    let tenant = match &key.tenant {
        Scope::All => "*".to_owned(),
        Scope::Tenant(tenant) => tenant.to_string(),
    };
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    json!({
        "id": key.id,
        "name": key.name,
        "tenant": tenant,
        "scopes": scopes,
        "site": key.site,
        "origins": key.origins,
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "revokedAt": key.revoked_at,
        "lastUsedAt": key.last_used_at(),
    })
}

fn show_created(key: &Value, global: &Global) {
    if global.json {
        return output::json(key);
    }
    output::note(&format!("{}, shown this once:", field(key, "/id")));
    output::line(&field(key, "/key"));
}

fn show_list(keys: &Value, global: &Global) {
    if global.json {
        return output::json(keys);
    }
    const HEADINGS: [&str; 8] = [
        "id",
        "name",
        "tenant",
        "scopes",
        "site",
        "last used",
        "expires",
        "revoked",
    ];
    const POINTERS: [&str; 8] = [
        "/id",
        "/name",
        "/tenant",
        "/scopes",
        "/site",
        "/lastUsedAt",
        "/expiresAt",
        "/revokedAt",
    ];
    output::table(
        &HEADINGS,
        rows(&keys["items"], &POINTERS),
        "there are no keys",
    );
}

fn show_revoked(id: &str, global: &Global) {
    if global.json {
        return output::json(&json!({ "id": id, "revoked": true }));
    }
    output::line(&format!("{id} is revoked"));
}
