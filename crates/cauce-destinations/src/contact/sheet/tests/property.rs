//! Against what the `csv` crate writes where a file is well formed, and against any bytes.

use proptest::{collection::vec, prelude::*};

use super::*;

fn cell() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\"".to_owned()),
        Just(";".to_owned()),
        Just(",".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just(" ".to_owned()),
        "[a-zñÍ€]{0,3}",
    ];
    vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// A file as the `csv` crate writes it, and the cells of its rows.
fn file() -> impl Strategy<Value = (Vec<u8>, Vec<[String; 2]>)> {
    let rows = vec([cell(), cell()], 0..20);
    (rows, any::<bool>()).prop_map(|(rows, windows)| {
        let end = match windows {
            true => csv::Terminator::CRLF,
            false => csv::Terminator::Any(b'\n'),
        };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(b';')
            .terminator(end)
            .from_writer(Vec::new());
        writer.write_record(["phone", "x", "y"]).unwrap();
        for row in &rows {
            writer
                .write_record(["+34600111222", &row[0], &row[1]])
                .unwrap();
        }
        (writer.into_inner().unwrap(), rows)
    })
}

proptest! {
    #[test]
    fn well_formed_file_is_read_as_it_was_written((bytes, rows) in file(), piece in 1..40_usize) {
        let (_, lines) = read_in(&bytes, piece, Known::default()).unwrap();
        prop_assert_eq!(lines.len(), rows.len());
        let mut number = 2;
        for (line, row) in lines.iter().zip(&rows) {
            prop_assert_eq!(line.number, number);
            number += 1 + row.concat().matches('\n').count() as u64;
            let found = line.row.as_ref().unwrap();
            let value = |name: &str| {
                let mut attributes = found.attributes.iter();
                let found = attributes.find(|(known, _)| known == name);
                found.and_then(|(_, value)| value.as_str()).unwrap_or_default().to_owned()
            };
            prop_assert_eq!(value("x"), field::as_typed(&row[0]));
            prop_assert_eq!(value("y"), field::as_typed(&row[1]));
        }
    }

    #[test]
    fn any_bytes_are_read_the_same_in_any_pieces(
        noise in vec(prop_oneof![Just(b'"'), Just(b';'), Just(b'\n'), Just(b'\r'), Just(b'x'), any::<u8>()], 0..300),
        piece in 1..40_usize,
    ) {
        let bytes = [b"phone;x\n", &noise[..]].concat();
        let (_, whole) = read_in(&bytes, bytes.len(), Known::default()).unwrap();
        let (_, pieces) = read_in(&bytes, piece, Known::default()).unwrap();
        prop_assert_eq!(&whole, &pieces);
        let numbers: Vec<u64> = whole.iter().map(|line| line.number).collect();
        prop_assert!(numbers.is_sorted_by(|a, b| a < b) && numbers.first() != Some(&1));
    }
}
