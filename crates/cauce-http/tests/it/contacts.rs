//! Contacts over the API: handed in, looked up, opted out, imported.

use std::time::Duration;

use cauce_http::{ServerSettings, testing::Answer};
use cauce_store::campaigns::imports::State;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::bench::{Bench, key};

const ANA: &str = r#"[{"id":"a","phone":"+34 600 111 222","name":"Ana","tags":["vip","new"],
    "attributes":{"city":"Jaén","n":3},"language":"es","timezone":"europe/madrid"}]"#;

/// Faults of a refusal, as `pointer: detail`.
fn faults(answer: &Answer) -> Vec<String> {
    let errors = answer.json()["errors"].as_array().cloned();
    let errors = errors.unwrap_or_default().into_iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let place = |error: &serde_json::Value| text(&error["pointer"]) + &text(&error["parameter"]);
    errors
        .map(|error| format!("{}: {}", place(&error), text(&error["detail"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn contact_is_handed_in_looked_up_changed_and_taken_away() {
    let bench = Bench::start().await;
    let made = bench.ask("POST /api/contacts", Some(ANA)).await;
    assert_eq!(
        (made.status, &made.json()["items"]),
        (201, &json!([{"id": "a", "created": true}])),
        "{}",
        made.body
    );
    let again = bench.ask("POST /api/contacts", Some(ANA)).await;
    assert_eq!(
        (again.status, &again.json()["updated"]),
        (200, &json!(1)),
        "{}",
        again.body
    );
    let found = bench.ask("GET /api/contacts/a", None).await.json();
    let expected = json!({
        "id": "a", "phone": "+34600111222", "name": "Ana", "tags": ["new", "vip"],
        "attributes": {"city": "Jaén", "n": 3}, "language": "es", "timezone": "Europe/Madrid",
        "optedOut": false, "optedOutAt": null, "optedOutBy": null,
        "createdAt": found["createdAt"], "updatedAt": found["updatedAt"],
    });
    assert_eq!(found, expected);
    let change = r#"{"name":null,"attributes":{"n":null},"tags":["old"],"optedOut":true}"#;
    let changed = bench
        .ask("PATCH /api/contacts/a", Some(change))
        .await
        .json();
    assert_eq!(
        (&changed["name"], &changed["tags"], &changed["attributes"]),
        (&json!(null), &json!(["old"]), &json!({"city": "Jaén"})),
        "{changed}"
    );
    assert_eq!(
        (&changed["optedOut"], &changed["optedOutBy"]),
        (&json!(true), &json!("api"))
    );
    let changed = bench
        .ask("PATCH /api/contacts/a", Some(r#"{"optedOut":false}"#))
        .await
        .json();
    assert_eq!(
        (&changed["optedOut"], &changed["language"]),
        (&json!(false), &json!("es"))
    );
    let tags = bench.ask("GET /api/contacts/tags", None).await.json();
    assert_eq!(tags["items"], json!([{"tag": "old", "contacts": 1}]));
    assert_eq!(bench.ask("DELETE /api/contacts/a", None).await.status, 204);
    for gone in ["GET", "DELETE"] {
        assert_eq!(
            bench
                .ask(&format!("{gone} /api/contacts/a"), None)
                .await
                .code(),
            "not_found"
        );
    }
    let gone = bench
        .ask("PATCH /api/contacts/a", Some(r#"{"phone":"+34600111222"}"#))
        .await;
    assert_eq!(gone.code(), "not_found");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_is_named_and_nothing_of_the_call_is_taken() {
    let bench = Bench::start().await;
    let body = r#"[{"id":"a","phone":"+34600111222"},
        {"id":"imports","phone":"600111222","timezone":"Mars/City","tags":["x",""]},
        {"phone":"+12"},{"id":"b"},{},{"id":"c","phone":"+34600111222","attributes":{"a b":1,"x":[]}}]"#;
    let refused = bench.ask("POST /api/contacts", Some(body)).await;
    assert_eq!((refused.status, refused.code().as_str()), (422, "invalid"));
    let found = faults(&refused);
    let expected = [
        ("/1/id: ", "meaning"),
        ("/1/phone: ", "country is missing"),
        ("/1/tags/1: ", "empty"),
        ("/1/timezone: ", "Europe/Madrid"),
        ("/2/phone: ", "no country has such a number"),
        ("/5/attributes/a b: ", "letters, digits"),
        ("/5/attributes/x: ", "a list"),
    ];
    for (pointer, says) in expected {
        assert!(
            found
                .iter()
                .any(|fault| fault.starts_with(pointer) && fault.contains(says)),
            "{pointer}{says}: {found:?}"
        );
    }
    assert_eq!(found.len(), expected.len(), "{found:?}");
    // What only the store can tell comes when the fields are right.
    let refused = bench
        .ask(
            "POST /api/contacts",
            Some(r#"[{"id":"a","phone":"+34600111222"},{"id":"b"},{}]"#),
        )
        .await;
    let found = faults(&refused);
    assert!(
        found[0].starts_with("/1/phone: no contact") && found[1].starts_with("/2/phone: neither"),
        "{found:?}"
    );
    let unknown = bench
        .ask("POST /api/contacts", Some(r#"[{"id":"a","fone":"x"}]"#))
        .await;
    assert!(
        faults(&unknown)[0].contains("unknown field"),
        "{}",
        unknown.body
    );
    assert_eq!(
        bench.ask("GET /api/contacts", None).await.json()["items"],
        json!([])
    );
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn list_goes_on_page_by_page_within_its_filter() {
    let bench = Bench::start().await;
    let all: Vec<_> = (0..5).map(|n| json!({"id": format!("c{n}"), "phone": format!("+3460011122{}", n / 2), "tags": ["x"]})).collect();
    let body = serde_json::to_string(&all).unwrap();
    assert_eq!(
        bench
            .ask("POST /api/contacts?defaultCountry=ES", Some(&body))
            .await
            .status,
        201
    );
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = bench
            .ask(
                &format!("GET /api/contacts?tag=x&limit=2&cursor={cursor}"),
                None,
            )
            .await
            .json();
        ids.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        match page["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(ids, ["c0", "c1", "c2", "c3", "c4"]);
    let of_phone = bench
        .ask("GET /api/contacts?phone=%2B34%20600%20111%20221", None)
        .await
        .json();
    assert_eq!(
        of_phone["items"].as_array().map(Vec::len),
        Some(2),
        "{of_phone}"
    );
    for (query, says) in [
        ("phone=x", "phone: no phone number"),
        ("tag=x&limit=0", "limit: "),
        ("cursor=zz", "cursor: "),
        ("taag=x", "taag: "),
    ] {
        let refused = bench.ask(&format!("GET /api/contacts?{query}"), None).await;
        assert!(
            refused.code() == "bad_parameter" && faults(&refused)[0].starts_with(says),
            "{query}: {}",
            refused.body
        );
    }
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn number_that_opts_out_is_opted_out_in_both_its_forms() {
    let bench = Bench::start().await;
    let contact = r#"[{"id":"m","phone":"+52 55 1234 5678"}]"#;
    bench.ask("POST /api/contacts", Some(contact)).await;
    let out = r#"{"phones":["5215512345678"]}"#;
    let done = bench.ask("POST /api/contacts/opt-out", Some(out)).await;
    assert_eq!(done.json(), json!({"count": 1}), "{}", done.body);
    let acme = cauce_flow::id::TenantId::new("acme").unwrap();
    assert!(
        bench
            .engine
            .campaigns()
            .is_opted_out(&acme, "+525512345678")
    );
    let listed = bench
        .ask("GET /api/contacts?optedOut=true", None)
        .await
        .json();
    assert_eq!(listed["items"][0]["optedOut"], json!(true), "{listed}");
    let back = bench
        .ask(
            "POST /api/contacts/opt-in?defaultCountry=MX",
            Some(r#"{"phones":["044 55 1234 5678"]}"#),
        )
        .await;
    assert_eq!(back.json(), json!({"count": 1}), "{}", back.body);
    let bad = bench
        .ask(
            "POST /api/contacts/opt-out",
            Some(r#"{"phones":["+34600111222","x"]}"#),
        )
        .await;
    assert!(faults(&bad)[0].starts_with("/phones/1: "), "{}", bad.body);
    let none = bench
        .ask("POST /api/contacts/opt-out", Some(r#"{"phones":[]}"#))
        .await;
    assert!(faults(&none)[0].starts_with("/phones: "), "{}", none.body);
    let audit = bench.ask("GET /api/audit", None).await.body;
    assert!(
        audit.contains("contacts.opt_out") && !audit.contains("551234"),
        "{audit}"
    );
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn key_for_all_tenants_names_one_and_sees_no_other() {
    let bench = Bench::start().await;
    bench.ask("POST /api/contacts", Some(ANA)).await;
    let (_, all) = key(&bench.engine, None, cauce_store::control::KeyScope::ALL).await;
    let ask = async |request: &str| {
        let bearer = format!("Bearer {all}");
        let headers = [("authorization", bearer.as_str())];
        cauce_http::testing::call(bench.addr(), request, &headers, None)
            .await
            .unwrap()
    };
    let unnamed = ask("GET /api/contacts").await;
    assert!(
        faults(&unnamed)[0].starts_with("tenant: missing"),
        "{}",
        unnamed.body
    );
    assert_eq!(ask("GET /api/contacts/a?tenant=acme").await.status, 200);
    assert_eq!(
        ask("GET /api/contacts/a?tenant=globex").await.code(),
        "not_found"
    );
    bench.stop().await;
}

/// A contact of `acme`, `contact-1`, and an import with a bad row. Answers the id of the import.
pub(crate) async fn one_of_each(bench: &Bench) -> String {
    let file = b"id,phone\ncontact-1,+34600111222\n,12\n";
    let done = import(bench, "", "text/csv", file, false).await.json();
    done["id"].as_str().unwrap().to_owned()
}

/// Sends a file in pieces; where `hangs`, its end never comes.
async fn import(bench: &Bench, query: &str, kind: &str, file: &[u8], hangs: bool) -> Answer {
    let mut stream = TcpStream::connect(bench.addr()).await.unwrap();
    let head = format!(
        "POST /api/contacts/import{query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         authorization: Bearer {}\r\ncontent-type: {kind}\r\nidempotency-key: again\r\ntransfer-encoding: chunked\r\n\r\n",
        bench.key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in file.chunks(1_000) {
        let begin = format!("{:x}\r\n", piece.len());
        // A server that refuses early may have closed already; its answer is read all the same.
        let _ = stream
            .write_all(&[begin.as_bytes(), piece, b"\r\n"].concat())
            .await;
    }
    if !hangs {
        let _ = stream.write_all(b"0\r\n\r\n").await;
    }
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    Answer {
        status: head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or_default(),
        headers: Default::default(),
        body: body.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn file_is_imported_and_its_bad_rows_can_be_had() {
    let bench = Bench::start().await;
    let mut file = "Teléfono;Nombre;Ciudad\r\n".to_owned();
    for n in 0..3_000 {
        file.push_str(&format!("600{n:06};Persona {n};Jaén\r\n"));
    }
    file.push_str("12;Eva;\r\n600111222;\"Luz;\r\n");
    let (bytes, ..) = encoding_rs::WINDOWS_1252.encode(&file);
    let done = import(
        &bench,
        "?defaultCountry=ES&tags=june",
        "text/csv",
        &bytes,
        false,
    )
    .await;
    let view = done.json();
    assert_eq!(done.status, 201, "{}", done.body);
    assert_eq!(
        (&view["state"], &view["encoding"], &view["delimiter"]),
        (&json!("done"), &json!("windows-1252"), &json!(";"))
    );
    assert_eq!(
        (&view["rows"], &view["created"], &view["rejected"]),
        (&json!(3_002), &json!(3_000), &json!(2)),
        "{view}"
    );
    assert_eq!(
        view["reasons"],
        json!({"phone_invalid": 1, "quote_not_closed": 1})
    );
    let url = view["rejectedUrl"].as_str().unwrap();
    let rejected = bench
        .ask_with(&format!("GET {url}"), &[("accept", "text/csv")], None)
        .await;
    assert_eq!(rejected.headers["content-type"], "text/csv; charset=utf-8");
    assert!(
        rejected.body.contains("3002;")
            && rejected.body.contains(";12;Eva;")
            && rejected.body.contains("3003;"),
        "{}",
        rejected.body
    );
    // The same idempotency key does not hold a second file up.
    let again = import(&bench, "?defaultCountry=ES", "text/csv", &bytes, false)
        .await
        .json();
    assert_eq!(
        (&again["created"], &again["updated"]),
        (&json!(0), &json!(3_000)),
        "{again}"
    );
    let looked = import(&bench, "?dryRun=true", "text/csv", &bytes, false)
        .await
        .json();
    assert_eq!(
        (&looked["dryRun"], &looked["rejected"]),
        (&json!(true), &json!(3_002)),
        "{looked}"
    );
    let listed = bench
        .ask("GET /api/contacts/imports?limit=2", None)
        .await
        .json();
    assert_eq!(
        (&listed["items"][0], &listed["items"][1]),
        (&looked, &again)
    );
    let next = listed["nextCursor"].as_str().unwrap();
    let rest = bench
        .ask(&format!("GET /api/contacts/imports?cursor={next}"), None)
        .await
        .json();
    assert_eq!(rest, json!({"items": [view], "nextCursor": null}));
    let contacts = bench
        .ask("GET /api/contacts?tag=june&limit=1", None)
        .await
        .json();
    assert_eq!(
        contacts["items"][0]["attributes"],
        json!({"Ciudad": "Jaén"})
    );
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_cannot_be_taken_is_answered_with_what_and_where() {
    let bench = Bench::start().await;
    for (query, kind, file, status, says) in [
        (
            "",
            "text/csv",
            "nombre;ciudad\nAna;Jaén\n",
            422,
            "line 1: the first row names no column for the phone",
        ),
        ("", "text/csv", "", 422, "the file is empty"),
        (
            "",
            "text/csv",
            "PK\u{3}\u{4}……………………………………………………………………………………",
            422,
            "a ZIP and no XLSX workbook",
        ),
        (
            "",
            "text/csv",
            "phone;\"name\n+34600111222;Ana\n",
            422,
            "line 1: the first row cannot be read: a quote",
        ),
        (
            "",
            "application/json",
            "phone\n",
            415,
            "Content-Type: text/csv",
        ),
        (
            "",
            "multipart/form-data; boundary=x",
            "phone\n",
            415,
            "--data-binary",
        ),
        (
            "?encoding=klingon",
            "text/csv",
            "phone\n",
            400,
            "windows-1252",
        ),
        ("?delimiter=xx", "text/csv", "phone\n", 400, "write one of"),
        (
            "?defaultCountry=Spain",
            "text/csv",
            "phone\n",
            400,
            "two letters",
        ),
    ] {
        let refused = import(&bench, query, kind, file.as_bytes(), false).await;
        assert_eq!(refused.status, status, "{file}: {}", refused.body);
        assert!(refused.body.contains(says), "{says}: {}", refused.body);
    }
    let listed = bench.ask("GET /api/contacts/imports", None).await.json();
    assert_eq!(listed["items"], json!([]));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_does_not_go_on_is_given_up_and_what_came_before_stays() {
    let settings = ServerSettings {
        body_timeout: Duration::from_millis(300),
        // Shorter: the import has a time of its own.
        request_timeout: Duration::from_millis(1),
        ..ServerSettings::new(([127, 0, 0, 1], 0).into())
    };
    let bench = Bench::with(settings).await;
    let mut file = "phone\n".to_owned();
    for n in 0..4_000 {
        file.push_str(&format!("+34600{n:06}\n"));
    }
    let late = import(&bench, "", "text/csv", file.as_bytes(), true).await;
    assert_eq!(
        (late.status, late.code().as_str()),
        (408, "request_timeout"),
        "{}",
        late.body
    );
    assert!(
        late.body.contains("GET /api/contacts/imports/imp_"),
        "{}",
        late.body
    );
    let acme = cauce_flow::id::TenantId::new("acme").unwrap();
    let taken = bench.engine.campaigns().count(&acme).await.unwrap();
    assert!(taken >= 2_000, "{taken}");
    let says = format!("{taken} contacts had been made and 0 changed before");
    assert!(late.body.contains(&says), "{}", late.body);
    // Not asked over HTTP, which has a millisecond for an answer here.
    let imports = bench.engine.campaigns().imports(&acme, None, 9).await;
    let ended = &imports.unwrap()[0];
    assert_eq!(
        (ended.state, &ended.told["created"], &ended.told["fault"]),
        (
            State::Interrupted,
            &json!(taken),
            &json!("the file did not go on in time")
        ),
        "{ended:?}"
    );
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_in_place_of_an_object_is_refused_wherever_it_stands() {
    let bench = Bench::start().await;
    let at_places =
        r#"["+34600111222","Hola",null,null,null,null,null,null,null,null,null,null,{}]"#;
    let location = r#"{"to":"+34600111222","location":[40,3,null,null]}"#;
    for (route, body, pointer) in [
        ("POST /api/whatsapp/messages", at_places.to_owned(), ""),
        (
            "POST /api/whatsapp/messages",
            location.to_owned(),
            "/location",
        ),
        (
            "POST /api/whatsapp/messages/bulk",
            format!("[{at_places}]"),
            "/0",
        ),
        (
            "POST /api/contacts/opt-out",
            r#"[["+34600111222"]]"#.to_owned(),
            "",
        ),
        (
            "POST /api/campaigns",
            r#"["acme","Navidad"]"#.to_owned(),
            "",
        ),
    ] {
        let refused = bench.ask(route, Some(&body)).await;
        assert_eq!(refused.status, 422, "{route}: {}", refused.body);
        let expected = format!("{pointer}: expected an object");
        assert_eq!(faults(&refused), [expected], "{route}");
    }
}
