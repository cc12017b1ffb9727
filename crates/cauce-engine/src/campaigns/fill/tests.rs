use cauce_destinations::message::{Content, Provider};
use cauce_flow::{
    campaign::window::zones,
    id::{AccountName, QueueName},
    priority::Priority,
};
use cauce_store::campaigns::contact::Number;
use serde_json::json;

use super::*;
use crate::campaigns::plan::{Plan, SendWindow, Variant};

fn plan(text: &str) -> Plan {
    Plan {
        content: Some(Content::Text(text.to_owned())),
        variants: Vec::new(),
        window: None,
        priority: Priority::Normal,
        late: None,
        cost: None,
        currency: None,
    }
}

fn filling(plan: &Plan) -> Filling {
    Filling {
        id: GroupName::new("campaign_a").unwrap(),
        tenant: TenantId::new("acme").unwrap(),
        line: Line {
            queue: QueueName::new("campaigns").unwrap(),
            account: AccountName::new("acme-wa").unwrap(),
        },
        script: Script::of(plan, Provider::Twilio).unwrap(),
        zones: zones(),
        default_zone: "UTC".to_owned(),
        max_attempts: 6,
        ttl: None,
        max_payload_bytes: 2_000,
    }
}

fn ana() -> Member {
    Member {
        row: 7,
        id: "c7".to_owned(),
        number: Number("+34600123456".to_owned()),
        name: Some("Ana".to_owned()),
        attributes: [
            ("city".to_owned(), json!("Lima")),
            ("points".to_owned(), json!(12.5)),
            ("vip".to_owned(), json!(true)),
            ("none".to_owned(), json!(null)),
        ]
        .into(),
        language: None,
        timezone: Some("America/Lima".to_owned()),
        opted_out: false,
        duplicate: false,
        touched: false,
    }
}

fn noon() -> Timestamp {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

#[track_caller]
fn skipped(plan: &Plan, member: &Member) -> (Skip, Option<String>) {
    let Err(skipped) = filling(plan).fill(member, 0, noon()) else {
        panic!("it was filled");
    };
    assert_eq!((skipped.contact, skipped.id.as_deref()), (7, Some("c7")));
    (skipped.why, skipped.detail)
}

#[test]
fn a_contact_becomes_a_message_with_its_place_in_the_campaign() {
    let text = "{{name}} {{city}} {{points}} {{vip}} {{phone}} {{language|es}}";
    let filling = filling(&plan(text));
    let filled = filling.fill(&ana(), 41, noon()).ok().unwrap();
    let part = filled.message.campaign.clone().unwrap();
    assert_eq!(
        (part.id.as_str(), part.number, part.contact.as_str()),
        ("campaign_a", 41, "c7")
    );
    assert_eq!((part.zone, filled.due_at), (None, Timestamp::EPOCH));
    let told = Content::Text("Ana Lima 12.5 true +34600123456 es".to_owned());
    assert!(filled.message.content == told);
    let job = filling.job(filled, noon());
    assert_eq!(job.group, Some(filling.id.clone()));
    assert_eq!((job.expires_at, job.max_attempts), (Timestamp::NEVER, 6));
}

#[test]
fn who_cannot_be_sent_anything_is_left_out_with_the_reason() {
    let hello = plan("Hola {{name}}");
    let ana = ana();
    let opted_out = Member {
        opted_out: true,
        ..ana.clone()
    };
    let twice = Member {
        duplicate: true,
        opted_out: true,
        ..ana.clone()
    };
    let nameless = Member {
        name: Some(" ".to_owned()),
        ..ana.clone()
    };
    let unreachable = Member {
        number: Number("+1".to_owned()),
        ..ana.clone()
    };
    let chatty = Member {
        name: Some("a".repeat(1_600)),
        ..ana.clone()
    };
    assert_eq!(skipped(&hello, &opted_out), (Skip::OptedOut, None));
    assert_eq!(skipped(&hello, &twice), (Skip::Duplicate, None));
    assert_eq!(
        skipped(&hello, &nameless),
        (Skip::MissingVariable, Some("name".to_owned()))
    );
    assert_eq!(skipped(&hello, &unreachable), (Skip::BadNumber, None));
    assert_eq!(
        skipped(&hello, &chatty),
        (Skip::TooLong, Some("/text".to_owned()))
    );
    let nothing = plan("{{none}}");
    assert_eq!(
        skipped(&nothing, &ana),
        (Skip::MissingVariable, Some("none".to_owned()))
    );
}

#[test]
fn a_message_waits_for_the_window_on_the_clock_of_its_contact() {
    let window = SendWindow {
        from: "09:00".parse().unwrap(),
        to: "20:00".parse().unwrap(),
        zone: Some("Europe/Madrid".to_owned()),
    };
    let plan = Plan {
        window: Some(window),
        ..plan("Hola")
    };
    let due = |zone: Option<&str>| {
        let member = Member {
            timezone: zone.map(str::to_owned),
            ..ana()
        };
        let filled = filling(&plan).fill(&member, 0, noon()).ok().unwrap();
        (
            filled.message.campaign.unwrap().zone.unwrap(),
            filled.due_at,
        )
    };
    let nine_in_lima = "2026-01-15T14:00:00Z".parse().unwrap();
    assert_eq!(
        due(Some("America/Lima")),
        ("America/Lima".to_owned(), nine_in_lima)
    );
    assert_eq!(due(None), ("Europe/Madrid".to_owned(), Timestamp::EPOCH));
    let nowhere = Member {
        timezone: Some("Mars/Olympus".to_owned()),
        ..ana()
    };
    let told = Some("Mars/Olympus".to_owned());
    assert_eq!(skipped(&plan, &nowhere), (Skip::UnknownZone, told));
}

#[test]
fn who_would_get_a_message_larger_than_a_job_may_be_is_left_out() {
    let long = plan(&"ñ".repeat(1_000));
    assert_eq!(skipped(&long, &ana()), (Skip::TooLong, None));
}

#[test]
fn each_person_gets_the_same_variant_whenever_it_is_asked() {
    let variant = |name: &str, weight| Variant {
        name: name.to_owned(),
        weight,
        content: Content::Text(format!("{name} {{{{name}}}}")),
    };
    let plan = Plan {
        content: None,
        variants: vec![variant("a", 1), variant("b", 1), variant("c", 0)],
        ..plan("")
    };
    let mut seen = [0; 3];
    for row in 0..100 {
        let member = Member {
            id: format!("c{row}"),
            row,
            ..ana()
        };
        let of = |number| {
            let filled = filling(&plan).fill(&member, number, noon()).ok().unwrap();
            filled.message.campaign.unwrap().variant
        };
        assert_eq!(of(0), of(9));
        seen[usize::from(of(0))] += 1;
    }
    assert!(seen[0] > 25 && seen[1] > 25 && seen[2] == 0, "{seen:?}");
}
