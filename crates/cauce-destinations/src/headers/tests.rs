use super::*;

fn check(name: &str, value: &str) -> Result<(&'static str, String), HeaderError> {
    let headers = BTreeMap::from([(name.to_owned(), Secret::new(value))]);
    let header = checked(&headers)?.remove(0);
    assert!(header.secret, "a configured header may be a credential");
    Ok((header.name, header.value))
}

#[test]
fn headers_are_sent_in_lower_case_and_as_credentials() {
    assert_eq!(check("X-Api-Key", "k"), Ok(("x-api-key", "k".to_owned())));
    let again = check("x-api-key", "l").unwrap().0;
    assert!(std::ptr::eq(again, check("X-API-KEY", "m").unwrap().0));
}

#[test]
fn headers_that_break_a_request_are_refused_without_their_value() {
    for name in ["", "a b", "a:", "Host", "content-length", "ñ"] {
        let told = check(name, "v").unwrap_err();
        assert!(matches!(told, HeaderError::Name { .. }), "{name}: {told}");
    }
    let told = check("x-key", "one\r\nx-two: 2").unwrap_err();
    assert_eq!(
        told,
        HeaderError::Value {
            name: "x-key".to_owned()
        }
    );
    assert!(!told.to_string().contains("two"));
    let many = (0..33)
        .map(|n| (format!("x-{n}"), Secret::new("v")))
        .collect();
    assert_eq!(
        checked(&many).err(),
        Some(HeaderError::TooMany { found: 33 })
    );
}
