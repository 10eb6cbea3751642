//! A model as a file: data only, with limits on everything and a digest at the end.
//!
//! ```text
//! "ANOMODEL"  version u16  header length u32  header (JSON)
//! trees u32   for each: nodes u32, nodes (8 bytes each), means (4 bytes each)
//! SHA-256 of all of it
//! ```
//!
//! Numbers are little-endian. There is nothing in it that is run. Formats of other programs are
//! told apart by their first bytes, so that the error can say what to do instead.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use ring::digest::{SHA256, digest};

use super::{
    Header, Model,
    tree::{INPUTS_MAX, Node, TREE_NODES_MAX, Tree, TreeError, Trees},
};

/// Bytes that a model file may have.
pub const FILE_BYTES_MAX: usize = 16 << 20;
const MAGIC: &[u8; 8] = b"ANOMODEL";
const VERSION: u16 = 1;
const DIGEST_BYTES: usize = 32;
/// Bytes of the header: columns with their words, and curves.
const HEADER_BYTES_MAX: usize = 4 << 20;
const TREES_MAX: usize = 4096;
const COLUMNS_MAX: usize = 1024;
const WORDS_MAX: usize = 65_536;

/// Why something is not a model, or not one for these records.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// A file of another program.
    #[error("this is {0}, not a model of anomalyzer; {1}")]
    Foreign(&'static str, &'static str),
    /// Bytes that are not known at all.
    #[error("this is not a model file: it does not begin with ANOMODEL")]
    Unknown,
    /// Made by a later version of the program.
    #[error("the model file has version {0}; this program reads version {VERSION}: update it")]
    Version(u16),
    /// Larger than any model.
    #[error("the file has {0} bytes; models have at most {FILE_BYTES_MAX}")]
    Large(usize),
    /// The file ends before its contents do.
    #[error(
        "the model file is cut short: {what} at byte {at} needs {needed} bytes, {had} are left"
    )]
    Short {
        /// Part that is cut.
        what: &'static str,
        /// Offset where it begins.
        at: usize,
        /// Bytes that it should have.
        needed: usize,
        /// Bytes that are left.
        had: usize,
    },
    /// Bytes behind the end.
    #[error("{0} bytes follow the last tree")]
    Rest(usize),
    /// The digest at the end is not that of the contents.
    #[error(
        "the digest does not match: the file was damaged or changed; take it from its source again"
    )]
    Digest,
    /// The header cannot be read.
    #[error("the header of the model cannot be read: {0}")]
    Header(String),
    /// More than a model may have.
    #[error("the model has too many {0}: more than {1}")]
    Many(&'static str, usize),
    /// The trees are no trees.
    #[error("the model cannot be used: {0}")]
    Tree(#[from] TreeError),
    /// Columns that the model needs and the records lack.
    #[error("the records lack columns that the model needs: {}", .0.join(", "))]
    Columns(Vec<String>),
}

/// Files of other programs: how they begin, what they are, what to do.
const FOREIGN: &[(&[u8], &str, &str)] = &[
    (b"\x80\x02", "a Python pickle", PICKLE),
    (b"\x80\x03", "a Python pickle", PICKLE),
    (b"\x80\x04", "a Python pickle", PICKLE),
    (b"\x80\x05", "a Python pickle", PICKLE),
    (b"\x78\x01", "a compressed joblib file (a Python pickle)", PICKLE),
    (b"\x78\x5e", "a compressed joblib file (a Python pickle)", PICKLE),
    (b"\x78\x9c", "a compressed joblib file (a Python pickle)", PICKLE),
    (b"\x78\xda", "a compressed joblib file (a Python pickle)", PICKLE),
    (b"\x93NUMPY", "a NumPy array", TRAIN),
    (b"\x89HDF", "an HDF5 file", TRAIN),
    (b"PK\x03\x04", "a zip archive (as PyTorch, skops and spreadsheets write it)", PICKLE),
    (b"\x1f\x8b", "a gzip file", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it first"),
    (b"{", "JSON", TRAIN),
];
const PICKLE: &str = "loading such a file can run any code that its author put in, so it is never \
read; train on the same records with `anomalyzer model train`";
const TRAIN: &str = "train on the same records with `anomalyzer model train`";

impl Model {
    /// Writes the model file. The same model gives the same bytes.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&bytes(self))
    }

    /// Reads what [`Model::write`] wrote, and trusts none of it.
    pub fn read(file: &[u8]) -> Result<Self, ModelError> {
        foreign(file)?;
        if file.len() > FILE_BYTES_MAX {
            return Err(ModelError::Large(file.len()));
        }
        let mut cursor = Cursor { bytes: file, at: 0 };
        cursor.take("magic", MAGIC.len())?;
        let version = cursor.u16("version")?;
        if version != VERSION {
            return Err(ModelError::Version(version));
        }
        let contents = file.len().checked_sub(DIGEST_BYTES).filter(|&length| length >= cursor.at);
        let Some(contents) = contents else {
            return Err(cursor.short("digest", DIGEST_BYTES));
        };
        // A file that is cut fails here as well; where it was cut is the better message.
        let intact = digest(&SHA256, &file[..contents]).as_ref() == &file[contents..];
        let mut cursor = Cursor { bytes: &file[..contents], at: cursor.at };
        let read = parts(&mut cursor);
        match read {
            Err(short @ ModelError::Short { .. }) => Err(short),
            _ if !intact => Err(ModelError::Digest),
            Err(error) => Err(error),
            Ok((header, trees)) => {
                check(&header)?;
                let trees = Trees::new(&trees, header.inputs.len())?;
                Ok(Self { header, trees, id: hex(&digest(&SHA256, file).as_ref()[..6]) })
            }
        }
    }
}

/// The id of a model: the first 12 hex digits of the digest of its file.
pub(super) fn id(model: &Model) -> String {
    hex(&digest(&SHA256, &bytes(model)).as_ref()[..6])
}

/// Bytes as hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The whole file.
fn bytes(model: &Model) -> Vec<u8> {
    // A header of plain numbers, words and lists cannot fail to become JSON.
    let header = serde_json::to_vec(&model.header).unwrap_or_default();
    let mut out = Vec::new();
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&length(header.len()));
    out.extend_from_slice(&header);
    out.extend_from_slice(&length(model.trees.len()));
    for (nodes, means) in model.trees.split() {
        out.extend_from_slice(&length(nodes.len()));
        out.extend(nodes.iter().flat_map(|node| node.to_bytes()));
        out.extend(means.iter().flat_map(|mean| mean.to_le_bytes()));
    }
    let end = digest(&SHA256, &out);
    out.extend_from_slice(end.as_ref());
    out
}

fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

/// Tells files of other programs apart.
fn foreign(file: &[u8]) -> Result<(), ModelError> {
    if file.starts_with(MAGIC) {
        return Ok(());
    }
    for (start, what, instead) in FOREIGN {
        if file.starts_with(start) {
            return Err(ModelError::Foreign(what, instead));
        }
    }
    if MAGIC.starts_with(file) {
        return Err(ModelError::Short { what: "magic", at: 0, needed: 8, had: file.len() });
    }
    // Pickles of the oldest protocol have no mark of their own but their last byte.
    if file.ends_with(b".") && file.is_ascii() && file.contains(&b'\n') {
        return Err(ModelError::Foreign("text, perhaps a Python pickle", PICKLE));
    }
    Err(ModelError::Unknown)
}

/// Header and trees; counts are believed no further than bytes are there.
fn parts(cursor: &mut Cursor) -> Result<(Header, Vec<Tree>), ModelError> {
    let size = cursor.u32("header length")?;
    if size > HEADER_BYTES_MAX {
        return Err(ModelError::Many("bytes of header", HEADER_BYTES_MAX));
    }
    let header = serde_json::from_slice(cursor.take("header", size)?)
        .map_err(|error| ModelError::Header(error.to_string()));
    let count = cursor.u32("number of trees")?;
    if count > TREES_MAX {
        return Err(ModelError::Many("trees", TREES_MAX));
    }
    let mut trees = Vec::new();
    for _ in 0..count {
        trees.push(tree(cursor)?);
    }
    match cursor.bytes.len() - cursor.at {
        0 => Ok((header?, trees)),
        rest => Err(ModelError::Rest(rest)),
    }
}

fn tree(cursor: &mut Cursor) -> Result<Tree, ModelError> {
    let count = cursor.u32("size of a tree")?;
    if count > TREE_NODES_MAX {
        return Err(ModelError::Many("nodes in a tree", TREE_NODES_MAX));
    }
    let nodes = cursor.take("a tree", count * 8)?.as_chunks::<8>().0;
    let nodes = nodes.iter().copied().map(Node::from_bytes).collect();
    let means = cursor.take("a tree", count * 4)?.as_chunks::<4>().0;
    let means = means.iter().copied().map(f32::from_le_bytes).collect();
    Ok(Tree { nodes, means })
}

/// What a header says must fit together.
fn check(header: &Header) -> Result<(), ModelError> {
    let many = |what, count: usize, most| {
        if count > most { Err(ModelError::Many(what, most)) } else { Ok(()) }
    };
    many("columns", header.columns.len(), COLUMNS_MAX)?;
    many("inputs", header.inputs.len(), INPUTS_MAX)?;
    for column in &header.columns {
        many("words in a column", column.words.as_ref().map_or(0, Vec::len), WORDS_MAX)?;
    }
    let wrong = |text: &str| Err(ModelError::Header(text.into()));
    if header.inputs.iter().any(|input| usize::from(input.column) >= header.columns.len()) {
        return wrong("an input is made of a column that is not there");
    }
    let numbers = [header.base, header.threshold, header.slope, header.offset];
    if numbers.iter().any(|number| !number.is_finite()) || header.slope <= 0.0 {
        return wrong("threshold or calibration are not usable numbers");
    }
    Ok(())
}

/// Reads forward through bytes that may end at any place.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, what: &'static str, count: usize) -> Result<&'a [u8], ModelError> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len());
        let Some(end) = end else { return Err(self.short(what, count)) };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn u16(&mut self, what: &'static str) -> Result<u16, ModelError> {
        let bytes = self.take(what, 2)?;
        Ok(bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | u16::from(byte)))
    }

    fn u32(&mut self, what: &'static str) -> Result<usize, ModelError> {
        let bytes = self.take(what, 4)?;
        Ok(bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte)))
    }

    fn short(&self, what: &'static str, needed: usize) -> ModelError {
        ModelError::Short {
            what,
            at: self.at,
            needed,
            had: self.bytes.len().saturating_sub(self.at),
        }
    }
}
