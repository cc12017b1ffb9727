use cauce_flow::{
    dispatch::disposition::{Disposition, Verdict},
    job::LeasedJob,
    time::Timestamp,
};
use http::{HeaderMap, HeaderValue};

use super::*;
use crate::{
    destination::{CredentialState, Fault, Response},
    secret::Secret,
    testing,
};

const NOW: Timestamp = Timestamp::from_millis(1_769_850_000_000);

fn server(smtp: &str) -> Result<Server, ConfigError> {
    Server::new(&Config {
        smtp: Secret::new(smtp),
        from: "Cauce <cauce@example.com>".to_owned(),
    })
}

fn mail() -> Mail {
    Mail::new(server("smtps://ana%40example.com:se%3Acret@mail.example.com").unwrap())
}

fn letter() -> Letter {
    Letter {
        to: vec!["Ana Muñoz <ana@example.org>".to_owned()],
        subject: "Crítica: las credenciales no funcionan\r\nBcc: all@example.org".to_owned(),
        text: "Desde hoy\n".to_owned(),
        html: Some("<p>Desde hoy</p>".to_owned()),
        attachments: vec![Attachment {
            name: "informe.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            content: b"%PDF\xff".to_vec(),
        }],
        thread: Some("alert-17".to_owned()),
    }
}

fn job(letter: &Letter) -> LeasedJob {
    testing::job(serde_json::to_vec(letter).unwrap().into())
}

fn message(letter: &Letter) -> String {
    let request = mail().encode(&[job(letter)], NOW);
    String::from_utf8(request.body.to_vec()).unwrap()
}

#[test]
fn address_is_read_and_shown_without_its_credentials() {
    let server = server("smtps://ana%40example.com:se%3Acret@mail.example.com:465/").unwrap();
    assert_eq!(server.shown(), "smtps://mail.example.com:465");
    let (user, password) = server.login.clone().unwrap();
    assert_eq!(
        (user.as_str(), password.expose()),
        ("ana@example.com", "se:cret")
    );
    assert!(server.must_encrypt);
    assert!(!format!("{server:?}").contains("cret"));
}

#[test]
fn only_a_line_that_carries_no_password_may_be_open() {
    assert!(!server("smtp://localhost:25").unwrap().must_encrypt);
    assert!(
        server("smtp://localhost:25?tls=required")
            .unwrap()
            .must_encrypt
    );
    assert!(server("smtp://a:b@localhost:25").unwrap().must_encrypt);
    for (wrong, why) in [
        ("mail.example.com", ConfigError::Address),
        ("https://mail.example.com", ConfigError::Address),
        ("smtp://", ConfigError::Address),
        ("smtp://mail.example.com/path", ConfigError::Address),
        ("smtp://mail.example.com?tls=maybe", ConfigError::Parameter),
        ("smtp://ana@mail.example.com", ConfigError::Login),
        ("smtp://ana:@mail.example.com", ConfigError::Login),
    ] {
        assert_eq!(server(wrong).unwrap_err(), why, "{wrong}");
    }
    let nobody = Config {
        smtp: Secret::new("smtp://localhost"),
        from: "nobody".to_owned(),
    };
    assert_eq!(Server::new(&nobody).unwrap_err(), ConfigError::From);
}

#[test]
fn letter_becomes_a_message_with_all_its_parts() {
    let text = message(&letter());
    let head = text.split("\r\n\r\n").next().unwrap();
    assert!(head.contains("From: Cauce <cauce@example.com>"), "{head}");
    assert!(
        head.contains("Date: Sat, 31 Jan 2026 09:00:00 +0000"),
        "{head}"
    );
    assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
    assert!(
        head.contains("References: <alert-17@example.com>"),
        "{head}"
    );
    assert!(head.contains("Message-ID: <job_"), "{head}");
    assert!(head.contains("multipart/mixed"), "{head}");
    for part in [
        "multipart/alternative",
        "text/plain; charset=utf-8",
        "text/html; charset=utf-8",
        "Content-Disposition: attachment; filename=\"informe.pdf\"",
        "application/pdf",
        "JVBERv8=",
    ] {
        assert!(text.contains(part), "no {part}: {text}");
    }
    assert!(text.is_ascii(), "every server takes it");
}

#[test]
fn nothing_in_a_letter_makes_a_header() {
    let text = message(&letter());
    let head = text.split("\r\n\r\n").next().unwrap();
    assert!(!head.lines().any(|line| line.starts_with("Bcc:")), "{head}");
    let mut letter = letter();
    letter.to = vec!["ana@example.org\r\nRCPT TO:<all@example.org>".to_owned()];
    assert!(matches!(
        mail().screen(&job(&letter), NOW),
        Screened::Refuse(_)
    ));
}

#[test]
fn the_same_letter_sent_again_is_the_same_message() {
    let (mail, job) = (mail(), job(&letter()));
    let once = mail.encode(std::slice::from_ref(&job), NOW);
    let again = mail.encode(std::slice::from_ref(&job), NOW);
    assert_eq!(once.body, again.body);
    let of = |request: &Request, name: &str| -> Vec<String> {
        let headers = request.headers.iter().filter(|header| header.name == name);
        headers.map(|header| header.value.clone()).collect()
    };
    assert_eq!(of(&once, header::FROM), ["cauce@example.com"]);
    assert_eq!(of(&once, header::TO), ["ana@example.org"]);
    assert_eq!(of(&once, header::TLS), ["required"]);
    assert!(!format!("{once:?}{:?}", once.headers).contains("se:cret"));
}

#[test]
fn what_is_no_letter_is_refused_before_it_leaves() {
    let letter = letter();
    let nobody = Letter {
        to: Vec::new(),
        ..letter.clone()
    };
    let mut kind = letter.clone();
    kind.attachments[0].media_type = "a file".to_owned();
    for bad in [&nobody, &kind] {
        assert!(matches!(mail().screen(&job(bad), NOW), Screened::Refuse(_)));
    }
    let none = testing::job(bytes::Bytes::from_static(b"{}"));
    assert!(matches!(mail().screen(&none, NOW), Screened::Refuse(_)));
    assert_eq!(mail().screen(&job(&letter), NOW), Screened::Send);
}

fn said(status: u16, step: &'static str) -> Answer {
    Answer::Response(Response {
        status,
        headers: HeaderMap::from_iter([(
            http::HeaderName::from_static(header::STEP),
            HeaderValue::from_static(step),
        )]),
        body: "5.1.1 ana@example.org is nobody here".into(),
    })
}

#[test]
fn answers_mean_what_the_protocol_says() {
    let judged = |answer: &Answer| mail().classify(&[], answer, NOW).verdict;
    for (status, step, expected) in [
        (250, "data", "delivered"),
        (421, "hello", "retry"),
        (451, "to", "retry"),
        (452, "data", "retry"),
        (535, "login", "stop"),
        (550, "from", "stop"),
        (550, "to", "refused"),
        (554, "data", "refused"),
    ] {
        let found = match judged(&said(status, step)) {
            Verdict::All(Disposition::Delivered { .. }) => "delivered",
            Verdict::All(Disposition::Retry { .. }) => "retry",
            Verdict::All(Disposition::Unauthorised { .. }) => "stop",
            Verdict::Bisect(reason) => {
                assert!(!reason.detail.contains("ana@"), "{}", reason.detail);
                "refused"
            }
            _ => "something else",
        };
        assert_eq!(found, expected, "{status} to {step}");
    }
    let unknown = judged(&Answer::Ambiguous(Fault::AnswerTimeout));
    assert!(matches!(unknown, Verdict::All(Disposition::Unknown { .. })));
}

#[test]
fn a_check_says_whether_one_is_let_in() {
    let state = |answer: &Answer| mail().classify_check(answer, NOW).state;
    assert_eq!(state(&said(250, "hello")), CredentialState::Valid);
    assert_eq!(state(&said(535, "login")), CredentialState::Invalid);
    assert_eq!(state(&said(421, "hello")), CredentialState::Unknown);
    assert_eq!(
        state(&Answer::NotSent(Fault::Dns)),
        CredentialState::Unknown
    );
    let greeting = mail().check(NOW).unwrap();
    assert!(greeting.body.is_empty());
}
