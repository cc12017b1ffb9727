use super::*;
use crate::{contact::field, message::phone::Phone, normalize::country::Country};

mod grid;
mod property;

/// Reads a file in pieces of this size.
pub(super) fn read_in(
    bytes: &[u8],
    piece: usize,
    known: Known,
) -> Result<(Sheet, Vec<Line>), SheetFault> {
    let mut sheet = Sheet::new(known);
    let mut lines = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        lines.extend(sheet.push(piece)?);
    }
    lines.extend(sheet.finish()?);
    Ok((sheet, lines))
}

fn read(bytes: &[u8]) -> Result<(Sheet, Vec<Line>), SheetFault> {
    let read = read_in(bytes, bytes.len(), Known::default());
    for piece in [1, 2, 7] {
        let again = read_in(bytes, piece, Known::default());
        match (&read, &again) {
            (Ok((_, lines)), Ok((_, again))) => assert_eq!(lines, again, "in pieces of {piece}"),
            (Err(fault), Err(again)) => assert_eq!(fault, again),
            _ => panic!("in pieces of {piece} it is read otherwise"),
        }
    }
    read
}

fn rows(bytes: &[u8]) -> Vec<Line> {
    read(bytes).unwrap_or_else(|fault| panic!("{fault}")).1
}

fn fault(bytes: &[u8]) -> SheetFault {
    match read(bytes) {
        Err(fault) => fault,
        Ok(_) => panic!("it was read"),
    }
}

/// Line numbers, with names or with the codes of faults.
fn told(bytes: &[u8]) -> Vec<(u64, String)> {
    let lines = rows(bytes).into_iter();
    let told = lines.map(|line| {
        let what = match line.row {
            Ok(row) => row.name.unwrap_or_default(),
            Err(fault) => fault.code().to_owned(),
        };
        (line.number, what)
    });
    told.collect()
}

fn named(of: &[(u64, &str)]) -> Vec<(u64, String)> {
    let of = of.iter();
    of.map(|(line, what)| (*line, (*what).to_owned())).collect()
}

const HEAD: &str = "teléfono;nombre\n";

#[test]
fn spanish_spreadsheet_is_read_whatever_its_encoding() {
    let text = "Teléfono;Nombre;Ciudad\r\n+34600111222;Íñigo Núñez;Jaén\r\n+34600111223;Ana;\r\n";
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode(text);
    let utf16 =
        |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), "UTF-8"),
        (marked(b"\xef\xbb\xbf", text.as_bytes().to_vec()), "UTF-8"),
        (latin.to_vec(), "windows-1252"),
        (utf16(u16::to_le_bytes), "UTF-16LE"),
        (marked(b"\xff\xfe", utf16(u16::to_le_bytes)), "UTF-16LE"),
        (marked(b"\xfe\xff", utf16(u16::to_be_bytes)), "UTF-16BE"),
    ] {
        let (sheet, lines) = read(&bytes).unwrap();
        assert_eq!(sheet.charset().name(), encoding);
        let first = lines[0].row.as_ref().unwrap();
        assert_eq!(first.name.as_deref(), Some("Íñigo Núñez"), "{encoding}");
        assert_eq!(first.attributes, [("Ciudad".to_owned(), "Jaén".into())]);
        assert_eq!(lines[1].row.as_ref().unwrap().attributes, []);
    }
}

#[test]
fn first_letter_that_is_not_ascii_may_come_late() {
    let mut text = HEAD.replace('é', "e");
    for _ in 0..20_000 {
        text.push_str("+34600111222;Ana\n");
    }
    text.push_str("+34600111223;Íñigo\n");
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode(&text);
    for bytes in [text.as_bytes(), &latin] {
        let (_, lines) = read_in(bytes, 10_000, Known::default()).unwrap();
        assert_eq!(lines.len(), 20_001);
        assert_eq!(
            lines[20_000].row.as_ref().unwrap().name.as_deref(),
            Some("Íñigo")
        );
    }
}

#[test]
fn bytes_of_another_encoding_are_the_fault_of_their_row() {
    let mut bytes = format!("{HEAD}+34600111222;Íñigo\n+34600111223;").into_bytes();
    bytes.extend(b"I\xf1igo\n+34600111224;Ana\n");
    let expected = named(&[(2, "Íñigo"), (3, "not_in_the_encoding"), (4, "Ana")]);
    assert_eq!(told(&bytes), expected);
}

#[test]
fn delimiter_is_told_by_the_first_row_or_named_before_it() {
    for (text, delimiter) in [
        ("phone;name\n+34600111222;Ana", ';'),
        ("phone,name\n+34600111222,Ana", ','),
        ("phone\tname\n+34600111222\tAna", '\t'),
        ("phone|name\n+34600111222|Ana", '|'),
        ("sep=,\r\nphone,name\n+34600111222,Ana", ','),
        ("\n\n\"a;b;c;d\",phone,name\nx,+34600111222,Ana", ','),
        ("phone\n+34600111222", ','),
    ] {
        let (sheet, lines) = read(text.as_bytes()).unwrap();
        assert_eq!(sheet.delimiter().unwrap().as_char(), delimiter, "{text}");
        assert!(lines[0].row.is_ok(), "{text}: {lines:?}");
    }
}

#[test]
fn broken_quote_is_the_fault_of_the_line_it_opens_in_and_of_no_other() {
    let text = format!(
        "{HEAD}+34600111222;Ana\n+34600111223;\"Eva\n+34600111224;Luz\n+34600111225;\"Sol\"\n\
         +34600111226;\"Mar\"x\n+34600111227;Paz\n"
    );
    let expected = [
        (2, "Ana"),
        (3, "quote_not_closed"),
        (4, "Luz"),
        (5, "Sol"),
        (6, "text_after_quote"),
        (7, "Paz"),
    ];
    // The quote of line 3 is closed by that which opens in line 5: what follows gives it away.
    let mut expected = named(&expected);
    expected[1].1 = "text_after_quote".to_owned();
    assert_eq!(told(text.as_bytes()), expected);
    let open = format!("{HEAD}+34600111222;\"Ana\n+34600111223;Eva");
    assert_eq!(
        told(open.as_bytes()),
        named(&[(2, "quote_not_closed"), (3, "Eva")])
    );
}

#[test]
fn quote_that_stays_open_swallows_no_more_than_its_own_line() {
    let mut text = format!("{HEAD}+34600111222;\"Ana\n");
    for _ in 0..5_000 {
        text.push_str("+34600111223;Eva\n");
    }
    let (_, lines) = read_in(text.as_bytes(), 4_096, Known::default()).unwrap();
    assert_eq!(lines.len(), 5_001);
    assert_eq!(lines[0].row, Err(RowFault::Unclosed));
    assert_eq!(lines[0].text, "+34600111222;\"Ana");
    assert!(lines[1..].iter().all(|line| line.row.is_ok()));
    assert_eq!(lines[5_000].number, 5_002);
}

#[test]
fn field_in_quotes_may_hold_delimiters_quotes_and_lines() {
    let text = format!(
        "{HEAD}+34600111222;\"Ana \"\"La\"\" Gómez\" \r\n\n+34600111223;5\" Eva\n\"+34600111224\";Luz"
    );
    let expected = named(&[(2, "Ana \"La\" Gómez"), (4, "5\" Eva"), (5, "Luz")]);
    assert_eq!(told(text.as_bytes()), expected);
    let text = format!("{HEAD}+34600111222;\"a\nb\"\n+34600111223;Eva\r+34600111224;Luz");
    assert_eq!(
        told(text.as_bytes()),
        named(&[(2, "control_character"), (4, "Eva"), (5, "Luz")])
    );
}

#[test]
fn row_has_as_many_cells_as_the_first() {
    let text = format!("{HEAD}+34600111222\n+34600111222;a;b\n+34600111222;Ana;;;\n");
    let wrong = "wrong_number_of_cells";
    assert_eq!(
        told(text.as_bytes()),
        named(&[(2, wrong), (3, wrong), (4, "Ana")])
    );
}

#[test]
fn line_without_end_is_given_up_and_passed_over() {
    let long = "x".repeat(3 * MAX_RECORD);
    let text = format!("{HEAD}+34600111222;{long}\n+34600111223;Eva\n");
    let (_, lines) = read_in(text.as_bytes(), 1_000, Known::default()).unwrap();
    assert!(matches!(lines[0].row, Err(RowFault::TooLong { .. })));
    assert!(lines[0].text.len() <= MAX_KEPT);
    assert_eq!((lines.len(), lines[1].number), (2, 3));
}

#[test]
fn columns_are_known_in_three_languages_and_others_are_attributes() {
    let text = "ID,WhatsApp,Full name,Etiquetas,Idioma,Zona horaria,Baja,Fecha de cita (2026),,cauce_line\n\
        7,+34600111222,Ana,\"vip, nuevo|a;\",es,europe/madrid,sí,3/4,,9";
    let lines = rows(text.as_bytes());
    let row = lines[0].row.as_ref().unwrap();
    assert_eq!(
        (row.id.as_deref(), row.phone.as_ref().map(Phone::as_str)),
        (Some("7"), Some("+34600111222"))
    );
    assert_eq!(
        (row.tags.join("+"), row.opted_out),
        ("vip+nuevo+a".to_owned(), true)
    );
    assert_eq!(
        (row.language.as_deref(), row.timezone.as_deref()),
        (Some("es"), Some("Europe/Madrid"))
    );
    assert_eq!(
        row.attributes,
        [("Fecha_de_cita_2026".to_owned(), "3/4".into())]
    );
}

#[test]
fn header_says_what_is_wrong_with_it() {
    for (text, says) in [
        (
            "a;b\n",
            "line 1: the first row names no column for the phone",
        ),
        (
            "\n\nmóvil;celular\n",
            "line 3: columns 1 and 2 both mean `phone`; rename",
        ),
        ("phone;x;X;x\n", "line 1: columns 2 and 4 both mean `x`"),
        (
            "phone;\"name\n",
            "line 1: the first row cannot be read: a quote opens",
        ),
        ("", "the file is empty"),
        (" \n\r\n", "the file is empty"),
        ("%PDF-1.7", "a PDF"),
    ] {
        let said = fault(text.as_bytes()).to_string();
        assert!(said.contains(says), "{text:?}: {said}");
    }
    let wide = ["x"; MAX_COLUMNS + 1].join(";");
    assert!(matches!(
        fault(wide.as_bytes()),
        SheetFault::TooManyColumns { .. }
    ));
    let long = format!("phone;{}\n", "y".repeat(65));
    assert!(
        fault(long.as_bytes())
            .to_string()
            .contains("column 2: 65 bytes, more than 64")
    );
}

#[test]
fn bad_cell_is_told_by_its_field_and_never_shown() {
    let text =
        "phone;timezone;baja\n+34600111222;Canary/Town;\n3,46E+10;;\n;;\n+34600111222;;canary\n";
    let faults: Vec<String> = rows(text.as_bytes())
        .into_iter()
        .map(|line| line.row.unwrap_err().to_string())
        .collect();
    assert!(
        faults[0].starts_with("timezone: no time zone"),
        "{}",
        faults[0]
    );
    assert!(
        faults[1].starts_with("phone: a spreadsheet"),
        "{}",
        faults[1]
    );
    assert_eq!(faults[2], "the row has no phone");
    assert!(faults[3].starts_with("optedOut: neither"), "{}", faults[3]);
    assert!(!faults.concat().to_lowercase().contains("canary"));
}

#[test]
fn what_is_known_beforehand_is_not_told_from_the_file() {
    let known = Known {
        country: Country::find("MX"),
        encoding: Charset::find("latin1"),
        delimiter: Delimiter::find("comma"),
    };
    let bytes = b"tel,a;b\n55 1234 5678,\xed\n";
    let (_, lines) = read_in(bytes, 3, known).unwrap();
    let row = lines[0].row.as_ref().unwrap();
    assert_eq!(row.phone.as_ref().map(Phone::as_str), Some("+525512345678"));
    assert_eq!(row.attributes, [("a_b".to_owned(), "í".into())]);
    assert_eq!(
        (
            Delimiter::find(""),
            Delimiter::find("x"),
            Charset::find("x")
        ),
        (None, None, None)
    );
}

#[test]
fn apostrophe_is_a_spreadsheets_before_a_number_and_a_persons_before_a_name() {
    let text = format!("{HEAD}'+34600111222;'t Hooft\n");
    assert_eq!(told(text.as_bytes()), named(&[(2, "'t Hooft")]));
}

#[test]
fn what_is_left_of_a_formula_is_no_name() {
    let file = "phone;name\n\
        +34600111222;#N/A\n\
        +34600111223;#¡REF!\n\
        #¡VALOR!;Luz\n\
        +34600111224;#1 de la lista\n";
    let failed = "formula_failed";
    assert_eq!(
        told(file.as_bytes()),
        named(&[(2, failed), (3, failed), (4, failed), (5, "#1 de la lista")])
    );
}
