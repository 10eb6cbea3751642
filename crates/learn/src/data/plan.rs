//! Which column of a file is what.

use super::fault::quoted;
use super::records::TextRecord;
use super::shape::{Names, Shape};
use super::{Classes, ReadError};
use crate::schema::{Header, key};

/// Columns that are named in a message about a header.
const NAMED_MAX: usize = 5;

/// Where a file has what is wanted.
pub(crate) struct Plan {
    /// Fields of a record; others are wrong.
    pub(crate) width: usize,
    /// Place of each field.
    pub(crate) fields: Vec<Option<usize>>,
    /// Place of each column of the label.
    pub(crate) labels: Vec<Option<usize>>,
}

impl Plan {
    /// All in order: the fields, then the label.
    pub(super) fn in_order(shape: &Shape) -> Self {
        let (fields, labels) = (shape.slots.len(), shape.label_names.len());
        Self {
            width: fields + labels,
            fields: (0..fields).map(Some).collect(),
            labels: (fields..fields + labels).map(Some).collect(),
        }
    }

    /// Finds the columns by the first record; whether that is a header.
    pub(super) fn by_first(
        shape: &Shape,
        first: &TextRecord,
        classes: Classes,
    ) -> Result<(Self, bool), ReadError> {
        let Header::Optional { behind, expected } = shape.header else {
            return Ok((Self::by_name(shape, first, classes)?, true));
        };
        let is_header = shape.slots.first().is_some_and(|slot| {
            let name = std::str::from_utf8(first.field(0)).unwrap_or_default();
            slot.names.match_name(name, &key(name))
        });
        if is_header {
            return Ok((Self::by_name(shape, first, classes)?, true));
        }
        let in_order = Self::in_order(shape);
        if !(in_order.width..=in_order.width + behind).contains(&first.len()) {
            let schema = shape.schema;
            return Err(ReadError::Width { schema, found: first.len(), expected });
        }
        Ok((Self { width: first.len(), ..in_order }, false))
    }

    /// Finds the columns by their names. Of several columns of one name the first counts.
    pub(super) fn by_name(
        shape: &Shape,
        header: &TextRecord,
        classes: Classes,
    ) -> Result<Self, ReadError> {
        let mut names = Vec::with_capacity(header.len());
        for (at, name) in header.fields().enumerate() {
            let encoding = ReadError::Encoding { column: at + 1 };
            let name = std::str::from_utf8(name).map_err(|_| encoding)?;
            names.push((name, key(name)));
        }
        let find =
            |wanted: &Names| names.iter().position(|(name, key)| wanted.match_name(name, key));
        let fields: Vec<Option<usize>> = shape.slots.iter().map(|slot| find(&slot.names)).collect();
        let labels: Vec<Option<usize>> = shape.label_names.iter().map(find).collect();
        let slots = shape.slots.iter().map(|slot| &slot.names).zip(&fields);
        let label_needed = classes != Classes::None;
        let needed = slots.chain(shape.label_names.iter().zip(&labels).filter(|_| label_needed));
        let missing: Vec<&Names> = needed
            .filter(|(names, at)| at.is_none() && !names.optional)
            .map(|(names, _)| names)
            .collect();
        if missing.is_empty() {
            return Ok(Self { width: header.len(), fields, labels });
        }
        Err(ReadError::Header {
            schema: shape.schema,
            missing: listed(&missing),
            found: header.len(),
        })
    }

    /// Names of the columns that nobody asks for.
    pub(super) fn unused(&self, header: &TextRecord) -> Vec<String> {
        let used = |at: usize| self.fields.contains(&Some(at)) || self.labels.contains(&Some(at));
        let name = |at: usize| String::from_utf8_lossy(header.field(at)).into_owned();
        (0..header.len()).filter(|at| !used(*at)).map(name).collect()
    }
}

/// The first few names, and how many more there are.
fn listed(names: &[&Names]) -> String {
    let shown: Vec<String> =
        names.iter().take(NAMED_MAX).map(|names| quoted(names.shown.as_bytes())).collect();
    match names.len().checked_sub(NAMED_MAX) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}
