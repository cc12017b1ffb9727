//! Pages that follow each other: what does not fit on one goes onto the next.

use cauce_observe::report::{Report, words::Word};

use super::canvas::{Canvas, Colour, HEIGHT, Style, WIDTH};

/// Left and right of everything.
pub(super) const MARGIN: f32 = 48.0;
/// Where pages after the first begin.
const TOP: f32 = 60.0;
/// Where pages end.
const BOTTOM: f32 = HEIGHT - 56.0;
/// How wide what is between the margins is.
pub(super) const INNER: f32 = WIDTH - 2.0 * MARGIN;

const NOTE: Style = Style::plain(8.0, Colour::QUIET);

/// A heading, for the outline of the document.
pub(super) struct Mark {
    /// What it says.
    pub(super) title: String,
    /// The page, from 0.
    pub(super) page: usize,
    /// From the top of the page.
    pub(super) y: f32,
}

/// What is ready to be written into a file.
pub(super) struct Pages {
    /// The contents of the pages.
    pub(super) pages: Vec<Vec<u8>>,
    /// The headings.
    pub(super) marks: Vec<Mark>,
}

/// A document that grows.
pub(super) struct Flow<'a> {
    /// What it is about.
    pub(super) report: &'a Report,
    /// Where the next thing begins, from the top of the page.
    pub(super) y: f32,
    pages: Vec<Canvas>,
    marks: Vec<Mark>,
}

impl<'a> Flow<'a> {
    pub(super) fn new(report: &'a Report) -> Flow<'a> {
        Flow {
            report,
            y: 0.0,
            pages: vec![Canvas::new()],
            marks: Vec::new(),
        }
    }

    /// The page that is drawn on.
    pub(super) fn page(&mut self) -> &mut Canvas {
        self.pages.last_mut().expect("there is a first page")
    }

    /// How many pages there are.
    pub(super) fn count(&self) -> usize {
        self.pages.len()
    }

    /// Goes on to the next page where so much does not fit on this one.
    pub(super) fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.pages.push(Canvas::new());
            self.y = TOP;
        }
    }

    /// The heading of a section; it stays with what follows, which is so high.
    pub(super) fn heading(&mut self, title: &str, following: f32) {
        self.need(60.0 + following);
        if self.y > TOP {
            self.y += 22.0;
        }
        let y = self.y + 14.0;
        self.marks.push(Mark {
            title: title.to_owned(),
            page: self.count() - 1,
            y: self.y,
        });
        let page = self.page();
        page.text(MARGIN, y, title, Style::bold(15.0, Colour::INK));
        page.line(
            (MARGIN, y + 8.0),
            (MARGIN + INNER, y + 8.0),
            0.6,
            Colour::LINE,
        );
        page.line(
            (MARGIN, y + 8.0),
            (MARGIN + 40.0, y + 8.0),
            1.8,
            Colour::TEAL,
        );
        self.y = y + 20.0;
    }

    /// What a reader has to know, in lines.
    pub(super) fn notes(&mut self, notes: &[String]) {
        for note in notes {
            let lines = NOTE.font.wrap(note, NOTE.size, INNER);
            self.need(lines.len() as f32 * 11.0 + 4.0);
            for line in lines {
                self.y += 11.0;
                let y = self.y;
                self.page().text(MARGIN, y, &line, NOTE);
            }
            self.y += 4.0;
        }
    }

    /// The pages, each with whose report it is and with its number.
    pub(super) fn finish(mut self) -> Pages {
        let (report, count) = (self.report, self.pages.len());
        let left = format!("{} · {} · {}", report.tenant, report.title, report.period);
        for (at, page) in self.pages.iter_mut().enumerate() {
            let numbers = [(at + 1).to_string(), count.to_string()];
            let right = report
                .language
                .fill(Word::PageOf, &[&numbers[0], &numbers[1]]);
            let y = HEIGHT - 30.0;
            page.line(
                (MARGIN, y - 13.0),
                (MARGIN + INNER, y - 13.0),
                0.6,
                Colour::LINE,
            );
            let room = INNER - NOTE.width(&right) - 20.0;
            page.text(MARGIN, y, &NOTE.font.fit(&left, NOTE.size, room), NOTE);
            page.text_to(MARGIN + INNER, y, &right, NOTE);
        }
        Pages {
            pages: self.pages.into_iter().map(Canvas::finish).collect(),
            marks: self.marks,
        }
    }
}
