//! Files of what is recorded, over REST and by the command line. `tests/exports.py` reads each
//! format back by other readers.

use reqwest::Method;
use serde_json::{Value, json};

use crate::alerts::{Desk, outcome};
use crate::api::{problem, read, text};

#[tokio::test]
async fn signals_leave_as_a_file_that_computes_nothing() {
    let desk = Desk::open().await;
    let api = &desk.running.api;
    // A name that a spreadsheet would subtract.
    let channel = json!({"id": "-1-1", "source": "webhook"});
    let made = api
        .send(Method::POST, "/v1/channels", &[], Some(channel))
        .await;
    let key = text(&read(&made), "key");
    let headers = [
        ("x-touchstone-key", key.as_str()),
        ("content-type", "text/plain"),
    ];
    let brought = api.post("/v1/ingest/-1-1", &headers, &desk.signal()).await;
    assert_eq!(outcome(&brought), "signal");
    let answer = api
        .get("/v1/exports/signals?channels=-1-1&side=long", &[])
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/csv"));
    let name = answer.header("content-disposition").unwrap();
    assert!(
        name.starts_with("attachment; filename=\"touchstone-signals-2"),
        "{name}"
    );
    assert!(name.ends_with(".csv\""), "{name}");
    let listed = api.json("/v1/signals").await;
    let listed = &listed["signals"][0];
    let mut reader = csv::Reader::from_reader(&*answer.body);
    let header = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    let cell = |name: &str| {
        let column = header.iter().position(|column| column == name);
        rows[0][column.unwrap()].to_owned()
    };
    assert_eq!(cell("id"), text(listed, "id"));
    assert_eq!(cell("channel"), "'-1-1");
    assert_eq!(cell("symbol"), "QBT/USDT");
    assert_eq!(Some(cell("stop").as_str()), listed["idea"]["stop"].as_str());
    let received: jiff::Timestamp = cell("received").parse().unwrap();
    assert_eq!(Some(received.as_microsecond()), listed["received"].as_i64());

    let none = api
        .get("/v1/exports/signals?side=short&format=json", &[])
        .await;
    assert_eq!(read(&none), Value::Array(Vec::new()));
    let figures = api.get("/v1/exports/figures?format=json", &[]).await;
    let figures = read(&figures);
    assert_eq!(figures.as_array().unwrap().len(), 1, "{figures}");
    assert_eq!(
        (&figures[0]["channel"], &figures[0]["open"]),
        (&"-1-1".into(), &1.into())
    );
    let outcomes = api.get("/v1/exports/outcomes?format=json", &[]).await;
    assert_eq!(read(&outcomes), Value::Array(Vec::new()));

    for (path, field) in [
        ("/v1/exports/signals?format=pdf", "format"),
        ("/v1/exports/signals?state=lucky", "state"),
        ("/v1/exports/outcomes?limit=5", "limit"),
        ("/v1/exports/figures?window=2d", "window"),
        ("/v1/exports/figures?at=soon", "at"),
    ] {
        let said = problem(&api.get(path, &[]).await, 400, "invalid_request");
        assert_eq!(said["field"], field, "{path}: {said}");
    }

    let Desk {
        home,
        running,
        exchange: _exchange,
    } = desk;
    running.stop().await;
    let said = home.run(
        &["export", "signals", "--channels=-1-1", "--side", "long"],
        "",
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    // The market went on meanwhile: where the signal stands is another matter.
    let standing = format!(",{},", cell("state"));
    let text = std::str::from_utf8(&answer.body).unwrap();
    let (before, after) = text.rsplit_once(standing.as_str()).unwrap();
    assert!(said.out.starts_with(before), "{}\n{text}", said.out);
    assert!(said.out.ends_with(after), "{}\n{text}", said.out);
    let said = home.run(&["export", "signals", "--side", "up"], "");
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("side") && said.err.contains("long or short"),
        "{said:?}"
    );
}
