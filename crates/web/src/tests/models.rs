//! Models through the API: from a file of records to a prediction, and what hostile files do.

use super::fixture::{Ask, Pass, Site, Told};
use anomalyzer_store::control::Role;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

/// A site with an administrator who is logged in.
fn site() -> (Site, Pass) {
    let site = Site::new();
    let admin = site.user("adam", Role::Admin, None);
    let pass = site.session(admin, 0);
    (site, pass)
}

/// Records of the form: browsing, look-ups, and floods that get no answer. Some of each look like
/// the other, so that no model is perfect.
fn records(rows: u32) -> String {
    let mut text = String::from(
        "timestamp,source_ip,destination_ip,protocol,packet_size,bytes_sent,bytes_received,flag,\
         is_anomaly\n",
    );
    for n in 0..rows {
        let odd = n.wrapping_mul(2_654_435_761) >> 20;
        let attack = n % 3 == 0;
        let strange = odd % 37 == 0;
        let (size, sent, received, flag) = if attack == strange {
            (400 + odd % 900, 500 + odd * 7, 2_000 + odd * 31, "ACK")
        } else {
            (60, 40_000 + odd * 900, 0, "SYN")
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{n},10.0.{}.{},10.0.0.1,TCP,{size},{sent},{received},{flag},{}",
            odd % 4,
            odd % 250,
            u8::from(attack)
        );
    }
    text
}

async fn upload(site: &Site, pass: &Pass, name: &str, body: &[u8]) -> Told {
    let ask = Ask::new("POST", &format!("/api/v1/models/uploads?name={name}")).pass(pass);
    site.ask(ask.header("content-type", "application/octet-stream").bytes(body)).await
}

async fn post(site: &Site, pass: &Pass, path: &str, body: Value) -> Told {
    site.ask(Ask::new("POST", &format!("/api/v1/{path}")).pass(pass).json(&body)).await
}

async fn get(site: &Site, pass: &Pass, path: &str) -> Value {
    let told = site.ask(Ask::get(&format!("/api/v1/{path}")).pass(pass)).await;
    assert_eq!(told.status, 200, "{path}: {}", told.text());
    told.json()
}

/// Waits until a run is over.
async fn ended(site: &Site, pass: &Pass, id: &Value) -> Value {
    for _ in 0..1_200 {
        let jobs = get(site, pass, "models/jobs").await;
        let job = jobs["items"].as_array().unwrap().iter().find(|job| job["id"] == *id);
        let job = job.expect("the run is listed").clone();
        if job["ended"] != Value::Null {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the run does not end");
}

/// Trains on a file; the id of the model.
async fn trained(site: &Site, pass: &Pass, file: &Value, seed: u64) -> String {
    let body = json!({ "upload": file, "schema": "form", "algorithm": "gbdt", "seed": seed });
    let told = post(site, pass, "models/train", body).await;
    assert_eq!(told.status, 202, "{}", told.text());
    let job = ended(site, pass, &told.json()["id"]).await;
    assert_eq!((&job["state"], &job["problem"]), (&json!("done"), &Value::Null), "{job}");
    job["model"].as_str().unwrap().to_owned()
}

fn flood() -> Value {
    json!({
        "source_ip": "10.0.2.9", "destination_ip": "10.0.0.1", "protocol": "TCP",
        "packet_size": "60", "bytes_sent": "800000", "bytes_received": 0, "flag": "SYN",
    })
}

fn browsing() -> Value {
    json!({
        "source_ip": "10.0.1.9", "destination_ip": "10.0.0.1", "protocol": "TCP",
        "packet_size": 517, "bytes_sent": 7_619, "bytes_received": "33527", "flag": "ACK",
    })
}

#[tokio::test]
async fn from_a_file_to_predictions_and_back() {
    let (site, pass) = site();
    let none = post(&site, &pass, "predict", flood()).await;
    assert_eq!((none.status.as_u16(), none.problem().as_str()), (409, "conflict"));
    let told = upload(&site, &pass, "office.csv", records(1_500).as_bytes()).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let file = told.json();
    assert_eq!((&file["name"], &file["rows"]), (&json!("office.csv"), &json!(1_501)));
    assert_eq!(file["columns"][1], "source_ip");
    assert_eq!(file["preview"].as_array().unwrap().len(), 20);
    assert_eq!(file["guess"]["schema"], "form");
    assert_eq!(file["guess"]["mapping"]["is_anomaly"], "is_anomaly");
    let first = trained(&site, &pass, &file["id"], 1).await;
    let row = get(&site, &pass, &format!("models/{first}")).await;
    assert_eq!((&row["state"], &row["origin"]), (&json!("candidate"), &json!("trained")));
    // Held-out records are harder than those of the file: what is much alike is held out together.
    assert!(row["metrics"]["roc_auc"].as_f64().unwrap() > 0.8, "{row}");
    assert!(row["card"].as_str().unwrap().contains("office.csv"));
    let alone = get(&site, &pass, &format!("models/{first}/compare")).await;
    assert_eq!((&alone["active"], &alone["better"]), (&Value::Null, &json!(true)));
    assert!(alone["held_out_rows"].as_u64().unwrap() > 100, "{alone}");
    let promoted = post(&site, &pass, &format!("models/{first}/promote"), json!({})).await;
    assert_eq!((promoted.status.as_u16(), &promoted.json()["state"]), (200, &json!("active")));
    predictions(&site, &pass, &first).await;
    // The same records with another seed are another model, compared on records it has not seen.
    let second = trained(&site, &pass, &file["id"], 2).await;
    assert_ne!(first, second);
    let both = get(&site, &pass, &format!("models/{second}/compare")).await;
    assert_eq!(both["candidate"]["rows"], both["active"]["rows"]);
    assert!(both["text"].as_str().unwrap().contains("same data"), "{both}");
    assert_eq!(
        post(&site, &pass, &format!("models/{second}/promote"), json!({})).await.status,
        200
    );
    assert_eq!(post(&site, &pass, "predict", flood()).await.json()["model"], second);
    let back = post(&site, &pass, "models/rollback", json!({ "schema": "form" })).await;
    assert_eq!((back.status.as_u16(), &back.json()["id"]), (200, &json!(first)));
    assert_eq!(post(&site, &pass, "predict", flood()).await.json()["model"], first);
    let none = post(&site, &pass, "models/rollback", json!({ "schema": "form" })).await;
    assert_eq!(none.status, 409);
    trail(&site, &second);
}

/// What the model in use says.
async fn predictions(site: &Site, pass: &Pass, model: &str) {
    let told = post(site, pass, "predict", flood()).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let said = told.json();
    assert_eq!((&said["result"], &said["is_anomaly"]), (&json!("Anomaly detected!"), &json!(true)));
    assert_eq!((&said["model"], &said["submitted"]), (&json!(model), &flood()));
    assert!(said["probability"].as_f64().unwrap() >= said["threshold"].as_f64().unwrap());
    assert!(said["reasons"][0]["text"].as_str().unwrap().contains("speaks for an attack"));
    let ask = Ask::new("POST", "/predict").pass(pass).json(&browsing());
    let said = site.ask(ask).await.json();
    assert_eq!((&said["result"], &said["is_anomaly"]), (&json!("Normal traffic"), &json!(false)));
    // Each field that is wrong is told.
    let mut wrong = browsing();
    wrong["source_ip"] = "here".into();
    wrong["bytes_sent"] = "-1".into();
    let told = post(site, pass, "predict", wrong).await;
    assert_eq!(told.status, 422);
    let fields: Vec<Value> = told.json()["errors"].as_array().unwrap().clone();
    let fields: Vec<&str> = fields.iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["source_ip", "bytes_sent"]);
    for nonsense in [json!(null), json!([]), json!("x"), json!({"source_ip": {"a": [1]}})] {
        assert_eq!(post(site, pass, "predict", nonsense).await.status, 422);
    }
    // The history is written behind the answers.
    for _ in 0..100 {
        let kept = get(site, pass, "predict/history").await;
        if kept["items"].as_array().unwrap().len() == 2 {
            assert_eq!(kept["items"][0]["result"], "Normal traffic");
            assert_eq!(get(site, pass, "predict/history?limit=1").await["total"], 1);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the predictions are not in the history");
}

/// Everything is in the audit trail, and promotions say how the models compare.
fn trail(site: &Site, second: &str) {
    let control = site.state.store.control();
    let entries = control.audit_entries(None, Some("model."), 100).unwrap();
    let of = |action: &str| entries.iter().filter(|entry| entry.action == action).count();
    let counts = ["upload", "train", "trained", "promote", "rollback"];
    assert_eq!(counts.map(|what| of(&format!("model.{what}"))), [1, 2, 2, 2, 1]);
    let promoted = entries.iter().find(|e| e.action == "model.promote" && e.target == second);
    let detail: Value = serde_json::from_str(&promoted.unwrap().detail).unwrap();
    assert!(detail["compared"]["text"].as_str().unwrap().contains("held-out"), "{detail}");
    assert!(control.verify_audit().unwrap().is_ok());
}

#[tokio::test]
async fn columns_of_any_name_are_mapped() {
    let (site, pass) = site();
    let names = "zeit;von;nach;proto;größe;hin;her;fahne;angriff";
    let text = records(300);
    let (_, rows) = text.split_once('\n').unwrap();
    let text = format!("{names}\n{}", rows.replace(',', ";"));
    let file = upload(&site, &pass, "bytes.csv", text.as_bytes()).await.json();
    assert_eq!(file["columns"][4], "größe");
    let mapping = json!({
        "source_ip": "von", "destination_ip": "nach", "protocol": "proto", "packet_size": "größe",
        "bytes_sent": "hin", "bytes_received": "her", "flag": "fahne", "is_anomaly": "angriff",
    });
    let mut body = json!({ "upload": file["id"], "schema": "form", "mapping": mapping });
    let told = post(&site, &pass, "models/train", body.clone()).await;
    let job = ended(&site, &pass, &told.json()["id"]).await;
    assert_eq!((&job["state"], &job["faults_total"]), (&json!("done"), &json!(0)), "{job}");
    body["mapping"]["flag"] = "nirgends".into();
    let told = post(&site, &pass, "models/train", body).await;
    assert_eq!(told.status, 400);
    assert_eq!(told.json()["errors"][0]["field"], "mapping");
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_told_by_line_and_column() {
    let (site, pass) = site();
    let mut text = records(300);
    text.push_str(
        "300,nowhere,10.0.0.1,TCP,60,1,1,SYN,1\n301,10.0.0.9,10.0.0.1,TCP,60,1,1,SYN,x\n",
    );
    let file = upload(&site, &pass, "faulty.csv", text.as_bytes()).await.json();
    assert_eq!(file["faults"][0]["line"], 302);
    let body = json!({ "upload": file["id"], "schema": "form", "algorithm": "gbdt" });
    let told = post(&site, &pass, "models/train", body).await;
    let job = ended(&site, &pass, &told.json()["id"]).await;
    assert_eq!((&job["state"], &job["faults_total"]), (&json!("done"), &json!(2)), "{job}");
    assert_eq!((&job["faults"][0]["line"], &job["faults"][1]["line"]), (&json!(302), &json!(303)));
    assert!(job["faults"][0]["why"].as_str().unwrap().contains("nowhere"), "{job}");
}

/// Files that are no tables, or hardly.
fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let header = "source_ip,destination_ip,protocol,packet_size,bytes_sent,bytes_received,flag,\
                  is_anomaly\n";
    let wide = "a,".repeat(200_000);
    vec![
        ("pickle", b"\x80\x04\x95\x10\0\0\0".to_vec()),
        ("zip", b"PK\x03\x04rest".to_vec()),
        ("zeros", vec![0; 5_000]),
        ("one line without end", vec![b'x'; 3 << 20]),
        ("quotation mark that is not closed", [header.as_bytes(), b"\"10.0.0.1,"].concat()),
        ("only a header", header.as_bytes().to_vec()),
        ("only line feeds", vec![b'\n'; 10_000]),
        ("very wide", wide.into_bytes()),
        (
            "one class",
            format!("{header}10.0.0.1,10.0.0.2,TCP,1,1,1,SYN,0\n").repeat(3).into_bytes(),
        ),
        ("no numbers", format!("{header}a,b,c,d,e,f,g,h\n").into_bytes()),
        ("not UTF-8", [header.as_bytes(), b"\xff\xfe,\xc0,TCP,1,1,1,SYN,1\n"].concat()),
        ("infinities", format!("{header}10.0.0.1,10.0.0.2,TCP,NaN,inf,-inf,SYN,1\n").into_bytes()),
    ]
}

#[tokio::test]
async fn malformed_files_are_refused_in_words_and_nothing_breaks() {
    let (site, pass) = site();
    for (name, bytes) in corpus() {
        let told = upload(&site, &pass, "x.csv", &bytes).await;
        let status = told.status.as_u16();
        assert!(status == 200 || status == 400, "{name}: {status} {}", told.text());
        if status == 400 {
            assert!(told.json()["detail"].as_str().unwrap().len() > 20, "{name}: {}", told.text());
            continue;
        }
        let body = json!({ "upload": told.json()["id"], "schema": "form" });
        let told = post(&site, &pass, "models/train", body).await;
        assert_eq!(told.status, 202, "{name}: {}", told.text());
        let job = ended(&site, &pass, &told.json()["id"]).await;
        assert_eq!(job["state"], "failed", "{name}: {job}");
        let problem = job["problem"].as_str().unwrap();
        assert!(problem.len() > 20 && !problem.contains("internal"), "{name}: {problem}");
    }
    // Of all these files the last ones are kept, and nothing else lies around.
    let folder = site.state.models.uploads.folder().to_owned();
    assert!(std::fs::read_dir(&folder).unwrap().count() <= 8);
    assert!(get(&site, &pass, "models").await["items"].as_array().unwrap().is_empty());
    // A file is gone when it is removed.
    let file = upload(&site, &pass, "last.csv", records(9).as_bytes()).await.json();
    let path = format!("/api/v1/models/uploads/{}", file["id"].as_str().unwrap());
    assert_eq!(site.ask(Ask::new("DELETE", &path).pass(&pass)).await.status, 204);
    assert_eq!(site.ask(Ask::new("DELETE", &path).pass(&pass)).await.status, 404);
    assert_eq!(upload(&site, &pass, "empty.csv", b"").await.status, 400);
}

async fn import(site: &Site, pass: &Pass, file: &[u8]) -> Told {
    let ask = Ask::new("POST", "/api/v1/models/import").pass(pass);
    site.ask(ask.header("content-type", "application/octet-stream").bytes(file)).await
}

#[tokio::test]
async fn model_files_go_out_and_come_in_and_what_is_none_is_refused() {
    let (site, pass) = site();
    let file = upload(&site, &pass, "a.csv", records(400).as_bytes()).await.json();
    let id = trained(&site, &pass, &file["id"], 1).await;
    let told = site.ask(Ask::get(&format!("/api/v1/models/{id}/file")).pass(&pass)).await;
    let name = told.headers["content-disposition"].to_str().unwrap().to_owned();
    assert!(name.contains(&format!("form-{id}.model")), "{name}");
    let bytes = told.body;
    assert_eq!(import(&site, &pass, &bytes).await.status, 409, "it is there already");
    let remove = Ask::new("DELETE", &format!("/api/v1/models/{id}")).pass(&pass);
    assert_eq!(site.ask(remove).await.status, 204);
    let told = import(&site, &pass, &bytes).await;
    assert_eq!((told.status.as_u16(), &told.json()["origin"]), (200, &json!("imported")));
    assert_eq!(told.json()["id"], id);
    let pickle = import(&site, &pass, b"\x80\x04\x95\x0c\0\0\0\0\0\0\0").await;
    assert_eq!(pickle.status, 400);
    let why = pickle.json()["detail"].as_str().unwrap().to_owned();
    assert!(why.contains("pickle") && why.contains("run any code"), "{why}");
    for end in (0..bytes.len()).step_by(bytes.len() / 60 + 1) {
        assert_eq!(import(&site, &pass, &bytes[..end]).await.status, 400, "cut at {end}");
    }
    for at in (0..bytes.len()).step_by(bytes.len() / 60 + 1) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let told = import(&site, &pass, &damaged).await;
        assert_eq!(told.status, 400, "byte {at}: {}", told.text());
    }
    let large = import(&site, &pass, &vec![b'A'; (16 << 20) + 1]).await;
    assert_eq!(large.status, 413);
    assert_eq!(get(&site, &pass, "models").await["total"], 1);
}

#[tokio::test]
async fn runs_wait_for_each_other_are_bounded_and_can_be_stopped() {
    let (site, pass) = site();
    let file = upload(&site, &pass, "a.csv", records(30_000).as_bytes()).await.json();
    let mut ids = Vec::new();
    let mut busy = None;
    for seed in 0..8 {
        let body = json!({ "upload": file["id"], "schema": "form", "seed": seed });
        let told = post(&site, &pass, "models/train", body).await;
        if told.status == 429 {
            busy = Some(told);
            break;
        }
        ids.push(told.json()["id"].clone());
    }
    let busy = busy.expect("not every run is taken");
    assert_eq!(busy.problem(), "busy");
    assert!((4..=5).contains(&ids.len()), "{ids:?}");
    let jobs = get(&site, &pass, "models/jobs").await;
    let states: Vec<&str> =
        jobs["items"].as_array().unwrap().iter().map(|j| j["state"].as_str().unwrap()).collect();
    assert!(states.iter().filter(|s| **s == "running").count() <= 1, "{states:?}");
    for id in &ids {
        let path = format!("/api/v1/models/jobs/{}", id.as_str().unwrap());
        assert_eq!(site.ask(Ask::new("DELETE", &path).pass(&pass)).await.status, 204);
    }
    for id in &ids {
        assert_eq!(ended(&site, &pass, id).await["state"], "cancelled");
        let path = format!("/api/v1/models/jobs/{}", id.as_str().unwrap());
        assert_eq!(site.ask(Ask::new("DELETE", &path).pass(&pass)).await.status, 404);
    }
    // And the next one runs.
    let small = upload(&site, &pass, "b.csv", records(300).as_bytes()).await.json();
    trained(&site, &pass, &small["id"], 1).await;
}

#[tokio::test]
async fn options_that_make_no_sense_are_told() {
    let (site, pass) = site();
    let file = upload(&site, &pass, "a.csv", records(30).as_bytes()).await.json();
    let base = json!({ "upload": file["id"], "schema": "form" });
    for (field, value) in [
        ("schema", json!("nonsense")),
        ("fpr", json!(0)),
        ("fpr", json!(1.5)),
        ("algorithm", json!("oracle")),
        ("upload", json!("gone")),
        ("upload", Value::Null),
        ("labels", json!(true)),
    ] {
        let mut body = base.clone();
        body[field] = value;
        let told = post(&site, &pass, "models/train", body).await;
        assert_eq!(told.status, 400, "{field}");
        assert_eq!(told.json()["errors"][0]["field"], field, "{}", told.text());
    }
    let labels = json!({ "labels": true, "schema": "flow" });
    let told = post(&site, &pass, "models/train", labels).await;
    assert!(told.text().contains("0 flows are labelled as attacks"), "{}", told.text());
    let schemas = get(&site, &pass, "models/schemas").await;
    let form = &schemas["items"][0];
    assert_eq!((&form["id"], &form["columns"][6]["name"]), (&json!("form"), &json!("flag")));
    assert_eq!(form["columns"][2]["choices"], json!(["TCP", "UDP", "ICMP"]));
}
