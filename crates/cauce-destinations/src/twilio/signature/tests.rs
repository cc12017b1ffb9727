use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::testing::covered;

const FIXTURE: &str = include_str!("../fixtures/signatures.json");

#[derive(Deserialize)]
struct Case {
    covers: String,
    url: String,
    body: String,
    signature: String,
}

fn token() -> Secret {
    Secret::new("12345")
}

#[test]
fn what_twilio_has_signed_is_believed() {
    let cases: Vec<Case> = serde_json::from_str(FIXTURE).unwrap();
    assert_eq!(cases.len(), 11);
    for Case {
        covers,
        url,
        body,
        signature,
    } in cases
    {
        let body = body.as_bytes();
        assert!(is_signed(&token(), &url, body, &signature), "{covers}");
        let other = Secret::new("12346");
        assert!(!is_signed(&other, &url, body, &signature), "{covers}");
        let longer = [body, b"&x=1"].concat();
        assert!(!is_signed(&token(), &url, &longer, &signature), "{covers}");
        let elsewhere = url.replace("myapp", "yourapp");
        assert!(
            !is_signed(&token(), &elsewhere, body, &signature),
            "{covers}"
        );
        let cut = &signature[..signature.len() - 4];
        assert!(!is_signed(&token(), &url, body, cut), "{covers}");
    }
}

#[test]
fn nothing_unsigned_is_believed() {
    let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    for signature in ["", "=", "AAAA", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "ñ"] {
        assert!(!is_signed(&token(), url, b"", signature), "{signature}");
    }
}

#[test]
fn a_json_body_with_another_hash_is_not_believed() {
    let cases: Vec<Value> = serde_json::from_str(FIXTURE).unwrap();
    let json = cases
        .iter()
        .find(|case| case["body"] == "{}")
        .expect("a case with an empty JSON body");
    let (url, signature) = (json["url"].as_str(), json["signature"].as_str());
    let (url, signature) = (url.unwrap(), signature.unwrap());
    assert!(is_signed(&token(), url, b"{}", signature));
    assert!(!is_signed(&token(), url, b"{ }", signature));
}

#[test]
fn addresses_are_tried_in_each_form_that_may_have_been_signed() {
    for (url, expected) in [
        (
            "https://a.example/x?b='1'",
            vec![
                "https://a.example/x?b='1'",
                "https://a.example/x?b=%271%27",
                "https://a.example:443/x?b='1'",
                "https://a.example:443/x?b=%271%27",
            ],
        ),
        (
            "http://u:p@a.example:8080",
            vec![
                "http://u:p@a.example",
                "http://u:p@a.example:80",
                "http://u:p@a.example:8080",
            ],
        ),
        (
            "http://[::1]/x",
            vec!["http://[::1]/x", "http://[::1]:80/x"],
        ),
        (
            "http://[::1]:8080/x",
            vec!["http://[::1]/x", "http://[::1]:80/x", "http://[::1]:8080/x"],
        ),
        ("/x", vec!["/x"]),
    ] {
        let mut expected: Vec<&str> = expected;
        expected.sort_unstable();
        assert_eq!(variants(url), expected, "{url}");
    }
}

#[test]
fn all_known_signatures_are_covered() {
    assert_eq!(
        covered(&[FIXTURE]),
        [
            "twilio_whatsapp: signature: JSON body with bodySHA256",
            "twilio_whatsapp: signature: array parameter",
            "twilio_whatsapp: signature: bodySHA256 as the only query parameter",
            "twilio_whatsapp: signature: empty JSON body; the published value holds only with :443 in the signed url",
            "twilio_whatsapp: signature: form POST",
            "twilio_whatsapp: signature: http with port 80 / port 1234",
            "twilio_whatsapp: signature: https with a custom port verifies against the url without it",
            "twilio_whatsapp: signature: repeated parameter (values made unique and sorted, key repeated)",
            "twilio_whatsapp: signature: url with credentials user:pass",
            "twilio_whatsapp: signature: url with credentials user:pass :443",
        ]
    );
}
