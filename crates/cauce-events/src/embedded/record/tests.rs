use cauce_flow::{
    event::{EventId, Metadata, SessionId, SiteId, VisitorId},
    shape::sampler::Rule,
    time::Timestamp,
};
use proptest::prelude::*;

use super::{
    super::{manifest::Manifest, tally::Tally},
    Erasing, EventsHead, EventsRead, EventsWriter, Follow, Forgotten, RuleRecord, decode_moved,
    encode_moved,
};
use crate::{row::Row, store::Removed};
use cauce_log::codec::Decoder;

fn row() -> impl Strategy<Value = (Row, Option<u128>)> {
    let kinds = prop::sample::select(vec!["PAGE_VIEW", "CLICK", "a.b:c-d_e"]);
    let weights = prop::sample::select(vec![1.0, 10.0, 1.0 / 3.0]);
    let ids = (any::<u128>(), 0..3u128, 0..2u128, any::<i32>());
    let rest = (kinds, "[ -~äß]{0,40}", weights, any::<bool>());
    (ids, rest, any::<Option<u128>>()).prop_map(|(ids, (kind, text, weight, bot), merged)| {
        let row = Row {
            tenant: "acme".parse().unwrap(),
            site: SiteId::from_u128(7),
            visitor: VisitorId::from_u128(ids.1),
            session: SessionId::from_u128(ids.2),
            occurred_at: Timestamp::from_millis(1_760_000_000_000 + i64::from(ids.3)),
            id: EventId::from_u128(ids.0),
            kind: kind.parse().unwrap(),
            metadata: Metadata::from_canonical(serde_json::json!({ "a": text }).to_string().into()),
            count: 1,
            weight,
            bot,
        };
        (row, merged)
    })
}

fn head() -> EventsHead {
    EventsHead {
        at: Timestamp::from_millis(1_760_000_000_000),
        tenant: "acme".parse().unwrap(),
        site: SiteId::from_u128(7),
        sampled_out: 1,
        withheld: 2,
        erased: 3,
        rejected: 4,
        duplicates: 500,
    }
}

proptest! {
    #[test]
    fn a_call_is_read_as_it_was_written(
        rows in prop::collection::vec(row(), 0..20),
        follows in prop::collection::vec((any::<u128>(), any::<u64>(), any::<Vec<u8>>()), 0..4),
    ) {
        let mut out = EventsWriter::default();
        // Nothing is left of the record before.
        out.row(&super::super::tests::some_row(), head().at, None);
        out.begin();
        rows.iter().for_each(|(row, merged)| out.row(row, head().at, *merged));
        let follows: Vec<Follow<'_>> = follows
            .iter()
            .map(|(event, visitor, bytes)| Follow {
                event: EventId::from_u128(*event),
                visitor: *visitor,
                bytes,
            })
            .collect();
        follows.iter().for_each(|follow| out.follow(*follow));
        let body = out.end(&head()).concat();
        let read = EventsRead::decode(&body).unwrap();
        prop_assert_eq!(&read.head, &head());
        prop_assert_eq!(read.has_follows(), !follows.is_empty());
        prop_assert_eq!(read.follows().unwrap(), follows);
        let mut found = Vec::new();
        read.entries(|entry| {
            let row = Row {
                tenant: read.head.tenant.clone(),
                site: read.head.site,
                visitor: entry.visitor,
                session: entry.session,
                occurred_at: entry.occurred_at,
                id: entry.id,
                kind: entry.kind.parse().unwrap(),
                metadata: Metadata::from_canonical(entry.metadata.into()),
                count: 1,
                weight: entry.weight,
                bot: entry.bot,
            };
            found.push((row, entry.merged));
        })
        .unwrap();
        prop_assert_eq!(found, rows);
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(read) = EventsRead::decode(&bytes) {
            let _ = read.entries(|_| {});
            let _ = read.follows();
        }
        let _ = decode_moved(&bytes);
        let _ = RuleRecord::decode(&mut Decoder::new(&bytes));
        let _ = Erasing::decode(&mut Decoder::new(&bytes));
        let _ = Manifest::decode(&mut Decoder::new(&bytes));
        let _ = Tally::decode(&mut Decoder::new(&bytes));
    }

    #[test]
    fn no_cut_or_flipped_call_makes_a_decoder_panic(
        rows in prop::collection::vec(row(), 1..5),
        at in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let mut out = EventsWriter::default();
        out.begin();
        rows.iter().for_each(|(row, merged)| out.row(row, head().at, *merged));
        let mut body = out.end(&head()).concat();
        let at = at.index(body.len());
        let cut = body[..at].to_vec();
        body[at] ^= 1 << bit;
        for bytes in [cut, body] {
            if let Ok(read) = EventsRead::decode(&bytes) {
                let _ = read.entries(|_| {});
                let _ = read.follows();
            }
        }
    }
}

#[test]
fn small_records_are_read_as_they_were_written() {
    let rules = [
        None,
        Some(Rule {
            sampling_rate: 12.5,
            always_keep: true,
        }),
    ];
    for rule in rules {
        let (tenant, kind) = ("acme".parse().unwrap(), "CLICK".parse().unwrap());
        let record = RuleRecord { tenant, kind, rule };
        let mut body = Vec::new();
        record.encode(&mut body);
        assert_eq!(
            RuleRecord::decode(&mut Decoder::new(&body)).unwrap(),
            record
        );
    }
    let erasing = Erasing {
        visitor: u128::MAX - 7,
        at: Timestamp::from_millis(1),
        before_file: 300,
        id: 9,
        earlier: Removed {
            rows: 1,
            files: 2,
            segments: 3,
            ids: 400,
        },
        removed: Removed::default(),
    };
    let mut body = Vec::new();
    erasing.encode(&mut body);
    assert_eq!(Erasing::decode(&mut Decoder::new(&body)).unwrap(), erasing);
    // As it was written before there were receipts.
    let old = Erasing::decode(&mut Decoder::new(&body[..16 + 1 + 2])).unwrap();
    assert_eq!((old.before_file, old.earlier), (300, Removed::default()));
    let forgotten = Forgotten {
        visitor: 8,
        removed: erasing.earlier,
    };
    let mut body = Vec::new();
    forgotten.encode(&mut body);
    let read = |body: &[u8]| Forgotten::decode(&mut Decoder::new(body)).unwrap();
    assert_eq!(read(&body), forgotten);
    assert_eq!(read(&body[..16]).removed, Removed::default());
    let moved = [Follow {
        event: EventId::from_u128(9),
        visitor: 8,
        bytes: b"seven",
    }];
    let mut body = Vec::new();
    encode_moved(&moved, &mut body);
    assert_eq!(decode_moved(&body).unwrap(), moved);
}
