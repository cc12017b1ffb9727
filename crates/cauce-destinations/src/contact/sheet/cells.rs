//! A record, taken apart into its cells by `csv-core`.

/// The cells of one record at a time, in memory that is used again.
#[derive(Default)]
pub(super) struct Cells {
    reader: Option<(u8, Box<csv_core::Reader>)>,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    /// Takes a record apart. It is known to be whole.
    pub(super) fn of(
        &mut self,
        record: &str,
        delimiter: u8,
    ) -> impl ExactSizeIterator<Item = &str> {
        // Cells are never longer than what they are read from, nor more than its bytes.
        self.text.resize(record.len() + 1, 0);
        self.ends.resize(record.len() + 2, 0);
        let reader = match &mut self.reader {
            Some((of, reader)) if *of == delimiter => {
                reader.reset();
                reader
            }
            other => {
                let new = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
                &mut other.insert((delimiter, Box::new(new))).1
            }
        };
        let (_, read, written, ended) =
            reader.read_record(record.as_bytes(), &mut self.text, &mut self.ends);
        debug_assert_eq!(read, record.len(), "a record is read as one");
        let (_, _, _, last) =
            reader.read_record(b"\n", &mut self.text[written..], &mut self.ends[ended..]);
        let count = ended + last;
        let text = &self.text;
        let ends = &self.ends[..count];
        (0..count).map(move |cell| {
            let begin = if cell == 0 { 0 } else { ends[cell - 1] };
            std::str::from_utf8(&text[begin..ends[cell]]).unwrap_or_default()
        })
    }
}
