//! Every setting with what there is to say about it, for pages and forms.

use super::Config;
use super::value::{self, Target};
use crate::detect::{DETECTORS, Setting, Unit};

/// What a form must ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A text.
    Text,
    /// A list of texts.
    List,
}

/// A setting as its table describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// Full key, such as `detect.port-scan.ports`.
    pub key: String,
    /// The detector that it belongs to.
    pub detector: Option<&'static str>,
    /// Its default as TOML writes it; empty for a severity, which is the detector's own.
    pub default: String,
    /// Unit, or nothing.
    pub unit: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Least and most.
    pub range: Option<(f64, f64)>,
    /// What a form must ask for.
    pub form: Form,
}

/// Every setting there is, in the order of the reference and of [`Config::show`].
pub fn describe() -> Vec<Described> {
    let defaults = Config::default();
    let row = |key: String| {
        let target = value::find(&key).ok()?;
        let default = value::show(&defaults, target);
        Some(match target {
            Target::Core(core) => number(key, None, default, &core.setting),
            Target::Value(at, setting) => {
                number(key, DETECTORS.get(at).map(|spec| spec.id), default, setting)
            }
            Target::Enabled(at) => {
                let about = "Switched on.";
                text(key, DETECTORS.get(at).map(|spec| spec.id), default, about, Form::Flag)
            }
            Target::Severity(at) => {
                let about =
                    "The site's own severity of its alerts; empty leaves it to the detector.";
                text(key, DETECTORS.get(at).map(|spec| spec.id), default, about, Form::Text)
            }
            Target::Networks => {
                let about = "Networks that belong to the site; without any, the private ranges do.";
                text(key, None, default, about, Form::List)
            }
            Target::Keywords => {
                text(key, None, default, "Keyword lists: files and `builtin:NAME`.", Form::List)
            }
            Target::Threat => text(key, None, default, "Threat lists: files.", Form::List),
        })
    };
    value::keys().into_iter().filter_map(row).collect()
}

fn number(
    key: String,
    detector: Option<&'static str>,
    default: String,
    setting: &Setting,
) -> Described {
    let flag = setting.unit == Unit::Flag;
    Described {
        key,
        detector,
        default,
        unit: if flag { "" } else { setting.unit.name() },
        summary: setting.about,
        range: (!flag).then_some((setting.min, setting.max)),
        form: if flag { Form::Flag } else { Form::Number },
    }
}

fn text(
    key: String,
    detector: Option<&'static str>,
    default: String,
    summary: &'static str,
    form: Form,
) -> Described {
    Described { key, detector, default, unit: "", summary, range: None, form }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_that_is_shown_is_described() {
        let shown: Vec<String> = Config::default().show().into_iter().map(|s| s.key).collect();
        let described = describe();
        assert!(shown.iter().eq(described.iter().map(|d| &d.key)));
        assert!(described.iter().all(|d| d.summary.ends_with('.')));
        let ports = described.iter().find(|d| d.key == "detect.port-scan.ports").unwrap();
        assert_eq!((ports.detector, ports.form), (Some("port-scan"), Form::Number));
    }
}
