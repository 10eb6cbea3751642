//! UNSW-NB15: 42 columns by name, in the spelling of the files that are handed round as train and
//! test set, and in that of the description of the data set. The record's number, the category of
//! the attack and the label are not columns.

use super::{Field, Header, LabelColumn, LabelRule, Layout, Schema, UNNAMED_ATTACK, label};

pub(super) const SCHEMA: Schema = Schema {
    id: "unsw-nb15",
    title: "UNSW-NB15 flows",
    summary: "Flows of the data set UNSW-NB15: 42 columns with a header, the category of the \
              attack and the label.",
    fields: FIELDS,
    header: Header::Required,
    label: LabelRule {
        columns: &[
            LabelColumn { names: &["label"], optional: false },
            LabelColumn { names: &["attack_cat"], optional: true },
        ],
        read: kind,
    },
    layout: Layout::Direct,
};

/// The category if the label says attack. Both must agree.
fn kind<'a>(cells: &[&'a str]) -> Result<&'a str, String> {
    let word = cells.first().copied().unwrap_or_default();
    let category = match cells.get(1).copied().unwrap_or_default() {
        "Backdoors" => "Backdoor",
        "-" => "",
        other => other,
    };
    let calm = category.is_empty() || category.eq_ignore_ascii_case(label::NORMAL);
    match label::yes_or_no(word) {
        None => Err("expected 0 (normal) or 1 (attack)".into()),
        Some(false) if calm => Ok(label::NORMAL),
        Some(false) => Err("says normal, but attack_cat names an attack".into()),
        Some(true) if category.is_empty() => Ok(UNNAMED_ATTACK),
        Some(true) if calm => Err("says attack, but attack_cat says normal".into()),
        Some(true) => Ok(category),
    }
}

const FIELDS: &[Field] = &[
    Field::number("dur", "s", "duration"),
    Field::category("proto", "protocol"),
    Field::category("service", "application, or - for others"),
    Field::category("state", "state of the connection"),
    Field::number("spkts", "packets", "packets from the source"),
    Field::number("dpkts", "packets", "packets to the source"),
    Field::number("sbytes", "bytes", "bytes from the source"),
    Field::number("dbytes", "bytes", "bytes to the source"),
    Field::number("rate", "packets/s", "packets per second").over("dur").optional(),
    Field::number("sttl", "", "time to live of the source's packets"),
    Field::number("dttl", "", "time to live of the destination's packets"),
    Field::number("sload", "bit/s", "rate of the source").over("dur"),
    Field::number("dload", "bit/s", "rate of the destination").over("dur"),
    Field::number("sloss", "packets", "source packets sent again or lost"),
    Field::number("dloss", "packets", "destination packets sent again or lost"),
    Field::number("sinpkt", "ms", "time between the source's packets").or(&["Sintpkt"]),
    Field::number("dinpkt", "ms", "time between the destination's packets").or(&["Dintpkt"]),
    Field::number("sjit", "ms", "jitter of the source"),
    Field::number("djit", "ms", "jitter of the destination"),
    Field::number("swin", "", "TCP window of the source"),
    Field::number("stcpb", "", "first TCP sequence number of the source"),
    Field::number("dtcpb", "", "first TCP sequence number of the destination"),
    Field::number("dwin", "", "TCP window of the destination"),
    Field::number("tcprtt", "s", "time of the TCP handshake"),
    Field::number("synack", "s", "time from SYN to SYN ACK"),
    Field::number("ackdat", "s", "time from SYN ACK to ACK"),
    Field::number("smean", "bytes", "mean size of the source's packets").or(&["smeansz"]),
    Field::number("dmean", "bytes", "mean size of the destination's packets").or(&["dmeansz"]),
    Field::number("trans_depth", "", "depth of the HTTP request within the connection"),
    Field::number("response_body_len", "bytes", "size of the HTTP answer").or(&["res_bdy_len"]),
    Field::number("ct_srv_src", "", "of the last 100 flows, same service and source"),
    Field::number("ct_state_ttl", "", "class of state and times to live"),
    Field::number("ct_dst_ltm", "", "of the last 100 flows, same destination"),
    Field::number("ct_src_dport_ltm", "", "of the last 100 flows, same source and port of it"),
    Field::number("ct_dst_sport_ltm", "", "of the last 100 flows, same destination, source port"),
    Field::number("ct_dst_src_ltm", "", "of the last 100 flows, same pair of addresses"),
    Field::number("is_ftp_login", "", "an FTP session with user and password"),
    Field::number("ct_ftp_cmd", "", "commands of an FTP session"),
    Field::number("ct_flw_http_mthd", "", "HTTP methods in the flow"),
    Field::number("ct_src_ltm", "", "of the last 100 flows, same source"),
    Field::number("ct_srv_dst", "", "of the last 100 flows, same service and destination"),
    Field::flag("is_sm_ips_ports", "source and destination are the same address and port"),
];
