use bytes::Bytes;
use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_store::campaigns::{
    Campaigns, Filter, Place,
    contact::OptedBy,
    imports::{Import, State},
};
use futures_util::stream;
use tempfile::TempDir;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

struct Bench {
    _dir: TempDir,
    store: Campaigns,
}

fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    Bench {
        store: Campaigns::open(dir.path()).unwrap(),
        _dir: dir,
    }
}

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn options() -> Options {
    Options {
        tenant: acme(),
        known: Known::default(),
        worksheet: None,
        tags: Vec::new(),
        dry_run: false,
    }
}

impl Bench {
    /// Imports a file in small pieces; where `fault` is one, that comes in place of the end.
    async fn import(
        &self,
        options: Options,
        text: impl AsRef<[u8]>,
        fault: Option<BodyFault>,
    ) -> Result<(Import, Report), ImportError> {
        let pieces = text.as_ref().chunks(10).map(Bytes::copy_from_slice);
        let pieces: Vec<_> = pieces.map(Ok).chain(fault.map(Err)).collect();
        import(&self.store, options, stream::iter(pieces), || NOW, |_| {}).await
    }

    async fn rejected(&self, import: &Import) -> String {
        let mut text = Vec::new();
        for piece in 0.. {
            match self.store.rejected(import, piece).await.unwrap() {
                Some(more) => text.extend(more),
                None => break,
            }
        }
        String::from_utf8(text).unwrap()
    }

    async fn all(&self) -> Vec<cauce_store::campaigns::contact::Contact> {
        let place = Place {
            after: 0,
            limit: 100,
        };
        let tenant = acme();
        let all = self.store.contacts(&tenant, Filter::default(), place);
        all.await.unwrap()
    }
}

const FILE: &str = "id;teléfono;nombre;etiquetas;ciudad;baja\n\
    a;+34 600 111 222;Ana;vip;Jaén;\n\
    b;600111223;Eva;;;\n\
    ;+34600111224;\"Luz;;;\n\
    d;+34600111225;Paz;;;sí\n\
    a;;;nuevo;;\n\
    e;;Sol;;;\n";

#[tokio::test]
async fn good_rows_are_taken_and_bad_ones_told_with_line_and_reason() {
    let b = bench();
    let options = Options {
        tags: vec!["june".to_owned()],
        ..options()
    };
    let (import, report) = b.import(options, FILE, None).await.unwrap();
    assert_eq!(
        (report.rows, report.created, report.updated, report.rejected),
        (6, 2, 1, 3)
    );
    let reasons: Vec<_> = report
        .reasons
        .iter()
        .map(|(code, n)| format!("{code} {n}"))
        .collect();
    assert_eq!(
        reasons,
        [
            "phone_missing 1",
            "phone_without_country 1",
            "quote_not_closed 1"
        ]
    );
    assert_eq!(
        (report.encoding.as_str(), report.delimiter.as_str()),
        ("UTF-8", ";")
    );
    assert_eq!(
        report.columns,
        ["id", "phone", "name", "tags", "ciudad", "optedOut"]
    );
    let all = b.all().await;
    let tags: Vec<_> = all
        .iter()
        .map(|c| (c.id.as_str(), c.tags.join("+")))
        .collect();
    assert_eq!(
        tags,
        [("a", "june+nuevo+vip".to_owned()), ("d", "june".to_owned())]
    );
    assert_eq!(all[0].attributes["ciudad"], "Jaén");
    assert_eq!(all[1].opted_out.map(|out| out.by), Some(OptedBy::Import));
    let known = b.store.import(&acme(), &import.id).await.unwrap().unwrap();
    assert_eq!(known.state, State::Done);
    assert_eq!(
        serde_json::from_value::<Report>(known.told).unwrap(),
        report
    );
    let rejected = b.rejected(&import).await;
    let lines: Vec<_> = rejected.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "\u{feff}cauce_line;cauce_reason;id;teléfono;nombre;etiquetas;ciudad;baja"
    );
    assert!(
        lines[1].starts_with("3;\"phone: the country is missing"),
        "{rejected}"
    );
    assert!(lines[1].ends_with("\";b;600111223;Eva;;;"), "{rejected}");
    assert!(
        lines[2].starts_with("4;\"a quote opens") && lines[3].starts_with("7;\"no contact has"),
        "{rejected}"
    );
}

#[tokio::test]
async fn mended_file_of_rejected_rows_can_be_imported_as_it_is() {
    let b = bench();
    let (import, _) = b.import(options(), FILE, None).await.unwrap();
    let mended = b
        .rejected(&import)
        .await
        .replace(";\"Luz", ";Luz")
        .replace("e;;", "e;+34600111229;");
    let spain = Options {
        known: Known {
            country: cauce_destinations::normalize::country::Country::find("ES"),
            ..Known::default()
        },
        ..options()
    };
    let (_, report) = b.import(spain, &mended, None).await.unwrap();
    assert_eq!((report.created, report.rejected), (3, 0), "{mended}");
    let names: Vec<_> = b.all().await.into_iter().filter_map(|c| c.name).collect();
    assert_eq!(names, ["Ana", "Paz", "Eva", "Luz", "Sol"]);
    assert!(
        b.all()
            .await
            .iter()
            .all(|c| !c.attributes.contains_key("cauce_line"))
    );
}

#[tokio::test]
async fn import_that_is_made_again_changes_nothing() {
    let b = bench();
    b.import(options(), FILE, None).await.unwrap();
    let before = b.all().await;
    let (_, report) = b.import(options(), FILE, None).await.unwrap();
    assert_eq!((report.created, report.updated), (0, 3));
    assert_eq!(b.all().await, before);
}

#[tokio::test]
async fn look_alone_tells_what_is_wrong_and_takes_nothing() {
    let b = bench();
    let options = Options {
        dry_run: true,
        ..options()
    };
    let (import, report) = b.import(options, FILE, None).await.unwrap();
    assert_eq!(
        (report.rows, report.created, report.updated, report.rejected),
        (6, 0, 0, 2)
    );
    assert_eq!(b.all().await, []);
    assert!(b.rejected(&import).await.contains("the country is missing"));
}

#[tokio::test]
async fn file_that_is_no_table_leaves_nothing() {
    let b = bench();
    for text in ["", "PK\u{3}\u{4}…", "a;b\n1;2\n"] {
        let refused = b.import(options(), text, None).await;
        assert!(
            matches!(refused, Err(ImportError::File { import: None, .. })),
            "{text}"
        );
    }
    assert_eq!(b.store.imports(&acme(), None, 9).await.unwrap(), []);
}

#[tokio::test]
async fn a_sheet_of_a_file_that_is_no_workbook_is_refused() {
    let b = bench();
    for file in [FILE, "a"] {
        let options = Options {
            worksheet: Some("Clientes".to_owned()),
            ..options()
        };
        let refused = b.import(options, file, None).await.unwrap_err();
        assert!(refused.to_string().contains("`worksheet`"), "{refused}");
    }
    assert!(b.all().await.is_empty());
}

#[tokio::test]
async fn file_that_breaks_off_leaves_what_had_come_and_says_so() {
    let b = bench();
    let mut text = "phone\n".to_owned();
    for n in 0..2_500 {
        text.push_str(&format!("+34600{n:06}\n"));
    }
    text.push_str("+34699");
    let refused = b.import(options(), &text, Some(BodyFault::Late)).await;
    let Err(ImportError::Body {
        fault,
        import: Some(import),
    }) = refused
    else {
        panic!("it was taken as a whole");
    };
    assert_eq!((fault, import.state), (BodyFault::Late, State::Interrupted));
    assert_eq!(b.store.count(&acme()).await.unwrap(), 2_000);
    let report: Report = serde_json::from_value(import.told).unwrap();
    assert_eq!(report.created, 2_000);
    let early = b.import(options(), "phon", Some(BodyFault::Broken)).await;
    assert!(matches!(early, Err(ImportError::Body { import: None, .. })));
}

#[tokio::test]
async fn rows_that_are_rejected_are_kept_up_to_a_limit_and_counted_beyond() {
    let mut rejected = rejected::Rejected::new("phone", ';');
    let mut bytes = 0;
    for line in 0..rejected::MAX_KEPT_ROWS + 5 {
        rejected.take(line, "why", "row");
        bytes += rejected.piece(false).map_or(0, |(_, text)| text.len());
    }
    bytes += rejected.piece(true).map_or(0, |(_, text)| text.len());
    assert_eq!(rejected.rows, rejected::MAX_KEPT_ROWS);
    assert!(bytes > 0 && rejected.piece(true).is_none());
}

#[tokio::test]
async fn a_workbook_is_taken_like_a_file_and_its_bad_rows_come_back_as_one() {
    let bench = bench();
    let row = |cells: &[&str]| {
        let cell = |text: &&str| match text.parse::<u64>() {
            Ok(number) => format!("<c><v>{number}</v></c>"),
            Err(_) => format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>"),
        };
        let cells: String = cells.iter().map(cell).collect();
        format!("<row>{cells}</row>")
    };
    let rows = [
        row(&["Teléfono", "Nombre", "Ciudad"]),
        row(&["34600111222", "Ana; &quot;la otra&quot;", "Jaén"]),
        row(&["12", "Eva"]),
    ];
    let book = workbook::packing::book(&[("Gente", &rows.concat())], "<sst/>");
    let (import, report) = bench.import(options(), &book, None).await.unwrap();
    assert_eq!((report.rows, report.created, report.rejected), (2, 1, 1));
    assert_eq!(report.encoding, "XLSX");
    assert_eq!(report.worksheet.as_deref(), Some("Gente"));
    let rejected = bench.rejected(&import).await;
    assert_eq!(
        rejected.lines().collect::<Vec<_>>(),
        [
            "\u{feff}cauce_line;cauce_reason;Teléfono;Nombre;Ciudad",
            "3;\"phone: the country is missing; hint: write + and the calling code, or set a \
             default country\";12;Eva;"
        ]
    );
    let other = Options {
        worksheet: Some("Otra".to_owned()),
        ..options()
    };
    let refused = bench.import(other, &book, None).await.unwrap_err();
    assert!(
        refused.to_string().contains("it has \"Gente\""),
        "{refused}"
    );
    let cut = bench.import(options(), &book[..book.len() / 2], None).await;
    assert!(
        matches!(cut, Err(ImportError::File { import: None, .. })),
        "{cut:?}"
    );
}

#[tokio::test]
async fn a_cell_with_an_error_is_one_bad_row_of_a_workbook() {
    let bench = bench();
    let first = "<row><c t=\"inlineStr\"><is><t>phone</t></is></c>\
        <c t=\"inlineStr\"><is><t>name</t></is></c></row>";
    let rows = ["#N/A", "#REF!", "#SPILL!", "#OF_2031!"]
        .map(|error| format!("<row><c><v>34600111222</v></c><c t=\"e\"><v>{error}</v></c></row>"));
    let good: String = (0..2_500)
        .map(|n| format!("<row><c><v>34600{n:06}</v></c></row>"))
        .collect();
    let all = [first, &good, &rows.concat(), &good];
    let book = workbook::packing::book(&[("A", &all.concat())], "<sst/>");
    let (import, report) = bench.import(options(), &book, None).await.unwrap();
    assert_eq!((import.state, &report.fault), (State::Done, &None));
    assert_eq!(
        (report.created, report.updated, report.rejected),
        (2_500, 2_500, 4)
    );
    let rejected = bench.rejected(&import).await;
    let why = "\"name: the formula in the cell could not be worked out\"";
    assert_eq!(
        rejected.lines().skip(1).collect::<Vec<_>>(),
        [
            format!("2502;{why};34600111222;#N/A"),
            format!("2503;{why};34600111222;#REF!"),
            format!("2504;{why};34600111222;#SPILL!"),
            format!("2505;{why};34600111222;#OF_2031!"),
        ]
    );
}

#[tokio::test]
async fn a_workbook_that_breaks_leaves_what_had_come_and_can_be_mended_and_sent_again() {
    let bench = bench();
    let good: String = (0..2_500)
        .map(|n| format!("<row><c><v>34600{n:06}</v></c></row>"))
        .collect();
    let first = "<row><c t=\"inlineStr\"><is><t>phone</t></is></c></row>";
    let bad = "<row><c t=\"s\"><v>9</v></c></row>";
    let last = "<row><c><v>34600999999</v></c></row>";
    let book = |rows: &[&str]| workbook::packing::book(&[("A", &rows.concat())], "<sst/>");
    let broken = book(&[first, &good, bad, last]);
    let refused = bench.import(options(), &broken, None).await;
    let Err(ImportError::File {
        fault,
        import: Some(import),
    }) = refused
    else {
        panic!("{refused:?}");
    };
    let report = Report::of(&import);
    assert_eq!((import.state, report.created), (State::Failed, 2_000));
    assert_eq!(report.fault, Some(fault.to_string()));
    assert_eq!(bench.store.count(&acme()).await.unwrap(), 2_000);
    let known = bench.store.import(&acme(), &import.id).await.unwrap();
    assert_eq!(known, Some(import));
    // Sent again as it is, it comes as far.
    bench.import(options(), &broken, None).await.unwrap_err();
    assert_eq!(bench.store.count(&acme()).await.unwrap(), 2_000);
    let mended = book(&[first, &good, last]);
    let (import, report) = bench.import(options(), &mended, None).await.unwrap();
    assert_eq!((import.state, report.fault), (State::Done, None));
    assert_eq!((report.created, report.updated), (501, 2_000));
    assert_eq!(bench.store.count(&acme()).await.unwrap(), 2_501);
}
