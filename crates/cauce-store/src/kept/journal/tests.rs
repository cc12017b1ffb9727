use super::*;

fn change(sequence: u64) -> (Name, Change) {
    let name = Name {
        tenant: TenantId::new("acme").unwrap(),
        session: format!("user {sequence}/ñ").into(),
    };
    let held = |text: Option<&str>| Held {
        text: text.map(Into::into),
        at: Timestamp::from_millis(-1),
        until: Timestamp::NEVER,
        sequence,
    };
    let states = [(1, held(Some(""))), (4, held(None)), (9, held(Some("x")))];
    let change = Change {
        anew: sequence.is_multiple_of(2),
        states: states.into(),
    };
    (name, change)
}

fn filled(dir: &Path, count: u64) -> PathBuf {
    let (mut journal, _) = Journal::open(dir, |_, _| {}).unwrap();
    for sequence in 0..count {
        let (name, change) = change(sequence);
        journal.append(&name, &change).unwrap();
    }
    journal.begin_next().unwrap().unwrap()
}

fn found(bytes: &[u8]) -> Vec<(Name, Change)> {
    let mut found = Vec::new();
    read(bytes, &mut |name, change| found.push((name, change)));
    found
}

#[test]
fn changes_are_read_as_they_were_written_in_the_order_of_journals() {
    let dir = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for _ in 0..11 {
        filled(dir.path(), 2);
    }
    let (_, old) = Journal::open(dir.path(), |name, change| all.push((name, change))).unwrap();
    let twice: Vec<_> = (0..22).map(|n| change(n % 2)).collect();
    assert_eq!(all, twice);
    // Each journal, and the empty one that was begun after it.
    assert_eq!(old.len(), 22);
    let last = old.last().unwrap().file_name().unwrap();
    assert_eq!(last.to_string_lossy(), "sessions-22.log");
}

#[test]
fn reading_ends_at_what_is_torn() {
    let dir = tempfile::tempdir().unwrap();
    let whole = fs::read(filled(dir.path(), 3)).unwrap();
    assert_eq!(found(&whole), (0..3).map(change).collect::<Vec<_>>());
    for end in 0..whole.len() {
        let read = found(&whole[..end]);
        assert!(read.len() < 3, "{end}");
        assert!(read.iter().zip(0..).all(|(found, n)| *found == change(n)));
    }
    for at in HEAD.len()..whole.len() {
        let mut torn = whole.clone();
        torn[at] ^= 1;
        let read = found(&torn);
        assert!(read.len() < 3, "{at}");
        assert!(read.iter().zip(0..).all(|(found, n)| *found == change(n)));
    }
}

#[test]
fn a_journal_of_another_version_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut other = fs::read(filled(dir.path(), 1)).unwrap();
    other[7] = b'2';
    assert_eq!(found(&other), Vec::new());
}
