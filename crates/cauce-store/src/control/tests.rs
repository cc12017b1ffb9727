use std::time::Duration;

use bytes::Bytes;
use cauce_flow::id::TenantId;
use serde_json::json;

use super::{
    answers::{Answer, Begun, CallId, KEPT},
    audit::Action,
    *,
};
use crate::jobs::Scope;

const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

struct Bench {
    dir: tempfile::TempDir,
    control: Control,
}

fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let control = Control::open(dir.path()).unwrap();
    Bench { dir, control }
}

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

fn reader(owner: &str) -> NewKey {
    NewKey {
        name: "reader".to_owned(),
        tenant: Scope::Tenant(tenant(owner)),
        scopes: [KeyScope::Read].into(),
        expires_at: None,
        site: None,
        origins: Vec::new(),
    }
}

fn hash(created: &CreatedKey) -> KeyHash {
    KeyHash::of(&created.secret)
}

#[tokio::test]
async fn key_is_known_by_its_hash_alone_and_after_a_restart() {
    let b = bench();
    let made = b.control.create_key(reader("acme"), NOW).await.unwrap();
    assert!(
        made.secret.starts_with("ck_live_") && made.secret.len() == 8 + 52,
        "{}",
        made.secret
    );
    b.control.close().await;

    let file = std::fs::read(b.dir.path().join(FILE)).unwrap();
    let secret = made.secret.as_bytes();
    assert!(!file.windows(secret.len()).any(|window| window == secret));

    let again = Control::open(b.dir.path()).unwrap();
    let key = again.verify(&hash(&made), NOW).unwrap();
    assert_eq!(
        (key.id.as_str(), key.name.as_str()),
        (made.key.id.as_str(), "reader")
    );
    assert_eq!(key.tenant, Scope::Tenant(tenant("acme")));
    assert!(key.allows(KeyScope::Read) && !key.allows(KeyScope::Admin));
    assert_eq!(
        again.verify(&KeyHash::of("ck_live_x"), NOW).unwrap_err(),
        Refusal::Unknown
    );
}

#[tokio::test]
async fn key_ends_when_it_is_revoked_or_its_time_is_over() {
    let b = bench();
    let made = b.control.create_key(reader("acme"), NOW).await.unwrap();
    let short = NewKey {
        expires_at: Some(NOW + Duration::from_secs(1)),
        ..reader("acme")
    };
    let short = b.control.create_key(short, NOW).await.unwrap();
    assert!(b.control.verify(&hash(&short), NOW).is_ok());
    let later = NOW + Duration::from_secs(1);
    assert_eq!(
        b.control.verify(&hash(&short), later).unwrap_err(),
        Refusal::Expired
    );

    let revoked = b
        .control
        .revoke_key(&made.key.id, &Scope::All, later)
        .await
        .unwrap();
    assert_eq!(revoked.revoked_at, Some(later));
    assert_eq!(
        b.control.verify(&hash(&made), later).unwrap_err(),
        Refusal::Revoked
    );
    let again = b
        .control
        .revoke_key(&made.key.id, &Scope::All, later + KEPT)
        .await
        .unwrap();
    assert_eq!(again.revoked_at, Some(later));
}

#[tokio::test]
async fn tenant_sees_and_revokes_its_own_keys_alone() {
    let b = bench();
    let own = b.control.create_key(reader("acme"), NOW).await.unwrap();
    let other = b.control.create_key(reader("globex"), NOW).await.unwrap();
    b.control.ensure_first_admin(NOW).await.unwrap();
    let scope = Scope::Tenant(tenant("acme"));
    let seen: Vec<String> = b
        .control
        .keys(&scope)
        .iter()
        .map(|key| key.id.clone())
        .collect();
    assert_eq!(seen, std::slice::from_ref(&own.key.id));
    let refused = b.control.revoke_key(&other.key.id, &scope, NOW).await;
    assert!(matches!(refused, Err(Error::NoKey(_))));
    assert!(b.control.verify(&hash(&other), NOW).is_ok());
}

#[tokio::test]
async fn first_admin_key_is_made_once() {
    let b = bench();
    let first = b.control.ensure_first_admin(NOW).await.unwrap().unwrap();
    assert!(
        KeyScope::ALL
            .into_iter()
            .all(|scope| first.key.allows(scope))
    );
    assert_eq!(first.key.tenant, Scope::All);
    assert!(b.control.ensure_first_admin(NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn configured_key_is_accepted_and_replaced_without_touching_the_disk() {
    let b = bench();
    b.control
        .accept_configured_key(Some("hunter2-hunter2"), NOW);
    let key = b
        .control
        .verify(&KeyHash::of("hunter2-hunter2"), NOW)
        .unwrap();
    assert_eq!(
        (key.id.as_str(), &key.tenant),
        (keys::CONFIGURED_ID, &Scope::All)
    );
    assert!(b.control.keys(&Scope::All).is_empty());
    b.control.accept_configured_key(None, NOW);
    assert!(
        b.control
            .verify(&KeyHash::of("hunter2-hunter2"), NOW)
            .is_err()
    );
}

#[tokio::test]
async fn key_of_another_process_is_seen() {
    let b = bench();
    let other = Control::open(b.dir.path()).unwrap();
    let made = other.create_key(reader("acme"), NOW).await.unwrap();
    assert!(comes_true(|| b.control.verify(&hash(&made), NOW).is_ok()).await);
}

#[tokio::test]
async fn key_of_another_process_is_seen_though_it_came_while_the_store_was_opened() {
    let b = bench();
    let connection = database::open::<Error>(&b.dir.path().join(FILE), schema::STEPS).unwrap();
    let keyring = Arc::new(Keyring::default());
    keyring.load(&connection).unwrap();
    let made = b.control.create_key(reader("acme"), NOW).await.unwrap();
    let _writer = Writer::start(connection, Arc::clone(&keyring)).unwrap();
    assert!(comes_true(|| keyring.find(&hash(&made)).is_some()).await);
}

/// Whether something comes to hold within what a busy machine may need.
async fn comes_true(holds: impl Fn() -> bool) -> bool {
    for _ in 0..100 {
        if holds() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    holds()
}

#[tokio::test]
async fn use_of_a_key_is_written_down_when_the_store_closes() {
    let b = bench();
    let made = b.control.create_key(reader("acme"), NOW).await.unwrap();
    b.control.verify(&hash(&made), NOW).unwrap();
    b.control.close().await;
    let again = Control::open(b.dir.path()).unwrap();
    assert_eq!(again.keys(&Scope::All)[0].last_used_at(), Some(NOW));
}

#[test]
fn public_write_key_can_only_hand_in_events_from_known_pages() {
    let good = NewKey {
        scopes: [KeyScope::Ingest].into(),
        site: Some("shop".to_owned()),
        origins: vec!["https://shop.example".to_owned()],
        ..reader("acme")
    };
    assert_eq!(good.faults(NOW), []);
    let fields = |key: NewKey| key.faults(NOW).into_iter().map(|f| f.0).collect::<Vec<_>>();
    let wider = [KeyScope::Ingest, KeyScope::Read].into();
    assert_eq!(
        fields(NewKey {
            scopes: wider,
            ..good.clone()
        }),
        ["scopes"]
    );
    assert_eq!(
        fields(NewKey {
            tenant: Scope::All,
            ..good.clone()
        }),
        ["tenant"]
    );
    assert_eq!(
        fields(NewKey {
            origins: Vec::new(),
            ..good.clone()
        }),
        ["origins"]
    );
    assert_eq!(
        fields(NewKey {
            site: None,
            ..good.clone()
        }),
        ["site"]
    );
    let path = vec!["https://shop.example/x".to_owned()];
    assert_eq!(
        fields(NewKey {
            origins: path,
            ..good
        }),
        ["origins"]
    );
}

fn action(owner: Option<&str>, verb: &str) -> Action {
    Action {
        key_id: "key_1".to_owned(),
        key_name: "ops".to_owned(),
        tenant: owner.map(tenant),
        verb: verb.to_owned(),
        object: "meta".to_owned(),
        outcome: "ok".to_owned(),
    }
}

#[tokio::test]
async fn audit_log_is_read_page_by_page_within_its_scope() {
    let b = bench();
    for (owner, verb) in [
        (Some("acme"), "a"),
        (None, "b"),
        (Some("globex"), "c"),
        (Some("acme"), "d"),
    ] {
        b.control.record(action(owner, verb), NOW).await.unwrap();
    }
    let first = b.control.audit(&Scope::All, None, 3).await.unwrap();
    assert_eq!(
        first
            .iter()
            .map(|e| e.action.verb.as_str())
            .collect::<Vec<_>>(),
        ["d", "c", "b"]
    );
    assert_eq!(first[0].action, action(Some("acme"), "d"));
    let rest = b
        .control
        .audit(&Scope::All, Some(first[2].id), 3)
        .await
        .unwrap();
    assert_eq!(
        rest.iter()
            .map(|e| e.action.verb.as_str())
            .collect::<Vec<_>>(),
        ["a"]
    );
    let own = b
        .control
        .audit(&Scope::Tenant(tenant("acme")), None, 9)
        .await
        .unwrap();
    assert_eq!(
        own.iter()
            .map(|e| e.action.verb.as_str())
            .collect::<Vec<_>>(),
        ["d", "a"]
    );
}

fn call(owner: &str) -> CallId {
    CallId {
        owner: owner.to_owned(),
        route: "POST /api/keys".to_owned(),
        key: "k-1".to_owned(),
    }
}

fn answer() -> Answer {
    Answer {
        status: 201,
        content_type: "application/json".to_owned(),
        body: Bytes::from_static(b"{}"),
        secret: false,
    }
}

const SECRET: &str = "ck_live_canary";

/// A store that remembers an answer with a secret for the call of `acme`.
async fn bench_with_secret() -> Bench {
    let b = bench();
    let Begun::Fresh(ticket) = b.control.begin(call("acme"), [1; 32], NOW).await.unwrap() else {
        panic!("the call is new");
    };
    ticket.keep(secret_answer(), NOW).await.unwrap();
    b
}

fn secret_answer() -> Answer {
    Answer {
        body: Bytes::from_static(SECRET.as_bytes()),
        secret: true,
        ..answer()
    }
}

/// The files that hold the secret as it is.
fn in_clear(b: &Bench) -> Vec<String> {
    let files = std::fs::read_dir(b.dir.path()).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let holds = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(SECRET.len()).any(|w| w == SECRET.as_bytes())
    };
    let found = paths.filter(holds);
    found.map(|path| path.display().to_string()).collect()
}

#[tokio::test]
async fn answer_with_a_secret_comes_again_and_stands_nowhere_in_clear() {
    let b = bench_with_secret().await;
    b.control.close().await;
    assert_eq!(in_clear(&b), Vec::<String>::new());
    let again = Control::open(b.dir.path()).unwrap();
    let known = again.begin(call("acme"), [1; 32], NOW).await.unwrap();
    assert!(matches!(known, Begun::Known(known) if known == secret_answer()));
}

#[tokio::test]
async fn answer_with_a_secret_is_lost_with_the_file_of_its_key() {
    let b = bench_with_secret().await;
    b.control.close().await;
    std::fs::remove_file(b.dir.path().join(SEAL_FILE)).unwrap();
    let again = Control::open(b.dir.path()).unwrap();
    let lost = again.begin(call("acme"), [1; 32], NOW).await.unwrap();
    assert!(matches!(lost, Begun::Lost));
    let other_body = again.begin(call("acme"), [2; 32], NOW).await.unwrap();
    assert!(matches!(other_body, Begun::OtherBody));
}

#[tokio::test]
async fn answer_with_a_secret_cannot_stand_in_for_that_of_another_call() {
    let b = bench_with_secret().await;
    b.control
        .run(|tx| tx.execute("UPDATE answers SET owner = 'globex'", []))
        .await
        .unwrap();
    let moved = b.control.begin(call("globex"), [1; 32], NOW).await.unwrap();
    assert!(matches!(moved, Begun::Lost));
}

#[test]
fn sealing_key_is_made_once_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(SEAL_FILE);
    Control::open(dir.path()).unwrap();
    let made = std::fs::read(&path).unwrap();
    assert_eq!((made.len(), made != [0; 32]), (32, true));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    Control::open(dir.path()).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), made);
    let files = std::fs::read_dir(dir.path()).unwrap();
    let left = files.filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("answers.")
    });
    assert_eq!(left.count(), 1);
}

#[test]
fn sealing_key_of_another_length_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(SEAL_FILE);
    std::fs::write(&path, b"short").unwrap();
    let Err(error) = Control::open(dir.path()) else {
        panic!("a damaged key was used")
    };
    let error = error.to_string();
    assert!(
        error.contains("answers.key: it holds 5 bytes, not 32; hint:"),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"short");
}

#[tokio::test]
async fn remembered_answer_comes_again_for_a_day() {
    let b = bench();
    let Begun::Fresh(ticket) = b.control.begin(call("acme"), [1; 32], NOW).await.unwrap() else {
        panic!("the call is new");
    };
    let meanwhile = b.control.begin(call("acme"), [1; 32], NOW).await.unwrap();
    assert!(matches!(meanwhile, Begun::InFlight));
    ticket.keep(answer(), NOW).await.unwrap();

    let again = b
        .control
        .begin(call("acme"), [1; 32], NOW + KEPT - Duration::from_secs(1))
        .await;
    assert!(matches!(again.unwrap(), Begun::Known(known) if known == answer()));
    let other_body = b.control.begin(call("acme"), [2; 32], NOW).await.unwrap();
    assert!(matches!(other_body, Begun::OtherBody));
    let other_owner = b.control.begin(call("globex"), [2; 32], NOW).await.unwrap();
    assert!(matches!(other_owner, Begun::Fresh(_)));
    let next_day = b
        .control
        .begin(call("acme"), [2; 32], NOW + KEPT)
        .await
        .unwrap();
    assert!(matches!(next_day, Begun::Fresh(_)));
}

#[tokio::test]
async fn call_that_failed_may_be_made_again() {
    let b = bench();
    let first = b.control.begin(call("acme"), [1; 32], NOW).await.unwrap();
    assert!(matches!(first, Begun::Fresh(_)));
    drop(first);
    let again = b.control.begin(call("acme"), [2; 32], NOW).await.unwrap();
    assert!(matches!(again, Begun::Fresh(_)));
}

#[tokio::test]
async fn prune_forgets_answers_of_yesterday() {
    let b = bench();
    let Begun::Fresh(ticket) = b.control.begin(call("acme"), [1; 32], NOW).await.unwrap() else {
        panic!("the call is new");
    };
    ticket.keep(answer(), NOW).await.unwrap();
    assert_eq!(b.control.prune(NOW).await.unwrap(), 0);
    assert_eq!(b.control.prune(NOW + KEPT).await.unwrap(), 1);
}

#[tokio::test]
async fn facts_are_kept_by_name() {
    let b = bench();
    for (name, value) in [
        ("token/b", json!({"state": "valid"})),
        ("token/a", json!(1)),
        ("x", json!(2)),
    ] {
        b.control.put_fact(name, &value, NOW).await.unwrap();
    }
    b.control.put_fact("x", &json!([3]), NOW).await.unwrap();
    assert_eq!(b.control.fact("x").await.unwrap(), Some(json!([3])));
    assert_eq!(b.control.fact("y").await.unwrap(), None);
    let tokens = b.control.facts("token/").await.unwrap();
    assert_eq!(
        tokens
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>(),
        ["token/a", "token/b"]
    );
    b.control.drop_fact("x").await.unwrap();
    assert_eq!(b.control.fact("x").await.unwrap(), None);
}

#[tokio::test]
async fn fact_with_a_secret_stands_nowhere_in_clear() {
    let b = bench();
    let relay = json!({"secret": SECRET});
    let put = b.control.put_secret_fact("relay/a", &relay, NOW).await;
    put.unwrap();
    assert_eq!(in_clear(&b), Vec::<String>::new());
    assert_eq!(b.control.fact("relay/a").await.unwrap(), None);
    assert!(b.control.facts("relay/").await.unwrap().is_empty());
    b.control.close().await;
    let again = Control::open(b.dir.path()).unwrap();
    let found = again.secret_facts("relay/").await.unwrap();
    assert_eq!(found, [("relay/a".to_owned(), Some(relay))]);
    let renamed = |tx: &rusqlite::Transaction<'_>| tx.execute("UPDATE facts SET name = 'b'", []);
    again.run(renamed).await.unwrap();
    let moved = again.secret_facts("").await.unwrap();
    assert_eq!(moved, [("b".to_owned(), None)]);
}

#[tokio::test]
async fn fact_that_an_earlier_version_kept_in_clear_is_sealed_when_it_is_read() {
    let b = bench();
    let relay = json!({"secret": SECRET, "more": "x".repeat(9_000)});
    b.control.put_fact("relay/a", &relay, NOW).await.unwrap();
    b.control.put_fact("relay/b", &json!(1), NOW).await.unwrap();
    assert!(!in_clear(&b).is_empty());
    let found = b.control.secret_facts("relay/").await.unwrap();
    assert_eq!(found[0].1.as_ref(), Some(&relay));
    assert_eq!(
        in_clear(&b),
        Vec::<String>::new(),
        "beside a running server"
    );
    assert_eq!(b.control.secret_facts("relay/").await.unwrap(), found);
    b.control.close().await;
    std::fs::remove_file(b.dir.path().join(SEAL_FILE)).unwrap();
    let without = Control::open(b.dir.path()).unwrap();
    let lost = without.secret_facts("relay/").await.unwrap();
    let names = ["relay/a", "relay/b"].map(|name| (name.to_owned(), None));
    assert_eq!(lost, names);
}

#[tokio::test]
async fn newer_file_is_refused_and_left_as_it_is() {
    let b = bench();
    b.control.close().await;
    let path = b.dir.path().join(FILE);
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 999).unwrap();
    newer.close().unwrap();
    let before = std::fs::read(&path).unwrap();
    let Err(error) = Control::open(b.dir.path()) else {
        panic!("a newer file was opened")
    };
    assert!(
        matches!(error, Error::Open(OpenError::Newer { found: 999, .. })),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn file_that_is_no_database_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), vec![b'x'; 4096]).unwrap();
    let Err(error) = Control::open(dir.path()) else {
        panic!("garbage was opened")
    };
    assert!(
        error
            .to_string()
            .contains("control.db: file is not a database"),
        "{error}"
    );
}

#[tokio::test]
async fn closed_store_says_so() {
    let b = bench();
    b.control.close().await;
    assert!(matches!(b.control.fact("x").await, Err(Error::Closed)));
    b.control.close().await;
}
