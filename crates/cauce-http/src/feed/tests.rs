use super::*;

fn pieces(figures: &[(&'static str, &str, u32)]) -> Pieces {
    let piece = |(kind, name, n): &(&'static str, &str, u32)| {
        ((*kind, (*name).to_owned()), format!("{{\"n\":{n}}}"))
    };
    figures.iter().map(piece).collect()
}

/// What a reader is told: events without their data, and whether it is the last.
fn heard(reader: &mut Reader) -> Option<(Vec<String>, bool)> {
    let (text, last) = match reader.tell()? {
        Told::More(text) => (text, false),
        Told::Last(text) => (text, true),
    };
    let text = String::from_utf8(text.to_vec()).unwrap();
    let events = text.lines().filter_map(|line| line.strip_prefix("event: "));
    Some((events.map(str::to_owned).collect(), last))
}

fn told(feeds: &Feeds, number: u64, figures: &[(&'static str, &str, u32)]) {
    for feed in feeds.read_boards().values() {
        feed.tell(pieces(figures), number, Timestamp::EPOCH);
    }
}

fn place(feeds: &Feeds, number: u64) -> Option<Place> {
    Some(Place {
        run: feeds.run,
        number,
    })
}

const TWO: [(&str, &str, u32); 2] = [("queue", "meta", 1), ("tracking", "", 1)];

#[test]
fn reader_gets_all_of_it_first_and_then_what_has_changed() {
    let feeds = Feeds::new(2);
    let mut reader = feeds.read(None, None).unwrap();
    assert_eq!(heard(&mut reader), None);
    told(&feeds, 1, &TWO);
    let all = ["snapshot", "queue", "tracking"].map(str::to_owned);
    assert_eq!(heard(&mut reader), Some((all.to_vec(), false)));
    told(&feeds, 2, &TWO);
    assert_eq!(heard(&mut reader), None);
    told(&feeds, 3, &[("queue", "meta", 2), ("tracking", "", 1)]);
    assert_eq!(heard(&mut reader), Some((vec!["queue".to_owned()], false)));
    assert_eq!(heard(&mut reader), None);
}

#[test]
fn readers_of_the_same_board_share_one_frame() {
    let feeds = Feeds::new(2);
    let mut readers = [None, None].map(|of| feeds.read(of, None).unwrap());
    told(&feeds, 1, &TWO);
    let starts = readers.each_mut().map(|reader| match reader.tell() {
        Some(Told::More(text)) => text.as_ptr(),
        _ => std::ptr::null(),
    });
    assert!(!starts[0].is_null() && starts[0] == starts[1]);
}

#[test]
fn the_last_event_alone_carries_the_number_of_a_frame() {
    let place = Place { run: 7, number: 3 };
    let events = [("queue", "{}".to_owned()), ("tracking", "{}".to_owned())];
    let text = written(&events, place);
    let expected = "event: queue\ndata: {}\n\nevent: tracking\nid: 00000007-3\ndata: {}\n\n";
    assert_eq!(text, expected.as_bytes());
}

#[test]
fn reader_that_comes_back_goes_on_where_it_can() {
    let feeds = Feeds::new(9);
    let stays = feeds.read(None, None).unwrap();
    told(&feeds, 1, &TWO);
    told(&feeds, 2, &[("queue", "meta", 2), ("tracking", "", 1)]);
    let back = |last| heard(&mut feeds.read(None, last).unwrap());
    let count = |last| back(last).map(|(events, _)| events.len());
    // It has everything, all but the newest, or something that is not known here.
    assert_eq!(back(place(&feeds, 2)), None);
    assert_eq!(
        back(place(&feeds, 1)),
        Some((vec!["queue".to_owned()], false))
    );
    assert_eq!(count(place(&feeds, 7)), Some(3));
    let other_run = Place {
        run: feeds.run.wrapping_add(1),
        number: 2,
    };
    assert_eq!(count(Some(other_run)), Some(3));
    drop(stays);
}

#[test]
fn what_is_gone_is_told_once_where_a_client_could_not_know() {
    let feeds = Feeds::new(1);
    let mut reader = feeds.read(None, None).unwrap();
    told(&feeds, 1, &[("campaign", "c", 1), ("queue", "meta", 1)]);
    heard(&mut reader);
    told(&feeds, 2, &[]);
    let Some(Told::More(text)) = reader.tell() else {
        panic!("nothing is told");
    };
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(text.contains("{\"name\":\"meta\",\"gone\":true}"), "{text}");
    assert_eq!(text.matches("event: ").count(), 1, "{text}");
}

#[test]
fn reader_that_misses_little_gets_all_of_it_and_one_that_misses_much_is_sent_away() {
    let feeds = Feeds::new(2);
    let mut slow = feeds.read(None, None).unwrap();
    told(&feeds, 1, &[("queue", "meta", 0)]);
    heard(&mut slow);
    let mut slower = feeds.read(None, place(&feeds, 1)).unwrap();
    for n in 2..=(2 + MAX_MISSED as u32) {
        told(&feeds, u64::from(n), &[("queue", "meta", n)]);
    }
    let (events, last) = heard(&mut slow).unwrap();
    assert_eq!((events.len(), last), (2, false));
    let n = 3 + MAX_MISSED as u32;
    told(&feeds, u64::from(n), &[("queue", "meta", n)]);
    let (events, last) = heard(&mut slower).unwrap();
    assert_eq!((events, last), (vec!["lagged".to_owned()], true));
}

#[test]
fn there_are_no_more_readers_than_may_be_and_boards_go_with_their_readers() {
    let feeds = Feeds::new(1);
    let reader = feeds.read(None, None).unwrap();
    assert!(feeds.read(None, None).is_none());
    assert_eq!((feeds.readers(), feeds.read_boards().len()), (1, 1));
    drop(reader);
    assert_eq!((feeds.readers(), feeds.read_boards().len()), (0, 0));
    assert!(feeds.read(None, None).is_some());
}
