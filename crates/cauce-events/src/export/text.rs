//! One row as text.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use crate::row::Row;

/// Writes one record.
pub(super) fn csv<W: Write>(row: &Row, writer: &mut csv::Writer<W>) -> io::Result<()> {
    writer.write_record([
        row.id.to_string().as_str(),
        &no_formula(row.tenant.as_str()),
        &row.site.to_string(),
        &row.visitor.to_string(),
        &row.session.to_string(),
        &no_formula(row.kind.as_str()),
        &row.occurred_at.to_string(),
        row.metadata.as_str(),
        &row.count.to_string(),
        &row.weight.to_string(),
        if row.bot { "true" } else { "false" },
    ])?;
    Ok(())
}

/// <https://owasp.org/www-community/attacks/CSV_Injection>. Names hold neither `=` nor white space,
/// metadata begins with a brace, and everything else is a number, a time or a UUID.
fn no_formula(name: &str) -> Cow<'_, str> {
    if name.starts_with(['+', '-', '@']) {
        Cow::Owned(format!("'{name}"))
    } else {
        Cow::Borrowed(name)
    }
}

/// Writes one line. Names need no escapes, and metadata is JSON already.
pub(super) fn ndjson(row: &Row, out: &mut impl Write) -> io::Result<()> {
    write!(
        out,
        r#"{{"event_id":"{}","tenant_id":"{}","site_id":"{}","visitor_id":"{}","session_id":"{}","#,
        row.id, row.tenant, row.site, row.visitor, row.session
    )?;
    write!(
        out,
        r#""event_type":"{}","occurred_at":"{}","metadata":{},"#,
        row.kind,
        row.occurred_at,
        row.metadata.as_str()
    )?;
    writeln!(
        out,
        r#""count":{},"weight":{},"bot":{}}}"#,
        row.count, row.weight, row.bot
    )
}
