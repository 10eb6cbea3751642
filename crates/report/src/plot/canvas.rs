//! What can be drawn: areas, lines, text, in inks that have a meaning.

use anomalyzer_engine::Severity;

/// A point in units of the layout; y grows downwards.
pub(super) type Point = (f64, f64);

/// What something is, for its colour. The palette is that of Okabe and Ito ("Color Universal
/// Design", 2008), which people with any colour vision can tell apart; severities differ by the
/// shape of their markers too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Paper,
    Text,
    Quiet,
    Grid,
    Bytes,
    Packets,
    Limit,
    Severity(Severity),
}

impl Ink {
    /// All, for style sheets.
    pub(super) const ALL: [Self; 12] = [
        Self::Paper,
        Self::Text,
        Self::Quiet,
        Self::Grid,
        Self::Bytes,
        Self::Packets,
        Self::Limit,
        Self::Severity(Severity::Info),
        Self::Severity(Severity::Low),
        Self::Severity(Severity::Medium),
        Self::Severity(Severity::High),
        Self::Severity(Severity::Critical),
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Text => "text",
            Self::Quiet => "quiet",
            Self::Grid => "grid",
            Self::Bytes => "bytes",
            Self::Packets => "packets",
            Self::Limit => "limit",
            Self::Severity(severity) => severity.name(),
        }
    }

    /// Colour on light and on dark paper.
    pub(super) const fn rgb(self) -> [u32; 2] {
        match self {
            Self::Paper => [0xffffff, 0x16191d],
            Self::Text => [0x1c2126, 0xe6e8ea],
            Self::Quiet => [0x5c6670, 0x9aa4ae],
            Self::Grid => [0xe3e7ea, 0x2c3238],
            Self::Bytes => [0x0072b2, 0x4aa8de],
            Self::Packets => [0x009e73, 0x2fc79b],
            Self::Limit => [0xd55e00, 0xff8b3d],
            Self::Severity(Severity::Info) => [0x8a949e, 0x7d8791],
            Self::Severity(Severity::Low) => [0x56b4e9, 0x56b4e9],
            Self::Severity(Severity::Medium) => [0xc98a00, 0xf0b840],
            Self::Severity(Severity::High) => [0xd5470c, 0xff7a45],
            Self::Severity(Severity::Critical) => [0xa3195b, 0xf06aa8],
        }
    }
}

/// Size of text in units of the layout, and its weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Font {
    pub(super) size: f64,
    pub(super) bold: bool,
}

impl Font {
    pub(super) const TITLE: Self = Self { size: 20.0, bold: true };
    pub(super) const HEADING: Self = Self { size: 13.5, bold: true };
    pub(super) const BODY: Self = Self { size: 12.0, bold: false };
    pub(super) const SMALL: Self = Self { size: 11.0, bold: false };
}

/// Which part of a text its point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A surface to draw on.
pub(super) trait Canvas {
    /// A filled area; `opacity` 0 to 1.
    fn polygon(&mut self, points: &[Point], ink: Ink, opacity: f64);

    /// A line through points; dashed with dashes and gaps of the given length.
    fn line(&mut self, points: &[Point], ink: Ink, width: f64, dash: Option<f64>);

    /// One line of text on its baseline.
    fn text(&mut self, at: Point, text: &str, font: Font, anchor: Anchor, ink: Ink);

    /// What is drawn until [`Canvas::untip`] shows this text when it is pointed at.
    fn tip(&mut self, _text: &str) {}

    /// Ends [`Canvas::tip`].
    fn untip(&mut self) {}

    /// A filled rectangle.
    fn rect(&mut self, (x, y): Point, (width, height): Point, ink: Ink, opacity: f64) {
        let (right, bottom) = (x + width, y + height);
        self.polygon(&[(x, y), (right, y), (right, bottom), (x, bottom)], ink, opacity);
    }
}
