use super::without_email;

#[test]
fn an_address_loses_the_parameters_that_hold_an_email_address() {
    for (url, expected) in [
        ("https://a.es/p?x=1&y=2#z", "https://a.es/p?x=1&y=2#z"),
        ("https://a.es/p?x=1&e=ana@b.es#z", "https://a.es/p?x=1#z"),
        ("https://a.es/p?e=ana%40b.es", "https://a.es/p"),
        ("https://a.es/@ana?x=1", "https://a.es/@ana?x=1"),
        ("https://a.es/p#ana@b.es", "https://a.es/p"),
    ] {
        assert_eq!(without_email(url), expected);
    }
}
