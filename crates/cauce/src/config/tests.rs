use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use cauce_destinations::message::{Content, Message, Provider};
use cauce_engine::settings::{AnalyticsSettings, MessageSettings, MinFree, tracking::Tracking};
use cauce_flow::{
    dispatch::policy::Window, id::JobId, job::LeasedJob, priority::Priority, time::Timestamp,
};

use super::{Config, Inputs, load};

const GOOD: &str = r#"
data_dir = "elsewhere"
public_url = "https://cauce.example.com/"
[http]
listen = "0.0.0.0:9000"
admin_key = "${ADMIN}"
[limits]
min_free = "5 GiB"
[pixels]
default_country = "es"
default_country_by_tenant = { acme = "MX" }
processing_interval = "30s"
[queues.tiktok]
batch = { max_wait = "5s" }
[[accounts]]
name = "acme-meta"
tenant = "acme"
platform = "meta"
dataset_id = 1234567890
access_token = "${META_TOKEN}"
base_url = "http://127.0.0.1:4000/"
limits = { rate = [[10, "1s"]], concurrency = 2 }
"#;

/// Every kind of mistake, several in one section, so that none hides another.
const BAD: &str = include_str!("tests/bad.toml");

/// The inputs of a process in a folder of its own with this file.
fn inputs(dir: &tempfile::TempDir, text: &str, environment: &[(&str, &str)]) -> Inputs {
    let path = dir.path().join("cauce.toml");
    fs::write(&path, text).unwrap();
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Inputs {
        file: Some(path),
        environment: environment.iter().map(owned).collect(),
        flags: Vec::new(),
    }
}

fn check(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    load(&inputs(&dir, text, environment)).map_err(|problems| {
        let shown = format!("{}/", dir.path().display());
        problems.to_string().replace(&shown, "")
    })
}

fn good(text: &str, environment: &[(&str, &str)]) -> Config {
    check(text, environment).unwrap_or_else(|problems| panic!("{problems}"))
}

fn bad(text: &str, environment: &[(&str, &str)]) -> String {
    match check(text, environment) {
        Ok(_) => panic!("the configuration was taken"),
        Err(problems) => problems,
    }
}

#[test]
fn the_reference_file_is_a_configuration() {
    let config = load(&Inputs::default()).unwrap();
    assert!(config.settings.fsync);
    assert_eq!(config.settings.limits.min_free, MinFree::Percent(10.0));
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert!(config.notes.is_empty());
}

/// The server's own defaults are for its tests; what the reference file says must not differ.
#[test]
fn the_reference_file_agrees_with_the_server() {
    let config = load(&Inputs::default()).unwrap();
    let server = cauce_http::ServerSettings::new(config.server.listen);
    assert_eq!(format!("{:?}", config.server), format!("{server:?}"));
}

/// What is commented out in the reference file has to be right as well.
#[test]
fn the_optional_settings_of_the_reference_file_are_settings() {
    let mut text = String::new();
    for line in super::layers::DEFAULTS.lines() {
        let plain = line.strip_prefix("# ").filter(|rest| is_setting(rest));
        text.push_str(plain.unwrap_or(line));
        text.push('\n');
    }
    let names = [
        "CAUCE_ADMIN_KEY",
        "META_TOKEN",
        "META_APP_SECRET",
        "GA_SECRET",
    ];
    let names = names
        .into_iter()
        .chain(["LINKEDIN_TOKEN", "LINKEDIN_CLIENT_SECRET", "TIKTOK_TOKEN"])
        .chain(["BACKEND_TOKEN", "EVOLUTION_WEBHOOK_SECRET"])
        .chain(["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"])
        .chain(["TWILIO_TOKEN", "EVOLUTION_KEY", "WHATSAPP_TOKEN"])
        .chain([
            "WHATSAPP_APP_SECRET",
            "WHATSAPP_VERIFY_TOKEN",
            "SMTP_PASSWORD",
        ]);
    let environment = names.map(|name| (name, "0123456789abcdef"));
    let secret = ("HOOKS_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let alerts = [
        ("PAGER_SECRET", secret.1),
        ("SLACK_WEBHOOK", "https://hooks.slack.com/services/x"),
        ("OWN_CA", include_str!("tests/ca.pem")),
    ];
    let environment: Vec<_> = environment.chain([secret]).chain(alerts).collect();
    let config = good(&text, &environment);
    // A backend has two lines; a webhook account, a relay, a channel and a report have one each.
    assert_eq!(config.settings.accounts.len(), 4 + 3 + 2 + 2 + 4 + 1);
    assert_eq!(config.settings.reports.len(), 1);
    assert_eq!(config.settings.relays.len(), 2);
    assert!(config.settings.tracking.export.bucket.is_some());
    assert_eq!(config.settings.sessions.backends.len(), 1);
    assert_eq!(config.settings.sessions.evolution.len(), 1);
    assert!(config.admin_key.is_some());
}

fn is_setting(text: &str) -> bool {
    let name = text.split(" = ").next().unwrap_or_default();
    let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    (named && text.contains(" = ")) || text.starts_with('[')
}

#[test]
fn a_file_stands_over_the_defaults() {
    let config = good(
        GOOD,
        &[("ADMIN", "0123456789abcdef"), ("META_TOKEN", "t0k")],
    );
    assert_eq!(config.settings.data_dir, PathBuf::from("elsewhere"));
    assert_eq!(
        config.server.public_url.as_deref(),
        Some("https://cauce.example.com")
    );
    assert_eq!(config.local_url(), "http://127.0.0.1:9000");
    assert_eq!(config.settings.limits.min_free, MinFree::Bytes(5 << 30));
    assert_eq!(config.settings.limits.max_jobs, 20_000_000);
    assert_eq!(
        config.settings.pixels.fallback_country.as_deref(),
        Some("ES")
    );
    assert_eq!(config.settings.pixels.default_country.len(), 1);
    let [account] = config.settings.accounts.as_slice() else {
        panic!("one account");
    };
    assert_eq!(account.base_url, "http://127.0.0.1:4000");
    assert_eq!(account.line().to_string(), "meta/acme-meta");
    assert_eq!(
        account.policy.rate,
        [Window {
            max: 10,
            per: Duration::from_secs(1)
        }]
    );
    assert_eq!(account.policy.concurrency, 2);
    assert_eq!(account.policy.batch.max_wait, Duration::from_secs(30));
    assert_eq!(account.policy.retry.max_attempts, 4);
}

/// The `max_wait` of an account of TikTok in a configuration.
fn max_wait(text: &str, environment: &[(&str, &str)]) -> u64 {
    const ACCOUNT: &str = "[[accounts]]\nname = 't'\ntenant = 'a'\nplatform = 'tiktok'\n\
        pixel_code = 'p'\naccess_token = 't'\n";
    let config = good(&format!("{text}\n{ACCOUNT}"), environment);
    config.settings.accounts[0].policy.batch.max_wait.as_secs()
}

#[test]
fn layers_stand_over_each_other() {
    let alias = "[pixels]\nprocessing_interval = '30s'";
    let both = "[pixels]\nprocessing_interval = '30s'\n[queues.tiktok.batch]\nmax_wait = '5s'";
    let variable = ("CAUCE__QUEUES__TIKTOK__BATCH__MAX_WAIT", "7s");
    let aliased = ("CAUCE__PIXELS__PROCESSING_INTERVAL", "9s");
    assert_eq!(max_wait("", &[]), 60);
    assert_eq!(max_wait(alias, &[]), 30);
    assert_eq!(max_wait(both, &[]), 5);
    assert_eq!(max_wait(both, &[aliased]), 9);
    assert_eq!(max_wait(both, &[aliased, variable]), 7);
}

#[test]
fn a_flag_stands_over_everything() {
    let dir = tempfile::tempdir().unwrap();
    let mut inputs = inputs(&dir, "data_dir = 'a'", &[("CAUCE__DATA_DIR", "b")]);
    assert_eq!(load(&inputs).unwrap().settings.data_dir, PathBuf::from("b"));
    inputs
        .flags
        .push(("--data-dir", "data_dir", "c".to_owned()));
    assert_eq!(load(&inputs).unwrap().settings.data_dir, PathBuf::from("c"));
}

#[test]
fn variables_take_every_kind_of_value() {
    let config = good(
        "",
        &[
            ("CAUCE__HTTP__MAX_DEPTH", "16"),
            ("CAUCE__HTTP__METRICS_PUBLIC", "true"),
            ("CAUCE__QUEUES__META__RETRY__FACTOR", "3"),
            ("CAUCE__QUEUES__META__RATE", "[[5, \"1s\"]]"),
            ("CAUCE__ACCOUNTS", ACCOUNT_AS_VARIABLE),
            ("TOKEN", "t"),
        ],
    );
    assert_eq!(config.server.max_depth, 16);
    assert!(config.server.metrics_public);
    let policy = &config.settings.accounts[0].policy;
    assert_eq!(
        policy.rate,
        [Window {
            max: 5,
            per: Duration::from_secs(1)
        }]
    );
    assert!((policy.retry.factor - 3.0).abs() < f64::EPSILON);
}

const ACCOUNT_AS_VARIABLE: &str = "[{ name = 'm', tenant = 'a', platform = 'meta', \
    dataset_id = '1', access_token = '${TOKEN}' }]";

#[test]
fn variables_of_the_requirements_are_honoured() {
    let text = format!("accounts = {ACCOUNT_AS_VARIABLE}");
    let config = good(
        &text,
        &[
            ("TOKEN", "t"),
            ("BATCH_SIZE", "50"),
            ("MAX_CONCURRENT_BATCHES", "3"),
            ("BATCH_RETRY_ATTEMPTS", "5"),
            ("BATCH_RETRY_DELAY", "1500"),
            ("REDIS_URL", "redis://127.0.0.1"),
        ],
    );
    let policy = &config.settings.accounts[0].policy;
    assert_eq!(policy.batch.max_items, 50);
    assert_eq!(policy.concurrency, 3);
    assert_eq!(
        policy.retry.max_attempts, 6,
        "five retries after the first attempt"
    );
    assert_eq!(policy.retry.base, Duration::from_millis(1_500));
    assert_eq!(config.notes.len(), 1);
}

const SENDERS: &str = r#"
public_url = "https://cauce.example.com"
[[accounts]]
name = "t"
tenant = "acme"
platform = "twilio"
account_sid = "AC0123456789abcdef0123456789abcdef"
auth_token = "tok"
messaging_service_sid = "MG0123456789abcdef0123456789abcdef"
limits = { rate = [[1, "1s"]], concurrency = 7 }
[[accounts]]
name = "e"
tenant = "acme"
platform = "evolution"
instance = "ventas"
api_key = "K"
base_url = "http://127.0.0.1:9/"
[[accounts]]
name = "w"
tenant = "acme"
platform = "whatsapp_cloud"
phone_number_id = 106540352242922
access_token = "EAA"
app_secret = "S"
verify_token = "V"
"#;

#[test]
fn senders_of_messages_have_lines_with_the_rates_of_their_providers() {
    let config = good(SENDERS, &[]);
    let accounts = &config.settings.accounts;
    let lines: Vec<String> = accounts.iter().map(|a| a.line().to_string()).collect();
    assert_eq!(lines, ["campaigns/t", "whatsapp/e", "whatsapp/w"]);
    let providers = accounts.iter().map(|account| {
        let hears = account.hears.as_ref().map(|hears| hears.provider());
        assert_eq!(hears, account.provider());
        account.provider()
    });
    assert_eq!(providers.collect::<Vec<_>>(), Provider::ALL.map(Some));
    let window = |max, seconds| Window {
        max,
        per: Duration::from_secs(seconds),
    };
    assert_eq!(accounts[0].policy.rate, [window(1, 1)]);
    assert_eq!(accounts[0].policy.concurrency, 7);
    assert_eq!(accounts[0].policy.retry.max_attempts, 6);
    for account in &accounts[1..] {
        assert_eq!(account.policy.rate, [window(80, 60)]);
        assert_eq!(account.policy.concurrency, 5);
        assert_eq!(account.policy.retry.max_attempts, 4);
        assert_eq!(account.policy.retry.base, Duration::from_secs(2));
    }
    assert_eq!(accounts[1].base_url, "http://127.0.0.1:9");
    assert_eq!(accounts[2].base_url, "https://graph.facebook.com");
    assert!(config.notes.is_empty(), "{:?}", config.notes);
}

#[test]
fn campaigns_have_the_rates_of_the_requirement() {
    let without_limits = SENDERS.replace("limits = { rate = [[1, \"1s\"]], concurrency = 7 }", "");
    let config = good(&without_limits, &[]);
    let policy = &config.settings.accounts[0].policy;
    let rate: Vec<_> = policy
        .rate
        .iter()
        .map(|w| (w.max, w.per.as_secs()))
        .collect();
    assert_eq!(rate, [(10, 1), (600, 60), (36_000, 3600)]);
    assert_eq!(policy.concurrency, 50);
    assert_eq!((policy.breaker.failures, policy.breaker.probes), (10, 1));
    assert_eq!(policy.breaker.open_for, Duration::from_secs(60));
}

#[test]
fn a_twilio_account_is_told_where_to_call_or_it_is_noted() {
    let job = |text: &str| {
        let config = good(text, &[]);
        let account = config.settings.accounts[0].clone();
        let to = "+34600123456".parse().unwrap();
        let message = Message::new(to, Content::Text("Hola".to_owned()));
        let job = LeasedJob {
            id: JobId::new(1, 1, Timestamp::EPOCH),
            tenant: account.tenant.clone(),
            group: None,
            priority: Priority::Normal,
            attempt: 1,
            max_attempts: 6,
            enqueued_at: Timestamp::EPOCH,
            expires_at: Timestamp::NEVER,
            payload: message.to_payload(),
        };
        let request = account.destination.encode(&[job], Timestamp::EPOCH);
        (
            String::from_utf8(request.body.to_vec()).unwrap(),
            config.notes,
        )
    };
    let callback =
        "StatusCallback=https%3A%2F%2Fcauce.example.com%2Fwebhooks%2Ftwilio%3Fjob%3Djob_";
    let (body, notes) = job(SENDERS);
    assert!(body.contains(callback), "{body}");
    assert!(notes.is_empty());
    let (body, notes) = job(&SENDERS.replace("public_url", "# public_url"));
    assert!(!body.contains("StatusCallback"), "{body}");
    assert_eq!(
        notes,
        ["account t: without public_url, Twilio cannot tell what becomes of its messages"]
    );
}

const TWILIO: [(&str, &str); 3] = [
    ("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef"),
    ("TWILIO_AUTH_TOKEN", "tok"),
    ("TWILIO_WHATSAPP_NUMBER", "whatsapp:+34911222333"),
];
const EVOLUTION: [(&str, &str); 3] = [
    ("EVOLUTION_API_URL", "http://127.0.0.1:9"),
    ("EVOLUTION_API_KEY", "K"),
    ("EVOLUTION_API_INSTANCE", "ventas"),
];

#[test]
fn variables_of_the_requirements_make_senders_where_there_are_none() {
    let both = [TWILIO, EVOLUTION].concat();
    let config = good("public_url = \"https://cauce.example.com\"", &both);
    let shown = config.settings.accounts.iter().map(|account| {
        let (line, tenant) = (account.line(), &account.tenant);
        format!("{tenant}: {line} at {}", account.base_url)
    });
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            "default: campaigns/twilio at https://api.twilio.com",
            "default: whatsapp/evolution at http://127.0.0.1:9",
        ]
    );
    assert!(config.notes.is_empty(), "{:?}", config.notes);
    // An account of the same provider is the operator's own word.
    let config = good(SENDERS, &both);
    assert_eq!(config.settings.accounts.len(), 3);
    assert!(config.notes.is_empty(), "{:?}", config.notes);
}

#[test]
fn variables_that_make_no_sender_are_noted() {
    let config = good("", &TWILIO[..2]);
    assert!(config.settings.accounts.is_empty());
    assert_eq!(
        config.notes,
        [
            "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN makes no account: TWILIO_WHATSAPP_NUMBER is not set"
        ]
    );
    let config = good("", &EVOLUTION[..2]);
    assert_eq!(
        config.notes,
        [
            "EVOLUTION_API_URL, EVOLUTION_API_KEY makes no account: EVOLUTION_API_INSTANCE is not set"
        ]
    );
    let empty = [("TWILIO_ACCOUNT_SID", " ")];
    assert!(good("", &empty).notes.is_empty());
}

#[test]
fn the_reference_file_agrees_with_messages() {
    let config = load(&Inputs::default()).unwrap();
    assert_eq!(config.settings.messages, MessageSettings::default());
}

#[test]
fn the_reference_file_agrees_with_analytics() {
    let config = load(&Inputs::default()).unwrap();
    assert_eq!(config.settings.analytics, AnalyticsSettings::default());
    let text = "[analytics]\nevents_kept = \"90d\"\nsums_kept = \"60d\"";
    let problems = check(text, &[]).err().unwrap_or_default();
    let expected = "is shorter than `analytics.events_kept`";
    assert!(problems.contains(expected), "{problems}");
}

#[test]
fn business_hours_are_read_and_faults_named() {
    let analytics = |text: &str| check(&format!("[analytics]\n{text}"), &[]);
    let text = "business_hours = [\"mon-fri 09:00-14:00\", \"sat 10:00-13:00\"]
                business_time_zone = \"Europe/Madrid\"";
    let hours = analytics(text).unwrap().settings.analytics.business_hours;
    let hours = hours.map(|hours| hours.to_string());
    let expected = "Europe/Madrid;mon-fri 09:00-14:00;sat 10:00-13:00";
    assert_eq!(hours.as_deref(), Some(expected));
    for (text, says) in [
        ("business_hours = [\"monday\"]", "`monday` are no hours"),
        (
            "business_hours = \"mon 09:00-10:00\"",
            "is not a list of hours",
        ),
        (
            "business_hours = [\"mon 09:00-10:00\", \"mon-fri 09:30-10:00\"]",
            "share a moment",
        ),
        ("business_time_zone = \"Madrid\"", "is no time zone"),
    ] {
        let problems = analytics(text).err().unwrap_or_default();
        assert!(problems.contains(says), "{text}: {problems}");
    }
}

#[test]
fn words_that_could_never_be_said_are_refused() {
    let messages = |text: &str| check(&format!("[messages]\n{text}"), &[]);
    let config = messages("opt_out = [\"no más\"]\nopt_in = []\nkept_for = \"30d\"").unwrap();
    let found = config.settings.messages;
    assert_eq!(found.kept_for, Duration::from_secs(30 * 86_400));
    assert_eq!(found.words.out.len(), 1);
    assert!(found.words.again.is_empty());
    for (text, expected) in [
        (
            "opt_out = \"STOP\"",
            "`messages.opt_out` is not a list of words",
        ),
        ("opt_out = [1]", "`messages.opt_out` is not a list of words"),
        (
            "opt_out = [\"1\"]",
            "`messages.opt_out` holds a word without letters",
        ),
        (
            "opt_in = [\"Bája\"]",
            "`messages.opt_in` has \"Bája\", which opts out",
        ),
        ("kept_for = \"1s\"", "`messages.kept_for`"),
        ("kept = \"1d\"", "unknown setting `messages.kept`"),
    ] {
        let problems = messages(text).err().unwrap_or_default();
        assert!(problems.contains(expected), "{text}: {problems}");
    }
}

#[test]
fn a_sender_that_is_not_one_is_refused_with_what_to_write() {
    insta::assert_snapshot!(bad(include_str!("tests/senders.toml"), &[]));
}

#[test]
fn the_reference_file_agrees_with_tracking() {
    let config = load(&Inputs::default()).unwrap();
    assert_eq!(config.settings.tracking, Tracking::default());
}

#[test]
fn variables_of_tracking_are_honoured() {
    let config = good(
        "[tracking]\nretention_months = 3",
        &[
            ("TRACKING_BUFFER_MAX_SIZE", "1000"),
            ("TRACKING_BUFFER_FLUSH_INTERVAL_MS", "2500"),
            ("TRACKING_ENABLE_THROTTLING", "false"),
            ("TRACKING_ENABLE_AGGREGATION", "FALSE"),
            ("TRACKING_AUTO_CLEANUP_ENABLED", "false"),
            ("TRACKING_RETENTION_MONTHS", "24"),
            ("TRACKING_CLEANUP_OLDER_THAN_MONTHS", "25"),
            ("CAUCE__TRACKING__BUFFER__MAX_EVENTS", "1500"),
        ],
    );
    let tracking = &config.settings.tracking;
    assert_eq!(
        tracking.buffer.max_events, 1_500,
        "a setting stands over its alias"
    );
    assert_eq!(tracking.buffer.flush_interval, Duration::from_millis(2_500));
    assert!(!tracking.sampling && !tracking.aggregation && !tracking.auto_cleanup);
    assert_eq!(
        (
            tracking.retention_months,
            tracking.cleanup_older_than_months
        ),
        (24, 25)
    );
    let wrong = bad("", &[("TRACKING_ENABLE_THROTTLING", "perhaps")]);
    assert!(wrong.contains("tracking.enable_throttling"), "{wrong}");
}

#[test]
fn tracking_is_read_with_all_its_parts() {
    let config = good(TRACKING, &[]);
    let tracking = &config.settings.tracking;
    let rule = tracking.rules.values().next().unwrap();
    assert_eq!((rule.sampling_rate, rule.always_keep), (2.5, false));
    assert_eq!(tracking.quota.max_bytes_per_minute, Some(120 << 20));
    assert_eq!(tracking.quota_by_tenant.len(), 1);
    assert_eq!(
        (tracking.maintenance.hour, tracking.maintenance.minute),
        (4, 30)
    );
    let export = &tracking.export;
    assert!(export.folder.is_some());
    let bucket = export.bucket.as_ref().unwrap();
    assert_eq!(
        (bucket.prefix.as_str(), bucket.region.as_str()),
        ("web", "us-east-1")
    );
    let [conversion] = tracking.conversions.as_slice() else {
        panic!("one conversion")
    };
    assert_eq!(conversion.fields["value"], "total");
    for (from, to, says) in [
        ("04:30", "4:30", "time of day"),
        ("Europe/Madrid", "Europe/Madrit", "time zone"),
        ("\"meta\"", "\"mta\"", "\"meta\""),
        ("value =", "valeu =", "`value`"),
        ("2.5", "250", "out of range"),
        ("acme-events", "s3://acme", "without s3://"),
        ("\"/web/\"", "\"../web\"", "start of a name"),
        (
            "name = \"acme-events\"\n",
            "",
            "tracking.export.bucket.name",
        ),
        (
            "secret_access_key",
            "secret_acess_key",
            "`secret_access_key`",
        ),
        ("as = \"purchase\"", "as = \"no name\"", "event type"),
    ] {
        let wrong = bad(&TRACKING.replace(from, to), &[]);
        assert!(wrong.contains(says), "{to}: {wrong}");
    }
    let short = "[tracking]\nretention_months = 12\ncleanup_older_than_months = 6";
    assert!(bad(short, &[]).contains("at least 12"));
    let full = "[tracking.buffer]\nmax_events = 5000\nmax_waiting = 2000";
    assert!(bad(full, &[]).contains("at least 5000"));
}

const TRACKING: &str = r#"
[tracking.throttling]
SCROLL = { sampling_rate = 2.5 }
[tracking.quota]
max_bytes_per_minute = "120 MiB"
[tracking.quota_by_tenant]
acme = { max_events_per_second = 5 }
[tracking.maintenance]
at = "04:30"
zone = "Europe/Madrid"
[tracking.export]
folder = "exports"
[tracking.export.bucket]
name = "acme-events"
prefix = "/web/"
access_key_id = "AKIA"
secret_access_key = "s3cr3t"
[[tracking.conversions]]
event = "PURCHASE"
as = "purchase"
platforms = ["meta"]
fields = { value = "total" }
"#;

#[test]
fn every_problem_is_reported_at_once() {
    insta::assert_snapshot!(bad(
        BAD,
        &[
            ("BATCH_SIZE", "many"),
            ("CAUCE__HTPP__LISTEN", "x"),
            ("CAUCE__HTTP__MAX_DEPTH", "lots"),
        ]
    ));
}

#[test]
fn parts_that_are_not_built_are_refused() {
    insta::assert_snapshot!(bad(include_str!("tests/later.toml"), &[]));
}

#[test]
fn alerts_that_cannot_work_are_refused_with_what_to_write() {
    insta::assert_snapshot!(bad(include_str!("tests/alerts.toml"), &[]));
}

#[test]
fn alerts_take_from_the_defaults_what_they_do_not_say() {
    let config = good(
        r#"
public_url = "https://cauce.example"
[alerts]
email = { to = ["admin@example.com"], from = "cauce@example.com", smtp = "smtp://localhost:25" }
[alerts.defaults]
processing_time = { enabled = false }
disk_full = { above = 50 }
[[alerts.rules]]
when = "dead_letters"
above = 100
[[alerts.rules]]
when = "dead_letters"
name = "few-of-meta"
below = 1
queues = ["meta"]
channels = ["email"]
[[alerts.channels]]
name = "ops"
type = "slack"
url = "https://hooks.slack.com/services/T0/B0/secret"
severity = "critical"
[[alerts.channels]]
name = "madrid"
type = "email"
to = ["Ana <ana@example.com>", "luis@example.com"]
language = "es"
"#,
        &[],
    );
    let alerts = &config.settings.alerts;
    let rule = |name: &str| &alerts.rules[name];
    assert!(!alerts.rules.contains_key("processing_time"));
    assert_eq!(rule("disk_full").above, 50.0);
    assert_eq!(rule("disk_full").below, 50.0);
    // In a rule, what is good again stays in proportion.
    assert_eq!(
        (rule("dead_letters").above, rule("dead_letters").below),
        (100.0, 50.0)
    );
    let few = rule("few-of-meta");
    assert_eq!((few.above, few.below, few.queues.len()), (10.0, 1.0, 1));
    assert_eq!(rule("token_invalid").kind.as_str(), "token_invalid");
    let names: Vec<&str> = alerts.channels.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["email", "ops", "madrid"]);
    assert_eq!(alerts.channels[2].to.len(), 2);
    let of = |name: &str| {
        let mut accounts = config.settings.accounts.iter();
        accounts
            .find(|account| account.name.as_str() == name)
            .unwrap()
    };
    assert_eq!(of("alerts:ops").base_url, "https://hooks.slack.com");
    assert_eq!(of("alerts:email").base_url, "smtp://localhost:25");
    assert_eq!(of("alerts:email").queue.as_str(), "alerts");
}

const SERVER: &str = "[alerts.email]\nsmtp = \"smtp://localhost:25\"\nfrom = \"c@example.com\"\n";

#[test]
fn a_report_takes_from_the_defaults_what_it_does_not_say() {
    let report = "[[reports]]\nname = \"r\"\ntenant = \"acme\"\nperiod = \"week\"\n\
                  to = [\"ana@example.com\"]\n";
    let config = good(&format!("{SERVER}{report}"), &[]);
    let own = &config.settings.reports[0];
    assert_eq!(
        (own.zone_name.as_str(), own.language.as_str()),
        ("UTC", "en")
    );
    assert_eq!(own.schedule.at.to_string(), "08:00");
    assert_eq!(own.formats, [cauce_report::Format::Pdf]);
    let account = config
        .settings
        .accounts
        .iter()
        .find(|own| own.name.as_str() == "reports:r");
    let account = account.expect("a report has a line of its own");
    assert_eq!(
        (account.queue.as_str(), account.tenant.as_str()),
        ("alerts", "acme")
    );
    // Nobody gets alerts by it.
    assert!(config.settings.alerts.channels.is_empty());
}

#[test]
fn reports_that_cannot_be_sent_are_refused_with_what_to_write() {
    let said = bad(
        "[[reports]]\nname = \"r\"\ntenant = \"acme\"\nperiod = \"year\"\nzone = \"Mars\"\n\
         at = \"25:00\"\nlanguage = \"fr\"\nformats = [\"doc\"]\nto = []\ncolour = \"red\"\n",
        &[],
    );
    for what in [
        "needs a server that e-mail leaves through",
        "`reports[0].period` cannot be \"year\"",
        "`reports[0].zone` is no name of the time zone database",
        "`reports[0].at` cannot be taken",
        "`reports[0].language` cannot be \"fr\"",
        "`reports[0].formats` holds what is no format",
        "`reports[0].to` names nobody",
        "colour",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    let one = "[[reports]]\nname = \"r\"\ntenant = \"acme\"\nperiod = \"week\"\n\
               to = [\"ana@example.com\"]\n";
    let twice = bad(&format!("{SERVER}{one}{one}"), &[]);
    assert!(twice.contains("another report has this name"), "{twice}");
}

#[test]
fn endpoints_that_cannot_work_are_named_with_what_to_write() {
    let sample = |more: &str| {
        format!("[relays.orders]\ntenant = \"acme\"\nurl = \"https://shop.example/x\"\n{more}\n")
    };
    let backend = |more: &str| {
        format!("[[accounts]]\nname = \"b\"\ntenant = \"acme\"\nplatform = \"backend\"\n{more}\n")
    };
    let twice = format!(
        "{}{}",
        sample(""),
        "[[accounts]]\nname = \"orders\"\ntenant = \"acme\"\nplatform = \"webhook\"\nurl = \"https://x.example\"\n"
    );
    for (text, says) in [
        (sample("secret = \"hunter2\""), "whsec_"),
        (sample("body = '{\"a\":1}'"), "$items"),
        (sample("key = \"id\""), "JSON Pointer"),
        (sample("headers = { Host = \"x\" }"), "cannot be named"),
        (sample("batch = { max_items = 0 }"), "max_items"),
        (sample("limits = { concurrency = 0 }"), "concurrency"),
        (
            sample("colour = \"red\""),
            "unknown setting `relays.orders.colour`",
        ),
        (
            sample("").replace("https://shop.example/x", "ftp://x"),
            "web address",
        ),
        (twice, "already"),
        (backend(""), "base_url"),
        (
            backend("base_url = \"https://x.example\"\nheaders = { A = \"a\\nb\" }"),
            "one line",
        ),
        (
            "[sessions]\nlookup_path = \"/x\"\n".to_owned(),
            "{session_id}",
        ),
        (
            "[sessions]\nhigh = \"connected\"\n".to_owned(),
            "list of texts",
        ),
    ] {
        let told = bad(&text, &[]);
        assert!(told.contains(says), "{text}\n{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_file_that_is_not_toml_is_reported_line_by_line() {
    insta::assert_snapshot!(bad(include_str!("tests/not.toml.txt"), &[]));
}

#[test]
fn a_missing_file_is_reported() {
    let inputs = Inputs {
        file: Some("/none/cauce.toml".into()),
        ..Inputs::default()
    };
    let Err(problems) = load(&inputs) else {
        panic!("there is no such file")
    };
    insta::assert_snapshot!(problems);
}

/// Credentials stand in the very lines that are shown.
#[test]
fn no_problem_shows_a_credential() {
    let canary = "canary-3f1b";
    let text = format!(
        "[http]\nadmin_key = '{canary}'\nadmin_kye = '{canary}'\n\
         [[accounts]]\nname = 'm'\ntenant = 'a'\nplatform = 'meta'\n\
         acces_token = '{canary}'\naccess_token = ['{canary}']\napp_secret = '{canary}\n"
    );
    let shown = bad(
        &text,
        &[("CAUCE__HTTP__ADMIN_KEY", canary), ("CAUCE__X", canary)],
    );
    assert!(!shown.contains(canary), "{shown}");
}

#[test]
fn variables_that_are_no_settings_are_none_of_our_business() {
    let environment = BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]);
    assert!(
        load(&Inputs {
            environment,
            ..Inputs::default()
        })
        .is_ok()
    );
}
