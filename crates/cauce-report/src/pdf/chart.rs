//! Charts as paths: lines over time, bars beside each other, a funnel.

use cauce_observe::report::document::{Chart, Shape, Table, Value};

use super::{
    canvas::{Area, Colour, Style},
    flow::{Flow, INNER, MARGIN},
    table::title,
};

const HEIGHT: f32 = 140.0;
/// Left of the drawing, for its scale.
const SCALE: f32 = 40.0;
const LABEL: Style = Style::plain(7.0, Colour::QUIET);
/// One step of a funnel.
const STEP: f32 = 26.0;

/// A chart of a table that has rows.
pub(super) fn draw(flow: &mut Flow<'_>, table: &Table, chart: &Chart) {
    match chart.shape {
        Shape::Funnel => funnel(flow, table, chart),
        Shape::Lines | Shape::Bars => plot(flow, table, chart),
    }
}

fn plot(flow: &mut Flow<'_>, table: &Table, chart: &Chart) {
    flow.need(HEIGHT + 56.0);
    title(flow, &table.title);
    legend(flow, table, chart);
    let values = chart.series.iter().flat_map(|column| {
        let column = *column;
        table.rows.iter().map(move |row| row[column].size())
    });
    let scale = Scale::up_to(values.fold(0.0, f64::max));
    let area = Area {
        x: MARGIN + SCALE,
        y: flow.y + 6.0,
        width: INNER - SCALE,
        height: HEIGHT,
    };
    grid(flow, scale, area);
    match chart.shape {
        Shape::Lines => lines(flow, table, chart, (scale, area)),
        Shape::Bars | Shape::Funnel => bars(flow, table, chart, (scale, area)),
    }
    labels(flow, table, chart, area);
    flow.y = area.y + HEIGHT + 26.0;
}

/// The names of the series, right of the title; a single one needs none.
fn legend(flow: &mut Flow<'_>, table: &Table, chart: &Chart) {
    if chart.series.len() < 2 {
        return;
    }
    let y = flow.y - 8.0;
    let mut x = MARGIN + INNER;
    let page = flow.page();
    for (at, column) in chart.series.iter().enumerate().rev() {
        let name = &table.columns[*column].name;
        page.text_to(x, y, name, LABEL);
        x -= LABEL.width(name) + 11.0;
        let mark = Area {
            x,
            y: y - 6.0,
            width: 7.0,
            height: 7.0,
        };
        page.fill(mark, colour(at));
        x -= 12.0;
    }
}

fn colour(series: usize) -> Colour {
    Colour::SERIES[series % Colour::SERIES.len()]
}

/// A scale from zero on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    step: f64,
    steps: usize,
}

impl Scale {
    /// A scale with three to five steps of 1, 2 or 5 times a power of ten, that holds a value.
    fn up_to(most: f64) -> Scale {
        let rough = (most / 5.0).max(0.2);
        let power = 10f64.powf(rough.log10().floor());
        let nice = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let fits = nice.into_iter().find(|step| step * 5.0 >= most);
        let step = fits.unwrap_or(10.0 * power).max(1.0);
        Scale {
            step,
            steps: ((most / step).ceil() as usize).max(1),
        }
    }

    fn y(self, value: f64, area: Area) -> f32 {
        let share = value / (self.step * self.steps as f64);
        area.y + area.height * (1.0 - share as f32)
    }
}

fn grid(flow: &mut Flow<'_>, scale: Scale, area: Area) {
    let language = flow.report.language;
    let page = flow.page();
    for step in 0..=scale.steps {
        let value = scale.step * step as f64;
        let y = scale.y(value, area);
        page.line((area.x, y), (area.x + area.width, y), 0.5, Colour::LINE);
        let said = language.write(&Value::Count(value as u64));
        page.text_to(area.x - 6.0, y + 2.5, &said, LABEL);
    }
}

fn lines(flow: &mut Flow<'_>, table: &Table, chart: &Chart, (scale, area): (Scale, Area)) {
    let slot = area.width / table.rows.len() as f32;
    let page = flow.page();
    for (at, column) in chart.series.iter().enumerate().rev() {
        let points = table.rows.iter().enumerate().map(|(row, values)| {
            let x = area.x + (row as f32 + 0.5) * slot;
            (x, scale.y(values[*column].size(), area))
        });
        let points: Vec<(f32, f32)> = points.collect();
        page.path(&points, 1.6, colour(at));
        // One moment alone makes no line.
        if let [(x, y)] = points[..] {
            page.line((x - 2.0, y), (x + 2.0, y), 3.0, colour(at));
        }
    }
}

fn bars(flow: &mut Flow<'_>, table: &Table, chart: &Chart, (scale, area): (Scale, Area)) {
    let slot = area.width / table.rows.len() as f32;
    let width = (slot * 0.7 / chart.series.len() as f32).min(28.0);
    let both = width * chart.series.len() as f32;
    let page = flow.page();
    for (row, values) in table.rows.iter().enumerate() {
        let left = area.x + (row as f32 + 0.5) * slot - both / 2.0;
        for (at, column) in chart.series.iter().enumerate() {
            let y = scale.y(values[*column].size(), area);
            let bar = Area {
                x: left + at as f32 * width,
                y,
                width: width - 0.8,
                height: area.y + area.height - y,
            };
            page.fill(bar, colour(at));
        }
    }
}

/// What stands under a drawing: as many as there is room for.
fn labels(flow: &mut Flow<'_>, table: &Table, chart: &Chart, area: Area) {
    let language = flow.report.language;
    let said: Vec<String> = table
        .rows
        .iter()
        .map(|row| match &row[chart.labels] {
            Value::Day(date) => language.short_day(*date),
            Value::Moment(at) if at.hour() == 0 => language.short_day(at.date()),
            Value::Moment(at) => format!("{:02}:{:02}", at.hour(), at.minute()),
            other => language.write(other),
        })
        .collect();
    let widest = said
        .iter()
        .map(|text| LABEL.width(text))
        .fold(0.0, f32::max)
        + 8.0;
    let slot = area.width / said.len() as f32;
    let every = (widest / slot).ceil().max(1.0) as usize;
    let y = area.y + area.height + 11.0;
    for (at, text) in said.iter().enumerate().step_by(every) {
        let x = area.x + (at as f32 + 0.5) * slot;
        flow.page().text_around(x, y, text, LABEL);
    }
}

/// Steps under each other, each with how many there are and what share of the first that is.
fn funnel(flow: &mut Flow<'_>, table: &Table, chart: &Chart) {
    let Some(column) = chart.series.first().copied() else {
        return;
    };
    flow.need(table.rows.len() as f32 * STEP + 40.0);
    title(flow, &table.title);
    let language = flow.report.language;
    let sizes: Vec<f64> = table.rows.iter().map(|row| row[column].size()).collect();
    let most = sizes.iter().copied().fold(1.0, f64::max);
    let first = sizes.first().copied().unwrap_or(0.0);
    let names = 110.0;
    let room = INNER - names - 90.0;
    for (row, size) in table.rows.iter().zip(sizes) {
        let y = flow.y;
        let bar = Area {
            x: MARGIN + names,
            y: y + 3.0,
            width: (size / most) as f32 * room,
            height: STEP - 8.0,
        };
        let mut said = language.write(&row[column]);
        if first > 0.0 {
            let share = language.write(&Value::Share(size / first));
            said = format!("{said} · {share}");
        }
        let page = flow.page();
        let name = language.write(&row[chart.labels]);
        page.text(MARGIN, y + 15.0, &name, Style::plain(8.5, Colour::TEXT));
        page.fill(bar, Colour::TEAL);
        let x = bar.x + bar.width + 8.0;
        page.text(x, y + 15.0, &said, Style::bold(8.5, Colour::INK));
        flow.y += STEP;
    }
    flow.y += 10.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_holds_its_greatest_value_in_few_steps() {
        for most in [
            0.0, 1.0, 3.0, 5.0, 6.0, 10.0, 11.0, 99.0, 4_321.0, 1e7, 1.234e15,
        ] {
            let scale = Scale::up_to(most);
            assert!(scale.step * scale.steps as f64 >= most, "{most}: {scale:?}");
            assert!((1..=5).contains(&scale.steps), "{most}: {scale:?}");
            assert_eq!(scale.step.fract(), 0.0, "{most}: {scale:?}");
        }
    }
}
