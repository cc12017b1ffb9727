//! The head of the first page: what the report is, and the figures that stand out.

use cauce_observe::report::{
    document::{Better, Tile, Value},
    words::Word,
};

use super::{
    canvas::{Area, Colour, Style, WIDTH},
    flow::{Flow, INNER, MARGIN},
};

const BAND: f32 = 148.0;
const COLUMNS: usize = 4;
const GAP: f32 = 10.0;
const TILE: f32 = 74.0;

/// The title of the report.
pub(super) fn title(flow: &mut Flow<'_>) {
    let report = flow.report;
    let language = report.language;
    let made_at = language.moment(report.made_at.datetime());
    let compared = language.fill(Word::ComparedWith, &[&report.compared_with]);
    let made = language.fill(Word::MadeAt, &[&made_at, &report.zone]);
    let page = flow.page();
    page.fill(
        Area {
            x: 0.0,
            y: 0.0,
            width: WIDTH,
            height: BAND,
        },
        Colour::INK,
    );
    page.fill(
        Area {
            x: 0.0,
            y: BAND,
            width: WIDTH,
            height: 3.0,
        },
        Colour::TEAL,
    );
    let tenant = Style::bold(10.0, Colour::MIST);
    page.text(
        MARGIN,
        44.0,
        &tenant.font.fit(&report.tenant, 10.0, INNER),
        tenant,
    );
    page.text(
        MARGIN,
        76.0,
        &report.title,
        Style::bold(27.0, Colour::WHITE),
    );
    page.text(
        MARGIN,
        98.0,
        &report.period,
        Style::plain(13.0, Colour::WHITE),
    );
    let quiet = Style::plain(8.5, Colour::MIST);
    page.text(MARGIN, 124.0, &compared, quiet);
    page.text_to(MARGIN + INNER, 124.0, &made, quiet);
    flow.y = BAND + 3.0 + 20.0;
}

/// The figures that stand out, four in a row.
pub(super) fn draw(flow: &mut Flow<'_>) {
    let width = (INNER - GAP * (COLUMNS - 1) as f32) / COLUMNS as f32;
    for row in flow.report.tiles.chunks(COLUMNS) {
        flow.need(TILE + GAP);
        for (at, tile) in row.iter().enumerate() {
            let area = Area {
                x: MARGIN + at as f32 * (width + GAP),
                y: flow.y,
                width,
                height: TILE,
            };
            draw_tile(flow, tile, area);
        }
        flow.y += TILE + GAP;
    }
}

fn draw_tile(flow: &mut Flow<'_>, tile: &Tile, area: Area) {
    let language = flow.report.language;
    let (x, room) = (area.x + 10.0, area.width - 20.0);
    let now = language.write(&tile.now);
    let before = language.fill(Word::Before, &[&language.write(&tile.before)]);
    let page = flow.page();
    page.fill(area, Colour::PALE);
    let name = Style::plain(7.5, Colour::QUIET);
    page.text(
        x,
        area.y + 16.0,
        &name.font.fit(&tile.name, name.size, room),
        name,
    );
    let figure = fitting(&now, room);
    page.text(x, area.y + 39.0, &now, figure);
    page.text(x, area.y + 66.0, &before, Style::plain(7.0, Colour::QUIET));
    if tile.change == Value::None {
        return;
    }
    let (size, said) = (tile.change.size(), language.write(&tile.change));
    let colour = verdict(tile.better, size);
    let indent = match size {
        0.0 => 0.0,
        _ => {
            page.arrow(x, area.y + 53.5, size > 0.0, colour);
            9.0
        }
    };
    page.text(x + indent, area.y + 54.0, &said, Style::bold(8.0, colour));
}

/// The largest size in which a figure fits.
fn fitting(text: &str, room: f32) -> Style {
    let sizes = [18.0, 16.0, 14.0, 12.0, 10.0];
    let styles = sizes.map(|size| Style::bold(size, Colour::INK));
    let fits = styles.iter().find(|style| style.width(text) <= room);
    *fits.unwrap_or(&Style::bold(8.0, Colour::INK))
}

fn verdict(better: Better, change: f64) -> Colour {
    match better {
        _ if change == 0.0 => Colour::QUIET,
        Better::Neither => Colour::QUIET,
        Better::Up if change > 0.0 => Colour::TEAL,
        Better::Down if change < 0.0 => Colour::TEAL,
        Better::Up | Better::Down => Colour::RED,
    }
}
