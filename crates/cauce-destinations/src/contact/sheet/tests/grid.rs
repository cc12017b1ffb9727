//! Rows of cells.

use super::*;

fn cells<'a>(of: &[&'a str]) -> Vec<Cell<'a>> {
    let of = of.iter();
    of.map(|text| match *text {
        "" => Cell::Empty,
        error if error.starts_with('#') => Cell::Error(error.to_owned()),
        text => Cell::Text(text.into()),
    })
    .collect()
}

/// The rows of a table, by their numbers, with names or with the codes of faults.
fn told(table: &[&[&str]]) -> (String, Vec<(u64, String, String)>) {
    let country = Country::find("ES");
    let mut grid = Grid::new(country);
    let mut told = Vec::new();
    for (number, row) in (1..).zip(table) {
        let Some(line) = grid.push(number, &cells(row)).unwrap() else {
            continue;
        };
        let what = match line.row {
            Ok(row) => row.name.unwrap_or_default(),
            Err(fault) => fault.code().to_owned(),
        };
        told.push((line.number, what, line.text));
    }
    grid.finish().unwrap();
    (grid.header().unwrap().0.to_owned(), told)
}

#[test]
fn rows_of_cells_are_read_as_those_of_a_file_and_told_as_text() {
    let (header, rows) = told(&[
        &["", " "],
        &["Teléfono", "Nombre", "Ciudad"],
        &["600111222", "Ana"],
        &[],
        &["12", "Eva; \"la otra\"", "Jaén\nCentro"],
        &["600111223", "Luz", "#N/A"],
        &["600111224", "Sol", "", "", "beside it"],
        &["600111225", "Mar", "", "", " "],
    ]);
    assert_eq!(header, "Teléfono;Nombre;Ciudad");
    let expected = [
        (3, "Ana", "600111222;Ana;"),
        (
            5,
            "phone_invalid",
            "12;\"Eva; \"\"la otra\"\"\";\"Jaén\nCentro\"",
        ),
        (6, "formula_failed", "600111223;Luz;#N/A"),
        (7, "Sol", "600111224;Sol;"),
        (8, "Mar", "600111225;Mar;"),
    ];
    let rows: Vec<(u64, &str, &str)> = rows
        .iter()
        .map(|(number, what, text)| (*number, what.as_str(), text.as_str()))
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn a_column_that_is_left_out_may_hold_what_is_wrong() {
    for named in ["", "cauce_reason"] {
        let table: [&[&str]; 2] = [&["phone", named, "city"], &["600111222", "#REF!", "Lugo"]];
        assert_eq!(told(&table).1[0].1, "", "{named}");
    }
}

#[test]
fn a_row_of_large_cells_is_too_long_and_told_in_part() {
    let mut grid = Grid::new(None);
    grid.push(1, &cells(&["phone", "city"])).unwrap();
    let long = "ñ".repeat(framing::MAX_RECORD);
    let row = grid.push(2, &cells(&[&long, &long])).unwrap().unwrap();
    assert_eq!(row.row.unwrap_err().code(), "row_too_long");
    assert_eq!(row.text, long[..MAX_KEPT]);
}

#[test]
fn a_table_without_a_first_row_or_without_a_phone_is_none() {
    let mut grid = Grid::new(None);
    assert!(grid.push(1, &cells(&["", ""])).unwrap().is_none());
    assert_eq!(grid.finish(), Err(SheetFault::Empty));
    let fault = grid.push(4, &cells(&["nombre", "ciudad"])).unwrap_err();
    assert!(fault.to_string().starts_with("line 4: "), "{fault}");
    let wide = vec![Cell::Text("x".into()); MAX_COLUMNS + 1];
    let fault = grid.push(5, &wide).unwrap_err();
    assert!(matches!(fault, SheetFault::TooManyColumns { line: 5, .. }));
}
