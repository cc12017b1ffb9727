use super::*;

#[test]
fn what_is_shown_of_an_answer_holds_no_token_address_or_hash() {
    for (text, expected) in [
        (
            "Malformed access token EAABsbCS1iHgBAKZCQ1234567890abcdefghijklmnop",
            "Malformed access token …",
        ),
        ("ana@example.com is not valid", "… is not valid"),
        ("phone 34600123456", "phone …"),
        (
            "/conversionValue/amount :: field is required",
            "/conversionValue/amount :: field is required",
        ),
        (
            "Batch.0.properties.contents.0.content_id: Not a valid string",
            "Batch.0.properties.contents.0.content_id: Not a valid string",
        ),
        ("a\nb", "ab"),
    ] {
        assert_eq!(shown(text), expected);
    }
    assert!(shown(&"x ".repeat(500)).len() <= 200);
}

#[test]
fn values_are_escaped_for_queries_and_forms() {
    assert_eq!(escaped("a b&c=d/é|~"), "a%20b%26c%3Dd%2F%C3%A9%7C~");
}
