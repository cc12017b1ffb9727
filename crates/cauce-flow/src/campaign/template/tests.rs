use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn render(text: &str, known: &[(&str, &str)]) -> Result<String, Missing> {
    let known: BTreeMap<&str, &str> = known.iter().copied().collect();
    let template = Template::parse(text).unwrap();
    template.render(|name| known.get(name).map(|value| Cow::Borrowed(*value)))
}

#[test]
fn a_person_fills_the_places_and_defaults_the_rest() {
    let text = "Hola {{name|amigo}}, {{ city }} te espera{{end|}}.";
    for (known, told) in [
        (
            &[("name", "Ana"), ("city", "Lima")][..],
            "Hola Ana, Lima te espera.",
        ),
        (&[("city", "Quito")], "Hola amigo, Quito te espera."),
        (
            &[("name", "  "), ("city", "Quito")],
            "Hola amigo, Quito te espera.",
        ),
        (&[("city", "{{name}}")], "Hola amigo, {{name}} te espera."),
    ] {
        assert_eq!(render(text, known).unwrap(), told);
    }
}

#[test]
fn what_is_not_known_is_named() {
    let missing = render("{{a|x}} {{city}}", &[("city", "")]).unwrap_err();
    assert_eq!(&*missing.name, "city");
    assert!(missing.to_string().contains("{{city|…}}"), "{missing}");
}

#[test]
fn a_fault_says_where() {
    for (text, fault) in [
        ("año {{name", Fault::Unclosed { at: 5 }),
        ("{{}}", Fault::Nameless { at: 1 }),
        ("x{{ |amigo}}", Fault::Nameless { at: 2 }),
        ("{{a b}}", Fault::Name { at: 1, found: ' ' }),
        ("{{{{a}}}}", Fault::Name { at: 1, found: '{' }),
    ] {
        assert_eq!(Template::parse(text), Err(fault), "{text}");
    }
    let long = format!("{{{{{}}}}}", "n".repeat(65));
    assert_eq!(Template::parse(&long), Err(Fault::LongName { at: 1 }));
    let many = "{{a}}".repeat(101);
    assert_eq!(Template::parse(&many), Err(Fault::TooManySlots));
}

#[test]
fn names_without_a_default_are_required() {
    let template = Template::parse("{{a}} {{b|}} {{c|x}} {{año.1}}").unwrap();
    assert_eq!(template.required().collect::<Vec<_>>(), ["a", "año.1"]);
    assert_eq!(template.slots().count(), 4);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_reads_the_same_again(text in "[a-z{}| ]{0,40}") {
        if let Ok(template) = Template::parse(&text) {
            prop_assert_eq!(Template::parse(&template.source()), Ok(template));
        }
    }

    #[test]
    fn a_text_without_places_stays_as_it_is(text in "[^{]{0,80}") {
        prop_assert_eq!(render(&text, &[]).unwrap(), text);
    }
}
