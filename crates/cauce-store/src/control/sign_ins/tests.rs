use std::collections::BTreeSet;

use super::*;
use crate::{
    control::{FILE, KeyScope, NewKey},
    jobs::Scope,
};

const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);
const HOUR: Duration = Duration::from_secs(3_600);

struct Bench {
    dir: tempfile::TempDir,
    control: Control,
}

fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let control = Control::open(dir.path()).unwrap();
    Bench { dir, control }
}

impl Bench {
    async fn key(&self) -> String {
        let new = NewKey {
            name: "operator".to_owned(),
            tenant: Scope::All,
            scopes: BTreeSet::from([KeyScope::Read]),
            expires_at: None,
            site: None,
            origins: Vec::new(),
        };
        self.control.create_key(new, NOW).await.unwrap().secret
    }

    async fn sign_in(&self, secret: &str, now: Timestamp) -> SignedIn {
        let hash = KeyHash::of(secret);
        let key = self.control.verify(&hash, now).unwrap();
        self.control.sign_in(key, hash, now).await.unwrap()
    }

    async fn reopened(self) -> Bench {
        self.control.close().await;
        let control = Control::open(self.dir.path()).unwrap();
        Bench {
            dir: self.dir,
            control,
        }
    }

    fn refusal(&self, token: &str, now: Timestamp) -> Option<Refusal> {
        self.control.signed_in(token, now).err()
    }
}

#[tokio::test]
async fn token_stands_for_its_key_after_a_restart_and_is_not_on_disk() {
    let b = bench();
    let secret = b.key().await;
    let SignedIn { key, token } = b.sign_in(&secret, NOW).await;
    let b = b.reopened().await;
    assert_eq!(b.control.signed_in(&token, NOW).unwrap().id, key.id);
    assert_eq!(b.refusal("another", NOW), Some(Refusal::Unknown));
    b.control.close().await;
    let file = std::fs::read(b.dir.path().join(FILE)).unwrap();
    let token = token.as_bytes();
    assert!(!file.windows(token.len()).any(|window| window == token));
}

#[tokio::test]
async fn sign_in_lasts_until_it_is_left_or_was_not_used_and_asking_is_no_use() {
    let b = bench();
    let secret = b.key().await;
    let token = b.sign_in(&secret, NOW).await.token;
    let of = KeyHash::of(&token);
    assert!(b.control.lasts(&of, NOW + MAX_IDLE - HOUR));
    assert!(!b.control.lasts(&of, NOW + MAX_IDLE));
    assert!(!b.control.lasts(&KeyHash::of("another"), NOW));
    b.control.sign_out(&token).await.unwrap();
    assert!(!b.control.lasts(&of, NOW));
}

#[tokio::test]
async fn sign_in_ends_with_its_key() {
    let b = bench();
    let secret = b.key().await;
    let SignedIn { key, token } = b.sign_in(&secret, NOW).await;
    b.control
        .revoke_key(&key.id, &Scope::All, NOW)
        .await
        .unwrap();
    assert_eq!(b.refusal(&token, NOW), Some(Refusal::Revoked));
}

#[tokio::test]
async fn sign_in_with_the_configured_key_ends_when_that_is_another() {
    let b = bench();
    b.control.accept_configured_key(Some("first"), NOW);
    let SignedIn { token, .. } = b.sign_in("first", NOW).await;
    let b = b.reopened().await;
    assert_eq!(b.refusal(&token, NOW), Some(Refusal::Unknown));
    b.control.accept_configured_key(Some("first"), NOW);
    assert_eq!(b.refusal(&token, NOW), None);
    b.control.accept_configured_key(Some("second"), NOW);
    assert_eq!(b.refusal(&token, NOW), Some(Refusal::Unknown));
}

#[tokio::test]
async fn sign_in_ends_when_it_rests_too_long_and_when_it_is_too_old() {
    let b = bench();
    let secret = b.key().await;
    let SignedIn { token: resting, .. } = b.sign_in(&secret, NOW).await;
    let SignedIn { token: used, .. } = b.sign_in(&secret, NOW).await;
    for hours in (11..7 * 24).step_by(11) {
        assert_eq!(b.refusal(&used, NOW + HOUR * hours), None, "{hours}");
    }
    assert_eq!(b.refusal(&resting, NOW + HOUR * 12), Some(Refusal::Expired));
    assert_eq!(b.refusal(&used, NOW + MAX_AGE), Some(Refusal::Expired));
    assert_eq!(b.control.prune(NOW + HOUR * 24).await.unwrap(), 1);
    let b = b.reopened().await;
    assert_eq!(b.refusal(&resting, NOW), Some(Refusal::Unknown));
    assert_eq!(b.refusal(&used, NOW + HOUR * 24), None);
}

#[tokio::test]
async fn signing_out_ends_the_one_sign_in() {
    let b = bench();
    let secret = b.key().await;
    let SignedIn { token: one, .. } = b.sign_in(&secret, NOW).await;
    let SignedIn { token: other, .. } = b.sign_in(&secret, NOW).await;
    b.control.sign_out(&one).await.unwrap();
    assert_eq!(b.refusal(&one, NOW), Some(Refusal::Unknown));
    assert_eq!(b.refusal(&other, NOW), None);
}

#[tokio::test]
async fn past_the_limit_of_a_key_its_oldest_sign_in_ends() {
    let b = bench();
    let secret = b.key().await;
    let mut tokens = Vec::new();
    for second in 0..=MAX_OF_A_KEY as u64 {
        let now = NOW + Duration::from_secs(second);
        tokens.push(b.sign_in(&secret, now).await.token);
    }
    let b = b.reopened().await;
    let later = NOW + HOUR;
    assert_eq!(b.refusal(&tokens[0], later), Some(Refusal::Unknown));
    assert!(
        tokens[1..]
            .iter()
            .all(|token| b.refusal(token, later).is_none())
    );
}
