//! Capture filters in the language of tcpdump.
//!
//! libpcap's own compiler turns an expression into a program, since nothing else is the language
//! that people know. The program then runs in [`program`], not in libpcap: the binding hands
//! libpcap the captured length as the length on the wire, which makes `greater 1000` wrong for
//! frames that were cut, and a call out of Rust for each packet costs more than the program.

mod program;

use anomalyzer_wire::{LinkType, RawFrame};

use program::Program;

/// The most link types of one capture that a filter is compiled for.
const LINK_TYPES_MAX: usize = 64;

/// LINKTYPE numbers of files whose DLT number, which libpcap's compiler wants, is another one
/// (on Linux).
const LINKTYPE_TO_DLT: &[(u16, i32)] = &[(100, 11), (101, 12), (106, 19), (246, 18)];

/// A filter that was compiled for one link type.
#[derive(Clone, Debug)]
pub struct Filter {
    program: Program,
}

/// An expression that libpcap does not accept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the filter \"{expression}\" is not valid for {link} frames: {reason}")]
pub struct FilterError {
    /// The expression, with control characters escaped.
    pub expression: String,
    /// The link type it was compiled for.
    pub link: LinkType,
    /// What libpcap says.
    pub reason: String,
}

impl FilterError {
    pub(crate) fn new(expression: &str, link: LinkType, reason: String) -> Self {
        Self { expression: expression.escape_debug().to_string(), link, reason }
    }
}

impl Filter {
    /// Compiles an expression for frames of a link type. The empty expression accepts all. An
    /// expression with a host name asks the resolver.
    pub fn compile(link: LinkType, expression: &str) -> Result<Self, FilterError> {
        let problem = |reason| FilterError::new(expression, link, reason);
        let compiled = pcap::Capture::dead(pcap::Linktype(dlt(link)))
            .and_then(|dead| dead.compile(expression, true))
            .map_err(|error| problem(reason(&error)))?;
        let instructions = compiled.get_instructions().iter().map(ToString::to_string);
        let program = Program::parse(instructions)
            .ok_or_else(|| problem("libpcap made a program that is not understood".to_owned()))?;
        Ok(Self { program })
    }

    /// True when the frame is accepted.
    #[inline]
    pub fn matches(&self, frame: &RawFrame<'_>) -> bool {
        self.program.accepts(frame.data, frame.orig_len)
    }
}

/// An expression for captures of any link types: compiled for each when its first frame comes.
#[derive(Clone, Debug)]
pub struct FilterSet {
    expression: String,
    filters: Vec<(LinkType, Result<Filter, FilterError>)>,
}

impl FilterSet {
    /// Takes the expression as it is. [`FilterSet::check`] tells beforehand whether it is valid
    /// for a link type.
    pub fn new(expression: impl Into<String>) -> Self {
        Self { expression: expression.into(), filters: Vec::new() }
    }

    /// Says whether the expression is valid for a link type.
    pub fn check(&mut self, link: LinkType) -> Result<(), &FilterError> {
        self.filter(link).map(|_| ())
    }

    /// True when the frame is accepted; an error when the expression is not valid for its link
    /// type.
    #[inline]
    pub fn matches(&mut self, frame: &RawFrame<'_>) -> Result<bool, &FilterError> {
        self.filter(frame.link).map(|filter| filter.matches(frame))
    }

    #[inline]
    fn filter(&mut self, link: LinkType) -> Result<&Filter, &FilterError> {
        let at = self.filters.iter().position(|(known, _)| *known == link);
        let at = at.unwrap_or_else(|| self.compile(link));
        self.filters[at].1.as_ref()
    }

    /// Compiles for one more link type and returns its place. A file may claim 65,536 of them;
    /// those beyond the limit share one error.
    #[cold]
    fn compile(&mut self, link: LinkType) -> usize {
        let filter = match self.filters.len() {
            0..LINK_TYPES_MAX => Filter::compile(link, &self.expression),
            LINK_TYPES_MAX => Err(FilterError::new(
                &self.expression,
                link,
                format!("the capture has more than {LINK_TYPES_MAX} link types"),
            )),
            _ => return LINK_TYPES_MAX,
        };
        self.filters.push((link, filter));
        self.filters.len() - 1
    }
}

/// The number of a link type as libpcap's compiler has it.
fn dlt(link: LinkType) -> i32 {
    let other = LINKTYPE_TO_DLT.iter().find(|(linktype, _)| *linktype == link.0);
    other.map_or(i32::from(link.0), |(_, dlt)| *dlt)
}

/// The link type of a DLT number, as a live capture has it.
pub(crate) fn link_of_dlt(dlt: i32) -> LinkType {
    let other = LINKTYPE_TO_DLT.iter().find(|(_, number)| *number == dlt);
    let number = other.map_or_else(|| u16::try_from(dlt).ok(), |(linktype, _)| Some(*linktype));
    LinkType(number.unwrap_or(u16::MAX))
}

/// libpcap's message without the binding's prefix.
pub(crate) fn reason(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(message) => message.clone(),
        pcap::Error::InvalidInputString => "the text holds a zero byte".to_owned(),
        other => other.to_string(),
    }
}
