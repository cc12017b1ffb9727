//! Reads a part: row groups that cannot matter are skipped, and so are columns nobody needs.

use std::{collections::VecDeque, ops::Range, sync::Arc};

use cauce_flow::{event::VisitorId, id::TenantId};

use super::{Part, condition::Condition, group::Group, opened::Opened};
use crate::{
    columns::{COLUMNS, Column, Columns, RowMaker},
    fault::Fault,
    folder::Folder,
    row::Row,
    store::Filter,
};

/// Most rows that are handed out at once.
const PIECE: usize = 8_192;

/// A part that is open for reading. It goes on being readable after it was removed.
#[derive(Clone)]
pub struct Reader {
    file: Arc<Opened>,
}

impl Reader {
    /// Opens a published part.
    pub fn open(folder: impl Into<Folder>, part: &Part) -> Result<Reader, Fault> {
        let file = Arc::new(Opened::new(&folder.into(), part)?);
        Ok(Reader { file })
    }

    /// The rows that a filter asks for, in the order of [`Row::key`].
    pub fn scan(&self, filter: &Filter) -> Scan {
        self.scan_where(Condition::new(filter))
    }

    /// All rows.
    pub(crate) fn scan_all(&self) -> Scan {
        self.scan_where(Condition::default())
    }

    fn scan_where(&self, condition: Condition) -> Scan {
        Scan {
            file: self.file.clone(),
            condition,
            next_group: 0,
            group: None,
            runs: VecDeque::new(),
            columns: Columns::default(),
            maker: RowMaker::default(),
            rows: Vec::new(),
        }
    }

    /// Whether it holds a row of a visitor.
    pub fn has_visitor(&self, tenant: &TenantId, visitor: VisitorId) -> Result<bool, Fault> {
        let mut scan = self.scan_where(Condition {
            tenant: Some(tenant.as_str().as_bytes().to_vec()),
            visitor: Some(visitor.as_u128()),
            ..Condition::default()
        });
        scan.next_columns(&[], &mut Columns::default())
    }
}

/// Rows of a part on their way out. Holds one row group in memory.
pub struct Scan {
    file: Arc<Opened>,
    condition: Condition,
    next_group: usize,
    group: Option<Group>,
    /// Rows of the group that are asked for and have not been handed out.
    runs: VecDeque<Range<usize>>,
    columns: Columns,
    maker: RowMaker,
    rows: Vec<Row>,
}

impl Scan {
    /// The next rows; none at the end.
    pub fn next_rows(&mut self) -> Result<Option<&[Row]>, Fault> {
        let mut columns = std::mem::take(&mut self.columns);
        let found = self.next_columns(&COLUMNS, &mut columns);
        self.columns = columns;
        self.rows.clear();
        if !found? {
            return Ok(None);
        }
        for at in 0..self.columns.len() {
            let row = self.maker.row(&self.columns, at);
            let row = row.map_err(|why| Fault::damaged(&self.file.path, why))?;
            self.rows.push(row);
        }
        Ok(Some(&self.rows))
    }

    /// Puts the next rows into `out`, in place of what is there; of columns that are not wanted
    /// there is nothing. Answers whether there were any.
    pub(crate) fn next_columns(
        &mut self,
        wanted: &[Column],
        out: &mut Columns,
    ) -> Result<bool, Fault> {
        out.clear();
        while self.runs.is_empty() {
            if !self.next_group()? {
                return Ok(false);
            }
        }
        let Some(group) = &mut self.group else {
            return Ok(false);
        };
        let first = self.runs.front().map_or(0, |run| run.start);
        let last = self.runs.back().map_or(0, |run| run.end);
        for column in wanted {
            group.load(*column, first..last)?;
        }
        let mut room = PIECE;
        while let Some(run) = self.runs.front_mut() {
            let rows = run.start..run.end.min(run.start + room);
            for column in wanted {
                group.copy(*column, rows.clone(), out);
            }
            room -= rows.len();
            run.start = rows.end;
            if run.start < run.end {
                break;
            }
            self.runs.pop_front();
        }
        Ok(true)
    }

    /// Goes on to the next row group that can hold what is asked for, and finds out where. Answers
    /// whether there was one.
    fn next_group(&mut self) -> Result<bool, Fault> {
        self.group = None;
        while self.next_group < self.file.metadata.num_row_groups() {
            let index = self.next_group;
            self.next_group += 1;
            let metadata = self.file.metadata.row_group(index);
            let Some(tested) = self.condition.tested(metadata) else {
                continue;
            };
            let mut group = Group::new(self.file.clone(), index);
            for column in &tested {
                group.load(*column, 0..group.rows())?;
            }
            self.runs = self.condition.runs(&group, &tested).into();
            self.group = Some(group);
            return Ok(true);
        }
        Ok(false)
    }
}
