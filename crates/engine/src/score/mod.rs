//! Scores of finished flows by models: which flows are scored, what a model sees of them, and what
//! it says.
//!
//! There is one way from a flow record to the values of a model, [`row`], and training uses it as
//! well as the live path. A score is a hint: what is made of it is the detectors' affair.

mod row;
mod scorer;
#[cfg(test)]
mod tests;

pub use row::{
    COLUMNS, Row, SITE_COLUMNS, Shape, columns, columns_named, columns_of, is_scored, row,
};
pub(crate) use row::{place, same};
pub use scorer::{FlowScore, Scorer, Suspicion};

/// Id of the schema of these rows.
pub const SCHEMA: &str = "flow";
