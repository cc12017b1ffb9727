use cauce_destinations::message::Template;
use cauce_flow::{
    campaign::{late, window::zones},
    priority::Priority,
};

use super::{
    super::plan::{SendWindow, Variant},
    *,
};

const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

fn account(name: &str) -> AccountName {
    AccountName::new(name).unwrap()
}

fn one() -> Vec<(AccountName, Provider)> {
    vec![(account("shop"), Provider::Twilio)]
}

fn text(says: &str) -> Content {
    Content::Text(says.to_owned())
}

fn variant(name: &str, weight: u64, says: &str) -> Variant {
    Variant {
        name: name.to_owned(),
        weight,
        content: text(says),
    }
}

/// A campaign that is as it should be.
fn draft() -> Draft {
    Draft {
        tenant: TenantId::new("acme").unwrap(),
        name: "Navidad".to_owned(),
        sender: None,
        plan: Plan {
            content: Some(text("Hola {{name|amigo}}")),
            variants: Vec::new(),
            window: None,
            priority: Priority::Normal,
            late: Some(late::Policy::Ask),
            cost: Some(0.05),
            currency: Some("EUR".to_owned()),
        },
        tags: vec!["vip".to_owned()],
        contacts: None,
        scheduled_at: None,
    }
}

/// Where it is faulty and what is said of that, after a change.
fn faults(change: impl FnOnce(&mut Draft)) -> Vec<(String, String)> {
    faults_with(&one(), change)
}

fn faults_with(
    own: &[(AccountName, Provider)],
    change: impl FnOnce(&mut Draft),
) -> Vec<(String, String)> {
    let mut draft = draft();
    change(&mut draft);
    let found = draft.check(own, &zones(), NOW).err().unwrap_or_default();
    let told = found.into_iter().map(|fault| (fault.pointer, fault.detail));
    told.collect()
}

/// The one fault of a change is at this place and says this.
fn check(change: impl FnOnce(&mut Draft), pointer: &str, says: &str) {
    let found = faults(change);
    let [(at, detail)] = &found[..] else {
        panic!("{pointer}: {found:?}");
    };
    assert_eq!(at, pointer, "{detail}");
    assert!(detail.contains(says), "{pointer}: {detail}");
}

#[test]
fn a_whole_campaign_is_sent_by_the_one_account_there_is_or_by_the_one_it_names() {
    assert_eq!(draft().check(&one(), &zones(), NOW), Ok(account("shop")));
    let two = [one(), vec![(account("other"), Provider::Evolution)]].concat();
    let named = Draft {
        sender: Some(account("other")),
        ..draft()
    };
    assert_eq!(named.check(&two, &zones(), NOW), Ok(account("other")));
    for (own, sender, says) in [
        (
            &two,
            None,
            "several accounts send messages; name one of: shop, other",
        ),
        (
            &two,
            Some(account("third")),
            "not an account that sends messages; name one of: shop, other",
        ),
        (
            &Vec::new(),
            None,
            "no account of this tenant sends messages",
        ),
    ] {
        let found = faults_with(own, |draft| draft.sender = sender);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "/sender");
        assert!(found[0].1.contains(says), "{found:?}");
    }
}

#[test]
fn each_fault_is_named_at_its_place() {
    let long = "a".repeat(201);
    check(|draft| draft.name = " ".to_owned(), "/name", "empty");
    check(|draft| draft.name = long, "/name", "200 characters");
    check(|draft| draft.plan.content = None, "/message", "missing");
    let unclosed = |draft: &mut Draft| draft.plan.content = Some(text("Hola {{name"));
    check(unclosed, "/message", "not closed");
    check(|draft| draft.plan.cost = Some(-1.0), "/cost", "0 or more");
    check(
        |draft| draft.plan.cost = Some(f64::NAN),
        "/cost",
        "0 or more",
    );
    let euro = |draft: &mut Draft| draft.plan.currency = Some("EURO".to_owned());
    check(euro, "/currency", "ISO 4217");
    check(|draft| draft.plan.cost = None, "/currency", "of no cost");
    let tags = |draft: &mut Draft| draft.tags = vec!["a".to_owned(); 51];
    check(tags, "/audience/tags", "50 tags");
    let many = |draft: &mut Draft| {
        draft.contacts = Some(vec![Named::Id("a".to_owned()); 10_001]);
    };
    check(many, "/contacts", "give them a tag");
    let past = |draft: &mut Draft| draft.scheduled_at = Some(NOW);
    check(past, "/scheduledAt", "past");
}

#[test]
fn all_faults_are_told_at_once() {
    let found = faults(|draft| {
        draft.name = String::new();
        draft.plan.content = None;
        draft.plan.cost = Some(-1.0);
        draft.sender = Some(account("nobody"));
    });
    let places: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(places, ["/name", "/sender", "/message", "/cost"]);
}

#[test]
fn variants_have_weights_names_of_their_own_and_something_to_say() {
    let with = |variants: Vec<Variant>| {
        move |draft: &mut Draft| {
            draft.plan.content = None;
            draft.plan.variants = variants;
        }
    };
    let (a, b) = (variant("a", 1, "Hola"), variant("b", 3, "Buenas"));
    assert_eq!(faults(with(vec![a.clone(), b.clone()])), []);
    let none = vec![variant("a", 0, "Hola"), variant("b", 0, "Buenas")];
    check(with(none), "/variants", "weights are 0");
    let twice = vec![a.clone(), b, a];
    check(with(twice), "/variants/2/name", "another variant");
    let nameless = vec![variant("", 1, "Hola")];
    check(with(nameless), "/variants/0/name", "empty");
    let long = vec![variant("a", 1, "Hola"), variant("b", 1, &"a".repeat(1_601))];
    check(with(long), "/variants/1/message", "1600 characters");
}

#[test]
fn a_template_of_another_provider_is_told_at_its_field() {
    let template = Template::Named {
        name: "promo".to_owned(),
        language: "es".to_owned(),
        components: Vec::new(),
    };
    let content = Content::Template(template);
    check(
        |draft| draft.plan.content = Some(content),
        "/template",
        "contentSid",
    );
}

#[test]
fn hours_that_never_open_and_zones_that_nobody_knows_are_told() {
    let window = |from: &str, to: &str, zone: Option<&str>| SendWindow {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        zone: zone.map(str::to_owned),
    };
    let with = |window| move |draft: &mut Draft| draft.plan.window = Some(window);
    assert_eq!(
        faults(with(window("09:00", "20:00", Some("America/Lima")))),
        []
    );
    check(
        with(window("09:00", "09:00", None)),
        "/sendWindow",
        "never opens",
    );
    let mars = window("09:00", "20:00", Some("Mars/Olympus"));
    check(with(mars), "/sendWindow/timeZone", "Europe/Madrid");
}

#[test]
fn a_campaign_that_is_kept_is_the_draft_it_was_made_of() {
    let before = Draft {
        sender: Some(account("shop")),
        scheduled_at: Some(NOW + std::time::Duration::from_secs(60)),
        ..draft()
    };
    let campaign = Campaign {
        name: before.name.clone(),
        tags: before.tags.clone(),
        plan: serde_json::to_string(&before.plan).unwrap(),
        sender: account("shop"),
        scheduled_at: before.scheduled_at,
        ..crate::campaigns::status::tests::campaign(cauce_flow::campaign::state::State::Draft, 0)
    };
    let after = Draft::of(&campaign).unwrap();
    assert_eq!(after.plan, before.plan);
    assert_eq!(
        (&after.name, &after.sender, &after.tags, after.scheduled_at),
        (
            &before.name,
            &before.sender,
            &before.tags,
            before.scheduled_at
        )
    );
    let broken = Campaign {
        plan: "{\"priority\": 7}".to_owned(),
        ..campaign
    };
    assert!(Draft::of(&broken).is_none());
}

#[test]
fn ids_are_names_that_nobody_can_guess() {
    let ids: std::collections::BTreeSet<GroupName> = (0..100).map(|_| new_id()).collect();
    assert_eq!(ids.len(), 100);
    assert!(
        ids.iter()
            .all(|id| id.as_str().len() == "campaign_".len() + 20)
    );
}
