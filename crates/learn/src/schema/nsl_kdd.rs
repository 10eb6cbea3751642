//! NSL-KDD and the older KDD Cup 99: 41 columns by order, the label, and in NSL-KDD the
//! difficulty, which tells how many classifiers knew the label and therefore is never a column.

use super::{Field, Header, LabelColumn, LabelRule, Layout, Schema, label};

pub(super) const SCHEMA: Schema = Schema {
    id: "nsl-kdd",
    title: "NSL-KDD connections",
    summary: "Connections of the data sets KDD Cup 99 and NSL-KDD: 41 columns without header, \
              the label, and the difficulty, which is not used.",
    fields: FIELDS,
    header: Header::Optional { behind: 1, expected: "42 or 43" },
    label: LabelRule {
        columns: &[LabelColumn {
            names: &["label", "class", "attack", "outcome"],
            optional: false,
        }],
        read: kind,
    },
    layout: Layout::Direct,
};

/// `normal` or the attack's name; KDD Cup 99 ends it with a dot, and some copies say `anomaly`.
fn kind<'a>(cells: &[&'a str]) -> Result<&'a str, String> {
    let word = cells.first().copied().unwrap_or_default().trim_end_matches('.');
    match label::yes_or_no(word) {
        Some(false) => Ok(label::NORMAL),
        Some(true) => Ok(label::UNNAMED_ATTACK),
        None if word.parse::<f64>().is_ok() => {
            Err("is a number; expected 'normal' or the name of an attack".into())
        }
        None => Ok(word),
    }
}

const FIELDS: &[Field] = &[
    Field::number("duration", "s", "length of the connection"),
    Field::category("protocol_type", "transport protocol").or(&["protocol"]),
    Field::category("service", "service of the destination"),
    Field::category("flag", "how the connection ended, as Zeek's conn_state"),
    Field::number("src_bytes", "bytes", "bytes from source to destination"),
    Field::number("dst_bytes", "bytes", "bytes from destination to source"),
    Field::flag("land", "source and destination are the same host and port"),
    Field::number("wrong_fragment", "", "wrong fragments"),
    Field::number("urgent", "packets", "urgent packets"),
    Field::number("hot", "", "things done in the session that intruders do"),
    Field::number("num_failed_logins", "", "failed log-ins"),
    Field::flag("logged_in", "a log-in succeeded"),
    Field::number("num_compromised", "", "signs of a compromise"),
    Field::flag("root_shell", "a root shell was had"),
    Field::number("su_attempted", "", "tries of 'su root'"),
    Field::number("num_root", "", "things done as root"),
    Field::number("num_file_creations", "", "files created"),
    Field::number("num_shells", "", "shell prompts"),
    Field::number("num_access_files", "", "touches of access control files"),
    Field::number("num_outbound_cmds", "", "outbound commands of an FTP session"),
    Field::flag("is_host_login", "log-in of a host user").or(&["is_hot_login"]),
    Field::flag("is_guest_login", "log-in of a guest"),
    Field::number("count", "", "connections to the same host in the last 2 s"),
    Field::number("srv_count", "", "connections to the same service in the last 2 s"),
    Field::share("serror_rate", "share of count with SYN errors"),
    Field::share("srv_serror_rate", "share of srv_count with SYN errors"),
    Field::share("rerror_rate", "share of count that was refused"),
    Field::share("srv_rerror_rate", "share of srv_count that was refused"),
    Field::share("same_srv_rate", "share of count to the same service"),
    Field::share("diff_srv_rate", "share of count to other services"),
    Field::share("srv_diff_host_rate", "share of srv_count to other hosts"),
    Field::number("dst_host_count", "", "of the last 100 connections, those to the same host"),
    Field::number("dst_host_srv_count", "", "of these, those to the same service"),
    Field::share("dst_host_same_srv_rate", "share of dst_host_count to the same service"),
    Field::share("dst_host_diff_srv_rate", "share of dst_host_count to other services"),
    Field::share("dst_host_same_src_port_rate", "share of dst_host_count from the same port"),
    Field::share("dst_host_srv_diff_host_rate", "share of dst_host_srv_count from other hosts"),
    Field::share("dst_host_serror_rate", "share of dst_host_count with SYN errors"),
    Field::share("dst_host_srv_serror_rate", "share of dst_host_srv_count with SYN errors"),
    Field::share("dst_host_rerror_rate", "share of dst_host_count that was refused"),
    Field::share("dst_host_srv_rerror_rate", "share of dst_host_srv_count that was refused"),
];
