//! One page to draw on: points from its upper left corner.

use pdf_writer::{Content, Name, Str, types::LineCapStyle};

use super::font::{Font, encode};

/// A4, in points.
pub(super) const WIDTH: f32 = 595.28;
/// A4, in points.
pub(super) const HEIGHT: f32 = 841.89;

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u8, pub(super) u8, pub(super) u8);

impl Colour {
    /// Headings and figures.
    pub(super) const INK: Colour = Colour(0x16, 0x32, 0x40);
    /// Text.
    pub(super) const TEXT: Colour = Colour(0x2b, 0x38, 0x40);
    /// What explains.
    pub(super) const QUIET: Colour = Colour(0x64, 0x74, 0x7d);
    /// Lines.
    pub(super) const LINE: Colour = Colour(0xdb, 0xe2, 0xe6);
    /// Behind tiles and heads.
    pub(super) const PALE: Colour = Colour(0xf3, 0xf6, 0xf7);
    /// On dark.
    pub(super) const WHITE: Colour = Colour(0xff, 0xff, 0xff);
    /// On dark, what explains.
    pub(super) const MIST: Colour = Colour(0xb9, 0xcb, 0xd3);
    /// The first series, and what is good.
    pub(super) const TEAL: Colour = Colour(0x0f, 0x76, 0x6e);
    /// The second series.
    pub(super) const AMBER: Colour = Colour(0xd9, 0x8a, 0x1f);
    /// The third series, and what is bad.
    pub(super) const RED: Colour = Colour(0xb4, 0x2d, 0x2d);
    /// Series, in order.
    pub(super) const SERIES: [Colour; 3] = [Colour::TEAL, Colour::AMBER, Colour::RED];

    fn parts(self) -> [f32; 3] {
        [self.0, self.1, self.2].map(|part| f32::from(part) / 255.0)
    }
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Its font.
    pub(super) font: Font,
    /// Its size.
    pub(super) size: f32,
    /// Its colour.
    pub(super) colour: Colour,
}

impl Style {
    /// A style of the plain font.
    pub(super) const fn plain(size: f32, colour: Colour) -> Style {
        Style {
            font: Font::Plain,
            size,
            colour,
        }
    }

    /// A style of the bold font.
    pub(super) const fn bold(size: f32, colour: Colour) -> Style {
        Style {
            font: Font::Bold,
            size,
            colour,
        }
    }

    /// How wide a text is.
    pub(super) fn width(&self, text: &str) -> f32 {
        self.font.width(text, self.size)
    }
}

/// A rectangle from its upper left corner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    /// From the left.
    pub(super) x: f32,
    /// From the top.
    pub(super) y: f32,
    /// Its width.
    pub(super) width: f32,
    /// Its height.
    pub(super) height: f32,
}

/// A page.
pub(super) struct Canvas(Content);

impl Canvas {
    pub(super) fn new() -> Canvas {
        Canvas(Content::new())
    }

    /// The bytes of the page.
    pub(super) fn finish(self) -> Vec<u8> {
        self.0.finish().to_vec()
    }

    /// A text on a base line.
    pub(super) fn text(&mut self, x: f32, y: f32, text: &str, style: Style) {
        let [red, green, blue] = style.colour.parts();
        self.0
            .set_fill_rgb(red, green, blue)
            .begin_text()
            .set_font(Name(style.font.name()), style.size)
            .next_line(x, HEIGHT - y)
            .show(Str(&encode(text)))
            .end_text();
    }

    /// A text that ends at `x`.
    pub(super) fn text_to(&mut self, x: f32, y: f32, text: &str, style: Style) {
        self.text(x - style.width(text), y, text, style);
    }

    /// A text around `x`.
    pub(super) fn text_around(&mut self, x: f32, y: f32, text: &str, style: Style) {
        self.text(x - style.width(text) / 2.0, y, text, style);
    }

    /// A filled rectangle.
    pub(super) fn fill(&mut self, area: Area, colour: Colour) {
        let [red, green, blue] = colour.parts();
        self.0
            .set_fill_rgb(red, green, blue)
            .rect(
                area.x,
                HEIGHT - area.y - area.height,
                area.width,
                area.height,
            )
            .fill_nonzero();
    }

    /// A straight line.
    pub(super) fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, colour: Colour) {
        self.path(&[from, to], width, colour);
    }

    /// A line through points.
    pub(super) fn path(&mut self, points: &[(f32, f32)], width: f32, colour: Colour) {
        let Some(((x, y), rest)) = points.split_first() else {
            return;
        };
        let [red, green, blue] = colour.parts();
        self.0
            .set_stroke_rgb(red, green, blue)
            .set_line_width(width)
            .set_line_cap(LineCapStyle::RoundCap)
            .move_to(*x, HEIGHT - y);
        for (x, y) in rest {
            self.0.line_to(*x, HEIGHT - y);
        }
        self.0.stroke();
    }

    /// A filled triangle that points up or down.
    pub(super) fn arrow(&mut self, x: f32, y: f32, is_up: bool, colour: Colour) {
        let [red, green, blue] = colour.parts();
        let (base, tip) = match is_up {
            true => (y, y - 5.0),
            false => (y - 5.0, y),
        };
        self.0
            .set_fill_rgb(red, green, blue)
            .move_to(x, HEIGHT - base)
            .line_to(x + 6.0, HEIGHT - base)
            .line_to(x + 3.0, HEIGHT - tip)
            .close_path()
            .fill_nonzero();
    }
}
