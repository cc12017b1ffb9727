use std::io::Read;

use cauce_observe::report::{Language, Report, document::Value};
use flate2::read::ZlibDecoder;

use super::*;

fn reports() -> Vec<Report> {
    let languages = [Language::En, Language::Es].into_iter();
    languages
        .flat_map(|language| [sample::month(language), sample::nothing(language)])
        .collect()
}

#[test]
fn the_same_report_makes_the_same_bytes() {
    for report in reports() {
        for format in Format::ALL {
            let [one, two] = [0, 1].map(|_| write(&report, format).unwrap());
            assert!(one == two, "{format:?}");
        }
    }
}

/// The texts of all pages, one a line, as they stand in the file.
fn texts(pdf: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = pdf;
    while let Some(start) = find(rest, b"stream\n") {
        rest = &rest[start + 7..];
        let end = find(rest, b"endstream").expect("a stream ends");
        let mut page = Vec::new();
        ZlibDecoder::new(&rest[..end])
            .read_to_end(&mut page)
            .unwrap();
        let page: String = page.into_iter().map(char::from).collect();
        found.extend(
            page.lines()
                .filter(|line| line.ends_with(" Tj"))
                .map(str::to_owned),
        );
        rest = &rest[end + 9..];
    }
    found
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[test]
fn every_figure_of_the_tables_is_printed() {
    let report = sample::month(Language::En);
    let printed = texts(&write(&report, Format::Pdf).unwrap()).join("\n");
    for table in report.tables() {
        for value in table.rows.iter().flatten() {
            let said = report.language.write(value);
            if matches!(value, Value::Count(_) | Value::Money(_) | Value::Text(_))
                && said.is_ascii()
            {
                assert!(
                    printed.contains(&format!("({said})")),
                    "{}: {said}",
                    table.id
                );
            }
        }
    }
}

#[test]
fn a_table_that_goes_on_has_its_head_on_every_page() {
    let mut report = sample::month(Language::En);
    let table = &mut report.sections[0].tables[1];
    let rows = table.rows.clone();
    table.rows = rows.iter().cycle().take(120).cloned().collect();
    let printed = texts(&write(&report, Format::Pdf).unwrap());
    let count = |part: &str| printed.iter().filter(|line| line.contains(part)).count();
    let continued = count("continued");
    assert!(continued >= 2, "{continued}");
    // Each page of it has the names of the columns.
    assert!(count("(Delivered)") > continued, "{printed:?}");
    assert!(count("Page 1 of ") == 1);
}

#[test]
fn csv_holds_every_value_and_no_formula() {
    let mut report = sample::month(Language::En);
    report.sections[3].tables[0].rows[0][0] = Value::Text("=1+1".to_owned());
    let written = write(&report, Format::Csv).unwrap();
    let text = String::from_utf8(written).unwrap();
    let mut reader = ::csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    let wanted: usize = report
        .tables()
        .map(|table| table.rows.len() * (table.columns.len() - 1))
        .sum();
    assert_eq!(records.len(), wanted);
    assert!(records.iter().any(|record| &record[3] == "'=1+1"));
    let sent = records
        .iter()
        .find(|record| &record[1] == "messages")
        .unwrap();
    assert_eq!((&sent[4], &sent[5], &sent[6]), ("now", "11556", "number"));
}

#[test]
fn a_table_alone_has_its_own_columns_and_money_its_currency() {
    let report = sample::month(Language::En);
    let text = String::from_utf8(write_table(&report, "money").unwrap()).unwrap();
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let head = "currency,revenue,revenueCurrency,revenueBefore,revenueBeforeCurrency,change,cost,\
        costCurrency,roi";
    assert_eq!(lines.next(), Some(head));
    let first = lines.next().unwrap();
    assert!(
        first.starts_with("EUR,60720.36,EUR,52350.03,EUR,"),
        "{first}"
    );
    let unknown = write_table(&report, "mony").unwrap_err().to_string();
    assert!(
        unknown.contains("\"mony\"") && unknown.contains("money"),
        "{unknown}"
    );
}
