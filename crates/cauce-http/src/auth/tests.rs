use axum::http::HeaderValue;
use cauce_store::control::NewKey;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

fn with(authorization: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::AUTHORIZATION,
        HeaderValue::from_str(authorization).unwrap(),
    );
    headers
}

fn reader(owner: Scope) -> NewKey {
    NewKey {
        name: "reader".to_owned(),
        tenant: owner,
        scopes: [KeyScope::Read].into(),
        expires_at: None,
        site: None,
        origins: Vec::new(),
    }
}

struct Bench {
    _dir: tempfile::TempDir,
    control: Control,
}

impl Bench {
    fn new() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let control = Control::open(dir.path()).unwrap();
        Bench { _dir: dir, control }
    }

    fn ask(&self, headers: &HeaderMap, needed: KeyScope) -> Result<Caller, Code> {
        authenticate(headers, &self.control, needed, NOW).map_err(|problem| problem.code)
    }
}

#[tokio::test]
async fn key_opens_what_its_scopes_allow() {
    let bench = Bench::new();
    let made = bench
        .control
        .create_key(reader(Scope::All), NOW)
        .await
        .unwrap();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let headers = with(&format!("{scheme} {}", made.secret));
        assert!(bench.ask(&headers, KeyScope::Read).is_ok(), "{scheme}");
        assert_eq!(
            bench.ask(&headers, KeyScope::Manage).err(),
            Some(Code::MissingScope)
        );
    }
    bench
        .control
        .revoke_key(&made.key.id, &Scope::All, NOW)
        .await
        .unwrap();
    let headers = with(&format!("Bearer {}", made.secret));
    assert_eq!(
        bench.ask(&headers, KeyScope::Read).err(),
        Some(Code::BadKey)
    );
}

#[tokio::test]
async fn no_key_and_a_wrong_key_are_told_apart() {
    let bench = Bench::new();
    let wrong = format!("Bearer {}", "x".repeat(4_000));
    let cases = [
        ("Basic dXNlcjpwYXNz", Code::NoKey),
        ("Bearer", Code::NoKey),
        ("Bearer   ", Code::NoKey),
        ("Bearer ck_live_wrong", Code::BadKey),
        (wrong.as_str(), Code::BadKey),
    ];
    for (authorization, code) in cases {
        assert_eq!(
            bench.ask(&with(authorization), KeyScope::Read).err(),
            Some(code)
        );
    }
    assert_eq!(
        bench.ask(&HeaderMap::new(), KeyScope::Read).err(),
        Some(Code::NoKey)
    );
}

#[tokio::test]
async fn public_write_key_is_no_bearer_token() {
    let bench = Bench::new();
    let public = NewKey {
        scopes: [KeyScope::Ingest].into(),
        site: Some("shop".to_owned()),
        origins: vec!["https://shop.example".to_owned()],
        ..reader(Scope::Tenant(tenant("acme")))
    };
    let made = bench.control.create_key(public, NOW).await.unwrap();
    let headers = with(&format!("Bearer {}", made.secret));
    assert_eq!(
        bench.ask(&headers, KeyScope::Ingest).err(),
        Some(Code::BadKey)
    );
}

#[tokio::test]
async fn key_of_one_tenant_reaches_no_other() {
    let bench = Bench::new();
    let own = bench
        .control
        .create_key(reader(Scope::Tenant(tenant("acme"))), NOW)
        .await
        .unwrap();
    let caller = Caller::with_key(own.key);
    let (acme, globex) = (tenant("acme"), tenant("globex"));
    assert_eq!(caller.scope(None).unwrap(), Scope::Tenant(acme.clone()));
    assert_eq!(caller.scope(Some(&acme)).unwrap(), Scope::Tenant(acme));
    assert_eq!(
        caller.scope(Some(&globex)).unwrap_err().code,
        Code::NotFound
    );

    let all = bench
        .control
        .create_key(reader(Scope::All), NOW)
        .await
        .unwrap();
    let caller = Caller::with_key(all.key);
    assert_eq!(caller.scope(None).unwrap(), Scope::All);
    assert_eq!(caller.target(Some(&globex)).unwrap(), Some(globex));
    assert_eq!(caller.target(None).unwrap(), None);
}
