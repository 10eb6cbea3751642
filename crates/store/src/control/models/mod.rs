//! Models with their files, what users said of flows for training, and predictions.

mod labels;
mod predictions;
mod registry;

/// Where a model comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelOrigin {
    /// It came with the program.
    BuiltIn,
    /// Trained here, on records of a user.
    Trained,
    /// A file from elsewhere.
    Imported,
    /// Learned from the site's own traffic.
    Site,
}

impl ModelOrigin {
    const ALL: [Self; 4] = [Self::BuiltIn, Self::Trained, Self::Imported, Self::Site];

    /// The name as in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Trained => "trained",
            Self::Imported => "imported",
            Self::Site => "site",
        }
    }

    /// As it is kept. Numbers are for good.
    const fn number(self) -> i64 {
        match self {
            Self::BuiltIn => 0,
            Self::Trained => 1,
            Self::Imported => 2,
            Self::Site => 3,
        }
    }

    fn of_number(number: i64) -> Self {
        Self::ALL.into_iter().find(|o| o.number() == number).unwrap_or(Self::Imported)
    }
}

/// What a model is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelState {
    /// Not used yet.
    Candidate,
    /// In use: one of each schema.
    Active,
    /// Was in use.
    Former,
}

impl ModelState {
    const ALL: [Self; 3] = [Self::Candidate, Self::Active, Self::Former];

    /// The name as in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Active => "active",
            Self::Former => "former",
        }
    }

    /// As it is kept. Numbers are for good.
    const fn number(self) -> i64 {
        match self {
            Self::Candidate => 0,
            Self::Active => 1,
            Self::Former => 2,
        }
    }

    fn of_number(number: i64) -> Self {
        Self::ALL.into_iter().find(|s| s.number() == number).unwrap_or(Self::Candidate)
    }
}

/// A model to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewModel {
    /// Digest of its file, the first 12 hex digits.
    pub id: String,
    /// Id of the schema whose records it scores.
    pub schema: String,
    /// `gbdt`, `forest`, `isolation`.
    pub kind: String,
    /// Where it comes from.
    pub origin: ModelOrigin,
    /// Who made or brought it.
    pub actor: String,
    /// Records that it was trained on.
    pub rows: u64,
    /// SHA-256 of the training data, hex.
    pub digest: String,
    /// Probability from which a record is anomalous.
    pub threshold: f64,
    /// What it reached, JSON.
    pub metrics: String,
    /// What it is, for people: data, limits.
    pub card: String,
    /// The file, at most 16 MiB.
    pub file: Vec<u8>,
    /// Records that it was not trained on, at most 16 MiB, in a form of the caller's.
    pub held: Option<Vec<u8>>,
}

/// A model as it is kept, without its file.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRow {
    /// Digest of its file, the first 12 hex digits.
    pub id: String,
    /// Id of the schema whose records it scores.
    pub schema: String,
    /// `gbdt`, `forest`, `isolation`.
    pub kind: String,
    /// Where it comes from.
    pub origin: ModelOrigin,
    /// When it was kept: wall clock, seconds.
    pub created: i64,
    /// Who made or brought it.
    pub actor: String,
    /// Records that it was trained on.
    pub rows: u64,
    /// SHA-256 of the training data, hex.
    pub digest: String,
    /// Probability from which a record is anomalous.
    pub threshold: f64,
    /// What it is used for.
    pub state: ModelState,
    /// The model that was active before it, if it was ever promoted over one.
    pub before: Option<String>,
    /// What it reached, JSON.
    pub metrics: String,
    /// What it is, for people.
    pub card: String,
}

/// What a user said of a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLabel {
    /// The flow's key.
    pub flow: String,
    /// Part of an attack.
    pub attack: bool,
    /// Which kind of attack: the detector of an alert, or empty.
    pub kind: String,
    /// What a model sees of the flow.
    pub vector: Vec<f32>,
}

/// A kept label, as training takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelRow {
    /// Part of an attack.
    pub attack: bool,
    /// Which kind of attack, or empty.
    pub kind: String,
    /// What a model sees of the flow.
    pub vector: Vec<f32>,
}
