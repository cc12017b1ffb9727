//! What the fuzz targets do with files of contacts.

use cauce_destinations::contact::sheet::{Known, Line, MAX_KEPT, Sheet, SheetFault};

use super::workbook;

/// Reads a file as CSV, as a whole and in pieces: whatever it is, both tell the same, and lines are
/// told in their order.
pub fn sheet(data: &[u8]) {
    // The first byte says how large the pieces are.
    let Some((piece, file)) = data.split_first() else {
        return;
    };
    let whole = read(file, file.len().max(1));
    let pieces = read(file, usize::from(*piece).max(1));
    assert_eq!(whole, pieces, "in pieces it is read otherwise");
    let Ok(lines) = whole else { return };
    for pair in lines.windows(2) {
        assert!(
            pair[0].number < pair[1].number,
            "a line comes before its place"
        );
    }
    assert!(lines.iter().all(|line| line.text.len() <= MAX_KEPT));
}

fn read(file: &[u8], piece: usize) -> Result<Vec<Line>, SheetFault> {
    let mut sheet = Sheet::new(Known::default());
    let mut lines = Vec::new();
    for piece in file.chunks(piece) {
        lines.extend(sheet.push(piece)?);
    }
    lines.extend(sheet.finish()?);
    Ok(lines)
}

/// Looks at bytes as at a part of a workbook and as at a whole one.
pub fn workbook(data: &[u8]) {
    workbook::fuzz(data);
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    fn corpus(target: &str) -> PathBuf {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        root.join("../../fuzz/corpus").join(target)
    }

    #[test]
    fn a_file_is_read_alike_in_pieces_of_any_size() {
        cauce_log::fuzz::feed(&corpus("engine_sheet"), 5_000, super::sheet);
    }

    #[test]
    fn a_workbook_of_any_bytes_is_taken_or_refused() {
        cauce_log::fuzz::feed(&corpus("engine_workbook"), 5_000, super::workbook);
    }
}
