//! Writes reports on made-up figures into a folder, and what their tables hold as plain text, for
//! other programs to compare.

use std::{env, fs, path::Path};

use cauce_observe::report::{Language, Report};
use cauce_report::{Format, raw, sample, write, write_table};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = env::args()
        .nth(1)
        .ok_or("hint: give a folder to write into")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    for language in [Language::En, Language::Es] {
        for (name, report) in [
            ("month", sample::month(language)),
            ("busy", sample::busy(language)),
            ("nothing", sample::nothing(language)),
        ] {
            let stem = format!("{name}-{}", language.as_str());
            for format in Format::ALL {
                let file = format!("{stem}.{}", format.as_str());
                fs::write(folder.join(file), write(&report, format)?)?;
            }
            for table in report.tables() {
                let file = format!("{stem}.{}.csv", table.id);
                fs::write(folder.join(file), write_table(&report, table.id)?)?;
            }
            fs::write(folder.join(format!("{stem}.tsv")), plain(&report))?;
        }
    }
    Ok(())
}

/// A line for each cell: the sheet, the row, the column, the kind of the value, the value, and as it
/// is printed.
fn plain(report: &Report) -> String {
    let mut lines = String::new();
    for (sheet, table) in report.tables().enumerate() {
        for (row, values) in table.rows.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                let kind = format!("{value:?}");
                let kind = kind.split(['(', ' ']).next().unwrap_or_default();
                let printed = report.language.write(value).replace('\u{a0}', " ");
                lines += &format!(
                    "{sheet}\t{}\t{row}\t{column}\t{kind}\t{}\t{printed}\n",
                    table.id,
                    raw(value)
                );
            }
        }
    }
    lines
}
