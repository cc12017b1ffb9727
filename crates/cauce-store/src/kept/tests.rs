use super::*;

fn name(session: &str) -> Name {
    Name {
        tenant: TenantId::new("acme").unwrap(),
        session: session.into(),
    }
}

fn held(text: &str, at: i64, until: i64, sequence: u64) -> Held {
    Held {
        text: Some(text.into()),
        at: Timestamp::from_millis(at),
        until: Timestamp::from_millis(until),
        sequence,
    }
}

fn one(held: Held) -> States {
    States::from([(1, held)])
}

/// Lets the process end in the middle: what is in memory is gone.
fn crash(kept: Kept, dir: &Path) -> Kept {
    let calls = kept.calls.clone();
    drop(kept);
    // The old thread ends with its last handle, and saves nothing.
    let opened = Kept::open(dir).unwrap();
    drop(calls);
    opened
}

fn journals(dir: &Path) -> usize {
    let names = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().ends_with(".log"))
        .count()
}

#[tokio::test]
async fn states_survive_and_are_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(dir.path()).unwrap();
    let both = States::from([(1, held("x", 1, 9, 1)), (2, held("y", 1, 50, 2))]);
    kept.put(name("a"), both.clone()).unwrap();
    kept.put(name("b"), one(held("z", 1, 9, 3))).unwrap();
    kept.close().await;
    assert!(matches!(kept.get(name("a")).await, Err(Error::Closed)));
    let late = kept.put(name("a"), States::new());
    assert!(matches!(late, Err(Error::Closed)));
    let kept = Kept::open(dir.path()).unwrap();
    assert_eq!(kept.get(name("a")).await.unwrap(), both);
    kept.prune(Timestamp::from_millis(10));
    assert_eq!(kept.get(name("a")).await.unwrap().len(), 1);
    kept.remove(name("a")).unwrap();
    assert_eq!(kept.get(name("a")).await.unwrap(), States::new());
}

#[tokio::test]
async fn what_was_accepted_earlier_replaces_nothing_that_is_good() {
    let dir = tempfile::tempdir().unwrap();
    let mut kept = Kept::open(dir.path()).unwrap();
    // The same in the database, in the journal and in memory.
    for round in 0..3 {
        let session = format!("s{round}");
        kept.put(name(&session), one(held("new", 5, 9, 7))).unwrap();
        if round == 1 {
            kept.close().await;
            kept = Kept::open(dir.path()).unwrap();
        }
        kept.put(name(&session), one(held("old", 4, 9, 6))).unwrap();
        if round == 2 {
            kept = crash(kept, dir.path());
        }
        let found = kept.get(name(&session)).await.unwrap();
        assert_eq!(found[&1], held("new", 5, 9, 7), "{session}");
        let asked = held("asked", 9, 20, 0);
        kept.put(name(&session), one(asked.clone())).unwrap();
        assert_eq!(kept.get(name(&session)).await.unwrap()[&1], asked);
    }
}

#[tokio::test]
async fn what_was_taken_is_there_after_the_process_has_died() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(dir.path()).unwrap();
    kept.put(name("a"), one(held("x", 1, 9, 1))).unwrap();
    kept.put(name("b"), one(held("y", 1, 9, 2))).unwrap();
    kept.put(name("c"), one(held("z", 1, 9, 3))).unwrap();
    kept.close().await;
    let kept = Kept::open(dir.path()).unwrap();
    kept.put(name("a"), one(held("newer", 2, 9, 4))).unwrap();
    kept.remove(name("b")).unwrap();
    kept.remove(name("c")).unwrap();
    kept.put(name("c"), one(held("again", 2, 9, 5))).unwrap();
    let kept = crash(kept, dir.path());
    assert_eq!(
        kept.get(name("a")).await.unwrap()[&1],
        held("newer", 2, 9, 4)
    );
    assert_eq!(kept.get(name("b")).await.unwrap(), States::new());
    assert_eq!(
        kept.get(name("c")).await.unwrap(),
        one(held("again", 2, 9, 5))
    );
    assert_eq!(journals(dir.path()), 1, "what was read is in the database");
}

#[tokio::test]
async fn a_full_journal_is_saved_at_once_and_goes() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(dir.path()).unwrap();
    let long = "x".repeat(1 << 20);
    let written = |unsaved: &Mutex<Unsaved>| unsaved.lock().is_empty();
    for sequence in 1..=12 {
        kept.put(name("a"), one(held(&long, 1, 9, sequence)))
            .unwrap();
    }
    // Its answer comes from the thread that saves, after it has.
    kept.put(name("b"), one(held("y", 1, 9, 13))).unwrap();
    assert_eq!(kept.get(name("a")).await.unwrap()[&1].sequence, 12);
    let bytes: u64 = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".log"))
        .map(|entry| entry.metadata().unwrap().len())
        .sum();
    assert!(bytes < 8 << 20, "{bytes} bytes of journals");
    kept.close().await;
    assert!(written(&kept.unsaved));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), "no database at all, and long enough").unwrap();
    let kept = Kept::open(dir.path()).unwrap();
    kept.put(name("a"), one(held("x", 1, 9, 1))).unwrap();
    assert_eq!(kept.get(name("a")).await.unwrap().len(), 1);
}
