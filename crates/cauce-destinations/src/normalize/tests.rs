use super::{country::Country, email, hash::Hash, name, person, phone, place};

fn country(text: &str) -> Option<Country> {
    Country::find(text)
}

#[test]
fn a_country_is_known_by_code_and_by_its_english_and_spanish_name() {
    for (text, code) in [
        ("ES", "es"),
        ("esp", "es"),
        ("España", "es"),
        ("Spain", "es"),
        ("Estados Unidos", "us"),
        ("EE. UU.", "us"),
        ("U.S.A.", "us"),
        ("USA", "us"),
        ("Alemania", "de"),
        ("UK", "gb"),
        ("Reino Unido", "gb"),
        ("México", "mx"),
        ("Mexico", "mx"),
        ("Côte d’Ivoire", "ci"),
        ("Corea del Sur", "kr"),
        ("Perú", "pe"),
        ("Holanda", "nl"),
        ("Türkiye", "tr"),
    ] {
        assert_eq!(
            country(text).map(|c| c.lower().to_owned()).as_deref(),
            Some(code),
            "{text}"
        );
    }
    for text in ["", "Atlantis", "XX", "123"] {
        assert_eq!(country(text), None, "{text}");
    }
}

#[test]
fn every_country_is_found_by_every_name_of_the_table() {
    for line in include_str!("countries.txt").lines() {
        let code = line[..2].to_lowercase();
        for name in line.split(' ') {
            assert_eq!(
                country(name).map(|c| c.lower().to_owned()),
                Some(code.clone()),
                "{name}"
            );
        }
    }
}

#[test]
fn national_numbers_are_completed_by_the_persons_country_then_by_the_default() {
    let check = |raw: &str, own: &str, default: &str, expected: Option<&str>| {
        let found = phone::international(raw, [country(own), country(default)]);
        assert_eq!(found.as_deref(), expected, "{raw} {own} {default}");
    };
    check("510 555 0011", "", "US", Some("15105550011"));
    check("510 555 0011", "", "", None);
    check("600 123 456", "ES", "US", Some("34600123456"));
    check("600 123 456", "", "ES", Some("34600123456"));
    check("+34 600 123 456", "US", "", Some("34600123456"));
    check("0034 600 123 456", "", "", Some("34600123456"));
    check("34600123456", "", "ES", Some("34600123456"));
    check("34600123456", "", "", Some("34600123456"));
    check("(650)555-1212", "US", "", Some("16505551212"));
    check("1 650 555 1212", "", "US", Some("16505551212"));
    check("02 1234 5678", "IT", "", Some("390212345678"));
    check("020 7946 0958", "GB", "", Some("442079460958"));
    check("12", "", "ES", None);
    check("", "", "ES", None);
    check("+1234567890123456", "", "", None);
}

#[test]
fn google_ignores_the_dots_of_gmail_only() {
    assert_eq!(
        email::google(" Jane.Doe@Gmail.com ").as_deref(),
        Some("janedoe@gmail.com")
    );
    assert_eq!(
        email::google("j.d@googlemail.com").as_deref(),
        Some("jd@googlemail.com")
    );
    assert_eq!(
        email::google("j.d@example.com").as_deref(),
        Some("j.d@example.com")
    );
    assert_eq!(
        email::plain(" Jane.Doe@Gmail.com ").as_deref(),
        Some("jane.doe@gmail.com")
    );
}

#[test]
fn what_is_no_address_has_no_form() {
    for raw in [
        "",
        "a",
        "abc",
        "a@b",
        "@b.c",
        "a@b.c",
        "a@@b.com",
        "a b@c.com",
        "a@b..com",
    ] {
        assert_eq!(email::plain(raw), None, "{raw}");
    }
}

#[test]
fn names_keep_accents_and_scripts_and_lose_punctuation() {
    assert_eq!(
        name::letters("O'Brien-Smith").as_deref(),
        Some("obriensmith")
    );
    assert_eq!(name::letters(" José María ").as_deref(), Some("josémaría"));
    assert_eq!(name::letters("정").as_deref(), Some("정"));
    assert_eq!(name::google(" José María 3").as_deref(), Some("josé maría"));
    assert_eq!(name::letters("…"), None);
}

#[test]
fn postal_codes_are_cut_only_where_the_dash_names_a_house() {
    let zip = |raw, name| place::zip(raw, country(name));
    assert_eq!(zip("37221-3312", "US").as_deref(), Some("37221"));
    assert_eq!(zip("372213312", "US").as_deref(), Some("37221"));
    assert_eq!(zip("37221-3312", "").as_deref(), Some("37221"));
    assert_eq!(zip("NR9 5AL", "GB").as_deref(), Some("nr95al"));
    assert_eq!(zip("01310-100", "BR").as_deref(), Some("01310100"));
    assert_eq!(zip("1000-001", "Portugal").as_deref(), Some("1000001"));
}

#[test]
fn states_have_codes_in_the_united_states_only() {
    assert_eq!(
        place::state("California", country("US")).as_deref(),
        Some("ca")
    );
    assert_eq!(place::state("Nueva York", None).as_deref(), Some("ny"));
    assert_eq!(
        place::state("Baja California", country("MX")).as_deref(),
        Some("bajacalifornia")
    );
    assert_eq!(
        place::state("Colorado", country("AR")).as_deref(),
        Some("colorado")
    );
}

#[test]
fn a_birth_date_that_could_be_two_is_none() {
    for (raw, expected) in [
        ("1997-02-16", Some("19970216")),
        ("19970216", Some("19970216")),
        ("2/16/1997", Some("19970216")),
        ("16/2/1997", Some("19970216")),
        ("3/3/1997", Some("19970303")),
        ("2/3/1997", None),
        ("31/2/1997", None),
        ("97-02-16", None),
        ("1997-02-16T00:00:00Z", Some("19970216")),
        ("x", None),
    ] {
        assert_eq!(person::birth_date(raw).as_deref(), expected, "{raw}");
    }
}

#[test]
fn gender_is_understood_in_both_languages() {
    assert_eq!(person::gender("Mujer"), Some("f"));
    assert_eq!(person::gender("Male"), Some("m"));
    assert_eq!(person::gender("varón"), Some("m"));
    assert_eq!(person::gender("?"), None);
}

#[test]
fn what_is_a_hash_already_is_not_hashed_again() {
    let upper = "A665A45920422F9D417E4867EFDC4FB8A04A1F3FFF1FA07E998E86F7F7A27AE3";
    let lower = upper.to_lowercase();
    assert_eq!(
        Hash::of_normal(upper, |_| None).map(|h| h.as_str().to_owned()),
        Some(lower.clone())
    );
    assert_eq!(
        Hash::already(&format!("{lower}.AQICAQIB")).map(|h| h.as_str().to_owned()),
        Some(lower)
    );
    assert_eq!(Hash::already("abc"), None);
    assert_eq!(Hash::of("123").as_str(), &upper.to_lowercase());
}
