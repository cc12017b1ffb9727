//! Against a stand-in that checks every signature.

use std::fs;

use cauce_destinations::secret::Secret;
use cauce_sim::{Fault, Options, Platform, StandIn};

use super::*;

const PART: u64 = 5 << 20;

async fn stand_in() -> StandIn {
    let options = Options {
        max_body_bytes: 64 << 20,
        ..Options::default()
    };
    StandIn::start(Platform::S3, options).await.unwrap()
}

fn settings(of: &StandIn) -> tracking::Bucket {
    let known = cauce_sim::Bucket::default();
    tracking::Bucket {
        name: known.name,
        prefix: "web/cauce".to_owned(),
        region: known.region,
        endpoint: Some(of.base_url()),
        access_key_id: known.access_key_id,
        secret_access_key: Secret::new(known.secret_access_key),
    }
}

fn bucket(settings: &tracking::Bucket) -> Bucket {
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(1),
            max_backoff: Duration::from_millis(5),
            base: 2.0,
        },
        max_retries: 4,
        retry_timeout: Duration::from_secs(60),
    };
    Bucket::with(settings, retry, PART).unwrap()
}

/// A file unlike any other of its length.
fn file(bytes: usize) -> (tempfile::TempDir, std::path::PathBuf, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let body: Vec<u8> = (0..bytes).map(|at| (at * 31 + at / 251) as u8).collect();
    fs::write(&path, &body).unwrap();
    (dir, path, body)
}

#[tokio::test]
async fn file_is_put_whole_and_the_same_name_again_replaces_it() {
    let sim = stand_in().await;
    let bucket = bucket(&settings(&sim));
    for bytes in [0, 1_000, PART as usize] {
        let (_dir, path, body) = file(bytes);
        let name = "date=2026-01-31/tenant=acme.parquet";
        assert_eq!(bucket.put_file(name, &path).await.unwrap(), bytes as u64);
        let name = format!("web/cauce/{name}");
        assert_eq!(sim.objects().names(), [name.as_str()]);
        assert_eq!(sim.objects().get(&name), Some(body));
    }
    assert_eq!(sim.objects().uploads(), 0);
}

#[tokio::test]
async fn large_file_goes_up_in_parts_and_only_one_part_is_held() {
    let sim = stand_in().await;
    let (_dir, path, body) = file(3 * PART as usize + 77);
    let bucket = bucket(&settings(&sim));
    bucket.put_file("large", &path).await.unwrap();
    assert!(sim.objects().get("web/cauce/large") == Some(body));
    assert_eq!(sim.objects().largest_bytes(), PART as usize);
    assert_eq!(
        (sim.objects().uploads(), sim.objects().open_uploads()),
        (1, 0)
    );
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    let sim = stand_in().await;
    let (_dir, path, body) = file(2 * PART as usize + 5);
    let bucket = bucket(&settings(&sim));
    // The beginning, a part, a part whose answer is lost, and the end.
    sim.faults().next(1, Fault::Throttled { minutes: 1 });
    sim.faults().next(2, Fault::ResetEarly);
    sim.faults().next(1, Fault::ServerError { status: 500 });
    sim.faults().chance(0.3, Fault::ServerError { status: 503 });
    bucket.put_file("large", &path).await.unwrap();
    sim.faults().clear();
    assert!(sim.objects().get("web/cauce/large") == Some(body.clone()));
    // An answer that is lost makes no second object.
    sim.faults().next(1, Fault::ResetLate { accepts: true });
    let (_dir, small, _) = file(10);
    bucket.put_file("small", &small).await.unwrap();
    assert_eq!(sim.objects().names().len(), 2);
    assert_eq!(sim.objects().puts("web/cauce/small"), 2);
}

#[tokio::test]
async fn upload_that_fails_leaves_neither_object_nor_parts() {
    let sim = stand_in().await;
    let (_dir, path, _) = file(2 * PART as usize);
    let bucket = bucket(&settings(&sim));
    // The beginning is taken; then the first part fails as often as it is tried, and is given up.
    sim.faults().next(
        1,
        Fault::SlowAnswer {
            delay: Duration::ZERO,
        },
    );
    sim.faults().next(5, Fault::ServerError { status: 503 });
    let failed = bucket.put_file("large", &path).await;
    assert!(
        matches!(failed, Err(Error::Refused { status: 503, .. })),
        "{failed:?}"
    );
    assert_eq!(
        (sim.objects().names().len(), sim.objects().open_uploads()),
        (0, 0)
    );
    assert_eq!(sim.objects().uploads(), 1);
}

#[tokio::test]
async fn refusals_say_what_to_do_and_nothing_of_the_answer() {
    let sim = stand_in().await;
    let good = settings(&sim);
    let cases = [
        (
            tracking::Bucket {
                secret_access_key: Secret::new("wrong"),
                ..good.clone()
            },
            "SignatureDoesNotMatch",
            "secret_access_key",
        ),
        (
            tracking::Bucket {
                access_key_id: "AKIAOTHER".to_owned(),
                ..good.clone()
            },
            "InvalidAccessKeyId",
            "access_key_id",
        ),
        (
            tracking::Bucket {
                name: "others".to_owned(),
                ..good.clone()
            },
            "NoSuchBucket",
            "bucket.name",
        ),
        (
            tracking::Bucket {
                region: "us-east-1".to_owned(),
                ..good.clone()
            },
            "AuthorizationHeaderMalformed",
            "region",
        ),
    ];
    for (settings, code, setting) in cases {
        let error = bucket(&settings).try_out().await.unwrap_err().to_string();
        assert!(error.contains(code) && error.contains(setting), "{error}");
        for secret in ["canary", "AKIA", "127.0.0.1", "not for logs", "web/cauce"] {
            assert!(!error.contains(secret), "{error}");
        }
    }
    assert!(sim.objects().names().is_empty());
    let url = sim.base_url();
    sim.stop().await;
    let gone = tracking::Bucket {
        endpoint: Some(url),
        ..good
    };
    let error = bucket(&gone).try_out().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable("connect")), "{error}");
}

#[tokio::test]
async fn trial_leaves_nothing() {
    let sim = stand_in().await;
    let bucket = bucket(&settings(&sim));
    assert_eq!(bucket.try_out().await.unwrap(), Trial::Whole);
    assert_eq!(sim.objects().puts("web/cauce/.cauce-check"), 1);
    assert!(sim.objects().names().is_empty());
}
