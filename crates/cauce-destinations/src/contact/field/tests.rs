use serde_json::json;

use super::*;

#[test]
fn phone_is_read_through_what_spreadsheets_put_around_it() {
    let spain = Country::find("ES");
    for text in [
        "600 11 12 22",
        "=\"600111222\"",
        "'600111222",
        " 600111222.0 ",
        "34600111222,0",
        "+34 600 111 222",
    ] {
        let found = phone(text, spain).map(|phone| phone.as_str().to_owned());
        assert!(found.is_ok(), "{text}: {found:?}");
    }
    for text in ["3,46E+10", "3.46001E+10", "3E10", "=\"3,46E+10\""] {
        assert_eq!(phone(text, spain), Err(FieldFault::Rounded), "{text}");
    }
    for (text, fault) in [
        ("", PhoneError::Empty),
        ("no", PhoneError::Empty),
        ("600111222 ext 4", PhoneError::NotANumber),
        ("12", PhoneError::NoSuchNumber),
        ("600111222 / 600111223", PhoneError::NoSuchNumber),
    ] {
        assert_eq!(phone(text, spain), Err(fault.into()), "{text}");
    }
    assert_eq!(phone("600111222", None), Err(PhoneError::NoCountry.into()));
}

#[test]
fn time_zone_is_one_of_the_database_in_its_spelling() {
    for (text, expected) in [
        ("Europe/Madrid", Ok("Europe/Madrid")),
        (" america/mexico_city ", Ok("America/Mexico_City")),
        ("UTC", Ok("UTC")),
        ("Madrid", Err(FieldFault::Timezone)),
        ("+02:00", Err(FieldFault::Timezone)),
        ("", Err(FieldFault::Timezone)),
    ] {
        assert_eq!(timezone(text), expected.map(str::to_owned), "{text}");
    }
}

#[test]
fn language_is_a_tag_of_letters() {
    for text in ["es", "pt-BR", "es_MX", "zh-Hant-TW"] {
        assert_eq!(language(text), Ok(text));
    }
    for text in ["", "español", "e", "espa", "es-", "es-ñ", "12"] {
        assert_eq!(language(text), Err(FieldFault::Language), "{text}");
    }
}

#[test]
fn yes_and_no_come_in_the_words_of_people() {
    for text in ["true", "SÍ", " x ", "1"] {
        assert_eq!(yes(text), Ok(true), "{text}");
    }
    for text in ["", "No", "falso", "0"] {
        assert_eq!(yes(text), Ok(false), "{text}");
    }
    assert_eq!(yes("maybe"), Err(FieldFault::YesOrNo));
}

#[test]
fn texts_have_a_length_one_line_and_a_place_in_addresses() {
    assert_eq!(id(" a-1 "), Ok("a-1"));
    assert_eq!(id("imports"), Err(FieldFault::Reserved));
    assert_eq!(name("  "), Err(FieldFault::Empty));
    assert_eq!(name("Ana\nEva"), Err(FieldFault::Control));
    let long = "x".repeat(MAX_TAG_BYTES + 1);
    assert_eq!(tag(&long[1..]), Ok(&long[1..]));
    let too_long = FieldFault::TooLong {
        bytes: 65,
        most: 64,
    };
    assert_eq!(tag(&long), Err(too_long));
}

#[test]
fn attribute_is_a_plain_value_that_a_text_can_name() {
    assert_eq!(attribute_name("Año_de-alta.2"), Ok("Año_de-alta.2"));
    assert_eq!(attribute_name("a b"), Err(FieldFault::AttributeName));
    for value in [json!(null), json!(1.5), json!(true), json!("x\ny")] {
        assert_eq!(attribute_value(&value), Ok(()));
    }
    for value in [json!([]), json!({})] {
        assert_eq!(attribute_value(&value), Err(FieldFault::AttributeValue));
    }
    let long = json!("x".repeat(MAX_VALUE_BYTES + 1));
    assert!(matches!(
        attribute_value(&long),
        Err(FieldFault::TooLong { .. })
    ));
}
