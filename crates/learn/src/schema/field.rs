//! What a record consists of, in rows of constant tables.

use serde::{Serialize, Serializer};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// A number that was divided by the field `over`, a duration: what is infinite or undefined
    /// because that is zero counts as 0.
    Rate {
        /// Name of the duration.
        over: &'static str,
    },
    /// One word of several.
    Category,
    /// An IPv4 or IPv6 address.
    Address,
}

/// A field of a record. Serialised for forms; `choices` is then null where any word is taken.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Field {
    /// Name as the schema spells it.
    pub name: &'static str,
    /// Other names in files. Case, blanks and punctuation do not matter.
    #[serde(skip)]
    pub aliases: &'static [&'static str],
    /// What it holds.
    pub kind: Kind,
    /// All words of a category, or none if any word is taken.
    #[serde(serialize_with = "some_choices")]
    pub choices: &'static [&'static str],
    /// Unit; empty where there is none.
    pub unit: &'static str,
    /// Least value that makes sense.
    pub min: Option<f64>,
    /// Greatest value that makes sense.
    pub max: Option<f64>,
    /// Whether a file may lack it; its values are then missing.
    pub optional: bool,
    /// What it means.
    pub summary: &'static str,
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Number | Self::Rate { .. } => "number",
            Self::Category => "category",
            Self::Address => "address",
        })
    }
}

fn some_choices<S: Serializer>(
    choices: &&'static [&'static str],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    (!choices.is_empty()).then_some(choices).serialize(serializer)
}

impl Field {
    pub(crate) const fn new(kind: Kind, name: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            kind,
            choices: &[],
            unit: "",
            min: None,
            max: None,
            optional: false,
            summary,
        }
    }

    pub(crate) const fn number(
        name: &'static str,
        unit: &'static str,
        summary: &'static str,
    ) -> Self {
        let mut field = Self::new(Kind::Number, name, summary);
        field.unit = unit;
        field.min = Some(0.0);
        field
    }

    /// A share of 0 to 1.
    pub(crate) const fn share(name: &'static str, summary: &'static str) -> Self {
        Self::number(name, "", summary).up_to(1.0)
    }

    /// 0 or 1.
    pub(crate) const fn flag(name: &'static str, summary: &'static str) -> Self {
        Self::number(name, "", summary).up_to(1.0)
    }

    pub(crate) const fn category(name: &'static str, summary: &'static str) -> Self {
        Self::new(Kind::Category, name, summary)
    }

    pub(crate) const fn up_to(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    pub(crate) const fn of(mut self, choices: &'static [&'static str]) -> Self {
        self.choices = choices;
        self
    }

    pub(crate) const fn or(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(crate) const fn over(mut self, duration: &'static str) -> Self {
        self.kind = Kind::Rate { over: duration };
        self
    }

    pub(crate) const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

/// A name as it is compared: letters and digits only, in lower case, so that `Flow Bytes/s`,
/// ` flow_bytes_s` and `FlowBytesS` are one.
pub(crate) fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
