//! Traffic over time: seconds for 2 hours, minutes for 30 days, hours for 2 years.

pub use anomalyzer_engine::rollup::{Dimension, Row, Sums};

use crate::{Range, Result, SourceId};
use std::path::Path;

/// A point of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Start of the interval, seconds since 1970 UTC.
    pub start: i64,
    /// Sums over the interval.
    pub sums: Sums,
    /// The highest packets, bytes, flows of one stored interval within: peaks stay visible.
    pub peak: Sums,
}

/// What is asked of the series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesQuery {
    /// Of which source.
    pub source: SourceId,
    /// When.
    pub range: Range,
    /// By what.
    pub dimension: Dimension,
    /// Only these keys; empty: the `top` ones by bytes.
    pub keys: Vec<String>,
    /// Most keys when none are named.
    pub top: usize,
    /// Most points of each; the step is chosen so that no more come.
    pub points: usize,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeriesAnswer {
    /// Seconds of each interval.
    pub step: i64,
    /// Keys, most bytes first, with their points in order; intervals without traffic are absent.
    pub series: Vec<(String, Vec<Point>)>,
    /// Times when nobody watched: seconds from, to.
    pub gaps: Vec<(i64, i64)>,
}

/// The series. Cheap calls but `query`, which reads.
#[derive(Debug)]
pub struct SeriesStore {}

impl SeriesStore {
    pub(crate) fn open(_dir: &Path) -> Result<Self> {
        Ok(Self {})
    }

    /// Adds rows, all in one transaction, and rolls up what is complete.
    pub fn append(&self, _source: SourceId, _rows: &[Row]) -> Result<()> {
        unimplemented!()
    }

    /// Notes that somebody watched during these seconds; what is not noted is a gap.
    pub fn watched(&self, _source: SourceId, _from: i64, _to: i64) -> Result<()> {
        unimplemented!()
    }

    /// Points for a chart.
    pub fn query(&self, _query: &SeriesQuery) -> Result<SeriesAnswer> {
        unimplemented!()
    }

    /// The sums of each key over a range, most bytes first, at most `top`.
    pub fn totals(
        &self,
        _source: SourceId,
        _range: Range,
        _dimension: Dimension,
        _top: usize,
    ) -> Result<Vec<(String, Sums)>> {
        unimplemented!()
    }

    /// First and last second with traffic.
    pub fn span(&self, _source: SourceId) -> Result<Option<(i64, i64)>> {
        unimplemented!()
    }
}
