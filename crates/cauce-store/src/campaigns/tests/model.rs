//! Upserts, deletions and opt-outs against plain maps.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use super::*;

const PHONES: u32 = 4;
const TAGS: [&str; 3] = ["x", "y", "z"];

#[derive(Clone, Debug)]
enum Step {
    Upsert(Vec<Entry>, bool),
    Delete(usize),
    Out(u32),
    In(u32),
    Reopen,
}

fn tags() -> impl Strategy<Value = TagChange> {
    let some = proptest::sample::subsequence(TAGS.to_vec(), 0..=3);
    let some = some.prop_map(|tags| tags.into_iter().map(str::to_owned).collect::<Vec<_>>());
    prop_oneof![
        Just(TagChange::Keep),
        some.clone().prop_map(TagChange::Add),
        some.prop_map(TagChange::Set),
    ]
}

fn an_entry() -> impl Strategy<Value = Entry> {
    let id = proptest::option::of((0..3_u32).prop_map(|n| format!("c{n}")));
    let phone = proptest::option::weighted(0.8, (0..PHONES).prop_map(number));
    let name = prop_oneof![
        Just(Change::Keep),
        Just(Change::Clear),
        "[a-c]".prop_map(Change::Set)
    ];
    let value = prop_oneof![Just(Value::Null), (0..3).prop_map(Value::from)];
    let attributes = proptest::collection::btree_map("[pq]", value, 0..3);
    (
        id,
        phone,
        name,
        attributes,
        tags(),
        proptest::bool::weighted(0.1),
    )
        .prop_map(|(id, number, name, attributes, tags, out)| Entry {
            id,
            number,
            name,
            attributes,
            tags,
            opted_out: out.then_some(OptedBy::Import),
            ..Entry::default()
        })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (vec(an_entry(), 1..4), any::<bool>()).prop_map(|(entries, all)| Step::Upsert(entries, all)),
        2 => (0..6_usize).prop_map(Step::Delete),
        1 => (0..PHONES).prop_map(Step::Out),
        1 => (0..PHONES).prop_map(Step::In),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Clone, Debug, PartialEq)]
struct Known {
    id: String,
    phone: Number,
    name: Option<String>,
    attributes: BTreeMap<String, Value>,
    tags: BTreeSet<String>,
}

/// The contacts in the order in which they came, and the numbers that have opted out.
#[derive(Clone, Default)]
struct Model {
    contacts: Vec<Known>,
    out: BTreeSet<Number>,
}

impl Model {
    /// Takes an entry; the id of a new contact without one is only known from the answer.
    fn take(&mut self, entry: &Entry, given: Option<&str>) -> Result<bool, Refusal> {
        let place = match (&entry.id, &entry.number) {
            (Some(id), _) => self.contacts.iter().position(|known| known.id == *id),
            (None, Some(phone)) => self.contacts.iter().position(|known| known.phone == *phone),
            (None, None) => return Err(Refusal::Nobody),
        };
        let made = place.is_none();
        let place = match (place, &entry.number) {
            (Some(place), _) => place,
            (None, None) => return Err(Refusal::NoNumber),
            (None, Some(phone)) => {
                self.contacts.push(Known {
                    id: entry
                        .id
                        .clone()
                        .or(given.map(str::to_owned))
                        .unwrap_or_default(),
                    phone: phone.clone(),
                    name: None,
                    attributes: BTreeMap::new(),
                    tags: BTreeSet::new(),
                });
                self.contacts.len() - 1
            }
        };
        let known = &mut self.contacts[place];
        if let Some(phone) = &entry.number {
            known.phone = phone.clone();
        }
        match &entry.name {
            Change::Keep => {}
            Change::Clear => known.name = None,
            Change::Set(name) => known.name = Some(name.clone()),
        }
        known.attributes.extend(entry.attributes.clone());
        known.attributes.retain(|_, value| !value.is_null());
        match &entry.tags {
            TagChange::Keep => {}
            TagChange::Add(tags) => known.tags.extend(tags.iter().cloned()),
            TagChange::Set(tags) => known.tags = tags.iter().cloned().collect(),
        }
        if entry.opted_out.is_some() {
            self.out.insert(known.phone.clone());
        }
        Ok(made)
    }

    /// Members of the audience of two tags: ids, with whether the number was met before.
    fn audience(&self) -> Vec<(String, bool, bool)> {
        let (mut met, mut members) = (BTreeSet::new(), Vec::new());
        let belongs = |known: &&Known| known.tags.contains("x") || known.tags.contains("y");
        for known in self.contacts.iter().filter(belongs) {
            let out = self.out.contains(&known.phone);
            members.push((known.id.clone(), !met.insert(known.phone.clone()), out));
        }
        members
    }
}

async fn follow(steps: Vec<Step>) {
    let (mut b, mut model) = (bench(), Model::default());
    for step in steps {
        match step {
            Step::Upsert(entries, all_or_none) => {
                upsert(&b, &mut model, entries, all_or_none).await
            }
            Step::Delete(place) => {
                let known = model.contacts.get(place).map(|known| known.id.clone());
                let id = known.clone().unwrap_or_else(|| "nobody".to_owned());
                let gone = b.store.delete_contact(&acme(), &id).await.unwrap();
                assert_eq!(gone, known.is_some());
                model.contacts.retain(|known| known.id != id);
            }
            Step::Out(n) => {
                let done = b
                    .store
                    .opt_out(&acme(), &[&number(n).0], OptedBy::Word, NOW)
                    .await;
                assert_eq!(done.unwrap(), u64::from(model.out.insert(number(n))));
            }
            Step::In(n) => {
                let done = b.store.opt_in(&acme(), &[&number(n).0]).await;
                assert_eq!(done.unwrap(), u64::from(model.out.remove(&number(n))));
            }
            Step::Reopen => b = b.again().await,
        }
        compare(&b, &model).await;
    }
}

async fn upsert(b: &Bench, model: &mut Model, entries: Vec<Entry>, all_or_none: bool) {
    let upsert = Upsert {
        tenant: acme(),
        entries: entries.clone(),
        all_or_none,
    };
    let outcome = b.store.upsert(upsert, NOW).await.unwrap();
    let mut after = model.clone();
    let mut refused = false;
    for (entry, done) in entries.iter().zip(&outcome) {
        let given = done.as_ref().ok().map(|done| done.id.as_str());
        let expected = after.take(entry, given);
        assert_eq!(
            done.as_ref().map(|done| done.made),
            expected.as_ref().copied()
        );
        refused |= expected.is_err();
    }
    if !(refused && all_or_none) {
        *model = after;
    }
}

async fn compare(b: &Bench, model: &Model) {
    let place = Place {
        after: 0,
        limit: 100,
    };
    let all = b
        .store
        .contacts(&acme(), Filter::default(), place)
        .await
        .unwrap();
    let found: Vec<Known> = all
        .iter()
        .map(|contact| Known {
            id: contact.id.clone(),
            phone: contact.number.clone(),
            name: contact.name.clone(),
            attributes: contact.attributes.clone(),
            tags: contact.tags.iter().cloned().collect(),
        })
        .collect();
    assert_eq!(found, model.contacts);
    assert_eq!(b.store.count(&acme()).await.unwrap(), found.len() as u64);
    for contact in &all {
        assert_eq!(
            contact.opted_out.is_some(),
            model.out.contains(&contact.number)
        );
    }
    for n in 0..PHONES {
        let known = b.store.is_opted_out(&acme(), &number(n).0);
        assert_eq!(known, model.out.contains(&number(n)));
    }
    let mut counts = BTreeMap::new();
    for tag in found.iter().flat_map(|known| known.tags.iter().cloned()) {
        *counts.entry(tag).or_default() += 1;
    }
    let told: BTreeMap<String, u64> = b.store.tags(&acme()).await.unwrap().into_iter().collect();
    assert_eq!(told, counts);
    let audience = Audience {
        campaign: None,
        tenant: acme(),
        tags: vec!["x".to_owned(), "y".to_owned()],
        list: None,
    };
    let walk = Walk {
        after: 0,
        upto: u64::MAX,
        limit: 100,
    };
    let members = b.store.walk(&audience, walk).await.unwrap().into_iter();
    let members: Vec<_> = members.map(|m| (m.id, m.duplicate, m.opted_out)).collect();
    assert_eq!(members, model.audience());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn store_does_what_plain_maps_do(steps in vec(step(), 1..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(follow(steps));
    }
}
