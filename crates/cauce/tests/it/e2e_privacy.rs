//! Personal data: marked values are sent through every path and searched in everything that comes
//! out, but for the places where a platform itself prescribes them in plain.

use std::{fs, path::Path};

use cauce_sim::{Fault, Poison};
use serde_json::{Value, json};

use crate::support::{ADMIN, Outside, QUEUES, SOON, Server, Setup, Tap, Told, event, id};

/// A person of whom nothing may be seen anywhere in plain.
fn canary(number: u64) -> Value {
    let mut event = event(&id(number));
    event["user"] = json!({
        "email": "canary.mail@secret-shop.example", "phone": "+34655043210",
        "firstName": "Canaryfirst", "lastName": "Canarylast", "gender": "f",
        "birthDate": "1987-06-05", "city": "Canarytown", "state": "Canarystate",
        "zip": "CANARY9", "country": "es", "externalId": "canary-external-77",
    });
    event
}

/// How the person would show, and the platform that prescribes it in plain, if one does.
const CANARIES: [(&str, &[&str]); 11] = [
    ("canary.mail", &[]),
    ("secret-shop.example", &[]),
    ("655043210", &[]),
    ("1987-06-05", &[]),
    ("19870605", &[]),
    // The tenant's own id is Google's `user_id` and LinkedIn's `externalIds`, in plain.
    ("canary-external-77", &["google", "linkedin"]),
    // LinkedIn's `userInfo` has names in plain, Google's `address` and TikTok's `user` places.
    ("canaryfirst", &["linkedin"]),
    ("canarylast", &["linkedin"]),
    ("canarytown", &["google", "tiktok"]),
    ("canarystate", &["google", "tiktok"]),
    ("canary9", &["google"]),
];

/// Fails where a person shows who must not show to these platforms.
fn assert_clean(place: &str, platforms: &[&str], text: &str) {
    let text = text.to_lowercase();
    for (canary, prescribed) in CANARIES {
        let may = prescribed
            .iter()
            .any(|platform| platforms.contains(platform));
        assert!(may || !text.contains(canary), "{canary} shows in {place}");
    }
}

fn assert_folder_clean(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_folder_clean(&path);
        } else {
            let bytes = fs::read(&path).unwrap();
            assert_clean(
                &path.display().to_string(),
                &QUEUES,
                &String::from_utf8_lossy(&bytes),
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_person_shows_in_plain_anywhere() {
    let outside = Outside::start().await;
    let (mut taps, mut accounts) = (Vec::new(), outside.accounts("acme"));
    for queue in QUEUES {
        let tap = Tap::before(outside.of(queue).addr).await;
        accounts = accounts.replace(&outside.of(queue).base_url(), &tap.base_url());
        taps.push((queue, tap));
    }
    let setup = Setup::new(accounts).and("log", "level = \"trace\"");
    let server = Server::start(&setup);
    let mut told = Told::default();
    told.post(&server, &json!([canary(1), canary(2)])).await;
    // Faults make logs and dead letters talk; poison makes them name an event.
    outside
        .meta
        .faults()
        .poison([id(3).as_str()], Poison::Unnamed);
    outside
        .tiktok
        .faults()
        .next(1, Fault::ServerError { status: 500 });
    outside
        .linkedin
        .faults()
        .next(1, Fault::HalfJson { accepts: true });
    told.post(&server, &json!([canary(3), canary(4)])).await;
    let mut wrong = canary(5);
    wrong["data"]["value"] = json!("canary.mail@secret-shop.example");
    wrong["client"]["ip"] = json!("Canarytown");
    let refused = server
        .ask(
            "POST /api/pixels/events?tenant=acme",
            Some(&wrong.to_string()),
        )
        .await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert_clean("a refusal", &[], &refused.body);
    server.emptied(&QUEUES, SOON).await;

    for (queue, tap) in &taps {
        let heard = tap.heard().await;
        assert!(heard.len() > 500, "{queue} heard nothing");
        assert_clean(&format!("what {queue} heard"), &[*queue], &heard);
    }
    for queue in QUEUES {
        for path in ["jobs", "dead", "dead?groupBy=reason"] {
            let answer = server
                .ask(&format!("GET /api/queues/{queue}/{path}"), None)
                .await;
            assert_clean(path, &[], &answer.body);
            for job in answer.json()["items"].as_array().unwrap() {
                let Some(job) = job["id"].as_str() else {
                    continue;
                };
                for view in ["", "/why"] {
                    let answer = server
                        .ask(&format!("GET /api/jobs/{job}{view}"), None)
                        .await;
                    assert_clean("a job", &[], &answer.body);
                    assert!(!answer.body.contains("203.0.113.9"), "{}", answer.body);
                }
            }
        }
    }
    for path in [
        "/metrics",
        "/api/queues",
        "/api/destinations",
        "/api/pixels/stats",
        "/api/pixels/health",
        "/api/pixels/tokens",
        "/api/audit",
        "/readyz",
    ] {
        let answer = server.ask(&format!("GET {path}"), None).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_clean(path, &[], &answer.body);
        assert!(!answer.body.contains("203.0.113.9"), "{path}");
    }
    assert_folder_clean(&setup.data());
    server.stop(SOON).await;
    let log = setup.log();
    assert!(log.contains("listening"), "{log}");
    assert_clean("the log", &[], &log);
    assert!(
        !log.contains(ADMIN) && !log.contains("203.0.113.9"),
        "the log says too much"
    );
    assert_folder_clean(&setup.data());
}
