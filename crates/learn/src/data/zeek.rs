//! Logs as Zeek writes them: lines of `#` that tell of the log, then columns without quotes.
//!
//! Logs that were joined have such lines in between too; the columns of each part are found anew.
//! Logs of IoT-23 have their labels behind three blanks in the last column.

use super::build::Builder;
use super::plan::Plan;
use super::records::{Records, TextRecord};
use super::shape::Shape;
use super::sniff::Sniffed;
use super::{Faults, Limits, ReadError, Table};

/// What stands between the last column and the labels of IoT-23.
const LABEL_GAP: &[u8] = b"   ";

/// Reads a log that begins with `#`.
pub(super) fn read(
    shape: Shape,
    sniffed: Sniffed<'_>,
    separator: u8,
    limits: &Limits,
) -> Result<(Table, Faults), ReadError> {
    let mut records = Records::new(sniffed.input, separator, false, limits);
    let mut record = TextRecord::default();
    let mut fields = TextRecord::default();
    let schema = shape.schema;
    let mut waiting = Some(shape);
    let mut builder: Option<Builder<'_>> = None;
    let mut gap = false;
    while records.next(&mut record)? {
        if record.field(0).starts_with(b"#") {
            if record.field(0) != b"#fields" {
                continue;
            }
            gap = gap_in(record.field(record.len().saturating_sub(1))).is_some();
            split(&record, 1, gap, &mut fields);
            if let Some(shape) = waiting.take() {
                let plan = Plan::by_name(&shape, &fields, limits.classes)?;
                let unused = plan.unused(&fields);
                builder.insert(Builder::new(shape, plan, limits)).unused(&unused);
            } else if let Some(builder) = &mut builder {
                builder.change_plan(|shape| Plan::by_name(shape, &fields, limits.classes))?;
            }
            continue;
        }
        let Some(builder) = &mut builder else {
            return Err(ReadError::Header { schema, missing: "'#fields'".into(), found: 0 });
        };
        if gap {
            split(&record, 0, gap, &mut fields);
            builder.add(&fields)?;
        } else {
            builder.add(&record)?;
        }
    }
    builder.ok_or(ReadError::NoRows { faults: 0, first: None })?.finish()
}

fn gap_in(field: &[u8]) -> Option<usize> {
    field.windows(LABEL_GAP.len()).position(|bytes| bytes == LABEL_GAP)
}

/// The fields from `begin` on, the last one cut at gaps of blanks.
fn split(record: &TextRecord, begin: usize, gap: bool, out: &mut TextRecord) {
    out.clear(record.line);
    let last = record.len().saturating_sub(1);
    for at in begin..record.len() {
        let mut rest = record.field(at);
        while let Some(end) = gap_in(rest).filter(|_| gap && at == last) {
            let (field, behind) = rest.split_at(end);
            out.push(field);
            rest = behind.trim_ascii_start();
        }
        out.push(rest);
    }
}
