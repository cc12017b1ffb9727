//! A log cut at every byte, and with every bit of it flipped: no wrong record, no panic, and
//! everything around the damage served.

#![expect(clippy::unwrap_used, reason = "a test may fail at once")]

use std::{path::Path, sync::Arc};

use cauce_log::{
    BASE, Error, Log, Options, Position, Reader, Recovery, WholeBody, Writer, files::FaultyFiles,
};

const DIR: &str = "/log";

/// The records of a log, in order, each with its position and whether its group ends with it.
type Records = Vec<(Position, Vec<u8>, bool)>;
type Opened = (Writer, Reader, Recovery, Vec<(Position, Vec<u8>)>);

fn try_open(files: &FaultyFiles) -> Result<Opened, Error> {
    let options = Options {
        segment_bytes: 1500,
        background: false,
        ..Options::default()
    };
    let mut shown = Vec::new();
    let opened = Log::open(
        Path::new(DIR),
        options,
        Arc::new(files.clone()),
        Arc::new(WholeBody),
        &mut |position, replayed| {
            if replayed.kind != BASE {
                shown.push((position, replayed.digest.to_vec()));
            }
        },
    );
    opened.map(|(writer, reader, recovery)| (writer, reader, recovery, shown))
}

fn append(writer: &mut Writer, records: &mut Records, bytes: usize) {
    let body: Vec<u8> = (0..bytes)
        .map(|at| (at * 7 + records.len() + 1) as u8)
        .collect();
    records.push((writer.append(1, &body).unwrap(), body, true));
}

/// One segment: single records, each flushed, a group in the middle and, where asked, one last.
fn segment(files: &FaultyFiles, group_last: bool) -> Records {
    let (mut writer, ..) = try_open(files).unwrap();
    writer.roll(b"the base").unwrap();
    let mut records = Vec::new();
    for bytes in [0, 5, 60] {
        append(&mut writer, &mut records, bytes);
        writer.flush().unwrap();
    }
    group(&mut writer, &mut records);
    append(&mut writer, &mut records, 30);
    append(&mut writer, &mut records, 31);
    writer.flush().unwrap();
    if group_last {
        group(&mut writer, &mut records);
    }
    files.kill();
    records
}

fn group(writer: &mut Writer, records: &mut Records) {
    writer.begin();
    for bytes in [20, 1, 40] {
        append(writer, records, bytes);
        records.last_mut().unwrap().2 = bytes == 40;
    }
    writer.commit().unwrap();
    writer.flush().unwrap();
}

fn flip(files: &FaultyFiles, path: &Path, bit: usize) {
    let mut bytes = files.contents(path).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
    files.put(path, &bytes);
}

/// Every shown record is one of `records`, in order; returns which are missing.
fn missing(records: &Records, shown: &[(Position, Vec<u8>)]) -> Vec<usize> {
    let mut left = shown.iter().peekable();
    let mut missing = Vec::new();
    for (number, (position, body, _)) in records.iter().enumerate() {
        match left.next_if(|(at, _)| at == position) {
            Some((_, found)) => assert_eq!(found, body, "a wrong body for record {number}"),
            None => missing.push(number),
        }
    }
    assert_eq!(
        left.next(),
        None,
        "a record that was never written, or out of order"
    );
    missing
}

fn frame_of(records: &Records, byte: usize) -> Option<usize> {
    records.iter().position(|(position, body, _)| {
        let start = position.offset() as usize;
        (start..start + 18 + body.len()).contains(&byte)
    })
}

#[test]
fn a_segment_cut_at_any_byte_serves_what_is_whole_before_the_cut() {
    let whole = FaultyFiles::new(1);
    let records = segment(&whole, true);
    let path = Path::new(DIR).join("00000001.log");
    let bytes = whole.contents(&path).unwrap();
    let (last, body, _) = records.last().unwrap();
    let end = last.offset() as usize + 18 + body.len();
    for cut in 200..=end {
        let files = whole.fork();
        files.put(&path, &bytes[..cut]);
        let (mut writer, _, recovery, shown) = try_open(&files).unwrap();
        let complete = records
            .iter()
            .filter(|(at, body, _)| at.offset() as usize + 18 + body.len() <= cut);
        let groups = complete.clone().count();
        let whole_groups = records[..groups]
            .iter()
            .rposition(|(.., ends)| *ends)
            .map_or(0, |at| at + 1);
        assert_eq!(
            missing(&records, &shown),
            (whole_groups..records.len()).collect::<Vec<_>>()
        );
        assert_eq!(recovery.corrupt, vec![]);
        let kept_end = records
            .get(whole_groups)
            .map_or(end, |(at, ..)| at.offset() as usize);
        assert!(recovery.cut_bytes as usize <= cut - kept_end.min(cut));

        // The log goes on where it was cut, and what follows is found again.
        let position = writer.append(1, b"after the cut").unwrap();
        writer.flush().unwrap();
        drop(writer);
        let (_, _, recovery, shown) = try_open(&files).unwrap();
        assert_eq!(recovery.cut_bytes, 0, "what was cut is not found again");
        assert_eq!(
            shown.last().unwrap(),
            &(position, b"after the cut".to_vec())
        );
        assert_eq!(shown.len(), whole_groups + 1);
    }
}

#[test]
fn a_flipped_bit_costs_the_record_that_it_hits_and_no_other() {
    let whole = FaultyFiles::new(2);
    let records = segment(&whole, false);
    let path = Path::new(DIR).join("00000001.log");
    let (last, body, _) = records.last().unwrap();
    let end = last.offset() as usize + 18 + body.len();
    for bit in 0..(end + 40) * 8 {
        let files = whole.fork();
        flip(&files, &path, bit);
        let (_, reader, recovery, shown) = try_open(&files).unwrap();
        let hit: Vec<usize> = frame_of(&records, bit / 8).into_iter().collect();
        assert_eq!(missing(&records, &shown), hit, "bit {bit}");
        for (number, (position, body, _)) in records.iter().enumerate() {
            match reader.read(*position) {
                Ok(record) => assert_eq!(record.body, *body),
                Err(_) => assert_eq!(hit, [number]),
            }
        }
        let tail = bit / 8 >= end || hit == [records.len() - 1];
        assert_eq!(recovery.cut_bytes > 0, tail, "bit {bit}");
        let header_or_tail = bit / 8 < 128 || tail;
        assert_eq!(
            recovery.corrupt.len(),
            usize::from(!header_or_tail),
            "bit {bit}"
        );
        if let ([corrupt], [hit]) = (&recovery.corrupt[..], &hit[..]) {
            assert_eq!(corrupt.position, records[*hit].0);
            assert_eq!(
                (corrupt.bytes as usize, corrupt.records),
                (18 + records[*hit].1.len(), 1)
            );
            let aside = files.contents(corrupt.set_aside.as_ref().unwrap()).unwrap();
            assert_eq!(aside.len() as u64, corrupt.bytes);
        }
    }
}

#[test]
fn a_flipped_bit_in_a_sealed_segment_or_its_sidecar_is_never_served() {
    let whole = FaultyFiles::new(3);
    let records = segment(&whole, true);
    let (mut writer, ..) = try_open(&whole).unwrap();
    writer.roll(b"the next base").unwrap();
    drop(writer);
    let (log, index) = (
        Path::new(DIR).join("00000001.log"),
        Path::new(DIR).join("00000001.idx"),
    );
    let (log_bytes, index_bytes) = (
        whole.contents(&log).unwrap().len(),
        whole.contents(&index).unwrap().len(),
    );
    for bit in (0..log_bytes * 8).step_by(3) {
        let files = whole.fork();
        flip(&files, &log, bit);
        // The sidecar knows nothing of the damage; the read finds it.
        let (_, reader, _, shown) = try_open(&files).unwrap();
        assert_eq!(missing(&records, &shown), [] as [usize; 0]);
        for (number, (position, body, _)) in records.iter().enumerate() {
            match reader.read(*position) {
                Ok(record) => assert_eq!(record.body, *body),
                Err(_) => assert_eq!(frame_of(&records, bit / 8), Some(number)),
            }
        }
    }
    for bit in 0..index_bytes * 8 {
        let files = whole.fork();
        flip(&files, &index, bit);
        let (_, _, recovery, shown) = try_open(&files).unwrap();
        assert_eq!(missing(&records, &shown), [] as [usize; 0]);
        assert_eq!(recovery.from_sidecars, 0);
    }
}

#[test]
fn both_headers_of_a_segment_can_be_lost_as_long_as_another_segment_has_one() {
    let files = FaultyFiles::new(4);
    let records = segment(&files, true);
    let (mut writer, ..) = try_open(&files).unwrap();
    writer.roll(b"the next base").unwrap();
    drop(writer);
    let log = Path::new(DIR).join("00000001.log");
    let mut bytes = files.contents(&log).unwrap();
    bytes[..128].fill(0xee);
    files.put(&log, &bytes);
    let (_, _, _, shown) = try_open(&files).unwrap();
    assert_eq!(missing(&records, &shown), [] as [usize; 0]);
    let next = Path::new(DIR).join("00000002.log");
    let mut bytes = files.contents(&next).unwrap();
    bytes[..128].fill(0xee);
    files.put(&next, &bytes);
    assert!(matches!(try_open(&files), Err(Error::BadHeader { .. })));
}

#[test]
fn a_frame_smuggled_into_a_payload_is_not_taken_for_a_record() {
    let files = FaultyFiles::new(5);
    let (mut writer, ..) = try_open(&files).unwrap();
    writer.roll(b"the base").unwrap();
    let honest = writer.append(1, b"an honest record").unwrap();
    writer.flush().unwrap();
    let path = Path::new(DIR).join("00000001.log");
    // A frame as a caller could make it, with a checksum that knows nothing of the log's own salt.
    let mut smuggled = Vec::new();
    smuggled.extend_from_slice(&4_u32.to_le_bytes());
    let mut rest = 3_u64.to_le_bytes().to_vec();
    rest.extend_from_slice(&[1, 0]);
    rest.extend_from_slice(b"evil");
    let crc = crc32c::crc32c_append(crc32c::crc32c(&4_u32.to_le_bytes()), &rest);
    smuggled.extend_from_slice(&crc.to_le_bytes());
    smuggled.extend_from_slice(&rest);
    let carrier = writer.append(1, &smuggled).unwrap();
    writer.append(1, b"behind it").unwrap();
    writer.flush().unwrap();
    files.kill();
    flip(&files, &path, (carrier.offset() as usize + 4) * 8);
    let (.., recovery, shown) = try_open(&files).unwrap();
    assert_eq!(shown.len(), 2);
    assert_eq!(
        (shown[0].0, shown[1].1.as_slice()),
        (honest, &b"behind it"[..])
    );
    assert_eq!(recovery.corrupt.len(), 1);
}

/// A flush of four long records, then `later` flushes of one; zeros over two sectors in the middle
/// of the first flush, as loss of power leaves them; says which records are shown.
fn shown_around_a_hole(later: usize) -> (Vec<usize>, Recovery) {
    let files = FaultyFiles::new(6);
    let (mut writer, ..) = try_open(&files).unwrap();
    writer.roll(b"the base").unwrap();
    let mut records = Vec::new();
    (0..4).for_each(|_| append(&mut writer, &mut records, 700));
    writer.flush().unwrap();
    for _ in 0..later {
        append(&mut writer, &mut records, 10);
        writer.flush().unwrap();
    }
    files.kill();
    let path = Path::new(DIR).join("00000001.log");
    let mut bytes = files.contents(&path).unwrap();
    bytes[1024..2048].fill(0);
    files.put(&path, &bytes);
    let (_, _, recovery, shown) = try_open(&files).unwrap();
    let lost = missing(&records, &shown);
    (
        (0..records.len())
            .filter(|number| !lost.contains(number))
            .collect(),
        recovery,
    )
}

#[test]
fn a_hole_in_the_last_flush_is_an_interrupted_write_and_ends_the_log() {
    let (shown, recovery) = shown_around_a_hole(0);
    assert_eq!((shown, recovery.corrupt), (vec![0], vec![]));
    assert!(recovery.cut_bytes > 2000);
}

#[test]
fn a_hole_that_a_later_flush_follows_is_damage_and_everything_around_it_is_served() {
    let (shown, recovery) = shown_around_a_hole(1);
    assert_eq!((shown, recovery.cut_bytes), (vec![0, 3, 4], 0));
    assert_eq!(
        (recovery.corrupt.len(), recovery.corrupt[0].records),
        (1, 2)
    );
}

#[test]
fn a_frame_that_stands_there_a_second_time_is_not_a_second_record() {
    let files = FaultyFiles::new(7);
    let records = segment(&files, false);
    let path = Path::new(DIR).join("00000001.log");
    let mut bytes = files.contents(&path).unwrap();
    let (first, last) = (&records[2], records.last().unwrap());
    let from = first.0.offset() as usize;
    let to = last.0.offset() as usize + 18 + last.1.len();
    bytes.copy_within(from..from + 18 + first.1.len(), to);
    files.put(&path, &bytes);
    let (_, _, recovery, shown) = try_open(&files).unwrap();
    assert_eq!(missing(&records, &shown), [] as [usize; 0]);
    assert_eq!(recovery.cut_bytes as usize, 18 + first.1.len());
}

#[test]
fn a_log_that_has_lost_its_only_record_begins_again_behind_it() {
    let files = FaultyFiles::new(8);
    for turn in 1..4 {
        let (mut writer, ..) = try_open(&files).unwrap();
        assert!(writer.should_roll());
        let base = writer.roll(b"the base").unwrap();
        assert_eq!(base.segment(), turn);
        files.kill();
        let path = Path::new(DIR).join(format!("{turn:08}.log"));
        flip(&files, &path, (base.offset() as usize + 20) * 8);
    }
    let (mut writer, ..) = try_open(&files).unwrap();
    writer.roll(b"the base").unwrap();
    let position = writer.append(1, b"goes on").unwrap();
    writer.flush().unwrap();
    drop(writer);
    let (.., shown) = try_open(&files).unwrap();
    assert_eq!(shown, [(position, b"goes on".to_vec())]);
}

#[test]
fn damaged_bytes_that_claim_the_last_of_all_sequences_are_stepped_over() {
    let files = FaultyFiles::new(9);
    let (mut writer, ..) = try_open(&files).unwrap();
    writer.roll(b"the base").unwrap();
    let mut positions = Vec::new();
    for body in [&[1; 40][..], &[0xff; 80][..], &[3; 40][..]] {
        positions.push(writer.append(1, body).unwrap());
        writer.flush().unwrap();
    }
    files.kill();
    let path = Path::new(DIR).join("00000001.log");
    flip(&files, &path, 8 * (positions[1].offset() as usize + 20));
    for told_before in [false, true] {
        let (.., recovery, shown) = try_open(&files).unwrap();
        let known: Vec<bool> = recovery.corrupt.iter().map(|place| place.known).collect();
        assert_eq!(known, [told_before]);
        let shown: Vec<_> = shown.iter().map(|(at, _)| *at).collect();
        assert_eq!(shown, [positions[0], positions[2]]);
        files.kill();
    }
}
