use super::*;

fn kept_as(raw: &str, country: &str) -> Result<String, PhoneError> {
    Phone::parse(raw, Country::find(country)).map(|phone| phone.as_str().to_owned())
}

#[test]
fn numbers_in_any_common_form_become_one() {
    for (raw, country, expected) in [
        ("+34 600 123 456", "", "+34600123456"),
        ("0034 600-123-456", "", "+34600123456"),
        ("34600123456", "", "+34600123456"),
        ("600 12 34 56", "ES", "+34600123456"),
        ("(600) 123.456", "ES", "+34600123456"),
        (" whatsapp:+34600123456 ", "", "+34600123456"),
        ("34600123456", "ES", "+34600123456"),
        ("+1 (650) 253-0000", "ES", "+16502530000"),
        ("650-253-0000", "US", "+16502530000"),
        ("07911 123456", "GB", "+447911123456"),
        ("+44 (0)7911 123456", "", "+447911123456"),
        ("\u{202a}+34 600 123 456\u{202c}", "", "+34600123456"),
    ] {
        assert_eq!(kept_as(raw, country), Ok(expected.to_owned()), "{raw}");
    }
}

#[test]
fn mexican_mobiles_have_ten_digits_whatever_was_dialled_in_front() {
    for raw in [
        "+52 55 1234 5678",
        "+52 1 55 1234 5678",
        "5215512345678",
        "52 55 1234 5678",
        "044 55 1234 5678",
        "045 55 1234 5678",
        "01 55 1234 5678",
        "1 55 1234 5678",
        "55 1234 5678",
        "+52 044 55 1234 5678",
    ] {
        assert_eq!(kept_as(raw, "MX").as_deref(), Ok("+525512345678"), "{raw}");
    }
}

#[test]
fn argentine_mobiles_have_their_nine() {
    for raw in [
        "+54 9 11 2345-6789",
        "+54 11 2345-6789",
        "11 2345-6789",
        "011 15 2345-6789",
        "5491123456789",
        "541123456789",
    ] {
        assert_eq!(kept_as(raw, "AR").as_deref(), Ok("+5491123456789"), "{raw}");
    }
}

#[test]
fn brazilian_mobiles_have_their_nine_and_landlines_none() {
    for raw in [
        "+55 31 99876-5432",
        "+55 31 9876-5432",
        "(31) 99876-5432",
        "031 99876-5432",
        "553198765432",
        "5531998765432",
    ] {
        assert_eq!(kept_as(raw, "BR").as_deref(), Ok("+5531998765432"), "{raw}");
    }
    let landline = kept_as("+55 11 3456-7890", "");
    assert_eq!(landline.as_deref(), Ok("+551134567890"));
}

#[test]
fn what_is_no_number_is_refused_by_its_cause() {
    for (raw, country, expected) in [
        ("", "", PhoneError::Empty),
        ("n/a", "", PhoneError::Empty),
        ("600 123 456", "", PhoneError::NoCountry),
        ("0600123456", "", PhoneError::NoCountry),
        ("600 123", "ES", PhoneError::NoSuchNumber),
        ("+34 600 123", "", PhoneError::NoSuchNumber),
        ("+999 600 123 456", "", PhoneError::NoSuchNumber),
        ("600123456x", "ES", PhoneError::NotANumber),
        ("ana600123456@example.com", "ES", PhoneError::NotANumber),
        (&"6".repeat(65), "ES", PhoneError::NotANumber),
    ] {
        assert_eq!(kept_as(raw, country), Err(expected), "{raw}");
    }
}

#[test]
fn a_person_is_found_in_what_whatsapp_names() {
    for (text, expected) in [
        ("34600123456", Some("+34600123456")),
        ("+34600123456", Some("+34600123456")),
        ("whatsapp:+5215512345678", Some("+525512345678")),
        ("34600123456@s.whatsapp.net", Some("+34600123456")),
        ("34600123456:12@s.whatsapp.net", Some("+34600123456")),
        ("553198765432@s.whatsapp.net", Some("+5531998765432")),
        ("34600123456@c.us", Some("+34600123456")),
        ("120363041234567890@g.us", None),
        ("34600123456@g.us", None),
        ("123456789012345@lid", None),
        ("status@broadcast", None),
        ("", None),
        ("0600123456", None),
        ("messenger:123", None),
    ] {
        let found = Phone::of_whatsapp(text);
        assert_eq!(found.as_ref().map(Phone::as_str), expected, "{text}");
    }
}

#[test]
fn every_variant_is_the_same_person() {
    for (number, variants) in [
        ("+525512345678", 2),
        ("+5491123456789", 2),
        ("+5531998765432", 2),
        ("+34600123456", 1),
        ("+551134567890", 1),
    ] {
        let phone: Phone = number.parse().unwrap();
        let forms = phone.variants();
        assert_eq!(forms.len(), variants, "{number}");
        assert_eq!(forms[0], number);
        for form in forms {
            assert_eq!(form.parse().as_ref(), Ok(&phone), "{form}");
            assert_eq!(Phone::of_whatsapp(&form).as_ref(), Some(&phone), "{form}");
        }
    }
}

#[test]
fn a_number_shows_its_calling_code_and_last_digits_only() {
    let phone: Phone = "+34600123456".parse().unwrap();
    assert_eq!(phone.to_string(), "+34…56");
    assert_eq!(format!("{phone:?}"), "+34…56");
    assert_eq!(phone.digits(), "34600123456");
    let shortest: Phone = "+1234567".parse().unwrap();
    assert_eq!(shortest.to_string(), "+12…67");
}

#[test]
fn only_a_kept_number_is_read_back() {
    let read = |text: &str| serde_json::from_str::<Phone>(text).ok();
    let phone = read(r#""+34600123456""#).unwrap();
    assert_eq!(serde_json::to_string(&phone).unwrap(), r#""+34600123456""#);
    for bad in [
        r#""34600123456""#,
        r#""+0600123456""#,
        r#""+34""#,
        r#""+34 600""#,
        r#""+1234567890123456""#,
        "34600123456",
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
}

proptest::proptest! {
    #[test]
    fn anything_written_gives_a_number_that_reads_back_as_itself_or_none(
        raw in "[+0-9 ()\\-.]{0,24}", country in "ES|MX|AR|BR|US",
    ) {
        let parsed = Phone::parse(&raw, Country::find(&country));
        if let Ok(phone) = parsed {
            proptest::prop_assert_eq!(phone.as_str().parse(), Ok(phone.clone()));
            let again = Phone::parse(phone.as_str(), None);
            proptest::prop_assert_eq!(again, Ok(phone));
        }
    }

    #[test]
    fn any_text_at_all_is_answered(raw in ".{0,80}") {
        let _ = Phone::parse(&raw, None);
        let _ = Phone::of_whatsapp(&raw);
    }
}
